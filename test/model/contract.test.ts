// Every field of Argo CD's contract has its effect or is told: none is passed over in silence.
import type { ApplicationSpec } from '../../src/model/application.ts';
import type { AppProject } from '../../src/model/project.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { findingText, idleFields, idleOperationFields, idleProjectFields } from '../../src/model/contract.ts';
import { isObject } from '../../src/model/kube.ts';

const root = join(import.meta.dirname, '../..');

/** An object with this value at a path such as `a.b[].c`. */
function holding(path: string, value: unknown): Record<string, unknown> {
  let made: unknown = value;
  for (const step of path.split('.').reverse())
    made = step.endsWith('[]') ? { [step.slice(0, -2)]: [made] } : { [step]: made };
  return made as Record<string, unknown>;
}

function told(path: string, value: unknown): string[] {
  return idleFields(holding(path, value) as unknown as ApplicationSpec).map(findingText);
}

function toldOfProject(path: string, value: unknown): string[] {
  const project: AppProject = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'p', namespace: 'argocd' },
    spec: holding(path, value),
  };
  return idleProjectFields(project).map(findingText);
}

const source = [
  'repoURL',
  'path',
  'targetRevision',
  'chart',
  'ref',
  ...[
    ...[
      'valueFiles',
      'values',
      'valuesObject.any.thing',
      'releaseName',
      'namespace',
      'ignoreMissingValueFiles',
      'skipCrds',
      'skipTests',
      'skipSchemaValidation',
      'kubeVersion',
      'apiVersions',
      'parameters[].name',
      'parameters[].value',
      'parameters[].forceString',
      'fileParameters[].name',
      'fileParameters[].path',
    ].map((name) => `helm.${name}`),
    ...[
      'namePrefix',
      'nameSuffix',
      'images',
      'replicas[].name',
      'replicas[].count',
      'commonLabels.any',
      'forceCommonLabels',
      'labelWithoutSelector',
      'labelIncludeTemplates',
      'commonAnnotations.any',
      'forceCommonAnnotations',
      'commonAnnotationsEnvsubst',
      'namespace',
      'patches[].path',
      'patches[].patch',
      'patches[].target.kind',
      'patches[].options.any',
      'components',
      'ignoreMissingComponents',
    ].map((name) => `kustomize.${name}`),
    ...[
      'recurse',
      'include',
      'exclude',
      'jsonnet.extVars[].name',
      'jsonnet.extVars[].value',
      'jsonnet.tlas[].code',
      'jsonnet.libs',
    ].map((name) => `directory.${name}`),
  ],
];

/** Argo CD's fields that have their effect here. */
const built = [
  'project',
  'destination.server',
  'destination.name',
  'destination.namespace',
  'info[].name',
  'revisionHistoryLimit',
  ...source.flatMap((name) => [`source.${name}`, `sources[].${name}`]),
  ...[
    'automated.prune',
    'automated.selfHeal',
    'automated.allowEmpty',
    'automated.enabled',
    'retry.limit',
    'retry.backoff.duration',
    'retry.backoff.factor',
    'retry.backoff.maxDuration',
    'managedNamespaceMetadata.labels.any',
    'managedNamespaceMetadata.annotations.any',
  ].map((name) => `syncPolicy.${name}`),
  ...['group', 'kind', 'name', 'namespace', 'jsonPointers', 'jqPathExpressions', 'managedFieldsManagers'].map(
    (name) => `ignoreDifferences[].${name}`,
  ),
];

test('a field that has its effect is told of nothing', () => {
  for (const path of built) assert.deepEqual(told(path, 'x'), [], path);
  for (const option of [
    'CreateNamespace=true',
    'ServerSideApply=true',
    'PrunePropagationPolicy=orphan',
    'Prune=confirm',
  ])
    assert.deepEqual(told('syncPolicy.syncOptions', [option]), [], option);
});

/** What stands before the colon of the text, with a value that asks for something. */
const without: [path: string, value: unknown, text: string][] = [
  ['sources[].name', 'values', 'spec.sources[0].name has no effect'],
  ['source.plugin.name', 'x', 'spec.source.plugin is not supported'],
  ['source.kustomize.version', 'v4', 'spec.source.kustomize.version is not supported'],
  ['source.helm.version', 'v2', 'spec.source.helm.version is not supported'],
  ['source.directory.disableExtensionFilter', true, 'spec.source.directory.disableExtensionFilter is not supported'],
  ['syncPolicy.syncOptions', ['ClientSideApplyMigration=false'], 'spec.syncPolicy.syncOptions[0] has no effect'],
  ['syncPolicy.syncOptions', ['PruneLast=true', 'Prunelast=true'], 'spec.syncPolicy.syncOptions[1] has no effect'],
  ['sourceHydrator.syncSource.path', 'x', 'spec.sourceHydrator is not supported'],
  // Misspelt.
  ['syncPolicy.automatd.prune', true, 'spec.syncPolicy.automatd is not supported'],
  ['syncPolicy.automated.selfheal', true, 'spec.syncPolicy.automated.selfheal is not supported'],
  ['source.helm.valueFile', ['prod.yaml'], 'spec.source.helm.valueFile is not supported'],
  ['source.helm.parameters[].forcestring', true, 'spec.source.helm.parameters[0].forcestring is not supported'],
  ['destination.namspace', 'shop', 'spec.destination.namspace is not supported'],
  ['ignoreDifferences[].jsonPointer', ['/spec'], 'spec.ignoreDifferences[0].jsonPointer is not supported'],
  ['sourcePolicy', 1, 'spec.sourcePolicy is not supported'],
  ['constructor', 'x', 'spec.constructor is not supported'],
];

test('a field without effect is told by its path, and says what to do', () => {
  for (const [path, value, text] of without) {
    const found = told(path, value);
    assert.equal(found.length, 1, path);
    assert.ok(found[0]?.startsWith(`${text}: `), path);
    assert.ok((found[0]?.length ?? 0) > text.length + 20, 'and why');
  }
  assert.deepEqual(told('source.helm.version', 'v3'), []);
});

test('a field that says nothing is none', () => {
  for (const value of [undefined, null, '', false, [], {}, { name: '' }]) {
    for (const path of ['source.plugin', 'sourceHydrator', 'source.nonsense'])
      assert.deepEqual(told(path, value), [], `${path} ${JSON.stringify(value)}`);
  }
});

test('fields of a project without effect are told too: what nobody checks would permit more than is written', () => {
  const rows: [path: string, value: unknown, text: string | undefined][] = [
    ['signatureKeys[].keyID', 'A', 'spec.signatureKeys is not supported'],
    ['sourceIntegrity.git.policies[].gpg.mode', 'strict', 'spec.sourceIntegrity is not supported'],
    ['destinationServiceAccounts[].server', '*', 'spec.destinationServiceAccounts is not supported'],
    ['permitOnlyProjectScopedClusters', true, 'spec.permitOnlyProjectScopedClusters is not supported'],
    ['permitOnlyProjectScopedClusters', false, undefined],
    ['clusterResourceBlaklist', [{ group: '*', kind: '*' }], 'spec.clusterResourceBlaklist is not supported'],
    ['orphanedResources.wran', true, 'spec.orphanedResources.wran is not supported'],
    ['roles[].jwtTokens[].iat', 1, 'spec.roles[0].jwtTokens has no effect'],
    ...[
      'description',
      'sourceRepos',
      'sourceNamespaces',
      'destinations[].name',
      'clusterResourceWhitelist[].name',
      'namespaceResourceBlacklist[].group',
      'roles[].policies',
      'syncWindows[].manualSync',
      'orphanedResources.warn',
      'orphanedResources.ignore[].name',
    ].map((path): [string, unknown, undefined] => [path, 'x', undefined]),
  ];
  for (const [path, value, text] of rows)
    assert.deepEqual(
      toldOfProject(path, value).map((each) => each.split(': ').slice(0, 2).join(': ')),
      text === undefined ? [] : [`AppProject p: ${text}`],
      path,
    );
});

test('an operation that asks for more than is built is told', () => {
  assert.deepEqual(
    idleOperationFields({ retry: { limit: 2, again: true } as never }).map(({ path, refused }) => [path, refused]),
    [['operation.retry.again', true]],
  );
  assert.deepEqual(idleOperationFields({ sync: {}, retry: { limit: 2 } }), []);
});

/** Paths of the properties that a schema names. */
function properties(schema: unknown, path = ''): string[] {
  if (!isObject(schema)) return [];
  const inner = isObject(schema['items']) ? properties(schema['items'], `${path}[]`) : [];
  const fields = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  return fields.length + inner.length === 0
    ? [path]
    : [...inner, ...fields.flatMap(([name, each]) => properties(each, path === '' ? name : `${path}.${name}`))];
}

test('every field of the definitions is known', () => {
  for (const [file, look] of [
    ['argoproj.io_applications.yaml', told],
    ['argoproj.io_appprojects.yaml', toldOfProject],
  ] as const) {
    const crd = parse(readFileSync(join(root, 'deploy/crds', file), 'utf8')) as {
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: unknown } } } }[] };
    };
    const paths = properties(crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec);
    assert.ok(paths.length > 3, file);
    for (const path of paths) assert.doesNotMatch(look(path, 'x').join(), /no such field/, path);
  }
});

test('a sync option with a value that counts for nothing is named with those that count', () => {
  const options = [
    'Prune=flase',
    'PrunePropagationPolicy=Orphan',
    'Prune=confirm',
    'CreateNamespace=true',
    'Validate=no',
  ];
  const spec = { project: 'shop', destination: {}, syncPolicy: { syncOptions: options } };
  assert.deepEqual(
    idleFields(spec).map(({ why }) => why),
    [
      'Prune is one of true, false, confirm, and flase counts for nothing',
      'PrunePropagationPolicy is one of foreground, background, orphan, and Orphan counts for nothing',
      'Validate is one of true, false, and no counts for nothing',
    ],
  );
});
