// One process works at a time: others wait for the Lease, and take it over when its holder is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { TestContext } from 'node:test';
import type { Api } from '../../src/cluster/api.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { loadKubeconfig } from '../../src/cluster/kubeconfig.ts';
import { Lease } from '../../src/engine/lease.ts';
import { eventually, testCluster } from '../control-plane.ts';

const ref = (namespace: string) => ({ group: 'coordination.k8s.io', kind: 'Lease', namespace, name: 'coxswain' });

async function place(t: TestContext): Promise<{ api: Api; namespace: string; kubeconfig: string }> {
  const { kubeconfig, namespace } = await testCluster(t);
  const cluster = await connectCluster({ config: (await loadKubeconfig({ path: kubeconfig })).config, clock: systemClock, log: silentLogger() });
  t.after(() => cluster.stop());
  return { api: cluster.api, namespace, kubeconfig };
}

async function holder(api: Api, namespace: string): Promise<string> {
  const spec = (await api.get(ref(namespace)))?.['spec'] as { holderIdentity?: string } | undefined;
  return spec?.holderIdentity ?? '';
}

function holdBy(api: Api, namespace: string, identity: string): Promise<unknown> {
  const now = new Date().toISOString().replace('Z', '000Z');
  return api.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'coxswain', namespace }, spec: { holderIdentity: identity, leaseDurationSeconds: 15, renewTime: now, acquireTime: now } }, { manager: 'test' });
}

test('a second process waits while the first works, and goes on as soon as it is killed', async (t) => {
  const { api, namespace, kubeconfig } = await place(t);
  const first = spawn(process.execPath, [`${import.meta.dirname}/lease-holder.ts`, kubeconfig, namespace], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => first.kill('SIGKILL'));
  await Promise.race([once(first.stdout, 'data'), once(first, 'exit').then(() => assert.fail('the first process ended'))]);
  assert.match(await holder(api, namespace), new RegExp(`:${first.pid ?? ''}:`));
  let mine = false;
  const second = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined, seconds: 5 }); // as the first
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

test('the lease of a dead process of this host, and a released one, are taken at once; another host\'s is waited for', async (t) => {
  const { api, namespace } = await place(t);
  const lost = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: () => undefined });
  await holdBy(api, namespace, `${hostname()}:999999999:x`);
  await lost.acquire(t.signal);
  assert.match(await holder(api, namespace), new RegExp(`:${process.pid}:`));
  await lost.release();
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
  const lease = new Lease({ api, namespace, clock: systemClock, log: silentLogger(), onLost: lost.resolve, seconds: 1 });
  await lease.acquire(t.signal);
  await api.patch(ref(namespace), { type: 'merge', patch: { spec: { holderIdentity: 'elsewhere:1:x' } } });
  await lost.promise;
});
