// What renders again and what does not: keys by content.
import type { Bench } from './bench.ts';
import type { RenderRequest } from '../../src/render/source/request.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, configMap, names } from './bench.ts';

const kustomization = (...resources: string[]): string =>
  `resources:\n${resources.map((name) => `  - ${name}\n`).join('')}`;

const monorepo = {
  'base/kustomization.yaml': kustomization('map.yaml'),
  'base/map.yaml': configMap('base'),
  'other/kustomization.yaml': kustomization('map.yaml'),
  'other/map.yaml': configMap('other'),
  'apps/a/kustomization.yaml': kustomization('../../base'),
  'apps/b/kustomization.yaml': kustomization('../../base'),
  'apps/c/kustomization.yaml': kustomization('../../other'),
  'plain/a.yaml': configMap('plain'),
  'plain/notes.md': 'text',
  'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
  'chart/templates/map.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n' +
    '  namespace: {{ .Release.Namespace }}\ndata: {{ .Values.data | toJson }}\n',
  'values-a.yaml': 'data: {a: "1"}\n',
  'values-b.yaml': 'data: {b: "1"}\n',
  'js/main.jsonnet': "local lib = import 'lib.libsonnet'; lib.map('js')",
  'js/lib.libsonnet':
    "{ map(name):: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: name }, data: " +
    "import 'libs/data.libsonnet' } }",
  'js/libs/data.libsonnet': '{}',
};

const sources = {
  a: { path: 'apps/a' },
  b: { path: 'apps/b' },
  c: { path: 'apps/c' },
  plain: { path: 'plain' },
  helmA: { path: 'chart', helm: { valueFiles: ['../values-a.yaml'] } },
  helmB: { path: 'chart', helm: { valueFiles: ['../values-b.yaml'] } },
  js: { path: 'js' },
};

async function rendersAll({ render, renderer }: Bench): Promise<number> {
  const before = renderer.counts.renders;
  for (const source of Object.values(sources)) await render(source);
  return renderer.counts.renders - before;
}

test('a commit renders exactly the applications that read what it changes', async (t) => {
  const stage = await bench(t, monorepo);
  assert.equal(await rendersAll(stage), 7);
  const rows: [string, Record<string, string>, (keyof typeof sources)[]][] = [
    ['nothing that anybody reads', { 'README.md': 'x', 'plain/notes.md': 'y', 'apps/d/x.yaml': configMap('d') }, []],
    ['a base', { 'base/map.yaml': configMap('base', { x: '1' }) }, ['a', 'b']],
    ['another base', { 'other/map.yaml': configMap('other', { x: '1' }) }, ['c']],
    ['an overlay', { 'apps/b/kustomization.yaml': `${kustomization('../../base')}namePrefix: b-\n` }, ['b']],
    ['values of one application', { 'values-a.yaml': 'data: {a: "2"}\n' }, ['helmA']],
    ['the chart', { 'chart/values.yaml': 'x: 1\n' }, ['helmA', 'helmB']],
    ['a plain file', { 'plain/b.yaml': configMap('more') }, ['plain']],
    ['an imported library', { 'js/libs/data.libsonnet': "{ x: '1' }" }, ['js']],
  ];
  for (const [what, files, expected] of rows) {
    stage.origin.commit(what, files);
    const rendered: string[] = [];
    for (const [name, source] of Object.entries(sources)) {
      const before = stage.renderer.counts.renders;
      await stage.render(source);
      if (stage.renderer.counts.renders > before) rendered.push(name);
    }
    assert.deepEqual(rendered, expected, what);
  }
});

test('the key is known without rendering, and counts only what the tool depends on', async (t) => {
  const { request, renderer } = await bench(t, monorepo);
  const key = async (
    source: (typeof sources)[keyof typeof sources],
    change: Partial<RenderRequest> = {},
  ): Promise<string> => (await renderer.inputs(await request(source, change))).key;
  const { app } = await request(sources.a);
  const other = {
    app: { ...app, name: 'other', namespace: 'team', destinationNamespace: 'elsewhere', revision: 'f'.repeat(40) },
  };
  const cluster = { cluster: { version: '1.35.0', apiVersions: ['v1'] } };
  for (const source of [sources.a, sources.plain, sources.js]) {
    assert.equal(await key(source, { ...other, ...cluster }), await key(source));
  }
  assert.notEqual(await key(sources.helmA, other), await key(sources.helmA), 'the release name counts');
  assert.equal(
    await key(sources.helmA, { app: { ...app, revision: 'x' } }),
    await key(sources.helmA),
    'the revision does not',
  );
  assert.equal(
    await key(sources.helmA, cluster),
    await key(sources.helmA),
    'this chart does not ask what the cluster serves',
  );
  assert.notEqual(await key(sources.helmA), await key(sources.helmB));
  assert.equal(renderer.counts.renders, 0);
  const { inputs, sourceType } = await renderer.inputs(await request(sources.helmA));
  assert.deepEqual([sourceType, inputs], ['Helm', ['chart', 'values-a.yaml']]);
  assert.deepEqual((await renderer.inputs(await request(sources.js))).inputs, [
    'js',
    'js/lib.libsonnet',
    'js/libs/data.libsonnet',
    'js/main.jsonnet',
  ]);
});

test('a chart that asks what the cluster serves depends on it', async (t) => {
  const { request, renderer } = await bench(t, {
    ...monorepo,
    'chart/templates/if.yaml': '{{ if .Capabilities.APIVersions.Has "x/v1" }}{{ end }}',
  });
  const key = async (version: string, apiVersions: string[]): Promise<string> =>
    (await renderer.inputs(await request(sources.helmA, { cluster: { version, apiVersions } }))).key;
  assert.notEqual(await key('1.36.3', ['v1']), await key('1.36.3', ['v1', 'x/v1']));
  assert.equal(await key('1.36.3', ['v1']), await key('1.36.2', ['v1']));
});

test('requests for one key share one run, and a caller that gives up stops nobody else', async (t) => {
  const { request, renderer } = await bench(t, monorepo);
  const gone = new AbortController();
  const [asked, aborted] = [await request(sources.a), await request(sources.a, { signal: gone.signal })];
  const first = renderer.render(aborted);
  const others = [renderer.render(asked), renderer.render(asked)];
  const rejected = assert.rejects(first, { name: 'AbortError' });
  gone.abort();
  await rejected;
  const [one, two] = await Promise.all(others);
  assert.deepEqual(
    names(one ?? { manifests: [], places: [], sourceType: 'Kustomize', key: '', inputs: [], reads: [], warnings: [] }),
    ['ConfigMap/base'],
  );
  assert.equal(one, two);
  assert.equal(renderer.counts.renders, 1);
});

test('a failure that only another commit can mend is not tried again', async (t) => {
  const { render, renderer, origin } = await bench(t, {
    'a/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n',
  });
  await assert.rejects(render({ path: 'a' }), /metadata.name/);
  await assert.rejects(render({ path: 'a' }), /metadata.name/);
  assert.equal(renderer.counts.renders, 1);
  origin.commit('mended', { 'a/x.yaml': configMap('x') });
  assert.deepEqual(names(await render({ path: 'a' })), ['ConfigMap/x']);
});

test('what is not there yet is watched: value files, globs, optional components, imports', async (t) => {
  const stage = await bench(t, {
    ...monorepo,
    'env/prod/one.yaml': 'data: {a: "1"}\n',
    'js2/main.jsonnet': "import 'data.libsonnet'",
    'lib/data.libsonnet': '[]',
  });
  const optional = {
    path: 'chart',
    helm: { valueFiles: ['../later.yaml', '../env/prod/*.yaml'], ignoreMissingValueFiles: true },
  };
  assert.deepEqual((await stage.render(optional)).inputs, ['chart', 'env/prod', 'env/prod/one.yaml', 'later.yaml']);
  assert.deepEqual(
    (await stage.render({ path: 'apps/a', kustomize: { components: ['../../parts'], ignoreMissingComponents: true } }))
      .inputs,
    ['apps/a', 'base', 'parts'],
  );
  assert.deepEqual((await stage.render({ path: 'js2', directory: { jsonnet: { libs: ['first', 'lib'] } } })).inputs, [
    'first/data.libsonnet',
    'js2',
    'js2/data.libsonnet',
    'js2/main.jsonnet',
    'lib/data.libsonnet',
  ]);
  const before = (await stage.render(optional)).key;
  stage.origin.commit('later', { 'later.yaml': 'data: {a: "3"}\n' });
  const after = await stage.render(optional);
  assert.notEqual(after.key, before);
  assert.deepEqual(after.inputs, ['chart', 'env/prod', 'env/prod/one.yaml', 'later.yaml']);
});
