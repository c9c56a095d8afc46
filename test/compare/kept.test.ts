// What Git names is no extra: objects that become hooks or are to be skipped, and objects that can be placed nowhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, summary, world } from './fixture.ts';

const hooks: { annotations: Record<string, string>; skip?: boolean; runs?: boolean }[] = [
  { annotations: { 'argocd.argoproj.io/hook': 'Skip' }, skip: true },
  { annotations: { 'argocd.argoproj.io/hook': 'PreSync' }, runs: true },
  { annotations: { 'argocd.argoproj.io/hook': 'PreDelete' } },
  { annotations: { 'argocd.argoproj.io/hook': 'Sikp' } },
  { annotations: { 'helm.sh/hook': 'test' } },
  { annotations: { 'helm.sh/hook': 'pre-rollback' } },
];

test('a live object that Git makes a hook, or says to skip, is not pruned, and the change says so', async (t) => {
  const w = await world(t);
  for (const { annotations, skip = false, runs = false } of hooks) {
    const what = JSON.stringify(annotations);
    const before = [configMap('a', { x: '1' }), configMap('b', { x: '1' })];
    await w.sync(before);
    const after = [configMap('a', { x: '1' }), configMap('b', { x: '2' }, annotations)];
    const comparison = await w.compare(after, before);
    assert.equal(comparison.status, 'Synced', what);
    assert.deepEqual(
      comparison.resources.find(({ name }) => name === 'b'),
      { version: 'v1', kind: 'ConfigMap', namespace: w.namespace, name: 'b', hook: true },
      what,
    );
    const effect = await w.effect({ last: before, branch: before, target: after });
    assert.deepEqual([effect.errors, effect.operations.map(({ op }) => op)], [[], runs ? ['hook'] : []], what);
    assert.deepEqual(summary(effect.change), ['change ConfigMap/b'], what);
    assert.deepEqual(
      effect.change[0]?.notes,
      [`stays as it is, and is no longer compared: ${skip ? 'Git says hook: Skip of it' : 'Git has it as a hook'}`],
      what,
    );
    assert.deepEqual(
      effect.risks.map(({ text }) => text),
      runs ? ['becomes a hook: what is live is deleted first'] : [],
      what,
    );
    assert.deepEqual((await w.effect({ last: after, branch: after, target: after })).total, [], `said once: ${what}`);
    await w.sync(after, before);
    assert.deepEqual(
      (await w.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'b' }))?.['data'],
      { x: '1' },
      what,
    );
  }
  const gone = [configMap('a', { x: '1' })];
  assert.equal(
    (await w.compare(gone)).resources.find(({ name }) => name === 'b')?.requiresPruning,
    true,
    'out of Git it is an extra again',
  );
});

test('an object that is to be placed nowhere is an error, and its live one no extra', async (t) => {
  const w = await world(t);
  const manifests = [configMap('a', { x: '1' })];
  await w.sync(manifests);
  const { namespace: _namespace, ...destination } = w.app.spec.destination;
  const app = { ...w.app, spec: { ...w.app.spec, destination } };
  const tracking = `shop-${w.namespace}`;
  const comparison = await w.comparer.compare({ app, tracking, manifests }, w.signal);
  assert.deepEqual(
    [comparison.status, comparison.conditions.map(({ type, message }) => [type, message])],
    [
      'Unknown',
      [
        [
          'ComparisonError',
          'ConfigMap a: Namespace for ConfigMap a is missing: neither the manifest nor spec.destination names one',
        ],
      ],
    ],
  );
  const effect = await w.comparer.effect({ app, tracking, target: manifests, prune: true }, w.signal);
  assert.deepEqual([effect.digest, effect.errors.map(({ code }) => code)], ['', ['E_MANIFEST']]);
});
