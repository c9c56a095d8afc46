// YAML as Kubernetes reads it, and the tracking annotation.
import type { AppError } from '../../src/base/errors.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments, parseYaml } from '../../src/render/document/yaml.ts';
import { isObject } from '../../src/model/kube.ts';
import { worker } from '../worker.ts';
import { trackingId, trackingName } from '../../src/render/document/tracking.ts';

// Expected values are those of sigs.k8s.io/yaml, which Kubernetes and Argo CD use.
const scalars: [string, unknown][] = [
  ['yes', true],
  ['off', false],
  ['y', true],
  ['N', false],
  ['True', true],
  ['tRUE', 'tRUE'],
  ['0777', 511],
  ['0o17', 15],
  ['0x1F', 31],
  ['0b11', 3],
  ['-0x10', -16],
  ['1_000', 1000],
  ['+5', 5],
  ['08', 8],
  ['12', 12],
  ['-0', 0],
  ['0X1F', 31],
  ['0B1', 1],
  ['0O17', 15],
  ['0o14', 12],
  ['12:30:45', '12:30:45'],
  ['1234e567', '1234e567'],
  ['!!binary aGVsbG8=', 'hello'],
  ['1.5', 1.5],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1.', 1],
  ['e3', 'e3'],
  ['1e', '1e'],
  ['12e34567x', '12e34567x'],
  ['22:30', '22:30'],
  ['1:30:00', '1:30:00'],
  ['2020-01-01', '2020-01-01'],
  ['2020-01-01T10:00:00Z', '2020-01-01T10:00:00Z'],
  ['1.2.3', '1.2.3'],
  ['~', null],
  ['null', null],
  ['', null],
  ['"yes"', 'yes'],
  ["'0777'", '0777'],
  ['!!str 5', '5'],
  ['100m', '100m'],
  ['=', '='],
];

test('plain scalars have the types that Kubernetes gives them', async () => {
  for (const [text, expected] of scalars)
    assert.deepEqual(await parseYaml(worker, `a: ${text}\n`, 'x.yaml'), [{ a: expected }], text);
});

test('integers keep their value, whatever their size', async () => {
  const rows: [string, unknown][] = [
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['0xFFFFFFFFFFFFFFFF', 18446744073709551615n],
    ['9007199254740991', 9007199254740991],
  ];
  for (const [text, value] of rows)
    assert.deepEqual(await parseYaml(worker, `a: ${text}\n`, 'x.yaml'), [{ a: value }], text);
  assert.deepEqual(await parseYaml(worker, '{"a": 9007199254740993}', 'x.json'), [{ a: 9007199254740993n }]);
});

test('anchors, merges, block texts, empty documents, directives and comments are understood', async () => {
  const text =
    '---\n# nothing\n---\nbase: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\ntext: |\n  one\n  two\n...\n' +
    '%YAML 1.1\n---\n- 1\n';
  assert.deepEqual(await parseYaml(worker, text, 'x.yaml'), [
    { base: { a: 1, b: 2 }, use: { a: 1, b: 3 }, text: 'one\ntwo\n' },
    [1],
  ]);
  assert.deepEqual(await parseYaml(worker, 'yes: no\n1.50: x', 'x.yaml'), [{ true: false, 1.5: 'x' }]);
  assert.deepEqual(
    await parseYaml(worker, 'base: &base {a: 1}\nuse:\n  a: 2\n  <<: *base\n', 'x.yaml'),
    [{ base: { a: 1 }, use: { a: 1 } }],
    'what is merged after a key counts',
  );
});

test('flow collections and quoted texts may go on without indentation', async () => {
  const text = 'a: {b: 1,\nc: [2,\n3]}\nd: "one\ntwo\n---- three"\ne: \'x\ny\'\n';
  assert.deepEqual(await parseYaml(worker, text, 'x.yaml'), [
    { a: { b: 1, c: [2, 3] }, d: 'one two ---- three', e: 'x y' },
  ]);
});

test('lists are flattened and every object has its place', async () => {
  const text =
    'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: a}\n- apiVersion: v1\n' +
    '  kind: B\n  metadata: {generateName: b-}\n--- # next\n\napiVersion: v1\nkind: C\nmetadata: {name: c}\n';
  assert.deepEqual(
    (await parseDocuments(worker, text, 'x.yaml')).map(({ value, place }) => [
      isObject(value) && value['kind'],
      place.line,
      place.column,
    ]),
    [
      ['A', 4, 3],
      ['B', 7, 3],
      ['C', 12, 1],
    ],
  );
});

test('an empty list holds nothing, and an object whose kind only ends so is none', async () => {
  const read = async (text: string): Promise<unknown[]> =>
    (await parseDocuments(worker, text, 'x.yaml')).map(({ value }) => value);
  for (const text of ['kind: ConfigMapList\nitems: []\nmetadata: {}\n', 'kind: List\nitems: []\nmetadata: {name: x}\n'])
    assert.deepEqual(await read(text), [], text);
  assert.deepEqual(await read('kind: AllowList\nmetadata: {name: office}\nitems: []\n'), [
    { kind: 'AllowList', metadata: { name: 'office' }, items: [] },
  ]);
  assert.deepEqual(await read('kind: AllowList\nmetadata: {name: office}\nspec: {}\n'), [
    { kind: 'AllowList', metadata: { name: 'office' }, spec: {} },
  ]);
});

test('of a key that stands twice the last counts, and its place is told', async () => {
  const repeated = async (text: string): Promise<unknown[]> =>
    (await parseDocuments(worker, text, 'x.yaml')).map(({ value, repeated: found }) => [
      value,
      found.map(({ key, place }) => `${key}:${place.line}`),
    ]);
  assert.deepEqual(await repeated('a: {b: 1}\n---\na:\n  b: 1\n  c: 2\n  b: 3\n'), [
    [{ a: { b: 1 } }, []],
    [{ a: { b: 3, c: 2 } }, ['b:6']],
  ]);
  assert.deepEqual(
    await repeated('x: &x {b: 1}\na:\n  <<: *x\n  b: 2\n  c: 3\n  c: 4\n'),
    [[{ x: { b: 1 }, a: { b: 2, c: 4 } }, ['c:6']]],
    'what is merged and said again is no repetition',
  );
  assert.deepEqual(await repeated('{"a": 1,\n "b": 2,\n "a": 3}\n'), [[{ a: 3, b: 2 }, ['a:3']]]);
  assert.deepEqual(await repeated('kind: List\nitems:\n- {a: 1}\n- b: 1\n  b: 2\n'), [
    [{ a: 1 }, []],
    [{ b: 2 }, ['b:5']],
  ]);
});

const refused: [what: string, text: string, line: number, message: RegExp][] = [
  ['a null key', 'a: 1\nnull: 2', 1, /null cannot be a key/],
  ['a list as key', 'a: 1\n? [b]\n: 2', 1, /a map or a list cannot be a key/],
  ['a key that is a text and a number', 'a:\n  1: x\n  "1": y', 1, /same key of one map/],
  [
    'an endless number',
    'a: 1\n---\nb: {c: [1, .inf]}',
    3,
    /^the number at b.c.1 is larger than any that Kubernetes knows$/,
  ],
  [
    'a number beyond all numbers in JSON',
    '\n{"spec": {"list": [1, -1e400]}}',
    2,
    /^the number at spec.list.1 is larger than any that Kubernetes knows$/,
  ],
  ['an alias of nothing', 'a: 1\npassword: *hunter2', 2, /names an anchor that is not there$/],
  ['a wrong tag', 'a: 1\npassword: !!int hunter2', 1, /cannot decode !!str as a !!int$/],
  ['text behind a flow collection', '{a: 1} hunter2', 1, /did not find expected/],
  ['broken nesting', 'a: 1\n  hunter2: 2', 2, /mapping values are not allowed/],
  ['a later document', 'a: 1\n---\n\nb: "hunter2', 4, /unexpected end/],
  ['too many levels', `${'['.repeat(2000)}${']'.repeat(2000)}`, 1, /more than 1,000 levels/],
  [
    'an alias bomb',
    [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'
        .split('')
        .map(
          (name, index) =>
            `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[index]}`).join(', ')}]`,
        ),
    ].join('\n'),
    1,
    /excessive aliasing/,
  ],
  [
    'a long text that is repeated without end',
    `a: &a ${'x'.repeat(1e6)}\nb: [${'*a, '.repeat(90)}*a]`,
    1,
    /exceeds 64 MiB/,
  ],
  ['a document that no API server takes', `a: 1\n---\nb: ${'x'.repeat(3.2e6)}`, 3, /exceeds 3 MiB/],
  ['one document too many', '---\na: 1\n'.repeat(50_001), 100_002, /more than 50,000 documents/],
];
for (const [what, text, line, message] of refused) {
  test(`${what} is refused with its line, and nothing is quoted`, async () => {
    await assert.rejects(parseDocuments(worker, text, 'x.yaml'), (error: AppError) => {
      assert.deepEqual([error.code, error.place?.file, error.place?.line], ['E_MANIFEST', 'x.yaml', line]);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
}

test('tracking ids follow Argo CD to the letter', () => {
  const id = (group: string, kind: string, namespace: string): string =>
    trackingId('shop', { group, kind, namespace, name: 'c' });
  assert.equal(id('', 'ConfigMap', 'own'), 'shop:/ConfigMap:own/c');
  assert.equal(id('apps', 'Deployment', 'dest'), 'shop:apps/Deployment:dest/c');
  assert.equal(trackingName({ metadata: { name: 'shop', namespace: 'argocd' } }, 'argocd'), 'shop');
  assert.equal(trackingName({ metadata: { name: 'shop', namespace: 'team' } }, 'argocd'), 'team_shop');
  assert.equal(trackingId('a', { group: '', kind: 'Namespace', namespace: '', name: 'n' }), 'a:/Namespace:/n');
});
