// Deleting an application: what goes, what stays, what it waits for, and that it says so.
import type { Application } from '../../../src/model/application.ts';
import type { ReconcileDeps } from '../../../src/engine/application/pass.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createComparer } from '../../../src/compare/compare.ts';
import { deleteApplication } from '../../../src/engine/delete/delete.ts';
import { jq, scripts } from '../../worker.ts';
import { cascade } from '../../../src/engine/delete/cascade.ts';
import { connectThroughProxy } from '../../cluster/connect.ts';
import { eventually, testCluster } from '../../control-plane.ts';
import { automated, config, configMap, hookJob, operate, patchApp, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const cascading = ['resources-finalizer.argocd.argoproj.io'];

async function leaves(s: Stage, name: string): Promise<void> {
  await s.untilStore(`${name} is gone`, () =>
    s.store.applications.get(`${s.namespace}/${name}`) === undefined ? true : undefined,
  );
}

function remove(s: Stage, name: string): Promise<unknown> {
  return s.store.applications.delete(`${s.namespace}/${name}`);
}

function deletionError(app: Application): string | undefined {
  return app.status?.conditions?.find((item) => item.type === 'DeletionError')?.message;
}

test('a hook that still runs goes with its application, named or not', async (t) => {
  const unschedulable = (name: string): string =>
    hookJob(name, 'PreSync').replace('restartPolicy', 'nodeSelector: {none: such}\n      restartPolicy');
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/pre.yaml': unschedulable('pre'),
    'web/gen.yaml': unschedulable('x').replace('name: x', 'generateName: gen-'),
  });
  await s.apply('web', {}, { finalizers: cascading });
  await operate(s, 'web', { sync: {} });
  await s.until(
    'web',
    'waits for its hooks',
    (app) => app.status?.operationState?.message?.startsWith('waiting for completion of hook') ?? false,
  );
  assert.equal((await s.cluster.api.list({ group: 'batch', kind: 'Job' }, { namespace: s.namespace })).length, 2);
  await remove(s, 'web');
  await leaves(s, 'web');
  assert.deepEqual(await s.cluster.api.list({ group: 'batch', kind: 'Job' }, { namespace: s.namespace }), []);
});

test('Delete=false of the application keeps objects unless they say otherwise; Delete=confirm waits', async (t) => {
  const s = await stage(t, {
    'kept/a.yaml': config('kept', '1'),
    'kept/b.yaml': config('goes', '1', 'argocd.argoproj.io/sync-options: Delete=true'),
    'asks/a.yaml': config('asks', '1'),
  });
  await s.apply('kept', { syncPolicy: { ...automated, syncOptions: ['Delete=false'] } }, { finalizers: cascading });
  await s.apply('asks', { syncPolicy: { ...automated, syncOptions: ['Delete=confirm'] } }, { finalizers: cascading });
  for (const name of ['kept', 'asks']) await synced(s, name);
  await remove(s, 'asks');
  await remove(s, 'kept');
  await leaves(s, 'kept');
  const held = await s.until('asks', 'says what it waits for', (app) => deletionError(app) !== undefined);
  assert.equal(
    deletionError(held),
    `Nothing is deleted until somebody confirms it: ConfigMap ${s.namespace}/asks asks for it by Delete=confirm. ` +
      'To confirm, set the annotation argocd.argoproj.io/deletion-approved of the application to the present time ' +
      `(RFC 3339, not before ${held.metadata.deletionTimestamp ?? ''}).`,
  );
  assert.notEqual(await s.cluster.api.get(configMap(s, 'kept')), undefined);
  assert.equal(await s.cluster.api.get(configMap(s, 'goes')), undefined);
  assert.equal((await s.cluster.api.get(configMap(s, 'asks')))?.metadata.deletionTimestamp, undefined);
  await patchApp(s, 'asks', {
    metadata: { annotations: { 'argocd.argoproj.io/deletion-approved': new Date(Date.now() + 1000).toISOString() } },
  });
  await leaves(s, 'asks');
  assert.equal(await s.cluster.api.get(configMap(s, 'asks')), undefined);
});

test('without its project nothing of an application is deleted: it says why, and goes on with it', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': config('kept', '1') });
  await s.project('shop');
  await s.apply('web', { project: 'shop', syncPolicy: automated }, { finalizers: cascading });
  await synced(s, 'web');
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'AppProject', namespace: s.namespace, name: 'shop' });
  await s.untilStore('the project is gone', () =>
    s.store.projects.get(`${s.namespace}/shop`) === undefined ? true : undefined,
  );
  await remove(s, 'web');
  const held = await s.until('web', 'says why it waits', (app) => deletionError(app) !== undefined);
  assert.equal(
    deletionError(held),
    'The AppProject shop does not exist, so nobody can tell which objects may be deleted. Make it again, ' +
      'or remove the finalizer resources-finalizer.argocd.argoproj.io from the application to leave all its objects.',
  );
  for (const name of ['web', 'kept'])
    assert.equal((await s.cluster.api.get(configMap(s, name)))?.metadata.deletionTimestamp, undefined);
  await s.project('shop', {}, { namespaceResourceBlacklist: [{ group: '', kind: 'ConfigMap' }] });
  await leaves(s, 'web');
  assert.notEqual(await s.cluster.api.get(configMap(s, 'kept')), undefined, 'as the project says now');
});

test('an application that went a moment ago is no failure of its deletion', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const app = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: 'went',
      namespace: s.namespace,
      finalizers: cascading,
      deletionTimestamp: '2026-01-05T15:04:00Z',
    },
    spec: { project: 'default', destination: { name: 'a cluster that is gone' } },
  };
  const deps: Pick<ReconcileDeps, 'store' | 'targetOf' | 'claim'> = {
    store: s.store,
    targetOf: () => Promise.resolve(undefined),
    claim: () => undefined,
  };
  const after = await deleteApplication(deps as ReconcileDeps, app, AbortSignal.timeout(30_000));
  assert.equal(after, undefined);
});

test('a kind that cannot be read holds the deletion: nothing is left behind unseen', async (t) => {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c, { timing: { baseMs: 20, maxMs: 50 } });
  // No other test's: their objects are not ours to delete.
  const tracking = `web-${c.namespace}`;
  const annotations = { 'argocd.argoproj.io/tracking-id': `${tracking}:/Secret:${c.namespace}/one` };
  await c.access.must('POST', `/api/v1/namespaces/${c.namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'one', annotations },
  });
  const app: Application = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: c.namespace, finalizers: cascading, deletionTimestamp: '2026-01-05T15:04:00Z' },
    spec: { project: 'default', destination: { server: 'https://kubernetes.default.svc', namespace: c.namespace } },
  };
  const project = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: c.namespace },
    spec: { destinations: [{ server: '*', namespace: c.namespace }] },
  };
  const target = {
    cluster,
    comparer: createComparer({
      cluster,
      jq,
      macKey: Buffer.from('a key for tests'),
      server: 'https://kubernetes.default.svc',
    }),
    name: 'in-cluster',
    server: 'https://kubernetes.default.svc',
    identity: 'one',
    healthOf: scripts.healthOf,
  };
  const go = (): ReturnType<typeof cascade> =>
    cascade(
      { app, project, target, tracking, heldBy: () => undefined, signal: AbortSignal.timeout(30_000) },
      () => false,
    );
  proxy.answer({ status: 500, times: 1e6, match: (request) => request.path.endsWith('/secrets') });
  const held = await go();
  assert.match(
    held?.error ?? '',
    /^Nobody can tell whether objects are left, for these kinds cannot be read now: Secret \(/,
  );
  assert.equal(held?.after, 10_000);
  proxy.heal();
  await eventually('nothing is left', async () => ((await go()) === undefined ? true : undefined));
  assert.equal((await c.access.call('GET', `/api/v1/namespaces/${c.namespace}/secrets/one`)).status, 404);
});
