// Check and write are one: whatever happens between them, nothing is written that people have not agreed to.
import type { TestContext } from 'node:test';
import type { Application } from '../../../src/model/application.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  configMap,
  dataOf,
  deployment,
  editByHand,
  ended,
  gone,
  hookJob,
  patchApp,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { gate } from './fixture.ts';

function two(name: string, value: string, annotations = ''): string {
  return `${config(name, value, annotations)}  other: "x"\n`;
}

/** Synced once under approval. */
async function gatedStage(
  t: TestContext,
  files: Record<string, string>,
  spec: Parameters<Stage['apply']>[1] = {},
): Promise<Stage> {
  const s = await stage(t, files);
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated', ...spec });
  await approved(s, await approvalIn(s, 'prod', 'Pending'));
  await synced(s, 'prod');
  return s;
}

async function approved(s: Stage, asked: Approval): Promise<void> {
  const { done, message } = await approve(requests(s), {
    application: `${s.namespace}/prod`,
    digest: asked.spec.digest,
    actor: person('bob', 2),
    teams: [],
  });
  assert.equal(done, true, message);
}

/** Merges the files and agrees to what comes of them; answers the Approval. */
async function merged(s: Stage, files: Record<string, string | undefined>): Promise<Approval> {
  const sha = await push(s, files);
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === sha);
  await approved(s, asked);
  return asked;
}

function messageOf(app: Application): string {
  return app.status?.operationState?.message ?? '';
}

/** The operation has ended, the old Approval is void and says why, and another asks about what is left. */
async function stopped(s: Stage, asked: Approval, why: string): Promise<{ app: Application; rest: Approval }> {
  const app = await ended(s, 'prod', 'Failed');
  const rest = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.ok(messageOf(app).startsWith(`approval required: Approval/${rest.metadata.name}: ${why}`), messageOf(app));
  const old = await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === asked.metadata.name);
  assert.equal(old.status?.message, `what would be applied has changed: ${why}`);
  return { app, rest };
}

async function uidOf(s: Stage, name: string): Promise<string | undefined> {
  return (await s.cluster.api.get(configMap(s, name)))?.metadata.uid;
}

/** Deletes it and makes it anew just as it was, as a restore from a backup does. */
async function restore(s: Stage, name: string): Promise<string | undefined> {
  const found = await s.cluster.api.get(configMap(s, name));
  assert.ok(found);
  const { labels, annotations } = found.metadata;
  await s.cluster.api.delete(configMap(s, name));
  const made: KubeObject = await s.cluster.api.create(
    {
      ...found,
      metadata: { name, namespace: s.namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
    },
    { manager: 'restore' },
  );
  return made.metadata.uid;
}

test('a hotfix between last look and write is kept: the sync stops there and people are asked anew', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') });
  s.fuse.meanwhile('apply ConfigMap/prod', () => editByHand(s, 'prod', { other: 'hotfix' }));
  const asked = await merged(s, { 'prod/a.yaml': two('prod', '2') });
  const { rest } = await stopped(s, asked, `ConfigMap ${s.namespace}/prod: data.other would be changed too`);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'hotfix' });
  await approved(s, rest);
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === rest.metadata.name);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2', other: 'x' });
});

test('a hotfix of the very field that is about to be written is kept as well', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') });
  s.fuse.meanwhile('apply ConfigMap/prod', () => editByHand(s, 'prod', { value: 'hotfix' }));
  const asked = await merged(s, { 'prod/a.yaml': two('prod', '2') });
  await stopped(s, asked, `ConfigMap ${s.namespace}/prod: data.value was changed in the cluster meanwhile`);
  assert.deepEqual(await dataOf(s, 'prod'), { value: 'hotfix', other: 'x' });
});

test('what changes nothing of what was agreed to only makes the write be tried again', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') });
  const label = (): Promise<unknown> =>
    s.cluster.api.patch(configMap(s, 'prod'), {
      type: 'merge',
      patch: { metadata: { labels: { team: 'ops' } } },
      manager: 'labels',
    });
  s.fuse.meanwhile('apply ConfigMap/prod', label);
  await approvalIn(s, 'prod', 'Applied', (item) => item.spec.operations.length > 0);
  const asked = await merged(s, { 'prod/a.yaml': two('prod', '2') });
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === asked.metadata.name);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2', other: 'x' });
  assert.equal((await s.cluster.api.get(configMap(s, 'prod')))?.metadata.labels?.['team'], 'ops');
  // An object of that name that is just like it is written too, though it is another one.
  let uid: string | undefined;
  s.fuse.meanwhile('apply ConfigMap/prod', async () => (uid = await restore(s, 'prod')));
  const again = await merged(s, { 'prod/a.yaml': two('prod', '3') });
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === again.metadata.name);
  assert.equal(await uidOf(s, 'prod'), uid);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '3', other: 'x' });
});

test('what was deleted meanwhile is not created in silence', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') });
  s.fuse.meanwhile('apply ConfigMap/prod', () => s.cluster.api.delete(configMap(s, 'prod')));
  const asked = await merged(s, { 'prod/a.yaml': two('prod', '2') });
  await stopped(s, asked, `ConfigMap ${s.namespace}/prod would be created, not changed`);
  assert.equal(await dataOf(s, 'prod'), undefined);
});

test('what somebody creates meanwhile is not written over', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') });
  s.fuse.meanwhile('apply ConfigMap/more', () =>
    s.cluster.api.create(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'more', namespace: s.namespace },
        data: { value: 'theirs' },
      },
      { manager: 'kubectl-create' },
    ),
  );
  const asked = await merged(s, { 'prod/b.yaml': config('more', '1') });
  await stopped(s, asked, `ConfigMap ${s.namespace}/more would be changed, not created`);
  assert.deepEqual(await dataOf(s, 'more'), { value: 'theirs' });
});

test('a deletion takes the very object that people agreed to see deleted', async (t) => {
  const s = await gatedStage(t, {
    'prod/a.yaml': two('prod', '1'),
    'prod/b.yaml': config('old', '1'),
    'prod/c.yaml': config('older', '1'),
  });
  s.fuse.meanwhile('delete ConfigMap/old', () =>
    s.cluster.api.patch(configMap(s, 'old'), { type: 'merge', patch: { metadata: { labels: { team: 'ops' } } } }),
  );
  const asked = await merged(s, { 'prod/b.yaml': undefined });
  await gone(s, 'old');
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === asked.metadata.name);
  let uid: string | undefined;
  s.fuse.meanwhile('delete ConfigMap/older', async () => (uid = await restore(s, 'older')));
  await merged(s, { 'prod/c.yaml': undefined });
  const app = await s.until(
    'prod',
    'the deletion is tried',
    (item) =>
      item.operation === undefined &&
      (item.status?.operationState?.syncResult?.resources?.some(
        (row) => row.name === 'older' && row.status === 'PruneSkipped',
      ) ??
        false),
  );
  assert.equal(
    app.status?.operationState?.syncResult?.resources?.find((row) => row.name === 'older')?.message,
    'ignored (made anew since the sync began)',
  );
  assert.equal(await uidOf(s, 'older'), uid);
});

test('a sync that stops in a later wave tells what it has applied, and only the rest is asked about', async (t) => {
  const later = 'argocd.argoproj.io/sync-wave: "1"';
  const files = (value: string): Record<string, string> => ({
    'prod/a.yaml': two('first', value),
    'prod/b.yaml': two('second', value, later),
    'prod/c.yaml': two('third', value, later),
  });
  const s = await gatedStage(t, files('1'));
  s.fuse.meanwhile('apply ConfigMap/first', () => editByHand(s, 'second', { other: 'hotfix' }));
  const asked = await merged(s, files('2'));
  const { app, rest } = await stopped(s, asked, `ConfigMap ${s.namespace}/second: data.other would be changed too`);
  assert.match(
    messageOf(app),
    new RegExp(
      /; applied: configmap\/first; not applied: configmap\/second(, configmap\/third)?$|; applied: /.source +
        /configmap\/first, configmap\/third; not applied: configmap\/second$/.source,
    ),
  );
  assert.deepEqual(
    [await dataOf(s, 'first'), await dataOf(s, 'second')],
    [
      { value: '2', other: 'x' },
      { value: '1', other: 'hotfix' },
    ],
  );
  assert.ok(rest.spec.operations.every(({ key }) => key.name !== 'first'));
  await approved(s, rest);
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === rest.metadata.name);
  assert.deepEqual(await dataOf(s, 'second'), { value: '2', other: 'x' });
});

test('an object that is replaced as a whole is replaced as it was judged', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') }, { syncPolicy: { syncOptions: ['Replace=true'] } });
  s.fuse.meanwhile('replace ConfigMap/prod', () => editByHand(s, 'prod', { hotfix: 'y' }));
  const asked = await merged(s, { 'prod/a.yaml': two('prod', '2') });
  await stopped(s, asked, `ConfigMap ${s.namespace}/prod: data.hotfix would be removed too`);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x', hotfix: 'y' });
});

test('kubectl scale at the moment of the write is not taken back', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': deployment('web', 'nginx:1.27.0', 2) });
  const ref = { group: 'apps', kind: 'Deployment', namespace: s.namespace, name: 'web' };
  s.fuse.meanwhile('apply Deployment/web', () =>
    s.cluster.api.patch(ref, {
      type: 'merge',
      subresource: 'scale',
      patch: { spec: { replicas: 7 } },
      manager: 'kubectl',
    }),
  );
  const asked = await merged(s, { 'prod/a.yaml': deployment('web', 'nginx:1.27.1', 2) });
  await stopped(s, asked, `Deployment ${s.namespace}/web: spec.replicas would be changed too`);
  assert.equal(((await s.cluster.api.get(ref))?.['spec'] as { replicas?: number }).replicas, 7);
});

test('a hook clears away hooks alone: an object of its name that nobody agreed to lose stays', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': two('prod', '1') }, { syncPolicy: { retry: { limit: 0 } } });
  const job: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'notes', namespace: s.namespace },
    data: { value: 'theirs' },
  };
  await s.cluster.api.create(job, { manager: 'kubectl-create' });
  await merged(s, {
    'prod/a.yaml': two('prod', '2'),
    'prod/hook.yaml': config('notes', 'hook', 'argocd.argoproj.io/hook: PreSync'),
  });
  const app = await ended(s, 'prod', 'Failed');
  assert.match(messageOf(app), /configmap\/notes exists, is no hook, and nobody has agreed to delete it/);
  assert.deepEqual(
    [await dataOf(s, 'notes'), await dataOf(s, 'prod')],
    [{ value: 'theirs' }, { value: '1', other: 'x' }],
  );
});

/** What the last-applied annotation says of it. */
async function lastAppliedData(s: Stage, name: string): Promise<unknown> {
  const { annotations } = (await s.cluster.api.get(configMap(s, name)))?.metadata ?? {};
  const text = annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '{}';
  return (JSON.parse(text) as { data?: unknown }).data;
}

test('what client-side tools wrote is taken over as it was judged, and fields that Git gave up go', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': two('prod', '2') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  const former = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'prod', namespace: s.namespace },
    data: { value: '1', other: 'x', old: 'y' },
  };
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(former) };
  await s.cluster.api.create(
    { ...former, metadata: { ...former.metadata, annotations } },
    { manager: 'kubectl-client-side-apply' },
  );
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  const first = await approvalIn(s, 'prod', 'Pending');
  // A write of the same value between takeover and apply, and one between apply and removal.
  s.fuse.meanwhile('apply ConfigMap/prod', () =>
    s.cluster.api.patch(configMap(s, 'prod'), { type: 'merge', patch: { metadata: { labels: { team: 'ops' } } } }),
  );
  await approved(s, first);
  await synced(s, 'prod');
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2', other: 'x' });
  assert.deepEqual(await lastAppliedData(s, 'prod'), { value: '2', other: 'x' });
  await editByHand(s, 'prod', { other: 'hand' });
  const asked = await s.untilStore(
    'asked',
    () =>
      approvalsOf(s, 'prod').find((item) => item.status?.phase === 'Pending') ??
      (s.engine.pending === 0 ? first : undefined),
  );
  assert.equal(asked.metadata.name, first.metadata.name, 'drift of what was last synced asks nobody');
  s.fuse.meanwhile('patch ConfigMap/prod', () =>
    s.cluster.api.patch(configMap(s, 'prod'), { type: 'merge', patch: { metadata: { labels: { team: 'dev' } } } }),
  );
  const removed = await merged(s, { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === removed.metadata.name);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
  assert.deepEqual(await lastAppliedData(s, 'prod'), { value: '2' });
});

test('an object that must be made anew is deleted as it was judged', async (t) => {
  const force = 'argocd.argoproj.io/sync-options: Force=true';
  const immutable = (value: string): string => `${config('prod', value, force)}immutable: true\n`;
  const s = await gatedStage(t, { 'prod/a.yaml': immutable('1') });
  s.fuse.meanwhile('delete ConfigMap/prod', () =>
    s.cluster.api.patch(configMap(s, 'prod'), { type: 'merge', patch: { metadata: { labels: { team: 'ops' } } } }),
  );
  const asked = await merged(s, { 'prod/a.yaml': immutable('2') });
  assert.deepEqual(
    asked.spec.operations.map(({ op }) => op),
    ['recreate'],
  );
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === asked.metadata.name);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
});

test('judging costs at most one dry run for each changed object', async (t) => {
  const files = (value: string): Record<string, string> =>
    Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`prod/${name}.yaml`, two(name, name < 'c' ? value : '1')]));
  const s = await gatedStage(t, files('1'));
  const sha = await push(s, files('2'));
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === sha);
  const count = (): { dryRun: number; get: number; apply: number } => ({
    dryRun: s.cluster.api.counts.dryRun,
    get: s.cluster.api.counts.get,
    apply: s.cluster.api.counts.apply,
  });
  const before = count();
  await approved(s, asked);
  await approvalIn(s, 'prod', 'Applied', (item) => item.metadata.name === asked.metadata.name);
  const after = count();
  assert.ok(after.dryRun - before.dryRun <= 2, `${after.dryRun - before.dryRun} dry runs for two changed objects`);
  assert.deepEqual([after.get - before.get, after.apply - before.apply], [0, 2]);
});

test('a gate that comes while an operation runs holds what is left of it', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': two('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated');
  await s.apply('prod', { project: 'gated', syncPolicy: automated });
  await synced(s, 'prod');
  await push(s, {
    'prod/a.yaml': two('prod', '2'),
    'prod/job.yaml': hookJob('migrate', 'PreSync').replace('spec:', 'spec:\n  suspend: true'),
  });
  await s.until(
    'prod',
    'the hook runs',
    (app) =>
      app.status?.operationState?.syncResult?.resources?.some(
        (row) => row.hookType === 'PreSync' && row.hookPhase === 'Running',
      ) ?? false,
  );
  await s.project('gated', gate);
  await patchApp(s, 'prod', { metadata: { annotations: { touched: 'yes' } } });
  assert.match(messageOf(await ended(s, 'prod', 'Failed')), /^approval required: Approval\/prod-/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1', other: 'x' });
  assert.equal(approvalsOf(s, 'prod').filter((item) => item.status?.phase === 'Pending').length, 1);
});

test('a hook is judged when its turn comes: where the approval is void by then, it does not run', async (t) => {
  const s = await gatedStage(t, { 'prod/a.yaml': config('prod', '1') });
  const sha = await push(s, {
    'prod/a.yaml': config('prod', '2'),
    'prod/post.yaml': hookJob('post', 'PostSync'),
  });
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.revision === sha);
  const key = `${s.namespace}/${asked.metadata.name}`;
  s.fuse.meanwhile('apply ConfigMap/prod', async () => {
    await s.cluster.api.delete({
      group: 'coxswain.dev',
      kind: 'Approval',
      namespace: s.namespace,
      name: asked.metadata.name,
    });
    await s.untilStore('it is gone', () => (s.store.approvals.get(key) ? undefined : true));
  });
  await approved(s, asked);
  const app = await ended(s, 'prod', 'Failed');
  assert.match(
    messageOf(app),
    /^approval required: .*: nobody has agreed to the hook Job post, as it is now, at PostSync/,
  );
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
  assert.equal(
    await s.cluster.api.get({ group: 'batch', kind: 'Job', namespace: s.namespace, name: 'post' }),
    undefined,
  );
});
