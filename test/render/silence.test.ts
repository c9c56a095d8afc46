// What Git names comes out of a chart, a folder or a program, or is refused with its place, or is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, configMap, flow, json, list, names, nested, refusal } from './bench.ts';

const chart = {
  'a/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'a/templates/other.yaml': configMap('other'),
};
const hooked = (hook: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    "helm.sh/hook": ${hook}\n`;

test('an object whose hook Helm does not know is refused with its place, and one of Helm 2 is named', async (t) => {
  const { render, origin } = await bench(t, chart);
  for (const [hook, line] of [
    ['pre-instal', 6],
    ['"pre-install,nope"', 6],
    ['PreSync', 6],
    ['{{ "post-" }}instal', undefined],
  ] as const) {
    origin.commit(hook, { 'a/templates/x.yaml': hooked(hook) });
    const error = await refusal(render({ path: 'a' }), hook);
    assert.equal(error.code, 'E_RENDER', hook);
    assert.match(error.message, /names no hook of Helm/, hook);
    assert.deepEqual(error.place, line === undefined ? { file: 'a' } : { file: 'a/templates/x.yaml', line }, hook);
  }
  for (const hook of ['post-install', 'pre-delete,Post-Upgrade', 'test-success'])
    assert.deepEqual(
      (origin.commit(hook, { 'a/templates/x.yaml': hooked(hook) }), await render({ path: 'a' })).warnings,
      [],
    );
  origin.commit('old', { 'a/templates/x.yaml': hooked('crd-install') });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(names(rendered), ['ConfigMap/other']);
  assert.deepEqual(
    rendered.warnings.map(({ message }) => message),
    ['Hooks that ended with Helm 2 (crd-install, test-failure), left out by Helm: a/templates/x.yaml:6'],
  );
});

test('whatever a template or crds/ makes comes out, however it is written', async (t) => {
  const { render } = await bench(t, {
    ...chart,
    'a/templates/two.yaml': `${json('j1')}\n${json('j2')}\n`,
    'a/templates/dots.yaml': `${configMap('d1')}...\n${configMap('d2')}`,
    'a/templates/nested.yaml': nested,
    'a/templates/text.txt': configMap('text'),
    'a/templates/NOTES.txt': 'thank you\n',
    'a/templates/_part.yaml': configMap('part'),
    'a/templates/comment.yaml': '# nothing\n',
    'a/crds/two.json': `${json('c1')}\n${json('c2')}\n`,
    'a/charts/on/Chart.yaml': 'apiVersion: v2\nname: on\nversion: 1.0.0\n',
    'a/charts/on/crds/c.yaml': configMap('c3'),
    'a/charts/on/templates/x.yaml': configMap('sub'),
  });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(
    names(rendered)
      .map((name) => name.slice('ConfigMap/'.length))
      .sort(),
    ['c1', 'c2', 'c3', 'd1', 'd2', 'j1', 'j2', 'other', 'sub', 'text', 'x', 'y', 'z'],
  );
});

test('lists within lists are taken apart, each item with its line', async (t) => {
  const { render, origin } = await bench(t, { 'a/x.yaml': `# first\n${nested}` });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(names(rendered), ['ConfigMap/x', 'ConfigMap/y', 'ConfigMap/z']);
  assert.deepEqual(
    rendered.places.map((place) => `${place?.file}:${place?.line}`),
    ['a/x.yaml:5', 'a/x.yaml:12', 'a/x.yaml:13'],
  );
  for (const [what, text, line] of [
    ['an empty item', list('List', flow('x'), list('List', flow('y'), '')), 9],
    ['a list without items', list('List', flow('x'), 'apiVersion: v1\nkind: List\n'), 5],
    ['an incomplete item', list('List', list('List', '{apiVersion: v1, knd: ConfigMap}')), 7],
  ] as const) {
    origin.commit(what, { 'a/x.yaml': text });
    const error = await refusal(render({ path: 'a' }), what);
    assert.deepEqual([error.code, error.place?.file, error.place?.line], ['E_MANIFEST', 'a/x.yaml', line], what);
  }
});

test('of a plain file every value comes out, and a file whose ending is not read is named', async (t) => {
  const { render } = await bench(t, {
    'a/many.json': `${json('a')}\n\n${json('b')} ${json('c')}\n`,
    'a/flow.yaml': `${json('d')}\n${json('e')}\n...\n${configMap('f')}`,
    'a/upper.YAML': configMap('upper'),
    'a/notes.txt': configMap('notes'),
  });
  const rendered = await render({ path: 'a' });
  assert.deepEqual(
    names(rendered).sort(),
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `ConfigMap/${name}`),
  );
  const { places, manifests, warnings } = rendered;
  const b = manifests.findIndex(({ metadata }) => metadata.name === 'b');
  assert.deepEqual([places[b]?.file, places[b]?.line], ['a/many.json', 3]);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['No Kubernetes objects, left out: a/upper.YAML (only yaml, yml, json, jsonnet in lower case are read)'],
  );
  assert.deepEqual((await render({ path: 'a', directory: { exclude: '*.YAML' } })).warnings, []);
});

test('of a Jsonnet program every object comes out, and what hides a part of one is refused', async (t) => {
  const { render, origin } = await bench(t, {
    'a/x.jsonnet':
      `[${json('x')}, null, {apiVersion: 'v1', kind: 'List', items: [{kind: 'List', ` + `items: [${json('y')}]}]}]`,
  });
  assert.deepEqual(names(await render({ path: 'a' })), ['ConfigMap/x', 'ConfigMap/y']);
  for (const text of [
    "{apiVersion: 'v1', kind:: 'ConfigMap', metadata: {name: 'x'}}",
    "{x: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'x'}}}",
    "[[{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'x'}}]]",
    "{apiVersion: 'v1', kind: 'List', items: [null]}",
    "{apiVersion: 'v1', kind: 'List', items:: []}",
    "function() 'text'",
  ]) {
    origin.commit(text, { 'a/x.jsonnet': text });
    assert.equal((await refusal(render({ path: 'a' }), text)).place?.file, 'a/x.jsonnet', text);
  }
});
