// Rules of ignoreDifferences that cannot be evaluated: what they concern is left alone, all else is judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from '../../src/compare/compare.ts';
import { configMap, world } from './fixture.ts';

const ignoreDifferences = [
  { kind: 'ConfigMap', name: 'a', jqPathExpressions: ['.data.x'] },
  { group: 'admissionregistration.k8s.io', kind: '*', jqPathExpressions: ['.webhooks'] },
];
const unread = 'jqPathExpressions is not supported yet; write jsonPointers or managedFieldsManagers';
const left = `left as it is, neither compared nor synced: ignoreDifferences of ConfigMap: ${unread}`;

function rows({ status, resources, conditions }: Comparison): unknown {
  return [
    status,
    resources.map((row) => [row.name, row.status, row.requiresPruning ?? false]),
    [...new Set(conditions.map(({ type }) => type))],
  ];
}

test('a rule that is not understood makes its object alone read Unknown; the others are compared', async (t) => {
  const w = await world(t, { ignoreDifferences });
  const both = await w.compare([configMap('a', {}), configMap('b', {})]);
  assert.deepEqual(rows(both), [
    'OutOfSync',
    [
      ['a', 'Unknown', false],
      ['b', 'OutOfSync', false],
    ],
    ['IgnoredFieldWarning'],
  ]);
  assert.deepEqual(
    both.conditions.map(({ message }) => message),
    [`ConfigMap ${w.namespace}/a: ${left}`, `ignoreDifferences of *: ${unread} before there is such an object`],
  );
  assert.deepEqual(
    both.errors.map(({ key, message }) => [key.name, message]),
    [['a', left]],
  );
  await w.sync([configMap('b', {})]);
  assert.deepEqual(rows(await w.compare([configMap('a', {}), configMap('b', {})])), [
    'Unknown',
    [
      ['a', 'Unknown', false],
      ['b', 'Synced', false],
    ],
    ['IgnoredFieldWarning'],
  ]);
  assert.equal(
    (await w.compare([configMap('b', {})])).status,
    'Synced',
    'where there is no such object nothing is unknown',
  );
});

test('what such a rule concerns is no extra object to be pruned', async (t) => {
  const w = await world(t, { ignoreDifferences });
  w.app.spec.ignoreDifferences = [];
  await w.sync([configMap('a', {}), configMap('b', {})]);
  w.app.spec.ignoreDifferences = ignoreDifferences;
  assert.deepEqual(rows(await w.compare([configMap('b', {})])), [
    'Unknown',
    [
      ['a', 'Unknown', false],
      ['b', 'Synced', false],
    ],
    ['IgnoredFieldWarning'],
  ]);
});

test('an effect holds nothing of such an object, and there is none to agree to where Git changes it', async (t) => {
  const w = await world(t, { ignoreDifferences });
  w.app.spec.ignoreDifferences = [];
  const last = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { x: 'hand' } });
  w.app.spec.ignoreDifferences = ignoreDifferences;
  const [a, b] = last;
  assert.ok(a && b);
  const other = await w.effect({ last, target: [a, configMap('b', { x: '2' })] });
  assert.deepEqual(
    [other.operations.map(({ key }) => key.name), other.drift, other.errors, other.digest === ''],
    [['b'], [], [], false],
  );
  assert.ok(other.notes.includes(`ConfigMap ${w.namespace}/a: ${left}`));
  for (const target of [[configMap('a', { x: '2' }), b], [b]]) {
    const own = await w.effect({ last, target });
    assert.deepEqual(
      [own.operations, own.errors.map(({ key, message }) => [key.name, message]), own.digest],
      [[], [['a', left]], ''],
    );
  }
  assert.deepEqual(
    (await w.effect({ target: last })).errors.map(({ key }) => key.name),
    ['a'],
    'before the first sync nothing is known of it',
  );
  assert.deepEqual(
    (await w.effect({ lastGone: true, target: last })).errors.map(({ key }) => key.name),
    ['a'],
  );
});
