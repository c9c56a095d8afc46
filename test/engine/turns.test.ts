// Two engines never work on the same application: ours writes nothing while Argo CD's controller works beside it.
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './fixture.ts';
import { automated, config, dataOf } from './manifests.ts';
import { workload } from './controller-workload.ts';
import { eventually } from '../control-plane.ts';

const skip = { 'argocd.argoproj.io/skip-reconcile': 'true' };
async function startController(s: Stage): Promise<void> {
  await s.cluster.api.apply(workload({ namespace: s.namespace }), { manager: 'test' });
  await eventually('it is known', () => s.engine.held);
}

async function endController(s: Stage): Promise<void> {
  const ref = { group: 'apps', kind: 'StatefulSet', namespace: s.namespace, name: 'argocd-application-controller' };
  await s.cluster.api.patch(ref, { type: 'merge', patch: { spec: { replicas: 0 } } });
}

test('nothing is written while a controller of Argo CD works here; it begins once that is gone', async (t) => {
  const s = await stage(
    t,
    { 'web/a.yaml': config('a', '1'), 'own/b.yaml': config('b', '1') },
    { seeksController: true },
  );
  await startController(s);
  await s.apply('web', { syncPolicy: automated }, { finalizers: ['resources-finalizer.argocd.argoproj.io'] });
  const { resourceVersion } = s.store.applications.get(`${s.namespace}/web`)?.metadata ?? {};
  assert.match(s.engine.held?.message ?? '', /StatefulSet argocd-application-controller/);
  assert.match(
    s.engine.held?.hint ?? '',
    /scale statefulset argocd-application-controller --replicas=0 .*COX_ENGINE=argocd/,
  );
  // One that is handed over is worked on meanwhile; when it is synced, the other one has been looked at.
  await s.apply('own', { syncPolicy: automated }, { annotations: { ...skip, 'coxswain.dev/engine': 'coxswain' } });
  await s.until('own', 'synced', (app) => app.status?.sync?.status === 'Synced');
  const web = s.store.applications.get(`${s.namespace}/web`);
  assert.deepEqual(
    [web?.status, web?.operation, web?.metadata.resourceVersion],
    [undefined, undefined, resourceVersion],
  );
  assert.equal(await dataOf(s, 'a'), undefined);
  await endController(s);
  await s.until('web', 'synced', (app) => app.status?.sync?.status === 'Synced');
  assert.equal(s.engine.held, undefined);
});

test('a controller that appears in the middle of a sync ends it before its next write', async (t) => {
  const files = Object.fromEntries(
    ['1', '2', '3'].map((n) => [`web/${n}.yaml`, config(`wave-${n}`, '1', `argocd.argoproj.io/sync-wave: "${n}"`)]),
  );
  const s = await stage(t, files, { seeksController: true });
  s.fuse.meanwhile('apply ConfigMap/wave-2', () => startController(s));
  await s.apply('web', { syncPolicy: automated });
  await eventually('the controller is there', () => s.engine.held);
  await eventually('nothing runs', () => (s.engine.pending === 0 ? true : undefined));
  const names = (await Promise.all(['wave-1', 'wave-2', 'wave-3'].map((name) => dataOf(s, name)))).map(Boolean);
  assert.deepEqual(names, [true, false, false]);
  const { resourceVersion } = s.store.applications.get(`${s.namespace}/web`)?.metadata ?? {};
  s.commit({ 'web/1.yaml': config('wave-1', '2') });
  await s.engine.onPush(s.url);
  await eventually('nothing runs', () => (s.engine.pending === 0 ? true : undefined));
  assert.equal(s.store.applications.get(`${s.namespace}/web`)?.metadata.resourceVersion, resourceVersion);
  await endController(s);
  await s.until('web', 'synced', (app) => app.status?.sync?.status === 'Synced');
  assert.deepEqual(await dataOf(s, 'wave-1'), { value: '2' });
});

test('an application that is left to Argo CD is let go in the middle of a pass, and taken back', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('left', '1') }, { seeksController: true });
  await s.apply('web', { syncPolicy: automated });
  await s.until('web', 'synced', (app) => app.status?.sync?.status === 'Synced');
  await s.apply('web', { syncPolicy: automated }, { annotations: { 'coxswain.dev/engine': 'argocd' } });
  assert.equal(s.engine.turn(s.store.applications.get(`${s.namespace}/web`) ?? assert.fail()).rule, 'no-controller');
  s.commit({ 'web/a.yaml': config('left', '2') });
  await s.engine.onPush(s.url);
  await eventually('nothing runs', () => (s.engine.pending === 0 ? true : undefined));
  assert.deepEqual(await dataOf(s, 'left'), { value: '1' });
  await s.apply('web', { syncPolicy: automated });
  await eventually('it is synced', async () =>
    JSON.stringify(await dataOf(s, 'left')) === '{"value":"2"}' ? true : undefined,
  );
});
