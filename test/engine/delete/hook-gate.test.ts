// Ways past the gate of a deletion by what its hooks are taken for: in Git, by an annotation, by time, by hand.
import type { Application } from '../../../src/model/application.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, agreeTo, gate } from '../approval/fixture.ts';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  hookJob,
  patchApp,
  person,
  push,
  quiet,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const cascading = 'resources-finalizer.argocd.argoproj.io';
const post = 'post-delete-finalizer.argocd.argoproj.io';
const both = [person('bo', 2), person('cy', 3)];
const ungated = { 'coxswain.dev/approval': null, 'coxswain.dev/approvers': null };

function hookConfig(name: string, hook: string): string {
  return config(name, '1', `argocd.argoproj.io/hook: ${hook}`);
}

function failing(name: string, hook: string): string {
  return hookJob(name, hook).replace(
    '  template:\n',
    '  template:\n    metadata: {annotations: {sandbox.coxswain.dev/outcome: fail}}\n',
  );
}

/** `prod`, gated, with one ConfigMap and what else stands there; synced under an Approval. */
async function gated(
  t: TestContext,
  files: Record<string, string>,
  annotations: Record<string, string> = {},
): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1'), ...files });
  const all = { ...gate, 'coxswain.dev/approvers': 'bo, cy', ...annotations };
  await s.apply('prod', { syncPolicy: automated }, { annotations: all, finalizers: [cascading] });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  await quiet(s);
  return s;
}

function remove(s: Stage): Promise<unknown> {
  const { namespace } = s;
  return s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace, name: 'prod' });
}

function deletionError(app: Application): string {
  return app.status?.conditions?.find((item) => item.type === 'DeletionError')?.message ?? '';
}

function says(s: Stage, text: string): Promise<Application> {
  return s.until('prod', `says: ${text}`, (app) => deletionError(app).includes(text));
}

async function leaves(s: Stage): Promise<void> {
  await s.untilStore('prod is gone', () =>
    s.store.applications.get(`${s.namespace}/prod`) === undefined ? true : undefined,
  );
}

function named({ spec }: Approval): string[] {
  return spec.operations.map(({ op, key }) => `${op} ${key.kind} ${key.name}`).sort();
}

function isGuarded(s: Stage): boolean {
  return s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated === true;
}

/** Each of the two says yes to what waits. */
async function agreed(s: Stage): Promise<void> {
  for (const actor of both) await agree(s, actor);
}

for (const phase of ['PreDelete', 'PostDelete'])
  test(`a live object that Git makes a ${phase} hook of is named as deleted, and asks`, async (t) => {
    const s = await gated(t, {});
    await push(s, { 'prod/a.yaml': hookConfig('prod', phase), 'prod/bye.yaml': hookConfig('bye', 'PostDelete') });
    await s.until('prod', 'has the finalizers', (app) => app.metadata.finalizers?.includes(post) ?? false);
    await remove(s);
    const asked = await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.operations.some(({ op }) => op === 'hook'));
    assert.deepEqual(named(asked), ['delete ConfigMap prod', 'hook ConfigMap bye', 'hook ConfigMap prod']);
    // The hooks are taken away again, by finalizer and in Git: what goes still asks.
    await patchApp(s, 'prod', { metadata: { finalizers: [cascading, post, `${post}/cleanup`] } });
    await push(s, { 'prod/bye.yaml': undefined });
    const left = await approvalIn(s, 'prod', 'Pending', (item) => !named(item).includes('hook ConfigMap bye'));
    assert.ok(named(left).includes('delete ConfigMap prod'));
    await quiet(s);
    assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  });

test('an object with the mark of a run, but that no run has made, is not cleared away', async (t) => {
  const s = await gated(t, {});
  const uid = s.store.applications.get(`${s.namespace}/prod`)?.metadata.uid ?? '';
  const mark = `${uid}/PostDelete`;
  const sha = await push(s, { 'prod/a.yaml': config('prod', '2', `coxswain.dev/operation: ${mark}`) });
  await agreeTo(s, 'prod', person('bo', 2));
  await syncedTo(s, 'prod', sha);
  const live = await s.cluster.api.get(configMap(s, 'prod'));
  assert.deepEqual(live?.['data'], { value: '2' });
  assert.equal(live?.metadata.annotations?.['coxswain.dev/operation'], undefined, 'no manifest says it');
  const byHand = await s.cluster.api.patch(configMap(s, 'prod'), {
    type: 'merge',
    patch: { metadata: { annotations: { 'coxswain.dev/operation': mark } } },
  });
  await s.cluster.live.waitFor(
    configMap(s, 'prod'),
    byHand.metadata.resourceVersion ?? '',
    AbortSignal.timeout(30_000),
  );
  await patchApp(s, 'prod', { metadata: { finalizers: [`${post}/cleanup`] } });
  await remove(s);
  await leaves(s);
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
  assert.ok(isGuarded(s), 'and its gate guards it');
});

test('a hook that comes while a deletion goes on waits for people in every pass once it was asked about', async (t) => {
  const s = await gated(t, { 'prod/pre.yaml': failing('pre', 'PreDelete') });
  await remove(s);
  const first = await approvalIn(s, 'prod', 'Pending');
  await agreed(s);
  await says(s, 'hook(s) failed');
  await patchApp(s, 'prod', { metadata: { annotations: ungated } });
  await push(s, { 'prod/pre.yaml': hookJob('other', 'PreDelete') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(named(asked), ['delete ConfigMap prod', 'hook Job other']);
  await s.untilStore('the first is void', () =>
    s.store.approvals.get(`${s.namespace}/${first.metadata.name}`)?.status?.phase === 'Superseded' ? true : undefined,
  );
  await quiet(s);
  // Whoever wakes it up, and whoever starts anew, finds the same question.
  await patchApp(s, 'prod', { metadata: { labels: { woken: 'yes' } } });
  await s.restart();
  await quiet(s);
  await says(s, `approval required: Approval/${asked.metadata.name}`);
  const { namespace } = s;
  const job = { group: 'batch', kind: 'Job', namespace, name: 'other' };
  assert.equal(await s.cluster.api.get(job), undefined);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  await agreed(s);
  await leaves(s);
  assert.equal(await dataOf(s, 'prod'), undefined);
  await s.untilStore('its gate has ended with it', () => (isGuarded(s) ? undefined : true));
});

test('the approval of a deletion that has begun does not expire, whoever restarts', async (t) => {
  const s = await gated(t, { 'prod/pre.yaml': failing('pre', 'PreDelete') }, { 'coxswain.dev/expires': '3s' });
  await remove(s);
  const { metadata } = await approvalIn(s, 'prod', 'Pending');
  await agreed(s);
  await says(s, 'hook(s) failed');
  const read = (): Approval | undefined => s.store.approvals.get(`${s.namespace}/${metadata.name}`);
  const begun = read()?.status?.begunAt;
  assert.ok(begun !== undefined);
  await s.untilStore('its time is over', () => (Date.now() > Date.parse(begun) + 4000 ? true : undefined));
  await s.restart();
  await push(s, { 'prod/pre.yaml': hookJob('pre', 'PreDelete') });
  await s.untilStore('another hook ends it, no clock', () => {
    const phase = read()?.status?.phase;
    assert.notEqual(phase, 'Expired');
    return phase === 'Superseded' ? true : undefined;
  });
});

test('the gate stands until what it guards is gone, whoever takes the finalizers away meanwhile', async (t) => {
  const s = await gated(t, { 'prod/pre.yaml': failing('pre', 'PreDelete') });
  await remove(s);
  await approvalIn(s, 'prod', 'Pending');
  await agreed(s);
  await says(s, 'hook(s) failed');
  assert.ok(isGuarded(s));
  await patchApp(s, 'prod', { metadata: { annotations: ungated, finalizers: null } });
  await leaves(s);
  await quiet(s);
  assert.ok(isGuarded(s), 'nobody has agreed to what is left');
  // Neither another application nor one of the same name writes over it unasked.
  await push(s, { 'next/a.yaml': config('prod', '2'), 'prod/a.yaml': config('prod', '2'), 'prod/pre.yaml': undefined });
  for (const name of ['next', 'prod']) {
    await s.apply(name, { syncPolicy: automated }, { finalizers: [] });
    await approvalIn(s, name, 'Pending');
  }
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('what has become deletable since the deletion was agreed to asks, also without the annotation', async (t) => {
  const kept = config('kept', '1', 'argocd.argoproj.io/sync-options: Delete=false');
  const s = await gated(t, { 'prod/pre.yaml': failing('pre', 'PreDelete'), 'prod/kept.yaml': kept });
  await remove(s);
  assert.deepEqual(named(await approvalIn(s, 'prod', 'Pending')), ['delete ConfigMap prod', 'hook Job pre']);
  await agreed(s);
  await says(s, 'hook(s) failed');
  await s.cluster.api.patch(configMap(s, 'kept'), {
    type: 'merge',
    patch: { metadata: { annotations: { 'argocd.argoproj.io/sync-options': null } } },
  });
  await patchApp(s, 'prod', {
    metadata: { annotations: ungated, finalizers: [cascading] },
  });
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => !named(item).includes('hook Job pre'));
  assert.deepEqual(named(asked), ['delete ConfigMap kept', 'delete ConfigMap prod']);
  await quiet(s);
  assert.deepEqual([await dataOf(s, 'prod'), await dataOf(s, 'kept')], [{ value: '1' }, { value: '1' }]);
});
