// The gate where Argo CD works on the applications: what is asked, what is written for it, and what it may not do.
import type { Operation } from '../../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, ask, beside, deployed } from './fixture.ts';
import { approvalIn, approvalsOf, config, dataOf, gone, isSynced, patchApp, push } from '../manifests.ts';

test('what is gated is asked about, refused to whoever syncs it, and handed to Argo CD once approved', async (t) => {
  const { s, operations } = await beside(t, { 'gates/a.yaml': config('gates', '1') });
  const pending = await approvalIn(s, 'gates', 'Pending');
  const refused = await ask(s, 'early');
  assert.deepEqual(refused, {
    done: false,
    message:
      `approval required: Approval/${pending.metadata.name}; it syncs by itself once approved: ` +
      '`/cox approve gates`',
  });
  assert.equal(await dataOf(s, 'gates'), undefined);
  await agree(s);
  const applied = await approvalIn(s, 'gates', 'Applied');
  assert.equal(applied.metadata.name, pending.metadata.name);
  assert.deepEqual(await dataOf(s, 'gates'), { value: '1' });
  const [operation, ...more] = operations;
  assert.deepEqual(more, []);
  assert.deepEqual(operation?.sync, {
    source: { repoURL: s.url, path: 'gates', targetRevision: 'main' },
    revision: pending.spec.revision,
    prune: false,
  });
  const app = await s.until('gates', 'synced', isSynced);
  assert.equal(app.status?.history?.at(-1)?.revision, pending.spec.revision);
  await s.untilStore('it is as Argo CD reports', () => s.engine.unverified(app) === undefined || undefined);
});

test('what each sync makes anew keeps nothing that Argo CD reports in doubt', async (t) => {
  const once = config('x', 'each time').replace('name: x', 'generateName: once-');
  const { s, operations } = await beside(t, { 'gates/a.yaml': config('gates', '1'), 'gates/once.yaml': once });
  await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  await approvalIn(s, 'gates', 'Applied');
  const app = await s.until('gates', 'compared', ({ status }) => status?.sync?.status === 'OutOfSync');
  await s.untilStore('it is as Argo CD reports', () => s.engine.unverified(app) === undefined || undefined);
  assert.equal(operations.length, 1);
  const made = await s.cluster.api.list({ group: '', kind: 'ConfigMap' }, { namespace: s.namespace });
  assert.equal(made.filter(({ metadata }) => metadata.name?.startsWith('once-')).length, 1);
});

test('an approval that no longer fits at its write writes nothing, and the difference is asked about', async (t) => {
  const { s, operations } = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  await push(s, { 'gates/a.yaml': config('gates', '2') });
  const old = await approvalIn(s, 'gates', 'Pending');
  const held = { metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } } };
  await patchApp(s, 'gates', held);
  await agree(s);
  await push(s, { 'gates/a.yaml': config('gates', '3') });
  await patchApp(s, 'gates', { metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': null } } });
  const superseded = await approvalIn(s, 'gates', 'Superseded');
  assert.equal(superseded.metadata.name, old.metadata.name);
  const next = await approvalIn(s, 'gates', 'Pending');
  assert.notEqual(next.metadata.name, old.metadata.name);
  assert.equal(operations.length, 1); // that of the first state
  assert.deepEqual(await dataOf(s, 'gates'), { value: '1' });
});

test('a change of the spec after the operation was written does not change what is applied', async (t) => {
  const files = { 'gates/a.yaml': config('gates', '1'), 'other/a.yaml': config('gates', 'never asked about') };
  const { s, argo } = await deployed(t, files);
  argo.before = async () => {
    await patchApp(s, 'gates', { spec: { source: { path: 'other' } } });
  };
  const sha = await push(s, { 'gates/a.yaml': config('gates', '2') });
  await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  await s.until('gates', 'synced to it', (app) => app.status?.history?.at(-1)?.revision === sha);
  assert.deepEqual(await dataOf(s, 'gates'), { value: '2' });
});

test('the operation prunes exactly when what was approved deletes', async (t) => {
  const { s, operations } = await deployed(t, {
    'gates/a.yaml': config('gates', '1'),
    'gates/b.yaml': config('spare', '1'),
  });
  await push(s, { 'gates/b.yaml': undefined });
  await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  await gone(s, 'spare');
  assert.deepEqual(
    operations.map(({ sync }) => sync?.prune),
    [false, true],
  );
});

test('a sync that Argo CD reports and did not make is told, stays unapplied, and is not repeated', async (t) => {
  const { s, argo, operations } = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  argo.skips.add('gates');
  const sha = await push(s, { 'gates/a.yaml': config('gates', '2') });
  await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  const record = await s.untilStore('what is left is known', () =>
    s.store.records.list().find(({ spec }) => (spec.unverified?.left.length ?? 0) > 0),
  );
  assert.deepEqual(record.spec.unverified?.left, [`ConfigMap ${s.namespace}/gates`]);
  const app = await s.until('gates', 'compared', (each) => each.status?.sync?.status === 'OutOfSync');
  assert.equal(app.status?.history?.at(-1)?.revision, sha);
  assert.deepEqual(
    approvalsOf(s, 'gates')
      .map(({ status }) => status?.phase)
      .sort(),
    ['Applied', 'Approved'],
  );
  assert.equal(operations.length, 2);
  assert.deepEqual(s.engine.unverified(app), record.spec.unverified?.left);
});

test('what a sync left half done is asked about anew', async (t) => {
  const files = { 'gates/a.yaml': config('gates', '1'), 'gates/b.yaml': config('spare', '1') };
  const { s, argo } = await deployed(t, files);
  argo.skips.add('spare');
  await push(s, { 'gates/a.yaml': config('gates', '2'), 'gates/b.yaml': config('spare', '2') });
  const whole = await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  const rest = await approvalIn(s, 'gates', 'Pending', ({ metadata }) => metadata.name !== whole.metadata.name);
  assert.deepEqual(
    rest.spec.operations.map(({ key }) => key.name),
    ['spare'],
  );
});

test('a second sync applies: the state of the first goes with the operation that is written', async (t) => {
  const { s } = await deployed(t, {
    'gates/a.yaml': config('gates', '1'),
    'gates/hook.yaml': config('before', '1', 'argocd.argoproj.io/hook: PreSync'),
  });
  await push(s, { 'gates/a.yaml': config('gates', '2') });
  const second = await approvalIn(s, 'gates', 'Pending');
  await agree(s);
  await approvalIn(s, 'gates', 'Applied', ({ metadata }) => metadata.name === second.metadata.name);
  assert.deepEqual(await dataOf(s, 'gates'), { value: '2' });
});

test('what is asked about is what Argo CD writes, which takes what another applier holds', async (t) => {
  const both = `${config('gates', '1')}  both: "1"\n`;
  const { s } = await deployed(t, { 'gates/a.yaml': both });
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gates', namespace: s.namespace }, data: { both: '1' } },
    { manager: 'another-tool' },
  );
  await push(s, { 'gates/a.yaml': config('gates', '1') });
  const pending = await approvalIn(s, 'gates', 'Pending');
  assert.deepEqual(
    pending.spec.operations.map((one) => one.op === 'change' && one.fields.map(([path, mac]) => [path, mac])),
    [[['data.both', null]]],
  );
  await agree(s);
  await approvalIn(s, 'gates', 'Applied', ({ metadata }) => metadata.name === pending.metadata.name);
  assert.deepEqual(await dataOf(s, 'gates'), { value: '1' });
});

test('a gated application with automated on is told as not held, and what Argo CD then does too', async (t) => {
  const { s, argo } = await beside(t, { 'gates/a.yaml': config('gates', '1') }, { automated: {} });
  const app = await s.until('gates', 'synced by Argo CD itself', isSynced);
  const told = s.engine.told(app);
  const sha = app.status?.history?.at(-1)?.revision ?? '';
  assert.deepEqual(told, [
    'is not held: Argo CD syncs it by itself, approved or not, because automated sync is on. ' +
      '`/cox hold gates` opens the pull request that turns it off.',
    `was synced past the gate by Argo CD by itself (automated sync) to ${sha.slice(0, 7)}: ` +
      `ConfigMap ${s.namespace}/gates. Nobody has approved it here.`,
  ]);
  await patchApp(s, 'gates', { spec: { syncPolicy: null } });
  await push(s, { 'gates/a.yaml': config('gates', '2') });
  await argo.refresh('gates');
  await approvalIn(s, 'gates', 'Pending');
  await patchApp(s, 'gates', { operation: { sync: {}, initiatedBy: { username: 'mallory' } } });
  const done = await s.until(
    'gates',
    'synced by somebody',
    (each) => isSynced(each) && each.status?.operationState?.operation.initiatedBy?.username === 'mallory',
  );
  assert.match(s.engine.told(done).join(), /^was synced past the gate by mallory in Argo CD to /);
  await approvalIn(s, 'gates', 'Superseded');
});

test('a deletion by Argo CD, which asks nobody, is told with what goes along', async (t) => {
  const { s } = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  await patchApp(s, 'gates', { metadata: { finalizers: ['resources-finalizer.argocd.argoproj.io'] } });
  const app = await s.until('gates', 'compared', (each) => isSynced(each) && each.status?.resources?.length === 1);
  assert.deepEqual(s.engine.told(app), []);
  const ref = { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'gates' };
  await s.cluster.api.delete(ref);
  const going = await s.until('gates', 'deleted', (each) => each.metadata.deletionTimestamp !== undefined);
  assert.deepEqual(s.engine.told(going), [
    `is being deleted past the gate by Argo CD, and with it ConfigMap ${s.namespace}/gates. ` +
      'Nobody has approved it here.',
  ]);
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
});

test('what was approved here is nobody else’s sync; a copy of its operation, whatever it names, is', async (t) => {
  const { s, operations } = await deployed(t, { 'gates/a.yaml': config('gates', '1') });
  const app = await s.until('gates', 'synced', isSynced);
  assert.deepEqual(s.engine.told(app), []);
  // One that a person asks for is ours too, and a stranger may name it.
  await ask(s, 'asked');
  const again = await s.until('gates', 'synced once more', (each) => each.status?.history?.length === 2);
  assert.deepEqual(s.engine.told(again), []);
  await s.until('gates', 'at rest', (each) => isSynced(each) && !each.operation);
  const copies: Operation[] = [
    { ...operations[0], initiatedBy: { username: 'mallory' } },
    { sync: {}, info: [{ name: 'coxswain.dev/request', value: 'asked' }], initiatedBy: { username: 'mallory' } },
  ];
  for (const [at, operation] of copies.entries()) {
    await patchApp(s, 'gates', { operation });
    const done = await s.until(
      'gates',
      'synced by somebody',
      (each) => isSynced(each) && (each.status?.history?.length ?? 0) > at + 2 && !each.operation,
    );
    assert.match(s.engine.told(done).join(), /^was synced past the gate by mallory in Argo CD to /);
  }
});
