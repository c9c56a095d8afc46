// What is larger than an API object may be: names, drift, effects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import {
  approvalIn,
  approvalsOf,
  config,
  editByHand,
  ended,
  operate,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

test('an application with a name as long as names may be is asked about, and its drift has an episode', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  // Cut at 63 characters its label would end in '-'.
  const name = `${'a'.repeat(62 - s.namespace.length - 1)}-${'b'.repeat(253)}`.slice(0, 253);
  await s.apply(name, { project: 'gated', source: { repoURL: s.url, path: 'prod', targetRevision: 'main' } });
  await approvalIn(s, name, 'Pending');
  assert.equal(
    (await approve(requests(s), { application: `${s.namespace}/${name}`, actor: person('bob', 2), teams: [] })).done,
    true,
  );
  await synced(s, name);
  await approvalIn(s, name, 'Applied');
  await editByHand(s, 'prod', { value: 'by hand' });
  await s.untilStore('an open episode', () => s.store.episodes.list().find((item) => item.status?.phase === 'Open'));
});

test('a drift larger than an API object can be has an episode that tells where it begins', async (t) => {
  const big = (letter: string): string => `the same beginning ${letter.repeat(790_000)}`;
  const s = await stage(t, { 'web/a.yaml': config('web', big('a')) });
  await s.apply('web', { syncPolicy: { automated: {} } });
  await synced(s, 'web');
  await editByHand(s, 'web', { value: big('b') });
  const open = await s.untilStore('an open episode', () =>
    s.store.episodes.list().find((item) => item.status?.phase === 'Open'),
  );
  const [object] = open.status?.objects ?? [];
  const [change] = object?.changes ?? [];
  assert.deepEqual([object?.key.name, change?.text], ['web', 'data.value']);
  assert.match(String(change?.before), /^the same beginning a{900,1000}…$/);
  assert.match(String(change?.after), /^the same beginning b{900,1000}…$/);
  const app = s.store.applications.get(`${s.namespace}/web`);
  assert.deepEqual([app?.status?.sync?.status, app?.status?.conditions], ['OutOfSync', []]);
  // What is not kept counts: another end is another drift.
  await editByHand(s, 'web', { value: `${big('b')}c` });
  await s.untilStore('another episode', () =>
    s.store.episodes.list().find((item) => item.status?.phase === 'Open' && item.metadata.name !== open.metadata.name),
  );
});

test('a change that no Approval can hold is refused with the reason', async (t) => {
  const many = (name: string, value: string): string =>
    config(name, value) +
    `${Array.from({ length: 900 }, (_, at) => `  ${'k'.repeat(240)}${at}: "${value}"\n`).join('')}`;
  const files = (value: string): Record<string, string> =>
    Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`prod/${name}.yaml`, many(name, value)]));
  const s = await stage(t, files('1'));
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal(
    (await approve(requests(s), { application: `${s.namespace}/prod`, actor: person('bob', 2), teams: [] })).done,
    true,
  );
  await synced(s, 'prod');
  await push(s, files('2'));
  const why =
    'production changes need approval here, and this change is too large for one: bring it in parts, ' +
    'or split the application';
  const told = await s.until('prod', 'a reason', (app) => (app.status?.conditions?.length ?? 0) > 0);
  assert.deepEqual(
    told.status?.conditions?.map(({ type, message }) => [type, message]),
    [['SyncError', why]],
  );
  await operate(s, 'prod', { sync: {} });
  assert.equal((await ended(s, 'prod', 'Failed')).status?.operationState?.message, why);
  assert.deepEqual(
    approvalsOf(s, 'prod').map((item) => item.status?.phase),
    ['Applied'],
  );
});
