// What each kind of source may say, rendered by the real tools.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bench, configMap, names } from './bench.ts';
import { binaries } from '../../tools/binaries.ts';
import { createRenderer } from '../../src/render/render.ts';
import { filesOf } from '../../src/git/git.ts';
import { isObject } from '../../src/model/kube.ts';
import { mirrors, origin, temporary } from '../git/origin.ts';
import { worker } from '../worker.ts';

const deployment =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n' +
  '  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n' +
  '      containers: [{name: web, image: "nginx:1"}]\n';

function at(object: KubeObject | undefined, ...path: (string | number)[]): unknown {
  let value: unknown = object;
  for (const key of path) value = Array.isArray(value) ? value[Number(key)] : isObject(value) ? value[key] : undefined;
  return value;
}

test('a Kustomize source edits the kustomization file as Argo CD does', async (t) => {
  const { render } = await bench(t, {
    'k/kustomization.yaml':
      'resources: [web.yaml]\nnamePrefix: old-\nimages:\n- name: nginx\n  newTag: "2"\n- name: other\n  newTag: "3"\n',
    'k/web.yaml': deployment,
    'k/extra.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}\n',
    'parts/one/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [map.yaml]\n',
    'parts/one/map.yaml': configMap('part'),
  });
  const { manifests, inputs, places } = await render({
    path: 'k',
    kustomize: {
      namePrefix: 'new-',
      nameSuffix: '-x',
      namespace: 'team',
      images: ['nginx=registry.example:5000/nginx:9'],
      replicas: [{ name: 'web', count: '4' }],
      commonAnnotations: { note: 'yes' },
      commonLabels: { tier: 'front' },
      labelWithoutSelector: true,
      patches: [
        { path: 'extra.yaml' },
        { target: { kind: 'Deployment' }, patch: '- {op: add, path: /metadata/annotations/patched, value: "1"}' },
      ],
      components: ['../parts/one', '../parts/gone'],
      ignoreMissingComponents: true,
    },
  });
  const web = manifests.find(({ kind }) => kind === 'Deployment');
  assert.deepEqual(web?.metadata, {
    name: 'new-web-x',
    namespace: 'team',
    labels: { tier: 'front' },
    annotations: { note: 'yes', patched: '1' },
  });
  assert.deepEqual(
    [
      at(web, 'spec', 'replicas'),
      at(web, 'spec', 'paused'),
      at(web, 'spec', 'template', 'spec', 'containers', 0, 'image'),
      at(web, 'spec', 'selector', 'matchLabels'),
    ],
    [4, true, 'registry.example:5000/nginx:9', { app: 'web' }],
  );
  assert.deepEqual(inputs, ['k', 'parts/gone', 'parts/one']);
  assert.deepEqual(places[web ? manifests.indexOf(web) : -1], { file: 'k/web.yaml', line: 1 });
});

test('annotations take the build environment where that is asked for', async (t) => {
  const { render } = await bench(t, { 'k/kustomization.yaml': 'resources: [web.yaml]\n', 'k/web.yaml': deployment });
  const commonAnnotations = { by: '$ARGOCD_APP_NAME of ${ARGOCD_APP_PROJECT_NAME}' };
  const by = async (commonAnnotationsEnvsubst: boolean): Promise<unknown> =>
    (await render({ path: 'k', kustomize: { commonAnnotations, commonAnnotationsEnvsubst } })).manifests[0]?.metadata
      .annotations?.['by'];
  assert.deepEqual([await by(true), await by(false)], ['shop of default', commonAnnotations.by]);
});

test('generators read their files, and their hashes follow the content', async (t) => {
  const { render, origin: from } = await bench(t, {
    'k/kustomization.yaml': 'configMapGenerator:\n- name: gen\n  files: [app.conf=conf/app.conf]\n  envs: [x.env]\n',
    'k/conf/app.conf': 'one',
    'k/x.env': 'A=1\n',
  });
  const before = names(await render({ path: 'k' }));
  from.commit('two', { 'k/conf/app.conf': 'two' });
  assert.notDeepEqual(names(await render({ path: 'k' })), before);
});

test("a Helm source passes values, parameters and files in Argo CD's order", async (t) => {
  const template =
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n' +
    '  namespace: {{ .Release.Namespace }}\ndata:\n  all: {{ .Values | toJson | quote }}\n' +
    '  kube: {{ .Capabilities.KubeVersion.Version }}\n' +
    '  has: {{ .Capabilities.APIVersions.Has "x.example/v1" | quote }}\n';
  const other = origin(t, { 'env/prod.yaml': 'ref: yes-from-ref\n' });
  const refs = mirrors(t).repository(other.url);
  const { render } = await bench(t, {
    'c/Chart.yaml':
      'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n' +
      '- {name: lib, version: 1.0.0, repository: "file://../lib"}\n',
    'c/templates/map.yaml': template,
    'c/crds/crd.yaml': 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\n',
    'c/templates/tests/t.yaml': configMap('test').replace('\ndata', '\n  annotations: {helm.sh/hook: test}\ndata'),
    'lib/Chart.yaml': 'apiVersion: v2\nname: lib\nversion: 1.0.0\n',
    'lib/templates/l.yaml': configMap('from-lib'),
    'c/v/1.yaml': 'a: 1\nb: 1\nc: 1\nd: 1\n',
    'c/v/2.yaml': 'b: 2\nc: 2\nd: 2\n',
    'text.txt': 'from a file',
  });
  const result = await render(
    {
      path: 'c',
      helm: {
        valueFiles: ['v/*.yaml', '$conf/env/prod.yaml', 'gone.yaml'],
        ignoreMissingValueFiles: true,
        values: 'ignored: true\n',
        valuesObject: { c: 3, d: 3 },
        parameters: [
          { name: 'd', value: '4' },
          { name: 'e', value: '5', forceString: true },
          { name: 'f', value: 'a,b' },
          { name: 'app', value: '$ARGOCD_APP_NAME' },
        ],
        fileParameters: [{ name: 'g', path: '/text.txt' }],
        skipTests: true,
        apiVersions: ['x.example/v1'],
      },
    },
    { refs: new Map([['conf', filesOf(refs, await refs.resolve('main'))]]) },
  );
  assert.deepEqual(names(result).sort(), ['ConfigMap/from-lib', 'ConfigMap/shop', 'CustomResourceDefinition/x.y']);
  const map = result.manifests.find(({ metadata }) => metadata.name === 'shop');
  const {
    lib: _lib,
    global: _global,
    ...values
  } = JSON.parse(String(at(map, 'data', 'all'))) as Record<string, unknown>;
  assert.deepEqual(values, {
    a: 1,
    b: 2,
    c: 3,
    d: 4,
    e: '5',
    f: 'a,b',
    g: 'from a file',
    ref: 'yes-from-ref',
    app: 'shop',
  });
  assert.deepEqual(
    [at(map, 'data', 'kube'), at(map, 'data', 'has'), map?.metadata.namespace],
    ['v1.36.3', 'true', 'shop-dev'],
  );
  assert.deepEqual(result.inputs, [
    '$conf/env/prod.yaml',
    'c',
    'c/gone.yaml',
    'c/v',
    'c/v/1.yaml',
    'c/v/2.yaml',
    'lib',
    'text.txt',
  ]);
  assert.deepEqual(result.places.map((place) => place?.file).sort(), [
    'c/charts/lib/templates/l.yaml',
    'c/crds/crd.yaml',
    'c/templates/map.yaml',
  ]);
  assert.deepEqual(
    names(
      await render({ path: 'c', helm: { skipCrds: true, skipTests: true, releaseName: 'r', namespace: 'ns' } }),
    ).sort(),
    ['ConfigMap/from-lib', 'ConfigMap/r'],
  );
});

test('a Helm source may name the version of Kubernetes, and leave its schema aside', async (t) => {
  const { render } = await bench(t, {
    'c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: 1.20.x\n',
    'c/values.schema.json': '{"required": ["replicas"]}',
    'c/templates/x.yaml': configMap('x'),
  });
  const kubeVersion = '1.20.3';
  await assert.rejects(render({ path: 'c', helm: { skipSchemaValidation: true } }), /which is incompatible/);
  await assert.rejects(render({ path: 'c', helm: { kubeVersion } }), /missing property 'replicas'/);
  assert.deepEqual(names(await render({ path: 'c', helm: { kubeVersion, skipSchemaValidation: true } })), [
    'ConfigMap/x',
  ]);
});

test('a directory takes YAML, JSON and Jsonnet, filtered by globs, flat unless asked', async (t) => {
  const { render } = await bench(t, {
    'd/a.yaml': `${configMap('a1')}---\n# only a comment\n---\n${configMap('a2')}`,
    'd/b.yml': configMap('b'),
    'd/values.yaml': 'image: x\n',
    'd/broken.yaml': '{{ template }}\n',
    'd/notes.txt': configMap('no'),
    'd/c.json':
      '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c1"}},' +
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c2"}}]}',
    'd/skip.yaml': `# +argocd:skip-file-rendering\n${configMap('skipped')}`,
    'd/sub/e.yaml': configMap('e'),
    'd/j.jsonnet': "function(n='none') [(import 'lib.libsonnet') { metadata: { name: n + std.extVar('x') } }]",
    'libs/lib.libsonnet': "{ apiVersion: 'v1', kind: 'ConfigMap' }",
  });
  const jsonnet = {
    libs: ['libs'],
    tlas: [{ name: 'n', value: 'tla-' }],
    extVars: [{ name: 'x', value: '1 + 1', code: true }],
  };
  const rows: [object, string[]][] = [
    [{ jsonnet }, ['a1', 'a2', 'b', 'c1', 'c2', 'tla-2']],
    [{ jsonnet, recurse: true }, ['a1', 'a2', 'b', 'c1', 'c2', 'e', 'tla-2']],
    [{ include: '*.y{a,}ml' }, ['a1', 'a2', 'b']],
    [{ exclude: '{j.jsonnet,a*}' }, ['b', 'c1', 'c2']],
  ];
  for (const [directory, expected] of rows) {
    const result = await render({ path: 'd', directory });
    assert.deepEqual(
      result.manifests.map(({ metadata }) => metadata.name),
      expected,
    );
  }
  const { places, manifests } = await render({ path: 'd', directory: { include: 'a.yaml' } });
  assert.deepEqual(
    places.map((place) => [place?.file, place?.line]),
    [
      ['d/a.yaml', 1],
      ['d/a.yaml', 9],
    ],
  );
  assert.ok(
    manifests.every(({ metadata }) => metadata.annotations === undefined),
    'no tracking is added',
  );
});

test('files beside the manifests override the source', async (t) => {
  const { render } = await bench(t, {
    'k/kustomization.yaml': 'resources: [web.yaml]\n',
    'k/web.yaml': deployment,
    'k/.argocd-source-shop.yaml': 'kustomize:\n  images: ["nginx:7"]\nrepoURL: https://elsewhere.example\n',
  });
  const { manifests } = await render({ path: 'k' });
  assert.equal(at(manifests[0], 'spec', 'template', 'spec', 'containers', 0, 'image'), 'nginx:7');
});

test('a source that only lends its files has no manifests', async (t) => {
  const { render } = await bench(t, { 'a.yaml': configMap('a') });
  assert.deepEqual((await render({ ref: 'values' })).manifests, []);
});

test('a program that is named without a folder is found on PATH', async (t) => {
  const { request } = await bench(t, {
    'c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
    'c/templates/x.yaml': configMap('x'),
  });
  const folder = temporary(t);
  symlinkSync((await binaries(['manifests'])).manifests, join(folder, 'manifests'));
  const before = process.env['PATH'];
  t.after(() => (process.env['PATH'] = before));
  process.env['PATH'] = `${folder}:${before ?? ''}`;
  const renderer = await createRenderer({
    worker,
    program: 'manifests',
  });
  assert.deepEqual(names(await renderer.render(await request({ path: 'c' }))), ['ConfigMap/x']);
});
