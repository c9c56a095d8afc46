// The live cache under faults: connections cut, paused and expired, a busy server, a restart. No event is lost in the
// end.
import type { TestContext } from 'node:test';
import type { SeenRequest } from '../../sandbox/cluster/faults.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { TestCluster } from '../control-plane.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyText } from '../../src/model/kube.ts';
import { eventually, ownCluster, testCluster } from '../control-plane.ts';
import { configMap, configMapKey, connect, connectThroughProxy } from './connect.ts';

const kinds = [{ group: '', kind: 'ConfigMap' }];
const ofConfigMaps = (request: SeenRequest): boolean => request.watch && request.path.endsWith('/configmaps');

/** What the API server holds of our ConfigMaps: name → version. */
async function truth(c: TestCluster): Promise<Record<string, string>> {
  const list = (await c.access.must('GET', `/api/v1/namespaces/${c.namespace}/configmaps`)) as {
    items: { metadata: { name: string; resourceVersion: string } }[];
  };
  return Object.fromEntries(
    list.items
      .map(({ metadata }) => [metadata.name, metadata.resourceVersion])
      .filter(([name]) => name !== 'kube-root-ca.crt'),
  );
}

/** What the changes told add up to. */
function follow(cluster: Cluster, namespace: string): Record<string, string> {
  const held: Record<string, string> = {};
  cluster.live.onChange(({ key, before, after }) => {
    if (key.kind !== 'ConfigMap' || key.namespace !== namespace || key.name === 'kube-root-ca.crt') return;
    assert.equal(before?.resourceVersion, held[key.name], `what was told before of ${keyText(key)}`);
    if (after) held[key.name] = after.resourceVersion;
    else delete held[key.name];
  });
  return held;
}

async function agree(c: TestCluster, held: Record<string, string>): Promise<void> {
  const expected = sorted(await truth(c));
  await eventually('the same in cache and server', () =>
    JSON.stringify(sorted(held)) === JSON.stringify(expected) ? true : undefined,
  );
}

function sorted(versions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Seeded changes to a few names, straight at the API server. */
function changer(c: TestCluster, seed: number): () => Promise<void> {
  let state = seed;
  const random = (n: number): number => (state = (state * 48271) % 2147483647) % n;
  const path = `/api/v1/namespaces/${c.namespace}/configmaps`;
  return async () => {
    const name = `m${random(12)}`;
    if (random(3) === 0) await c.access.call('DELETE', `${path}/${name}`);
    else
      await c.access.must(
        'PATCH',
        `${path}/${name}?fieldManager=t&force=true`,
        configMap(c.namespace, name, { data: { i: String(random(1e6)) } }),
      );
  };
}

async function followedThroughProxy(t: TestContext): Promise<{
  c: TestCluster;
  cluster: Cluster;
  proxy: Awaited<ReturnType<typeof connectThroughProxy>>['proxy'];
  held: Record<string, string>;
  change: () => Promise<void>;
}> {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c, {
    timing: { idleMs: 400, headersMs: 1500, baseMs: 20, maxMs: 100 },
  });
  const held = follow(cluster, c.namespace);
  await cluster.live.ensureKinds(kinds);
  return { c, cluster, proxy, held, change: changer(c, 7) };
}

test('events during cuts, pauses, expiries and refusals all arrive in the end', async (t) => {
  const { c, cluster, proxy, held, change } = await followedThroughProxy(t);
  const faults: (() => Promise<void>)[] = [
    async () => {
      proxy.cut();
      for (let i = 0; i < 8; i += 1) await change();
    },
    async () => {
      proxy.down();
      for (let i = 0; i < 8; i += 1) await change();
      proxy.up();
    },
    async () => {
      const before = proxy.requests.length;
      proxy.pause();
      for (let i = 0; i < 8; i += 1) await change();
      await eventually(
        'the silent connection to be given up',
        () => proxy.requests.slice(before).some(ofConfigMaps) || undefined,
      );
      proxy.resume();
    },
    async () => {
      proxy.answer({ status: 429, times: 2, match: ofConfigMaps });
      proxy.expireWatches(ofConfigMaps);
      for (let i = 0; i < 8; i += 1) await change();
    },
    async () => {
      proxy.answer({ status: 410, match: ofConfigMaps });
      proxy.cut();
      for (let i = 0; i < 8; i += 1) await change();
    },
    async () => {
      proxy.answer({ status: 500, times: 3, match: ofConfigMaps });
      proxy.cut();
      for (let i = 0; i < 8; i += 1) await change();
    },
  ];
  for (const fault of faults) {
    for (let i = 0; i < 4; i += 1) await change();
    await fault();
    await agree(c, held);
  }
  assert.ok(cluster.live.stats.relists >= 2);
  assert.ok(Object.keys(held).length > 0);
});

test('without streamed lists everything arrives just the same', async (t) => {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c, { timing: { baseMs: 20, maxMs: 100 } });
  proxy.answer({ status: 400, times: 1e6, match: (request) => request.query.has('sendInitialEvents') });
  const held = follow(cluster, c.namespace);
  const change = changer(c, 3);
  for (let i = 0; i < 5; i += 1) await change();
  await cluster.live.ensureKinds(kinds);
  await agree(c, held);
  for (let i = 0; i < 5; i += 1) await change();
  await agree(c, held);
  proxy.answer({ status: 410, match: ofConfigMaps });
  proxy.cut();
  for (let i = 0; i < 5; i += 1) await change();
  await agree(c, held);
});

test('a kind that cannot be watched harms no other, is named, and comes back', async (t) => {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c, { timing: { baseMs: 20, maxMs: 50 } });
  proxy.answer({ status: 500, times: 1e6, match: (request) => request.path.endsWith('/secrets') });
  await cluster.live.start(AbortSignal.timeout(30_000));
  // Others bring kinds of their own meanwhile.
  await eventually('everything else to be there', () => cluster.live.settled || undefined);
  assert.match(String(cluster.live.problemOf({ group: '', kind: 'Secret' })?.message), /500|injected/);
  assert.equal(cluster.live.problemOf(kinds[0] ?? { group: '', kind: '' }), undefined);
  await assert.rejects(cluster.live.ensureKinds([{ group: '', kind: 'Secret' }]));
  await cluster.api.create(configMap(c.namespace, 'fine'));
  await cluster.live.until(configMapKey(c.namespace, 'fine'), (object) => object !== undefined);
  proxy.heal();
  await eventually('the kind to come back', () =>
    cluster.live.problemOf({ group: '', kind: 'Secret' }) === undefined && cluster.live.settled ? true : undefined,
  );
});

test('waiting for an object ends with its signal, and stopping ends everything', async (t) => {
  const c = await testCluster(t);
  const cluster = await connect(t, c);
  await cluster.live.ensureKinds(kinds);
  const abort = new AbortController();
  const waiting = cluster.live.until(
    configMapKey(c.namespace, 'never'),
    (object) => object !== undefined,
    abort.signal,
  );
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await cluster.stop();
  await assert.rejects(cluster.api.get(configMapKey(c.namespace, 'x')), { code: 'E_API_UNREACHABLE' });
});

test('a restart of the API server loses nothing', async (t) => {
  const c = await ownCluster(t);
  const cluster = await connect(t, c, { timing: { idleMs: 5000, headersMs: 2000, baseMs: 50, maxMs: 500 } });
  const held = follow(cluster, c.namespace);
  const change = changer(c, 11);
  await cluster.live.start(AbortSignal.timeout(30_000));
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 10; i += 1) await change();
    await c.restart('apiserver');
    for (let i = 0; i < 10; i += 1) await change();
    await agree(c, held);
  }
  await eventually('every kind to work again', () =>
    cluster.live.problemOf({ group: 'apps', kind: 'Deployment' }) === undefined && cluster.live.settled
      ? true
      : undefined,
  );
});
