// YAML as Kubernetes reads it, and the tracking annotation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeObjects } from '../../src/render/complete.ts';
import { parseDocuments, parseJsonDocuments, parseYaml } from '../../src/render/yaml.ts';
import { trackingId, trackingName, withTracking } from '../../src/render/tracking.ts';
import type { KubeObject } from '../../src/model/kube.ts';

// Expected values are those of sigs.k8s.io/yaml, which Kubernetes and Argo CD use.
const scalars: [string, unknown][] = [
  ['yes', true], ['off', false], ['y', true], ['N', false], ['True', true], ['tRUE', 'tRUE'],
  ['0777', 511], ['0o17', 15], ['0x1F', 31], ['0b11', 3], ['-0x10', -16], ['1_000', 1000], ['+5', 5], ['08', 8], ['12', 12], ['-0', -0],
  ['1.5', 1.5], ['1e3', 1000], ['.5', 0.5], ['1.', 1], ['e3', 'e3'], ['1e', '1e'], ['12e34567x', '12e34567x'],
  ['22:30', '22:30'], ['1:30:00', '1:30:00'], ['2020-01-01', '2020-01-01'], ['2020-01-01T10:00:00Z', '2020-01-01T10:00:00Z'], ['1.2.3', '1.2.3'],
  ['~', null], ['null', null], ['', null], ['"yes"', 'yes'], ["'0777'", '0777'], ['!!str 5', '5'], ['100m', '100m'], ['=', '='],
];

test('plain scalars have the types that Kubernetes gives them', () => {
  for (const [text, expected] of scalars) assert.deepEqual(parseYaml(`a: ${text}\n`, 'x.yaml'), [{ a: expected }], text);
});

test('integers keep their value, whatever their size', () => {
  const rows: [string, unknown][] = [['9007199254740993', 9007199254740993n], ['-9223372036854775808', -9223372036854775808n], ['0xFFFFFFFFFFFFFFFF', 18446744073709551615n], ['9007199254740991', 9007199254740991]];
  for (const [text, value] of rows) assert.deepEqual(parseYaml(`a: ${text}\n`, 'x.yaml'), [{ a: value }], text);
  const json = '{"apiVersion":"a/v1","kind":"B","metadata":{"name":"c"},"spec":{"n":9007199254740993}}';
  assert.deepEqual(completeObjects(parseJsonDocuments(json, 'x.json'))[0]?.object['spec'], { n: 9007199254740993n });
});

test('a number that is larger than any is refused with its place, not written as null', () => {
  const expected = { code: 'E_MANIFEST', message: 'the number at spec.list.1 is larger than any that Kubernetes knows' };
  assert.throws(() => completeObjects(parseDocuments('---\napiVersion: v1\nkind: A\nmetadata: {name: a}\nspec: {list: [1, 1e400]}\n', 'x.yaml')), { ...expected, place: { file: 'x.yaml', line: 2, column: 1 } });
  assert.throws(() => completeObjects(parseJsonDocuments('{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"spec":{"list":[1,-1e400]}}', 'x.json')), { ...expected, place: { file: 'x.json', line: 1 } });
});

test('anchors, merges, block texts, empty documents and comments are understood', () => {
  const text = '---\n# nothing\n---\nbase: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\ntext: |\n  one\n  two\n...\n---\n- 1\n';
  assert.deepEqual(parseYaml(text, 'x.yaml'), [{ base: { a: 1, b: 2 }, use: { a: 1, b: 3 }, text: 'one\ntwo\n' }, [1]]);
  assert.deepEqual(parseYaml('yes: no\n', 'x.yaml'), [{ true: false }]);
});

test('lists are flattened and every object has its place', () => {
  const text = 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: a}\n- apiVersion: v1\n  kind: B\n  metadata: {generateName: b-}\n---\n\napiVersion: v1\nkind: C\nmetadata: {name: c}\n';
  assert.deepEqual(completeObjects(parseDocuments(text, 'x.yaml')).map(({ object, place }) => [object.kind, place.line, place.column]), [['A', 4, 3], ['B', 7, 3], ['C', 12, 1]]);
});

test('an alias bomb is refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[index]}`).join(', ')}]`)].join('\n');
  assert.throws(() => parseYaml(bomb, 'x.yaml'), { code: 'E_MANIFEST' });
});

test('tracking ids follow Argo CD to the letter', () => {
  const object = (apiVersion: string, kind: string, metadata: KubeObject['metadata']): KubeObject => ({ apiVersion, kind, metadata });
  const id = (value: KubeObject): unknown => withTracking(value, 'shop', 'dest').metadata.annotations?.['argocd.argoproj.io/tracking-id'];
  assert.equal(id(object('v1', 'ConfigMap', { name: 'c', namespace: 'own' })), 'shop:/ConfigMap:own/c');
  assert.equal(id(object('apps/v1', 'Deployment', { name: 'd' })), 'shop:apps/Deployment:dest/d');
  assert.equal(id(object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: 'r' })), 'shop:rbac.authorization.k8s.io/ClusterRole:dest/r');
  const crd = object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name: 'x.y' });
  assert.equal(withTracking(crd, 'shop', 'dest'), crd);
  const kept = object('v1', 'ConfigMap', { name: 'c', annotations: { a: 'b' } });
  assert.deepEqual(withTracking(kept, 'shop', 'dest').metadata.annotations, { a: 'b', 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:dest/c' });
  assert.deepEqual(kept.metadata.annotations, { a: 'b' }, 'the manifest itself stays as it was');
  assert.equal(trackingName({ metadata: { name: 'shop', namespace: 'argocd' } }, 'argocd'), 'shop');
  assert.equal(trackingName({ metadata: { name: 'shop', namespace: 'team' } }, 'argocd'), 'team_shop');
  assert.equal(trackingId('a', { group: '', kind: 'Namespace', namespace: '', name: 'n' }), 'a:/Namespace:/n');
});
