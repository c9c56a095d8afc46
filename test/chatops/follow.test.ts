// An answer says in the end what became of what it began, whoever dies or asks for something else meanwhile.
import type { TestContext } from 'node:test';
import type { Request } from '../../src/model/coxswain.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { bed } from './fixture.ts';

const digest = 'e'.repeat(64);
const revision = '9f3c1d2'.padEnd(40, '0');
const started = '2126-01-02T10:00:00Z';
const finished = '2126-01-02T10:00:05Z';

async function world(t: TestContext, options: Parameters<typeof bed>[1] = {}): Promise<Bed> {
  const b = await bed(t, options);
  await b.settings('p, bob, applications, *, shop/*, allow');
  await b.project('shop');
  await b.application('web');
  return b;
}

const web = (b: Bed): string => `${b.namespace}/web`;

interface Ended {
  phase: string;
  message?: string;
  health?: { status: string; message?: string };
  info?: { name: string; value: string }[];
}

/** As the engine leaves it. */
async function end(b: Bed, { phase, message, health = { status: 'Healthy' }, info }: Ended): Promise<void> {
  const operation = info ? { info } : (b.store.applications.get(web(b))?.operation ?? {});
  await b.store.applications.patch(web(b), {
    operation: null,
    status: {
      sync: { status: phase === 'Succeeded' ? 'Synced' : 'OutOfSync', revision },
      health,
      reconciledAt: finished,
      operationState: {
        operation,
        phase,
        ...(message && { message }),
        startedAt: started,
        finishedAt: finished,
        syncResult: { revision, resources: [] },
      },
    },
  });
}

function told(b: Bed, { metadata }: Request): unknown {
  return b.store.requests.get(`${b.namespace}/${metadata.name}`)?.status?.syncs;
}

async function endsWith(b: Bed, request: Request, ended: { ok: boolean; message: string }): Promise<void> {
  const [first] = request.status?.syncs ?? [];
  assert.ok(first);
  const found = await eventually('its end', () => {
    const { syncs = [] } = b.store.requests.get(`${b.namespace}/${request.metadata.name}`)?.status ?? {};
    return syncs[0]?.ended && syncs;
  });
  const at = found[0]?.ended?.at ?? '';
  assert.ok(Date.parse(at) > 0);
  assert.deepEqual(found, [{ ...first, ended: { ...ended, at } }]);
}

test('a sync that was asked for is followed to its end, and to health after that', async (t) => {
  const b = await world(t);
  const request = await b.ask('sync', { application: web(b) });
  assert.deepEqual(request.status?.syncs, [{ application: web(b) }]);
  await end(b, { phase: 'Succeeded', health: { status: 'Progressing' } });
  const other = await b.ask('status', { application: web(b) });
  assert.deepEqual([other.status?.syncs, told(b, request)], [undefined, [{ application: web(b) }]]);
  await end(b, { phase: 'Succeeded', info: [{ name: 'coxswain.dev/request', value: request.metadata.name }] });
  await endsWith(b, request, { ok: true, message: 'Synced at 9f3c1d2, Healthy' });
});

test('a sync that fails, or leaves something Degraded, says why', async (t) => {
  const b = await world(t);
  const failed = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Failed', message: 'Job migrate failed' });
  await endsWith(b, failed, { ok: false, message: 'the sync failed: Job migrate failed' });
  const degraded = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Succeeded', health: { status: 'Degraded', message: 'no image' } });
  await endsWith(b, degraded, { ok: false, message: 'Synced at 9f3c1d2, but Degraded: no image' });
});

test('what a sync and the cluster say in the end is told without credentials and values of Secrets', async (t) => {
  const b = await world(t);
  const hidden = 'it may quote a Secret: the words stand in the cluster alone';
  const invalid = 'Secret "login" is invalid: data.password: Invalid value: "hunter2"';
  const failed = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Failed', message: `one or more objects failed to apply, reason: ${invalid}` });
  await endsWith(b, failed, { ok: false, message: `the sync failed: ${hidden}` });
  const unread = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Error', message: 'fetch https://bot:hunter2@git.example/a failed' });
  await endsWith(b, unread, { ok: false, message: 'the sync failed: fetch https://***@git.example/a failed' });
  const degraded = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Succeeded', health: { status: 'Degraded', message: invalid } });
  await endsWith(b, degraded, { ok: false, message: `Synced at 9f3c1d2, but Degraded: ${hidden}` });
});

test('what ended while nobody ran is told at the next start, and what was told once stays', async (t) => {
  const b = await world(t);
  const request = await b.ask('sync', { application: web(b) });
  await b.chatops.stop();
  await end(b, { phase: 'Succeeded' });
  assert.deepEqual(told(b, request), [{ application: web(b) }]);
  await b.restart();
  await endsWith(b, request, { ok: true, message: 'Synced at 9f3c1d2, Healthy' });
  await end(b, { phase: 'Failed', info: [{ name: 'coxswain.dev/request', value: request.metadata.name }] });
  await b.restart();
  await b.ask('status', { application: web(b) });
  await endsWith(b, request, { ok: true, message: 'Synced at 9f3c1d2, Healthy' });
});

test('an operation of somebody else in between is not taken for it', async (t) => {
  const b = await world(t);
  const request = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Succeeded', info: [] });
  await endsWith(b, request, {
    ok: false,
    message: 'another operation came in between; what became of this one is not known',
  });
});

test('an approval is followed to the end of the sync that it lets pass, or to its own', async (t) => {
  const b = await world(t);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  const name = await b.approval('web', digest);
  const request = await b.ask('approve', { application: web(b), digest });
  assert.deepEqual(request.status?.syncs, [{ application: web(b), approval: name }]);
  await end(b, { phase: 'Failed', message: 'quota', info: [{ name: 'coxswain.dev/approval', value: name }] });
  await endsWith(b, request, { ok: false, message: 'the sync failed: quota' });
  await b.store.approvals.patch(
    `${b.namespace}/${name}`,
    { status: { phase: 'Pending', message: 'waiting for approval', approvals: [] } },
    { subresource: 'status' },
  );
  const former = { operation: { info: [{ name: 'coxswain.dev/approval', value: name }] }, phase: 'Failed' };
  const [startedAt, finishedAt] = ['2020-01-02T10:00:00Z', '2020-01-02T10:00:05Z'];
  await b.store.applications.patch(web(b), { status: { operationState: { ...former, startedAt, finishedAt } } });
  const again = await b.ask('approve', { application: web(b), digest });
  await b.ask('status', { application: web(b) });
  assert.deepEqual(told(b, again), again.status?.syncs, 'the failure of a former round is none of this one');
  const other = await b.approval('web', 'f'.repeat(64));
  const second = await b.ask('approve', { application: web(b), digest: 'f'.repeat(64) });
  await b.store.approvals.patch(
    `${b.namespace}/${other}`,
    { status: { phase: 'Superseded', message: 'what would be applied has changed' } },
    { subresource: 'status' },
  );
  await endsWith(b, second, { ok: false, message: 'superseded: what would be applied has changed' });
});

test('an approved deletion is told as such once the application is gone, whichever is seen first', async (t) => {
  const b = await world(t);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  for (const [name, status, message] of [
    ['web', { phase: 'Applied', message: 'deleted' }, 'deleted'],
    ['api', { phase: 'Approved', begunAt: started }, 'deleted'],
  ] as const) {
    if (name !== 'web') await b.application(name);
    const approval = await b.approval(name, digest);
    const request = await b.ask('approve', { application: `${b.namespace}/${name}`, digest });
    await b.chatops.stop();
    await b.store.approvals.patch(`${b.namespace}/${approval}`, { status }, { subresource: 'status' });
    await b.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: b.namespace, name });
    await eventually('it is gone', () => b.store.applications.get(`${b.namespace}/${name}`) === undefined || undefined);
    await b.restart();
    await endsWith(b, request, { ok: true, message });
  }
});

test('with Argo CD a comparison of the second in which the sync ended may be of before, and is not told', async (t) => {
  const b = await world(t, { turn: () => ({ by: 'argocd', rule: 'chosen', why: '' }) });
  const request = await b.ask('sync', { application: web(b) });
  const info = [{ name: 'coxswain.dev/request', value: request.metadata.name }];
  await b.chatops.stop();
  await end(b, { phase: 'Succeeded', info });
  await b.store.applications.patch(web(b), { status: { sync: { status: 'OutOfSync', revision } } });
  await b.restart();
  await b.ask('status', { application: web(b) });
  assert.deepEqual(told(b, request), [{ application: web(b) }]);
  await b.store.applications.patch(web(b), { status: { reconciledAt: '2126-01-02T10:00:06Z' } });
  await endsWith(b, request, {
    ok: false,
    message: 'Argo CD reports it synced, but still OutOfSync at 9f3c1d2, Healthy',
  });
});

test('whoever asked for a sync in Slack is told how it ended, once, and of decisions the cards tell', async (t) => {
  const b = await world(t);
  const texts = (request: Request): string[] =>
    b.told.filter(([name]) => name === request.metadata.name).map(([, { ok, text }]) => `${ok ? 'yes' : 'no'} ${text}`);
  const failed = await b.ask('sync', { application: web(b) });
  await end(b, { phase: 'Failed', message: 'no such image' });
  await eventually('the end is told', () => texts(failed).length === 2 || undefined);
  assert.deepEqual(texts(failed), ['yes web: sync started', 'no web: the sync failed: no such image']);
  const synced = await b.ask('sync', { application: web(b) });
  await eventually('it was begun', () => texts(synced).length === 1 || undefined);
  await b.chatops.stop();
  await end(b, { phase: 'Succeeded' });
  await b.restart();
  await eventually('the end is told', () => texts(synced).length === 2 || undefined);
  assert.deepEqual(texts(synced), ['yes web: sync started', 'yes web: Synced at 9f3c1d2, Healthy']);
  await eventually(
    'it is known to be told',
    () => b.store.requests.get(`${b.namespace}/${synced.metadata.name}`)?.status?.told === 'end' || undefined,
  );
  await b.restart();
  const comment = await b.ask('sync', { application: web(b), origin: { kind: 'comment', commentId: 7 } });
  await end(b, { phase: 'Succeeded' });
  await endsWith(b, comment, { ok: true, message: 'Synced at 9f3c1d2, Healthy' });
  assert.deepEqual([texts(failed).length, texts(synced).length, texts(comment).length], [2, 2, 0]);
});
