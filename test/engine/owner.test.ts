// An object that belongs to a gated application is gated for everybody: whoever writes it asks under the owner's
// policy, or is refused by its name.
import type { TestContext } from 'node:test';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../src/engine/request.ts';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  configMap,
  dataOf,
  editByHand,
  ended,
  gone,
  hookJob,
  operate,
  person,
  push,
  quiet,
  requests,
  synced,
} from './manifests.ts';
import { testCluster } from '../control-plane.ts';
import { stage } from './fixture.ts';
import { agreeTo } from './approval/fixture.ts';

const gate = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': 'bo' };

/** prod (gated) has the ConfigMap `shared`, synced; web is another application, automated. */
async function scene(t: TestContext, files: Record<string, string> = {}): Promise<Stage> {
  const s = await stage(t, {
    'prod/shared.yaml': config('shared', 'production'),
    'web/own.yaml': config('own', '1'),
    ...files,
  });
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  return s;
}

function syncError(s: Stage, name: string): string {
  return (
    s.store.applications.get(`${s.namespace}/${name}`)?.status?.conditions?.find((item) => item.type === 'SyncError')
      ?.message ?? ''
  );
}

test('another application with the same object waits for the owner’s approvers, then writes it', async (t) => {
  const s = await scene(t);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await push(s, { 'web/shared.yaml': config('shared', 'mine') });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  await s.until('web', 'says whose it is', () => syncError(s, 'web') !== '');
  assert.equal(
    syncError(s, 'web'),
    `approval required: Approval/${asked.metadata.name}: it would write ConfigMap ${s.namespace}/shared, ` +
      'which belongs to application prod',
  );
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
  const refused = await approve(requests(s), {
    application: `${s.namespace}/web`,
    digest: asked.spec.digest,
    actor: person('cy', 3),
    teams: [],
  });
  assert.equal(refused.done, false);
  // Its owner, whose Git still has it, may put it back at once.
  const written = s.untilStore('it is written', () => {
    const live = s.cluster.live.get(configMap(s, 'shared'));
    return live?.application === 'web' ? live.object : undefined;
  });
  await agreeTo(s, 'web', person('bo', 2));
  assert.deepEqual((await written)['data'], { value: 'mine' });
});

test('an operation that cannot be asked about is refused by the owner’s name; a part without it runs', async (t) => {
  const s = await scene(t);
  await s.apply('web');
  const before = s.commit({ 'web/shared.yaml': config('shared', 'mine') });
  await push(s, { 'web/shared.yaml': config('shared', 'other') });
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: { revision: before } });
  const failed = await ended(s, 'web', 'Failed');
  assert.equal(
    failed.status?.operationState?.message,
    `approval required, for it would write ConfigMap ${s.namespace}/shared, which belongs to application prod; ` +
      'nobody has approved this effect: only what the branch head says can be approved; make it the head, ' +
      'for instance by a revert',
  );
  await operate(s, 'web', { sync: { resources: [{ kind: 'ConfigMap', name: 'own' }] } });
  await ended(s, 'web', 'Succeeded');
  assert.deepEqual(await dataOf(s, 'own'), { value: '1' });
  await operate(s, 'web', {
    sync: { resources: [{ kind: 'ConfigMap', name: 'shared' }], syncStrategy: { apply: { force: true } } },
  });
  await ended(s, 'web', 'Failed');
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
});

test('what the owner’s Git holds is the owner’s also while it is not live, or has lost its tracking id', async (t) => {
  const s = await scene(t);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await push(s, { 'prod/new.yaml': config('new', 'production') });
  await approvalIn(s, 'prod', 'Pending');
  await push(s, { 'web/new.yaml': config('new', 'mine') });
  await approvalIn(s, 'web', 'Pending');
  await quiet(s);
  assert.equal(await dataOf(s, 'new'), undefined);
  await push(s, { 'web/new.yaml': undefined });
  await s.untilStore('nothing waits', () =>
    approvalsOf(s, 'web').every((item) => item.status?.phase !== 'Pending') ? true : undefined,
  );
  await s.cluster.api.patch(configMap(s, 'shared'), {
    type: 'merge',
    patch: { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': null } } },
  });
  await push(s, { 'web/shared.yaml': config('shared', 'mine') });
  await approvalIn(s, 'web', 'Pending', (item) => item.spec.operations.some(({ key }) => key.name === 'shared'));
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
});

test('a hook of that name, which would delete the object before it runs, asks too', async (t) => {
  const s = await scene(t, { 'prod/job.yaml': hookJob('work', 'Skip').replace(/ {2}annotations:.*\n/, '') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const key = { group: 'batch', kind: 'Job', namespace: s.namespace, name: 'work' };
  const before = await s.cluster.api.get(key);
  assert.ok(before);
  await push(s, { 'web/own.yaml': config('own', '2'), 'web/job.yaml': hookJob('work', 'PreSync') });
  await approvalIn(s, 'web', 'Pending');
  await quiet(s);
  assert.equal((await s.cluster.api.get(key))?.metadata.uid, before.metadata.uid);
});

test('self-heal of another application takes nothing back from the owner, nor does its prune', async (t) => {
  const s = await stage(t, {
    'prod/kept.yaml': config('kept', '1'),
    'web/shared.yaml': config('shared', 'mine'),
    'web/own.yaml': config('own', '1'),
  });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  await push(s, { 'prod/shared.yaml': config('shared', 'production') });
  await agreeTo(s, 'prod', person('bo', 2));
  await s.untilStore('prod has it', () =>
    s.cluster.live.get(configMap(s, 'shared'))?.application === 'prod' ? true : undefined,
  );
  await approvalIn(s, 'web', 'Pending');
  await editByHand(s, 'own', { value: 'drifted' });
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
  await push(s, { 'web/shared.yaml': undefined, 'web/gone.yaml': config('gone', '1') });
  await push(s, { 'web/gone.yaml': undefined });
  await gone(s, 'gone');
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
});

test('labels that a sync gives its namespace ask where a gated application has that namespace', async (t) => {
  const s = await stage(t, { 'web/own.yaml': config('own', '1') });
  // Its Namespace would be every other stage's to prune that has an application of this name.
  s.commit({ 'labels-prod/ns.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${s.namespace}}\n` });
  await s.apply('labels-prod', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'labels-prod', person('bo', 2));
  await synced(s, 'labels-prod');
  await s.apply('web', {
    syncPolicy: {
      ...automated,
      syncOptions: ['CreateNamespace=true'],
      managedNamespaceMetadata: { labels: { owner: 'web' } },
    },
  });
  await approvalIn(s, 'web', 'Pending');
  await quiet(s);
  assert.equal(
    (await s.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name: s.namespace }))?.metadata.labels?.[
      'owner'
    ],
    undefined,
  );
});

test("what moves from a gated application to one without a gate stays until the gate's people agree", async (t) => {
  const s = await scene(t, { 'prod/kept.yaml': config('kept', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const before = await s.cluster.api.get(configMap(s, 'shared'));
  await push(s, { 'prod/shared.yaml': undefined, 'web/shared.yaml': config('shared', 'production') });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  await quiet(s);
  assert.equal(s.cluster.live.get(configMap(s, 'shared'))?.application, 'prod');
  assert.deepEqual(
    approvalsOf(s, 'prod').filter((item) => item.status?.phase === 'Pending'),
    [],
  );
  await agreeTo(s, 'web', person('bo', 2));
  await s.untilStore('web has it', () =>
    s.cluster.live.get(configMap(s, 'shared'))?.application === 'web' ? true : undefined,
  );
  assert.equal((await s.cluster.api.get(configMap(s, 'shared')))?.metadata.uid, before?.metadata.uid);
});

test('what a gated application takes during the sync of another is not written over by its next wave', async (t) => {
  const s = await scene(t);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const late = configMap(s, 'late');
  s.fuse.meanwhile('apply ConfigMap/first', async () => {
    const tracked = { 'argocd.argoproj.io/tracking-id': `prod:/ConfigMap:${s.namespace}/late` };
    await s.cluster.api.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'late', namespace: s.namespace, annotations: tracked },
      data: { value: 'production' },
    });
    await s.untilStore('it is seen', () => (s.cluster.live.get(late)?.application === 'prod' ? true : undefined));
  });
  await push(s, {
    'web/first.yaml': config('first', '1'),
    'web/late.yaml': config('late', 'mine', 'argocd.argoproj.io/sync-wave: "1"'),
  });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  const { message = '' } = (await ended(s, 'web', 'Failed')).status?.operationState ?? {};
  assert.match(message, /it would write ConfigMap [^ ]+\/late, which belongs to application prod, whose gate/);
  assert.deepEqual([await dataOf(s, 'first'), await dataOf(s, 'late')], [{ value: '1' }, { value: 'production' }]);
});

test('what a gated application takes during the approved sync of another asks its approvers too', async (t) => {
  const s = await scene(t);
  await s.apply('web', { syncPolicy: automated }, { annotations: { ...gate, 'coxswain.dev/approvers': 'cy' } });
  await agreeTo(s, 'web', person('cy', 3));
  await synced(s, 'web');
  s.fuse.meanwhile('apply ConfigMap/first', async () => {
    await push(s, { 'prod/late.yaml': config('late', 'production') });
    await approvalIn(s, 'prod', 'Pending', (item) => item.spec.operations.some(({ key }) => key.name === 'late'));
  });
  await push(s, {
    'web/first.yaml': config('first', '1'),
    'web/late.yaml': config('late', 'mine', 'argocd.argoproj.io/sync-wave: "1"'),
  });
  await agreeTo(s, 'web', person('cy', 3));
  const asked = await approvalIn(s, 'web', 'Pending', (item) => item.spec.operations.length === 1);
  assert.deepEqual(asked.spec.policy?.approvers, [['cy'], ['bo']]);
  await quiet(s);
  assert.deepEqual([await dataOf(s, 'first'), await dataOf(s, 'late')], [{ value: '1' }, undefined]);
});

test('what the owner held is its own also where it cannot be rendered any more, after a restart', async (t) => {
  const s = await scene(t);
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await push(s, { 'prod/kustomization.yaml': 'resources: [nowhere.yaml]\n' });
  await s.until(
    'prod',
    'broken',
    (app) => app.status?.conditions?.some(({ type }) => type === 'ComparisonError') === true,
  );
  await s.cluster.api.patch(configMap(s, 'shared'), {
    type: 'merge',
    patch: { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': null } } },
  });
  await s.stop();
  s.commit({ 'web/shared.yaml': config('shared', 'mine') });
  await s.restart();
  await approvalIn(s, 'web', 'Pending');
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
});

test('a cluster under another URL is the same one: what the owner’s Git holds there is the owner’s', async (t) => {
  const s = await scene(t);
  const plane = await testCluster(t);
  const text = { name: 'again', server: plane.server };
  const config2 = { bearerToken: plane.token, tlsClientConfig: { caData: Buffer.from(plane.ca).toString('base64') } };
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'again',
      namespace: s.namespace,
      labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
    },
    stringData: { ...text, config: JSON.stringify(config2) },
  });
  await s.project('wide', {}, { destinations: [{ name: 'again', server: '*', namespace: s.namespace }] });
  const destination = { name: 'again', namespace: s.namespace };
  await s.apply('web', { project: 'wide', destination, syncPolicy: automated });
  await synced(s, 'web');
  await push(s, { 'prod/new.yaml': config('new', 'production') });
  await approvalIn(s, 'prod', 'Pending');
  await push(s, { 'web/new.yaml': config('new', 'mine') });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map(({ key }) => key.name),
    ['new'],
  );
  await quiet(s);
  assert.equal(await dataOf(s, 'new'), undefined);
});
