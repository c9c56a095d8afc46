// `/cox lock` and `/cox unlock`: who, how long, why; and what every other command says while it holds.
import type { Application } from '../../src/model/application.ts';
import type { Turn } from '../../src/policy/engine.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { bed, outcome } from './fixture.ts';

const createdAt = '2126-03-01T10:00:00Z';
const policy = 'p, role:all, applications, *, shop/*, allow\ng, bob, role:all\ng, carol, role:all';

async function world(t: TestContext, turn?: (app: Application) => Turn): Promise<Bed> {
  const b = await bed(t, { ...(turn && { turn }) });
  await b.settings(policy);
  await b.project('shop');
  await b.application('web', { status: { sync: { status: 'OutOfSync', revision: 'a'.repeat(40) } } });
  return b;
}

test('a lock names who, until when and why, keeps every sync away, and ends by whoever may sync', async (t) => {
  const b = await world(t);
  const locked = 'locked by bob until 2126-03-01T12:00:00Z: the database moves';
  const asked = { application: 'web', createdAt, args: { reason: 'the database moves', for: '2h' } };
  const request = await b.ask('lock', asked);
  const says = `web: ${locked}; nothing of it is synced before; \`/cox unlock web\` ends that`;
  assert.deepEqual(outcome(request), ['Done', says]);
  assert.deepEqual(outcome(await b.again(request)), ['Done', says]);
  const refused = `web: it is ${locked}; \`/cox unlock web\` ends that`;
  await b.episode('web', [
    { key: { group: '', kind: 'ConfigMap', namespace: 'x', name: 'y' }, kind: 'changed', changes: [] },
  ]);
  for (const verb of ['sync', 'retry', 'heal'] as const)
    assert.deepEqual(outcome(await b.ask(verb, { application: 'web' })), ['Refused', refused]);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.operation, undefined);
  assert.match(outcome(await b.ask('status', { application: 'web' }))[1] ?? '', / · 🔒 locked by bob until /);
  const carol = { login: 'carol', id: 3, via: 'slack' as const };
  assert.deepEqual(outcome(await b.ask('lock', { ...asked, actor: carol })), ['Refused', refused]);
  // Whoever set it sets it anew.
  const longer = outcome(await b.ask('lock', { ...asked, args: { for: '3d' } }));
  assert.match(longer[1] ?? '', /^web: locked by bob until 2126-03-04T10:00:00Z; nothing/);
  assert.deepEqual(outcome(await b.ask('unlock', { application: 'web', actor: carol })), [
    'Done',
    'web: unlocked; it was locked by bob until 2126-03-04T10:00:00Z',
  ]);
  assert.deepEqual(outcome(await b.ask('unlock', { application: 'web' })), ['Refused', 'web: it is not locked']);
  assert.deepEqual(outcome(await b.ask('sync', { application: 'web' })), ['Done', 'web: sync started']);
});

test('several are locked at once, a day without a word, and no time that nobody meant', async (t) => {
  const b = await world(t);
  await b.application('api');
  const both = outcome(await b.ask('lock', { application: 'project=shop', createdAt }));
  assert.equal(both[0], 'Done');
  assert.deepEqual(both[1]?.match(/^\w+: locked by bob until 2126-03-02T10:00:00Z;/gm), [
    'api: locked by bob until 2126-03-02T10:00:00Z;',
    'web: locked by bob until 2126-03-02T10:00:00Z;',
  ]);
  for (const wrong of ['tomorrow', '31d', '30s', '-1h', `${'9'.repeat(400)}h`])
    assert.deepEqual(outcome(await b.ask('lock', { application: 'web', args: { for: wrong } })), [
      'Refused',
      'web: --for takes a time from 1m to 30d, such as 45m, 2h or 3d; default 24h',
    ]);
});

test('what Argo CD syncs by itself is not called locked: the way to hold it is said', async (t) => {
  const b = await world(t, () => ({ by: 'argocd', rule: 'chosen', why: '' }));
  await b.store.applications.patch(`${b.namespace}/web`, { spec: { syncPolicy: { automated: {} } } });
  assert.deepEqual(outcome(await b.ask('lock', { application: 'web' })), [
    'Refused',
    'web: Argo CD syncs it by itself and asks nobody; `/cox hold web` turns that off first',
  ]);
});

test('whoever may not sync it neither locks nor unlocks it', async (t) => {
  const b = await world(t);
  await b.settings('p, bob, applications, get, shop/*, allow');
  for (const verb of ['lock', 'unlock'] as const)
    assert.match(outcome(await b.ask(verb, { application: 'web' }))[1] ?? '', /^bob may not sync web: the right /);
});
