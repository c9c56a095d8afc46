// One process works at a time: others wait for the Lease, and take it over when its holder is gone.
import type { TestContext } from 'node:test';
import type { Api } from '../../src/cluster/api.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { ClusterConfig } from '../../src/cluster/wire/cluster-config.ts';
import type { KillSwitch } from '../../sandbox/mutation-counter.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { Lease } from '../../src/operator/lease.ts';
import { configMap, connectThroughProxy } from '../cluster/connect.ts';
import { startProxy } from '../../sandbox/cluster/proxy.ts';
import { administrator, eventually, testCluster } from '../control-plane.ts';

const ref = (namespace: string) => ({ group: 'coordination.k8s.io', kind: 'Lease', namespace, name: 'coxswain' });

async function place(
  t: TestContext,
): Promise<{ api: Api; namespace: string; kubeconfig: string; config: ClusterConfig }> {
  const plane = await testCluster(t);
  const { kubeconfig, namespace } = plane;
  const config = administrator(plane);
  const cluster = await connectCluster({
    config,
    clock: systemClock,
    log: silentLogger(),
  });
  t.after(() => cluster.stop());
  return { api: cluster.api, namespace, kubeconfig, config };
}

async function holder(api: Api, namespace: string): Promise<string> {
  const spec = (await api.get(ref(namespace)))?.['spec'] as { holderIdentity?: string } | undefined;
  return spec?.holderIdentity ?? '';
}

function holdBy(api: Api, namespace: string, identity: string): Promise<unknown> {
  const now = new Date().toISOString().replace('Z', '000Z');
  return api.apply(
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'coxswain', namespace },
      spec: { holderIdentity: identity, leaseDurationSeconds: 15, renewTime: now, acquireTime: now },
    },
    { manager: 'test' },
  );
}

test('a second process waits while the first works, and goes on as soon as it is killed', async (t) => {
  const { api, namespace, kubeconfig } = await place(t);
  const first = spawn(process.execPath, [`${import.meta.dirname}/lease-holder.ts`, kubeconfig, namespace], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => first.kill('SIGKILL'));
  await Promise.race([
    once(first.stdout, 'data'),
    once(first, 'exit').then(() => assert.fail('the first process ended')),
  ]);
  assert.match(await holder(api, namespace), new RegExp(`:${first.pid ?? ''}:`));
  let mine = false;
  const second = new Lease({
    api,
    namespace,
    clock: systemClock,
    log: silentLogger(),
    onLost: () => undefined,
    seconds: 5,
  }); // as the first
  const waits = second.acquire(t.signal).then(() => (mine = true));
  // Renewed in time for longer than it lasts, it stays with the first.
  const renewals = new Set<unknown>();
  await eventually('four renewals', async () => {
    renewals.add(((await api.get(ref(namespace)))?.['spec'] as { renewTime?: string } | undefined)?.renewTime);
    return renewals.size > 4 || undefined;
  });
  assert.equal(mine, false);
  first.kill('SIGKILL');
  await waits;
  assert.match(await holder(api, namespace), new RegExp(`:${process.pid}:`));
  await second.release();
  assert.equal(await holder(api, namespace), '');
});

test("a lease released, or of a dead process here, is taken at once; another host's is waited for", async (t) => {
  const { api, namespace } = await place(t);
  const lost = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined });
  await lost.acquire(t.signal);
  const pids = (await holder(api, namespace)).split(':').at(-1) ?? '';
  await lost.release();
  const heir = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined });
  await holdBy(api, namespace, `${hostname()}:999999999:x:${pids}`);
  await heir.acquire(t.signal);
  assert.match(await holder(api, namespace), new RegExp(`:${process.pid}:`));
  await heir.release();
  const next = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined });
  await next.acquire(t.signal);
  await next.release();
  await holdBy(api, namespace, 'elsewhere:1:x');
  const abort = new AbortController();
  const waiting = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined });
  const refused = assert.rejects(waiting.acquire(abort.signal));
  abort.abort(new Error('enough'));
  await refused;
  assert.equal(await holder(api, namespace), 'elsewhere:1:x');
});

test('a process whose lease another one took stops working', async (t) => {
  const { api, namespace } = await place(t);
  const lost = Promise.withResolvers<void>();
  const lease = new Lease({
    api,
    namespace,
    clock: systemClock,
    log: silentLogger(),
    onLost: lost.resolve,
    seconds: 1,
  });
  await lease.acquire(t.signal);
  await api.patch(ref(namespace), { type: 'merge', patch: { spec: { holderIdentity: 'elsewhere:1:x' } } });
  await lost.promise;
});

/** Asks for the lease until it would wait, and answers for how many milliseconds. */
async function waitOf(api: Api, namespace: string): Promise<number> {
  const abort = new AbortController();
  const waits = Promise.withResolvers<number>();
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      waits.resolve(ms);
      return systemClock.sleep(ms, signal);
    },
  };
  const waiting = new Lease({ api, namespace, clock, log: silentLogger(), onLost: () => undefined });
  const acquired = waiting.acquire(abort.signal).then(
    () => waits.resolve(0),
    () => undefined,
  );
  const ms = await waits.promise;
  abort.abort(new Error('enough'));
  await acquired;
  return ms;
}

test('another host is believed by when its record changes, not by its clock', async (t) => {
  const { api, namespace } = await place(t);
  const past = '2020-01-01T00:00:00.000000Z';
  await api.apply(
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'coxswain', namespace },
      spec: { holderIdentity: 'elsewhere:1:x:y', leaseDurationSeconds: 15, renewTime: past, acquireTime: past },
    },
    { manager: 'test' },
  );
  assert.ok((await waitOf(api, namespace)) > 0);
  assert.equal(await holder(api, namespace), 'elsewhere:1:x:y');
});

test('a pid tells nothing of a process in another boot or pid namespace', async (t) => {
  const { api, namespace } = await place(t);
  for (const identity of [
    `${hostname()}:${process.pid}:x:another`,
    `${hostname()}:999999999:x:another`,
    `${hostname()}:${process.pid}:x`,
  ]) {
    await holdBy(api, namespace, identity);
    assert.ok((await waitOf(api, namespace)) > 0, identity);
    assert.equal(await holder(api, namespace), identity);
  }
});

test('a process whose renewals are not answered stops before another begins', async (t) => {
  const facts = await testCluster(t);
  const { namespace } = facts;
  const { cluster, proxy } = await connectThroughProxy(t, facts);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-lease-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'kubeconfig');
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: proxy.url } }],
      users: [{ name: 'a', user: { token: facts.token } }],
    }),
  );
  await cluster.stop();
  const first = spawn(process.execPath, [`${import.meta.dirname}/lease-holder.ts`, path, namespace], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => first.kill('SIGKILL'));
  await Promise.race([
    once(first.stdout, 'data'),
    once(first, 'exit').then(() => assert.fail('the first process ended')),
  ]);
  proxy.pause();
  const { api } = await place(t);
  const second = new Lease({
    api,
    namespace,
    clock: systemClock,
    log: silentLogger(),
    onLost: () => undefined,
    seconds: 5,
  });
  await second.acquire(t.signal);
  assert.equal(first.exitCode, 1);
  await second.release();
});

test('a clock set twenty seconds on or back loses nothing; the next write waits for one renewal at most', async (t) => {
  const { api, namespace } = await place(t);
  let [jump, lost] = [0, false];
  const clock: Clock = { ...systemClock, now: () => Date.now() + jump };
  const lease = new Lease({ api, namespace, clock, log: silentLogger(), onLost: () => (lost = true), seconds: 3 });
  await lease.acquire(t.signal);
  const mine = await holder(api, namespace);
  for (const next of [20_000, -20_000]) {
    jump = next;
    await lease.confirm();
    const seen = new Set<unknown>();
    await eventually(
      'two renewals',
      async () =>
        seen.add(((await api.get(ref(namespace)))?.['spec'] as { renewTime?: string } | undefined)?.renewTime).size >
          2 || undefined,
    );
    await lease.confirm();
  }
  assert.deepEqual([lost, await holder(api, namespace)], [false, mine]);
  await lease.release();
});

/** Milliseconds by which a machine slept: suspended, its steady clock stands still; stopped, it goes on. */
const pauses: [what: string, pause: (asleep: { steady: number; wall: number }) => void][] = [
  ['a minute in which the process was stopped', (asleep) => Object.assign(asleep, { steady: 60_000, wall: 60_000 })],
  ['a minute in which the machine was suspended', (asleep) => Object.assign(asleep, { steady: 0, wall: 60_000 })],
];

for (const [what, pause] of pauses) {
  test(`after ${what} nothing is written before the lease is renewed, and never when another took it`, async (t) => {
    const { api, namespace, config } = await place(t);
    const asleep = { steady: 0, wall: 0 };
    const clock: Clock = {
      ...systemClock,
      now: () => Date.now() + asleep.wall,
      steady: () => performance.now() + asleep.steady,
    };
    const lost = Promise.withResolvers<void>();
    const lease: Lease = new Lease({ api, namespace, clock, log: silentLogger(), onLost: lost.resolve });
    const guarded = await connectCluster({
      config,
      clock: systemClock,
      log: silentLogger(),
      permit: () => lease.confirm(),
    });
    t.after(() => guarded.stop());
    await lease.acquire(t.signal);
    const write = (name: string): Promise<{ metadata: { resourceVersion?: string } }> =>
      guarded.api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } });
    const versionOf = async (): Promise<number> => Number((await api.get(ref(namespace)))?.metadata.resourceVersion);
    const before = await versionOf();
    await write('sure');
    assert.equal(await versionOf(), before, 'while it is surely held nobody is asked');
    pause(asleep);
    const written = await write('after');
    const renewed = await versionOf();
    assert.ok(before < renewed && renewed < Number(written.metadata.resourceVersion));

    pause(asleep);
    asleep.wall *= 2;
    asleep.steady *= 2;
    await holdBy(api, namespace, 'elsewhere:1:x');
    await assert.rejects(write('never'), /Lease is not held/);
    await lost.promise;
    assert.equal(await api.get({ group: '', kind: 'ConfigMap', namespace, name: 'never' }), undefined);
    await assert.rejects(write('never'), /Lease is not held/);
  });
}

test('the lease waits behind no other request, however many a sync has sent', { timeout: 60_000 }, async (t) => {
  const { server, ca, token, namespace } = await testCluster(t);
  const [arrived, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const hold = async (label: string): Promise<void> => {
    if (!label.includes('configmaps')) return;
    arrived.resolve();
    await held.promise;
  };
  const killSwitch = { before: hold, after: () => Promise.resolve() } as unknown as KillSwitch;
  const proxy = await startProxy({ target: server, ca, killSwitch });
  t.after(() => proxy.stop());
  const log = silentLogger();
  const config = { server: proxy.url, token };
  const { api, stop } = await connectCluster({ config, clock: systemClock, log, connections: 1 });
  t.after(stop);
  const writes = ['a', 'b', 'c'].map((name) => api.apply(configMap(namespace, name)));
  await arrived.promise;
  const lease = new Lease({ api, namespace, clock: systemClock, log, onLost: () => assert.fail('it was lost') });
  await lease.acquire(t.signal);
  assert.notEqual(await holder((await place(t)).api, namespace), '');
  held.resolve();
  await Promise.all(writes);
  await lease.release();
});
