// Objects that only metadata.generateName names: one for each sync, of applications that sync by themselves or by
// approval.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo, gate } from '../approval/fixture.ts';
import { stage } from '../fixture.ts';
import { approvalIn, approvalsOf, automated, config, dataOf, editByHand, push, quiet } from '../manifests.ts';

const once = config('x', 'each time').replace('name: x', 'generateName: once-');

async function madeIn({ cluster, namespace }: Stage): Promise<string[]> {
  const objects = await cluster.api.list({ group: '', kind: 'ConfigMap' }, { namespace });
  return objects.map(({ metadata }) => metadata.name ?? '').filter((name) => name.startsWith('once-'));
}

test('automated sync makes one for each revision, with self-heal too, and prunes none of those before', async (t) => {
  const s = await stage(t, { 'each/a.yaml': config('each', '1'), 'each/once.yaml': once });
  await s.apply('each', { syncPolicy: automated });
  const ended = (revision?: string) =>
    s.until(
      'each',
      'synced once',
      ({ status, operation }) =>
        operation === undefined &&
        status?.operationState?.phase === 'Succeeded' &&
        (revision === undefined || status.sync?.revision === revision) &&
        status.history?.at(-1)?.revision === status.sync?.revision,
    );
  const first = await ended();
  await quiet(s);
  const [made = '', ...more] = await madeIn(s);
  assert.deepEqual(more, []);
  assert.ok(first.status?.operationState?.syncResult?.resources?.some(({ name }) => name === made));
  const app = s.store.applications.get(`${s.namespace}/each`);
  assert.equal(app?.status?.sync?.status, 'OutOfSync');
  assert.deepEqual(
    app.status.resources?.map(({ name, status }) => [name, status]),
    [
      ['each', 'Synced'],
      ['once-…', 'OutOfSync'],
    ],
  );

  await editByHand(s, 'each', { value: 'by hand' });
  await s.until(
    'each',
    'healed',
    ({ status, operation }) =>
      operation === undefined && status?.operationState?.operation.sync?.autoHealAttemptsCount === 1,
  );
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'each'), { value: '1' });
  assert.deepEqual(await madeIn(s), [made], 'a heal makes none');

  await ended(await push(s, { 'each/a.yaml': config('each', '2') }));
  await quiet(s);
  const both = await madeIn(s);
  assert.equal(both.length, 2);
  assert.ok(both.includes(made));
  assert.equal(s.store.applications.get(`${s.namespace}/each`)?.status?.history?.length, 2);
});

test('a gated application shows the creation, makes one by the approval, and asks no more', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('held', '1'), 'prod/once.yaml': once });
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  const { spec } = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    spec.operations.map(({ op, key }) => [op, key.name]),
    [
      ['create', 'held'],
      ['create', 'once-…'],
    ],
  );
  assert.deepEqual(await madeIn(s), []);
  await agreeTo(s, 'prod');
  await approvalIn(s, 'prod', 'Applied');
  await quiet(s);
  assert.equal((await madeIn(s)).length, 1);
  assert.deepEqual(
    approvalsOf(s, 'prod').map(({ status }) => status?.phase),
    ['Applied'],
  );

  await push(s, { 'prod/once.yaml': once.replace('each time', 'another') });
  const next = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    next.spec.operations.map(({ op, key }) => [op, key.name]),
    [['create', 'once-…']],
    'another manifest is asked about',
  );
  await agreeTo(s, 'prod');
  await s.untilStore('applied too', () =>
    approvalsOf(s, 'prod').every(({ status }) => status?.phase === 'Applied') ? true : undefined,
  );
  await quiet(s);
  assert.equal((await madeIn(s)).length, 2);
});
