// What Argo CD deletes without asking is noted, verified once it is gone, and told where people look.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalIn, config, isSynced, patchApp, push } from '../manifests.ts';
import { agreeTo } from '../approval/fixture.ts';
import { compared, deployed, finalizers, goneFromStore, ref, reportIn } from './fixture.ts';

const files = { 'gates/a.yaml': config('gates', '1'), 'gates/b.yaml': config('gates-b', '1') };
const past = 'was deleted past the gate. Nobody has approved it here.';

test('a deletion by Argo CD is verified once the application is gone: what went, what is still there', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s);
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  const { spec, status } = await reportIn(s, 'Open');
  assert.deepEqual(
    [spec.cascades, spec.had?.map(({ objects }) => objects.length), status?.approval],
    [true, [2], undefined],
  );
  // As Argo CD does it, but for one object.
  await s.cluster.api.delete(ref(s, 'ConfigMap', 'gates'));
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
  const ended = await reportIn(s, 'Deleted');
  assert.equal(
    ended.status?.message,
    `${past} Gone with it: ConfigMap ${s.namespace}/gates. ` +
      `Still there, though its finalizer asks for them to go: ConfigMap ${s.namespace}/gates-b.`,
  );
  assert.equal(ended.status.left, 1);
});

test('where the application’s own options keep all of it, nothing is said to be asked to go', async (t) => {
  const { s } = await deployed(t, files, { syncOptions: ['Delete=false'] });
  await compared(s);
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  assert.equal((await reportIn(s, 'Open')).spec.cascades, false);
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
  const { status } = await reportIn(s, 'Deleted');
  assert.match(status?.message ?? '', /here\. Still there: ConfigMap \S+\/gates, ConfigMap \S+\/gates-b\.$/);
});

test('what is still going when the application is gone is waited for before it is told', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s);
  const held = ref(s, 'ConfigMap', 'gates');
  await s.cluster.api.patch(held, { type: 'merge', patch: { metadata: { finalizers: ['example.com/held'] } } });
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  await reportIn(s, 'Open');
  for (const name of ['gates', 'gates-b']) await s.cluster.api.delete(ref(s, 'ConfigMap', name));
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
  await goneFromStore(s, 'gates');
  await s.cluster.api.patch(held, { type: 'merge', patch: { metadata: { finalizers: null } } });
  const { status } = await reportIn(s, 'Deleted');
  assert.match(status?.message ?? '', /Gone with it: ConfigMap \S+\/gates, ConfigMap \S+\/gates-b\.$/);
  assert.equal(status?.left, undefined);
});

test('an application that goes at once, without a finalizer, is told once, with what stays', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s, false);
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  const first = await reportIn(s, 'Deleted');
  assert.equal(
    first.status?.message,
    `${past} Still there: ConfigMap ${s.namespace}/gates, ConfigMap ${s.namespace}/gates-b.`,
  );
  // Its gate guards what is left; the Report is not kept for ever, and its end is no news.
  const told = await s.untilStore('it is remembered as told', () => {
    const record = s.store.records.get(`${s.namespace}/gates`);
    return record?.spec.uid === '' ? record : undefined;
  });
  assert.equal(told.spec.policy.gated, true);
  await s.store.reports.delete(`${s.namespace}/${first.metadata.name}`);
  await s.untilStore('it is dropped', () =>
    s.store.reports.of(`${s.namespace}/gates`).length === 0 ? true : undefined,
  );
  await s.restart();
  // Made anew: what is done for that one comes after what the start did.
  await s.apply('gates', { project: 'gated' });
  await s.untilStore('the new one is followed', () =>
    s.store.records.get(`${s.namespace}/gates`)?.spec.uid !== '' ? true : undefined,
  );
  assert.deepEqual(s.store.reports.of(`${s.namespace}/gates`), []);
});

test('one that is made anew at once leaves the end of the former untold no longer than that takes', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s);
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  await reportIn(s, 'Open');
  s.fuse.dead = true;
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
  await goneFromStore(s, 'gates');
  await s.apply('gates', { project: 'gated' });
  await s.restart();
  const { status } = await reportIn(s, 'Deleted');
  assert.match(status?.message ?? '', /Still there, though its finalizer asks for them to go: ConfigMap/);
});

test('a process that dies in the middle of it tells the same, once', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s);
  const died = new Promise<void>((resolve) => s.fuse.arm('create Report', 'after', resolve));
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  await died;
  // What is left of it comes while nobody looks.
  for (const name of ['gates', 'gates-b']) await s.cluster.api.delete(ref(s, 'ConfigMap', name));
  await patchApp(s, 'gates', { metadata: { finalizers: null } });
  await goneFromStore(s, 'gates');
  await s.restart();
  const { status } = await reportIn(s, 'Deleted');
  assert.match(status?.message ?? '', /Gone with it: ConfigMap \S+\/gates, ConfigMap \S+\/gates-b\.$/);
  assert.equal(s.store.reports.of(`${s.namespace}/gates`).length, 1);
});

test('one that goes while nobody looks is told, with what it had', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s, false);
  s.fuse.dead = true;
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  await goneFromStore(s, 'gates');
  await s.restart();
  const { status } = await reportIn(s, 'Deleted');
  assert.equal(
    status?.message,
    `${past} Still there: ConfigMap ${s.namespace}/gates, ConfigMap ${s.namespace}/gates-b.`,
  );
});

function child(s: Stage, name: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}, annotations: {coxswain.dev/approval: required}, finalizers: [${finalizers.join()}]}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}
  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}
`;
}

test('a child that is pruned under its parent’s approval goes as approved, and is verified', async (t) => {
  const { s, argo } = await deployed(t, { 'gates/a.yaml': config('gates', '1'), 'below/b.yaml': config('below', '1') });
  await push(s, { 'gates/child.yaml': child(s, 'below') });
  await argo.refresh('gates');
  await agreeTo(s, 'gates');
  await s.until('below', 'made', () => true);
  await argo.refresh('below');
  await agreeTo(s, 'below');
  await s.until('below', 'synced', (each) => isSynced(each) && each.status?.resources?.length === 1);
  await push(s, { 'gates/child.yaml': undefined });
  await argo.refresh('gates');
  const { metadata } = await approvalIn(s, 'gates', 'Pending');
  await agreeTo(s, 'gates');
  const { status } = await reportIn(s, 'Open', 'below');
  assert.equal(status?.approval, metadata.name);
  const going = await s.until('below', 'deleted', (each) => each.metadata.deletionTimestamp !== undefined);
  assert.deepEqual(s.engine.told(going), []);
  await s.cluster.api.delete(ref(s, 'ConfigMap', 'below'));
  await patchApp(s, 'below', { metadata: { finalizers: null } });
  const ended = await reportIn(s, 'Deleted', 'below');
  assert.equal(
    ended.status?.message,
    `was deleted by Argo CD, as approved in ${metadata.name}. Gone with it: ConfigMap ${s.namespace}/below.`,
  );
});

test('one that was deleted and made again while nobody looked is told, once', async (t) => {
  const { s } = await deployed(t, files);
  await compared(s, false);
  const { uid } = (await s.until('gates', 'there', () => true)).metadata;
  s.fuse.dead = true;
  await s.cluster.api.delete(ref(s, 'Application', 'gates'));
  await goneFromStore(s, 'gates');
  await s.apply('gates', { project: 'gated' });
  await s.restart();
  const { spec, status } = await reportIn(s, 'Deleted');
  assert.deepEqual([spec.uid, status?.message?.startsWith(past)], [uid, true]);
  await s.untilStore('the new one is followed', () =>
    s.store.records.get(`${s.namespace}/gates`)?.spec.uid !== uid ? true : undefined,
  );
  assert.equal(s.store.reports.of(`${s.namespace}/gates`).length, 1);
});

test('a cluster of a former application that is silent keeps nobody from asking about the present one', async (t) => {
  const { s, argo } = await deployed(t, files);
  await compared(s, false);
  const server = 'https://127.0.0.1:9';
  await s.cluster.api.apply(
    {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: {
        ...{ name: 'cluster-dead', namespace: s.namespace },
        labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
      },
      data: { name: Buffer.from('dead').toString('base64'), server: Buffer.from(server).toString('base64') },
    },
    { manager: 'test' },
  );
  await s.untilStore('the cluster is known', () =>
    s.store.settings().clusters.some((each) => each.server === server) ? true : undefined,
  );
  await s.store.reports.create({
    ...{ apiVersion: 'coxswain.dev/v1alpha1', kind: 'Report', metadata: { name: 'former', namespace: s.namespace } },
    spec: {
      ...{ application: `${s.namespace}/gates`, about: 'deletion', since: '2026-03-02T14:00:00Z', uid: 'former' },
      had: [
        { server, cluster: '', objects: [{ group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'gates' }] },
      ],
    },
  });
  await s.store.reports.patch(`${s.namespace}/former`, { status: { phase: 'Open' } }, { subresource: 'status' });
  await push(s, { 'gates/a.yaml': config('gates', '2') });
  await argo.refresh('gates');
  await approvalIn(s, 'gates', 'Pending');
  await s.untilStore('it is tried', () => s.store.reports.get(`${s.namespace}/former`)?.status?.unreadSince);
});
