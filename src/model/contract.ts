// Argo CD's contract field by field: what has an effect here, and what is said of the rest.
import type {
  ApplicationSource,
  ApplicationSpec,
  IgnoreDifference,
  Operation,
  RetryStrategy,
  SyncPolicy,
} from './application.ts';
import type { DirectorySource, HelmSource, KustomizeSource } from './sources.ts';
import type { AppProject, ProjectSpec } from './project.ts';
import { isObject } from './kube.ts';

/** Without it, what is deployed would be another thing: nothing is synced. */
interface Refused {
  refuse: string;
}

/** Nothing that is deployed depends on it. */
interface Idle {
  idle: string;
}

/** `true`: has its effect, whatever it holds. */
type Shape =
  | true
  | Refused
  | Idle
  | { fields: Readonly<Record<string, Shape>> }
  | { items: Shape }
  | ((value: unknown) => Refused | Idle | undefined);

interface Finding {
  /** As people write it: `spec.source.tagPrefix`. */
  path: string;
  refused: boolean;
  why: string;
}

const helm = {
  valueFiles: true,
  parameters: { items: { fields: { name: true, value: true, forceString: true } } },
  fileParameters: { items: { fields: { name: true, path: true } } },
  values: true,
  valuesObject: true,
  releaseName: true,
  namespace: true,
  ignoreMissingValueFiles: true,
  skipCrds: true,
  skipTests: true,
  skipSchemaValidation: true,
  kubeVersion: true,
  apiVersions: true,
  version: (value) =>
    value === 'v3' || value === 'v4'
      ? undefined
      : { refuse: 'one Helm renders all charts, and it takes v3 and v4. Remove the field' },
  passCredentials: true,
} satisfies Record<keyof HelmSource, Shape>;

const kustomize = {
  namePrefix: true,
  nameSuffix: true,
  images: true,
  replicas: { items: { fields: { name: true, count: true } } },
  commonLabels: true,
  forceCommonLabels: true,
  labelWithoutSelector: true,
  labelIncludeTemplates: true,
  commonAnnotations: true,
  forceCommonAnnotations: true,
  commonAnnotationsEnvsubst: true,
  namespace: true,
  components: true,
  ignoreMissingComponents: true,
  patches: { items: { fields: { path: true, patch: true, target: true, options: true } } },
  version: { refuse: 'one version of Kustomize builds everything. Remove the field' },
  kubeVersion: true,
  apiVersions: true,
} satisfies Record<keyof KustomizeSource, Shape>;

const variables: Shape = { items: { fields: { name: true, value: true, code: true } } };

const directory = {
  recurse: true,
  include: true,
  exclude: true,
  jsonnet: { fields: { extVars: variables, tlas: variables, libs: true } },
  disableExtensionFilter: {
    refuse: 'files are told by their endings. Give manifests the ending .yaml, .yml or .json, and remove the field',
  },
} satisfies Record<keyof DirectorySource | 'disableExtensionFilter', Shape>;

const source = {
  repoURL: true,
  path: true,
  targetRevision: true,
  ref: true,
  chart: true,
  name: { idle: 'sources go by their position' },
  tagPrefix: true,
  helm: { fields: helm },
  kustomize: { fields: kustomize },
  directory: { fields: directory },
  plugin: { refuse: 'config management plugins are not supported yet' },
} satisfies Record<keyof ApplicationSource, Shape>;

const retry = {
  limit: true,
  backoff: { fields: { duration: true, factor: true, maxDuration: true } },
  refresh: true,
} satisfies Record<keyof RetryStrategy, Shape>;

/** Sync options that are known; the others are said not to be. */
const options: Readonly<Record<string, string | undefined>> = {
  Validate: undefined,
  CreateNamespace: undefined,
  PruneLast: undefined,
  ApplyOutOfSyncOnly: undefined,
  Replace: undefined,
  Force: undefined,
  ServerSideApply: undefined,
  RespectIgnoreDifferences: undefined,
  FailOnSharedResource: undefined,
  SkipDryRunOnMissingResource: undefined,
  PrunePropagationPolicy: undefined,
  Prune: undefined,
  Supersede: undefined,
  Delete: undefined,
  ClientSideApplyMigration: 'fields of a former client-side apply are always taken over',
};

/** What an option may be, where that is more than `true` and `false`. */
const optionValues: Readonly<Record<string, readonly string[] | undefined>> = {
  Prune: ['true', 'false', 'confirm'],
  Delete: ['true', 'false', 'confirm'],
  PrunePropagationPolicy: ['foreground', 'background', 'orphan'],
};
const flag: readonly string[] = ['true', 'false'];

function option(text: unknown): Idle | undefined {
  const [name = '', value = ''] = String(text)
    .split('=', 2)
    .map((part) => part.trim());
  if (!Object.hasOwn(options, name)) return { idle: `${name} is no sync option that is known` };
  const values = optionValues[name] ?? flag;
  if (!values.includes(value))
    return { idle: `${name} is one of ${values.join(', ')}, and ${value} counts for nothing` };
  const why = options[name];
  return why === undefined ? undefined : { idle: why };
}

const syncPolicy = {
  automated: { fields: { prune: true, selfHeal: true, allowEmpty: true, enabled: true } },
  retry: { fields: retry },
  syncOptions: { items: option },
  managedNamespaceMetadata: { fields: { labels: true, annotations: true } },
} satisfies Record<keyof SyncPolicy, Shape>;

const ignoreDifference = {
  group: true,
  kind: true,
  name: true,
  namespace: true,
  jsonPointers: true,
  managedFieldsManagers: true,
  jqPathExpressions: true,
} satisfies Record<keyof IgnoreDifference, Shape>;

const spec = {
  project: true,
  revisionHistoryLimit: true,
  info: true,
  destination: { fields: { server: true, name: true, namespace: true } },
  source: { fields: source },
  sources: { items: { fields: source } },
  syncPolicy: { fields: syncPolicy },
  ignoreDifferences: { items: { fields: ignoreDifference } },
  sourceHydrator: {
    refuse: 'nothing is hydrated: rendered manifests would have to be in Git already. Use spec.source',
  },
} satisfies Record<keyof ApplicationSpec | 'sourceHydrator', Shape>;

const kinds: Shape = { items: { fields: { group: true, kind: true, name: true } } };

const project = {
  description: true,
  sourceRepos: true,
  sourceNamespaces: true,
  destinations: { items: { fields: { server: true, name: true, namespace: true } } },
  clusterResourceWhitelist: kinds,
  clusterResourceBlacklist: kinds,
  namespaceResourceWhitelist: kinds,
  namespaceResourceBlacklist: kinds,
  roles: {
    items: {
      fields: {
        name: true,
        description: true,
        policies: true,
        groups: true,
        jwtTokens: { idle: 'people are known by their GitHub logins' },
      },
    },
  },
  syncWindows: true,
  orphanedResources: { fields: { warn: true, ignore: kinds } },
  signatureKeys: {
    refuse: 'signatures of commits are not checked. Protect the branch in GitHub, and remove the field',
  },
  sourceIntegrity: {
    refuse: 'signatures of commits are not checked. Protect the branch in GitHub, and remove the field',
  },
  destinationServiceAccounts: {
    refuse: 'nobody is impersonated: everything is applied with the rights of the cluster Secret. Remove the field',
  },
  permitOnlyProjectScopedClusters: {
    refuse: 'clusters are permitted by destinations alone. Name them there, and remove the field',
  },
} satisfies Record<
  | keyof ProjectSpec
  | 'signatureKeys'
  | 'sourceIntegrity'
  | 'destinationServiceAccounts'
  | 'permitOnlyProjectScopedClusters',
  Shape
>;

/** What is empty says nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.values(value).some(isSet);
}

function look(value: unknown, shape: Shape | undefined, path: string): Finding[] {
  if (shape === true || !isSet(value)) return [];
  if (shape === undefined)
    return [{ path, refused: true, why: 'there is no such field that is known. Correct or remove it' }];
  if (typeof shape === 'function') return look(value, shape(value) ?? true, path);
  if ('refuse' in shape) return [{ path, refused: true, why: shape.refuse }];
  if ('idle' in shape) return [{ path, refused: false, why: shape.idle }];
  if ('items' in shape)
    return Array.isArray(value) ? value.flatMap((item, index) => look(item, shape.items, `${path}[${index}]`)) : [];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    look(member, Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined, `${path}.${name}`),
  );
}

/** Fields of an Application's spec that have no effect. */
export function idleFields(value: ApplicationSpec): Finding[] {
  return look(value, { fields: spec }, 'spec');
}

/** Fields of one source that have no effect here, such as those that `.argocd-source.yaml` adds. */
export function idleSourceFields(value: ApplicationSource): Finding[] {
  return look(value, { fields: source }, 'source');
}

/** Fields of an AppProject that are set and have no effect here. */
export function idleProjectFields(value: AppProject): Finding[] {
  return look(value.spec, { fields: project }, `AppProject ${value.metadata.name}: spec`);
}

/** What an operation asks for besides its sources, which are looked at where they are rendered. */
export function idleOperationFields({ retry: strategy }: Operation): Finding[] {
  return look(strategy, { fields: retry }, 'operation.retry');
}

/** One sentence for people: the field, and what is said of it. */
export function findingText({ path, refused, why }: Finding): string {
  return `${path} ${refused ? 'is not supported' : 'has no effect'}: ${why}`;
}
