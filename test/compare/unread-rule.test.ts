// Rules of ignoreDifferences that jq cannot read: what they concern is left alone, all else is judged.
import type { Comparison } from '../../src/compare/compare.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, world } from './fixture.ts';

const ignoreDifferences = [
  { kind: 'ConfigMap', name: 'a', jqPathExpressions: ['.data.y', '.data.x)'] },
  { group: 'admissionregistration.k8s.io', kind: '*', jqPathExpressions: ['.webhooks[?'] },
];
const unread = 'spec.ignoreDifferences[0].jqPathExpressions[1]: jq cannot read it: unexpected token ")"';
const left = `left as it is, neither compared nor synced: ${unread}`;

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
    [
      `ConfigMap ${w.namespace}/a: ${left}`,
      'spec.ignoreDifferences[1].jqPathExpressions[0]: jq cannot read it: unexpected token "?"',
    ],
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

test('an effect holds nothing of such an object, whatever Git says of it, and names it', async (t) => {
  const w = await world(t, { ignoreDifferences });
  w.app.spec.ignoreDifferences = [];
  const last = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];
  await w.sync(last);
  await w.edit(configMap('a', {}), { data: { x: 'hand' } });
  w.app.spec.ignoreDifferences = ignoreDifferences;
  const [a] = last;
  assert.ok(a);
  const b2 = configMap('b', { x: '2' });
  for (const target of [[a, b2], [configMap('a', { x: '2' }), b2], [b2]])
    for (const input of [{ last }, {}, { lastGone: true }]) {
      const effect = await w.effect({ ...input, target });
      assert.deepEqual(
        [effect.operations.map(({ key }) => key.name), effect.errors, effect.digest === ''],
        [['b'], [], false],
      );
      assert.ok(![...effect.drift, ...effect.total].some(({ key }) => key.name === 'a'));
      assert.ok(effect.notes.includes(`ConfigMap ${w.namespace}/a: ${left}`));
    }
});
