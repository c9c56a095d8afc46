// How objects are tracked, through the engine: another method deletes nothing, and under approval is asked about.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalIn, argoSettings, automated, config, configMap, push, quiet, synced, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';

const method = 'application.resourceTrackingMethod';
const instance = 'app.kubernetes.io/instance';
const trackingId = 'argocd.argoproj.io/tracking-id';

async function uids(s: Stage, names: string[]): Promise<(string | undefined)[]> {
  return Promise.all(names.map(async (name) => (await s.cluster.api.get(configMap(s, name)))?.metadata.uid));
}

async function applicationIs(s: Stage, name: string, application: string | undefined): Promise<void> {
  await s.cluster.live.until(
    configMap(s, name),
    (found) => found !== undefined && found.application === application,
    AbortSignal.timeout(30_000),
  );
}

test('another tracking method deletes nothing, there and back, with prune and self-heal on', async (t) => {
  const app = 'tracked-there-and-back';
  const s = await stage(t, { 'web/a.yaml': config('one', '1'), 'web/b.yaml': config('two', '1') });
  await s.apply(app, { source: { repoURL: s.url, path: 'web', targetRevision: 'main' }, syncPolicy: automated });
  await synced(s, app);
  const before = await uids(s, ['one', 'two']);
  for (const [name, label, id] of [
    ['label', app, undefined],
    ['annotation+label', app, `${app}:/ConfigMap:${s.namespace}/two`],
    ['annotation', undefined, `${app}:/ConfigMap:${s.namespace}/two`],
    ['label', app, undefined],
    ['annotation', undefined, undefined],
  ] as const) {
    await argoSettings(s, { [method]: name });
    const value = `${name} ${String(Math.random())}`;
    const sha = await push(s, { 'web/b.yaml': config('two', value) });
    await syncedTo(s, app, sha);
    const { labels, annotations } = (await s.cluster.api.get(configMap(s, 'two')))?.metadata ?? {};
    assert.deepEqual([labels?.[instance], annotations?.[trackingId] !== undefined], [label, name !== 'label'], name);
    if (id !== undefined) assert.equal(annotations?.[trackingId], id);
    await applicationIs(s, 'two', app);
    await quiet(s);
    assert.deepEqual(await uids(s, ['one', 'two']), before, name);
  }
  await push(s, { 'web/b.yaml': undefined });
  await s.untilStore('what Git gives up is pruned', () => (s.cluster.live.get(configMap(s, 'two')) ? undefined : true));
});

test('an application of the same name in another installation keeps its objects', async (t) => {
  const app = 'of-two-installations';
  const s = await stage(t, { 'web/a.yaml': config('one', '1') }, { argocd: { installationID: 'here' } });
  const theirs = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'theirs',
      namespace: s.namespace,
      annotations: {
        [trackingId]: `${app}:/ConfigMap:${s.namespace}/theirs`,
        'argocd.argoproj.io/installation-id': 'there',
      },
    },
    data: { value: '1' },
  };
  await s.cluster.api.apply(theirs);
  await s.apply(app, { source: { repoURL: s.url, path: 'web', targetRevision: 'main' }, syncPolicy: automated });
  const found = await synced(s, app);
  assert.deepEqual(
    found.status?.resources?.map(({ name }) => name),
    ['one'],
  );
  await quiet(s);
  assert.ok(await s.cluster.api.get(configMap(s, 'theirs')));
  const own = await s.cluster.api.get(configMap(s, 'one'));
  assert.equal(own?.metadata.annotations?.['argocd.argoproj.io/installation-id'], 'here');
});

test('under approval, labels that another tracking method brings are asked about', async (t) => {
  const app = 'tracked-under-approval';
  const s = await stage(t, { 'web/a.yaml': config('one', '1') });
  await s.project('gated');
  const spec = { source: { repoURL: s.url, path: 'web', targetRevision: 'main' }, syncPolicy: automated };
  await s.apply(app, { ...spec, project: 'gated' });
  await synced(s, app);
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await quiet(s);
  await argoSettings(s, { [method]: 'label' });
  const asked = await approvalIn(s, app, 'Pending');
  assert.deepEqual(
    asked.spec.operations.map((item) => item.op === 'change' && item.fields.map(([path]) => path)),
    [[`metadata.annotations["${trackingId}"]`, `metadata.labels["${instance}"]`]],
  );
  await quiet(s);
  assert.equal((await s.cluster.api.get(configMap(s, 'one')))?.metadata.labels?.[instance], undefined);
});
