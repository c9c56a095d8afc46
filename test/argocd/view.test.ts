// What Argo CD's server is shown is written when it changes, never else, and whatever becomes of its Redis.
import type { SandboxRedis } from '../../sandbox/redis.ts';
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { silentLogger } from '../../src/base/log.ts';
import { eventually } from '../control-plane.ts';
import { stage, type Stage } from '../engine/fixture.ts';
import { openView } from './fixture.ts';

const config = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;
const automated = { syncPolicy: { automated: { prune: true, selfHeal: true } } };

function read(redis: SandboxRedis, key: string): unknown {
  const found = redis.values.get(`${key}|1.8.3.gz`);
  return found && JSON.parse(gunzipSync(found.value).toString());
}

function nodesOf(redis: SandboxRedis, app: string, shard = ''): { name: string; health?: { status: string } }[] {
  const tree = read(redis, `app|resources-tree|${app}${shard}`) as { nodes?: { name: string }[] } | undefined;
  return tree?.nodes ?? [];
}

function writes(redis: SandboxRedis, app: string): string[] {
  return redis.commands.filter((line) => line.startsWith('SET ') && line.includes(`|${app}|`));
}

async function synced(s: Stage, app: string): Promise<void> {
  await s.apply(app, automated);
  await s.until(app, 'Synced', ({ status }) => status?.sync?.status === 'Synced');
}

/** Whoever asks by both annotations, as Argo CD's server does, finds them gone. */
async function refreshed(s: Stage, app: string): Promise<void> {
  const annotations = { 'argocd.argoproj.io/refresh': 'normal', 'argocd.argoproj.io/hydrate': 'normal' };
  await s.store.applications.patch(`${s.namespace}/${app}`, { metadata: { annotations } });
  await s.until(app, 'answered', ({ metadata }) =>
    Object.keys(annotations).every((name) => metadata.annotations?.[name] === undefined),
  );
}

test('a refresh consumes both annotations of Argo CD’s server, and what it asked for is there by then', async (t) => {
  const { redis, view } = await openView(t);
  const s = await stage(t, { 'asked/a.yaml': config('asked-a', '1') }, { view });
  await synced(s, 'asked');
  await eventually('the tree is there', () => nodesOf(redis, 'asked').length === 1 || undefined);
  s.commit({ 'asked/b.yaml': config('asked-b', '1') });
  await s.store.applications.patch(`${s.namespace}/asked`, { spec: { syncPolicy: null } });
  await refreshed(s, 'asked');
  assert.deepEqual(
    nodesOf(redis, 'asked').map(({ name, health }) => [name, health?.status]),
    [
      ['asked-a', undefined],
      ['asked-b', 'Missing'],
    ],
  );
  await s.store.applications.patch(`${s.namespace}/asked`, {
    metadata: { annotations: { 'argocd.argoproj.io/hydrate': 'hard' } },
  });
  await s.until('asked', 'answered', ({ metadata }) => !metadata.annotations?.['argocd.argoproj.io/hydrate']);
});

test('an unchanged tree is never written again, a changed one once, and whoever watches is told', async (t) => {
  const { redis, view } = await openView(t);
  const s = await stage(t, { 'once/a.yaml': config('once-a', '1'), 'once/b.yaml': config('once-b', '1') }, { view });
  await synced(s, 'once');
  await eventually('both are there', () => nodesOf(redis, 'once').length === 2 || undefined);
  await refreshed(s, 'once');
  const before = writes(redis, 'once').length;
  await refreshed(s, 'once');
  await refreshed(s, 'once');
  assert.equal(writes(redis, 'once').length, before);
  redis.commands.length = 0;
  s.commit({ 'once/a.yaml': config('once-a', '2') });
  await s.engine.onPush(s.url);
  await eventually('the change is shown', () => {
    const [first] = (read(redis, 'app|managed-resources|once') ?? []) as { liveState: string }[];
    return first?.liveState.includes('"2"') || undefined;
  });
  assert.ok(redis.commands.includes('PUBLISH app|managed-resources|once|1.8.3'));
  await refreshed(s, 'once');
  const [trees, managed] = ['tree', 'managed'].map((what) =>
    writes(redis, 'once').filter((line) => line.includes(what)),
  );
  assert.equal(trees?.length, 1, 'the version of the object changed once');
  assert.equal(managed?.length, 2, 'OutOfSync, then Synced');
});

test('a tree is written in pieces as Argo CD is told to, and pieces that it no longer has go', async (t) => {
  const { redis, view } = await openView(t, { config: { shardSize: 2 } });
  const files = Object.fromEntries(['a', 'b', 'c'].map((name) => [`parts/${name}.yaml`, config(`parts-${name}`, '1')]));
  const s = await stage(t, files, { view });
  await synced(s, 'parts');
  await eventually('both pieces are there', () => nodesOf(redis, 'parts', '|1').length === 1 || undefined);
  assert.equal((read(redis, 'app|resources-tree|parts') as { shardsCount: number }).shardsCount, 2);
  s.commit({ 'parts/b.yaml': undefined, 'parts/c.yaml': undefined });
  await s.engine.onPush(s.url);
  await eventually('one piece is left', () => !redis.values.has('app|resources-tree|parts|1|1.8.3.gz') || undefined);
  redis.commands.length = 0;
  s.commit({ 'parts/b.yaml': config('parts-b', '1'), 'parts/c.yaml': config('parts-c', '1') });
  await s.engine.onPush(s.url);
  await eventually('there are two again', () => nodesOf(redis, 'parts', '|1').length === 1 || undefined);
  const [first = ''] = writes(redis, 'parts').filter((line) => line.includes('tree'));
  assert.match(first, /\|parts\|1\|/, 'the one that says how many there are comes last');
});

test('where fields of managers are ignored, both sides of a diff say whose they are, and else not', async (t) => {
  const { redis, view } = await openView(t);
  const files = { 'whose/a.yaml': config('whose-a', '1'), 'whose/b.yaml': config('whose-b', '1') };
  const s = await stage(t, files, { view });
  const ignoreDifferences = [{ kind: 'ConfigMap', name: 'whose-a', managedFieldsManagers: ['tuner'] }];
  await s.apply('whose', { ...automated, ignoreDifferences });
  await s.until('whose', 'Synced', ({ status }) => status?.sync?.status === 'Synced');
  const ref = { group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'whose-a' };
  await s.cluster.api.patch(ref, { type: 'merge', patch: { data: { value: '2' } }, manager: 'tuner' });
  type Row = Record<'normalizedLiveState' | 'predictedLiveState', string>;
  const [a, b] = await eventually('the edit is shown', () => {
    const rows = (read(redis, 'app|managed-resources|whose') ?? []) as Row[];
    return rows[0]?.normalizedLiveState.includes('"value":"2"') ? rows : undefined;
  });
  assert.equal(a?.normalizedLiveState, a?.predictedLiveState);
  assert.match(a?.normalizedLiveState ?? '', /"managedFields":.*"manager":"tuner"/);
  assert.doesNotMatch(b?.normalizedLiveState ?? '', /managedFields/);
});

test('an application that is gone leaves nothing in Redis', async (t) => {
  const { redis, view } = await openView(t);
  const s = await stage(t, { 'gone/a.yaml': config('gone-a', '1') }, { view });
  await synced(s, 'gone');
  const mine = (): string[] => [...redis.values.keys()].filter((key) => key.includes('|gone'));
  await eventually('it is there', () => mine().length === 2 || undefined);
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'gone' });
  await eventually('it is gone', () => mine().length === 0 || undefined);
});

test('while Redis is away or deaf applications sync, one warning tells it, and all is written after', async (t) => {
  const warnings: string[] = [];
  const log = { ...silentLogger(), warn: (_: unknown, message: string): void => void warnings.push(message) };
  const { redis, view } = await openView(t, { log });
  const s = await stage(t, { 'away/a.yaml': config('away-a', '1') }, { view });
  await synced(s, 'away');
  await eventually('it is shown', () => nodesOf(redis, 'away').length === 1 || undefined);
  await redis.close();
  s.commit({ 'away/b.yaml': config('away-b', '1') });
  await s.engine.onPush(s.url);
  await s.until('away', 'both are synced', ({ status }) => status?.resources?.length === 2);
  await refreshed(s, 'away');
  await eventually('it is told', () => warnings.length > 0 || undefined);
  await redis.open();
  await eventually('all is written anew', () => nodesOf(redis, 'away').length === 2 || undefined);
  assert.deepEqual(warnings, ['Redis of Argo CD is away; its server shows what it last had until it is back']);
  redis.deaf = true;
  s.commit({ 'away/c.yaml': config('away-c', '1') });
  await s.engine.onPush(s.url);
  await refreshed(s, 'away');
  await s.until('away', 'all are synced', ({ status }) => status?.resources?.length === 3);
});

test('with a wrong password applications sync; one warning says why, and nothing says the password', async (t) => {
  const said: unknown[] = [];
  const log = {
    ...silentLogger(),
    warn: (fields: unknown, message: string): void => void said.push([fields, message]),
  };
  const { redis, view } = await openView(t, { log, password: 'right', config: { password: 'wrong-one' } });
  let opened: ReturnType<typeof view> | undefined;
  const s = await stage(t, { 'locked/a.yaml': config('locked', '1') }, { view: (parts) => (opened = view(parts)) });
  await synced(s, 'locked');
  await eventually('it has been tried again', () => redis.commands.length > 2 || undefined);
  assert.equal(said.length, 1);
  const fault = (opened as { fault?: Error } | undefined)?.fault;
  assert.match(fault?.message ?? '', /^WRONGPASS/);
  assert.doesNotMatch(inspect([said, fault], { depth: 9 }), /wrong-one/);
});
