// Drift episodes: when one opens, what it says, and how it ends.
import type { DriftEpisode } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import { scripts } from '../../worker.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driftFingerprint } from '../../../src/engine/drift/drift.ts';
import { snoozeDrift } from '../../../src/engine/drift/snooze.ts';
import { revertDrift } from '../../../src/engine/revert-drift.ts';
import { resourceViews } from '../../../src/engine/resource-view.ts';
import {
  automated,
  config,
  configMap,
  dataOf,
  editByHand,
  ended,
  operate,
  patchApp,
  person,
  push,
  quiet,
  requests,
  synced,
} from '../manifests.ts';
import { eventually } from '../../control-plane.ts';
import { stage } from '../fixture.ts';

async function watched(
  t: Parameters<typeof stage>[0],
  files: Record<string, string> = { 'web/a.yaml': config('web', 'git') },
): Promise<Stage> {
  const s = await stage(t, files);
  await s.apply('web');
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  return s;
}

function episode(s: Stage, phase: string, test: (item: DriftEpisode) => boolean = () => true): Promise<DriftEpisode> {
  return s.untilStore(`an episode that is ${phase}`, () =>
    s.store.episodes.list().find((item) => item.status?.phase === phase && test(item)),
  );
}

test('an episode opens after the settle time, is superseded by another drift, and ends healed by hand', async (t) => {
  const s = await watched(t);
  await editByHand(s, 'web', { value: 'by hand' });
  const first = await episode(s, 'Open');
  assert.deepEqual(
    first.status?.objects.map(({ key, kind, changes, by }) => [
      key.name,
      kind,
      changes.map((change) => [change.text, change.before, change.after]),
      by?.manager,
    ]),
    [['web', 'changed', [['data.value', 'git', 'by hand']], 'kubectl-edit']],
  );
  await editByHand(s, 'web', { value: 'otherwise' });
  const second = await episode(s, 'Open', (item) => item.metadata.name !== first.metadata.name);
  const superseded = await episode(s, 'Superseded');
  assert.deepEqual(
    [superseded.metadata.name, superseded.status?.message],
    [first.metadata.name, 'the drift is another one now'],
  );
  await editByHand(s, 'web', { value: 'git' });
  const healed = await episode(s, 'Healed');
  assert.deepEqual([healed.metadata.name, healed.status?.message], [second.metadata.name, 'live matches Git again']);
  assert.notEqual(healed.status?.endedAt, undefined);
  // The very same drift again is the same episode again.
  await editByHand(s, 'web', { value: 'by hand' });
  const again = await episode(s, 'Open');
  assert.equal(again.metadata.name, first.metadata.name);
  assert.equal(again.status?.endedAt, undefined);
  assert.equal(s.store.episodes.list().length, 2);
  await editByHand(s, 'web', { value: 'git' });
  await episode(s, 'Healed');
  await editByHand(s, 'web', { value: 'a third value' });
  await episode(s, 'Open', (item) => item.status?.objects[0]?.changes[0]?.after === 'a third value');
});

test('a drift that is gone before the settle time opens nothing', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', 'git') }, { settings: { 'drift.settle': '5s' } });
  await s.apply('web');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await editByHand(s, 'web', { value: 'by hand' });
  await s.until('web', 'OutOfSync at once', (app) => app.status?.sync?.status === 'OutOfSync');
  assert.equal(s.store.episodes.list().length, 0);
  await editByHand(s, 'web', { value: 'git' });
  await synced(s, 'web');
  await quiet(s); // the settle time too has passed
  assert.equal(s.store.episodes.list().length, 0);
});

test('drift that goes piece by piece ends healed: what is left supersedes nothing before it has lasted', async (t) => {
  const s = await watched(t);
  const extra = configMap(s, 'extra');
  await s.cluster.api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'extra',
      namespace: s.namespace,
      annotations: { 'argocd.argoproj.io/tracking-id': `web:/ConfigMap:${s.namespace}/extra` },
    },
  });
  await editByHand(s, 'web', { value: 'by hand' });
  const open = await episode(s, 'Open', (item) => item.status?.objects.length === 2);
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coxswain-cm', namespace: s.namespace, labels: { 'app.kubernetes.io/part-of': 'coxswain' } },
    data: { 'drift.settle': '1h' },
  });
  await s.untilStore('the settle time', () => (s.store.settings().driftSettleMs === 3_600_000 ? true : undefined));
  await editByHand(s, 'web', { value: 'git' });
  await s.until(
    'web',
    'half of it is gone',
    (app) => app.status?.resources?.find((item) => item.name === 'web')?.status === 'Synced',
  );
  await s.cluster.api.delete(extra);
  const healed = await episode(s, 'Healed');
  assert.deepEqual([healed.metadata.name, healed.status?.message], [open.metadata.name, 'live matches Git again']);
});

test('a reverted drift ends Reverted by who asked, and one whose revert fails is open again', async (t) => {
  const s = await watched(t);
  const ana = person('ana', 1);
  await editByHand(s, 'web', { value: 'by hand' });
  await episode(s, 'Open');
  const application = `${s.namespace}/web`;
  const done = await revertDrift(requests(s), { application, keys: [configMap(s, 'web')], actor: ana, request: 'r1' });
  assert.equal(done.done, true);
  const reverted = await episode(s, 'Reverted');
  assert.deepEqual(reverted.status?.endedBy, ana);
  assert.deepEqual(
    (await revertDrift(requests(s), { application, keys: [configMap(s, 'web')], actor: ana, request: 'r1' })).done,
    true,
    'carried out twice is once',
  );
  assert.equal((await ended(s, 'web', 'Succeeded')).status?.history?.length, 1);

  const policy = `no-${s.namespace}`.slice(0, 60);
  const admission = 'admissionregistration.k8s.io/v1';
  await editByHand(s, 'web', { value: 'by hand again' });
  await episode(s, 'Open');
  await s.cluster.api.apply({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: policy },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': s.namespace } },
      },
      validations: [{ expression: "!has(object.data.value) || object.data.value != 'git'", message: 'frozen' }],
    },
  });
  await s.cluster.api.apply({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: policy },
    spec: { policyName: policy, validationActions: ['Deny'] },
  });
  t.after(async () => {
    for (const kind of ['ValidatingAdmissionPolicyBinding', 'ValidatingAdmissionPolicy'])
      await s.cluster.api
        .delete({ group: 'admissionregistration.k8s.io', kind, namespace: '', name: policy })
        .catch(() => undefined);
  });
  const put = (dryRun: boolean): Promise<unknown> =>
    s.cluster.api.apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'web', namespace: s.namespace },
        data: { value: 'git' },
      },
      { dryRun },
    );
  await eventually('the policy holds', () =>
    put(true).then(
      () => undefined,
      () => true,
    ),
  );
  await revertDrift(requests(s), { application, keys: [configMap(s, 'web')], actor: ana, request: 'r2' });
  const failed = await episode(s, 'Open', (item) => item.status?.message?.startsWith('putting it back') ?? false);
  assert.match(failed.status?.message ?? '', /frozen/);
});

test('no episode while self-heal is on, and switching it on ends the one that is open', async (t) => {
  const s = await watched(t);
  await editByHand(s, 'web', { value: 'by hand' });
  await episode(s, 'Open');
  await s.apply('web', { syncPolicy: automated });
  await episode(s, 'Healed');
  await editByHand(s, 'web', { value: 'once more' });
  await s.until(
    'web',
    'healed',
    (app) =>
      app.operation === undefined &&
      (app.status?.operationState?.operation.sync?.autoHealAttemptsCount ?? 0) >= 1 &&
      app.status?.sync?.status === 'Synced',
  );
  assert.equal(s.store.episodes.list().length, 1);
});

test('what waits in Git is no drift; drift beside it is, and ends with the application', async (t) => {
  const s = await watched(t, { 'web/a.yaml': config('web', 'git'), 'web/b.yaml': config('other', 'git') });
  await push(s, { 'web/a.yaml': config('web', 'newer') });
  await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await editByHand(s, 'other', { value: 'by hand' });
  const open = await episode(s, 'Open');
  assert.deepEqual(
    open.status?.objects.map((item) => item.key.name),
    ['other'],
  );
  await s.restart();
  await eventually('looked at', () => s.engine.comparison(`${s.namespace}/web`));
  await quiet(s);
  assert.equal(s.store.episodes.list()[0]?.status?.phase, 'Open', 'it outlives a restart');
  await s.store.applications.delete(`${s.namespace}/web`);
  await episode(s, 'Superseded', (item) => item.status?.message === 'the application is gone');
});

test('a missing and an extra object are told as such, and Secret values never show', async (t) => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: from-git}\n';
  const s = await watched(t, { 'web/a.yaml': config('web', 'git'), 'web/b.yaml': secret });
  await s.cluster.api.delete(configMap(s, 'web'));
  await s.cluster.api.patch(
    { group: '', kind: 'Secret', namespace: s.namespace, name: 'key' },
    { type: 'merge', patch: { stringData: { token: 'by-hand' } }, manager: 'kubectl-edit' },
  );
  await s.cluster.api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'extra',
      namespace: s.namespace,
      annotations: { 'argocd.argoproj.io/tracking-id': `web:/ConfigMap:${s.namespace}/extra` },
    },
  });
  const open = await episode(s, 'Open', (item) => item.status?.objects.length === 3);
  assert.deepEqual(open.status?.objects.map((item) => [item.key.name, item.kind]).sort(), [
    ['extra', 'extra'],
    ['key', 'changed'],
    ['web', 'missing'],
  ]);
  assert.doesNotMatch(JSON.stringify(open), /from-git|by-hand|ZnJvbS1naXQ|YnktaGFuZA/);
  await patchApp(s, 'web', { operation: { sync: { prune: true } } });
  await episode(s, 'Healed');
});

test('another value of a Secret, or of an object that Git lacks, is another drift than the snoozed one', async (t) => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: from-git}\n';
  const s = await watched(t, { 'web/b.yaml': secret });
  const put = (token: string): Promise<unknown> =>
    s.cluster.api.patch(
      { group: '', kind: 'Secret', namespace: s.namespace, name: 'key' },
      { type: 'merge', patch: { stringData: { token } }, manager: 'kubectl-edit' },
    );
  const extra = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'extra',
      namespace: s.namespace,
      annotations: { 'argocd.argoproj.io/tracking-id': `web:/ConfigMap:${s.namespace}/extra` },
    },
  };
  const known = new Set<string>();
  /** Snoozes the one that is open, and answers how it was told. */
  const snoozed = async (objects: number): Promise<unknown> => {
    const open = await episode(
      s,
      'Open',
      (item) => !known.has(item.metadata.name) && item.status?.objects.length === objects,
    );
    known.add(open.metadata.name);
    await snoozeDrift(s, open, { actor: person('ana', 1), until: Date.now() + 3_600_000, reason: 'known' });
    return open.status?.objects.map(({ by: _by, ...told }) => told);
  };
  await put('by-hand');
  const first = await snoozed(1);
  await put('otherwise');
  assert.deepEqual(await snoozed(1), first, 'it reads as the former one');
  await s.cluster.api.create({ ...extra, data: { value: 'one' } });
  const two = await snoozed(2);
  await editByHand(s, 'extra', { value: 'two' });
  assert.deepEqual(await snoozed(2), two);
  // What was told before an update of Coxswain counted no such value: it is not told again.
  const last = s.store.episodes.list().find(({ status }) => status?.phase === 'Snoozed') ?? assert.fail();
  const key = `${s.namespace}/${last.metadata.name}`;
  const former = driftFingerprint(last.status?.objects ?? []);
  await s.store.episodes.patch(key, { spec: { fingerprint: former } });
  await s.restart();
  const taken = await s.untilStore('it goes on', () => {
    const item = s.store.episodes.get(key);
    return item?.spec.fingerprint === former ? undefined : item;
  });
  assert.deepEqual([taken.spec.fingerprint, taken.status?.phase], [last.spec.fingerprint, 'Snoozed']);
  await quiet(s);
  assert.equal(s.store.episodes.get(key)?.status?.phase, 'Snoozed');
  await put('a third value');
  await episode(s, 'Open', (item) => !known.has(item.metadata.name));
});

test('what our prune is deleting is no drift while a finalizer holds it, and the row says what does', async (t) => {
  const held = (value: string): string =>
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [probe.example/hold]}\n' +
    `data: {value: "${value}"}\n`;
  const s = await stage(t, { 'web/a.yaml': config('web', 'git'), 'web/held.yaml': held('git') });
  t.after(() =>
    s.cluster.api
      .patch(configMap(s, 'held'), { type: 'merge', patch: { metadata: { finalizers: null } } })
      .catch(() => undefined),
  );
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const revision = await push(s, { 'web/held.yaml': undefined });
  const app = await s.until(
    'web',
    'pruned',
    ({ operation, status }) => operation === undefined && status?.history?.at(-1)?.revision === revision,
  );
  await quiet(s);
  assert.equal(app.status?.sync?.status, 'OutOfSync', 'as in Argo CD');
  const key = `${s.namespace}/web`;
  // The cluster takes away what it holds by itself in its own time.
  await eventually('what holds it is told', async () => {
    const views = await resourceViews(s.engine.comparison(key), scripts.healthOf);
    const message = views.find(({ row }) => row.name === 'held')?.row.health?.message ?? '';
    return /^is being deleted since \S+Z, waits for the finalizer probe\.example\/hold$/.test(message) || undefined;
  });
  assert.equal(
    s.store.applications.get(key)?.status?.operationState?.operation.sync?.autoHealAttemptsCount,
    undefined,
    'it is not pruned again and again',
  );
  await s.apply('web', {});
  await editByHand(s, 'web', { value: 'by hand' });
  const open = await episode(s, 'Open');
  assert.deepEqual(
    open.status?.objects.map((item) => item.key.name),
    ['web'],
  );
  // With Git ahead, what drifts is worked out by the effect.
  await push(s, { 'web/b.yaml': config('newer', 'git') });
  await s.until(
    'web',
    'OutOfSync with b',
    ({ status }) => status?.resources?.some((item) => item.name === 'newer') === true,
  );
  await quiet(s);
  assert.deepEqual(
    s.store.episodes.list().flatMap((item) => item.status?.objects.map(({ key: { name } }) => name) ?? []),
    ['web'],
  );
});

test('self-heal after a deleted namespace makes it anew with all that is missing, in one operation', async (t) => {
  const names = ['a', 'b', 'c', 'd'];
  const s = await stage(t, Object.fromEntries(names.map((name) => [`web/${name}.yaml`, config(name, 'git')])));
  const namespace = `${s.namespace}-heal`;
  await s.project('default', {}, { destinations: [{ server: '*', namespace }] });
  await s.apply('web', {
    destination: { server: 'https://kubernetes.default.svc', namespace },
    syncPolicy: { ...automated, syncOptions: ['CreateNamespace=true'] },
  });
  await synced(s, 'web');
  await s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: namespace });
  await s.until('web', 'something is missing', ({ status }) => status?.sync?.status === 'OutOfSync');
  const healed = await synced(s, 'web');
  const state = healed.status?.operationState;
  assert.equal(state?.operation.sync?.autoHealAttemptsCount, 1);
  assert.deepEqual(
    state?.syncResult?.resources?.map(({ kind, name }) => `${kind} ${name}`),
    [`Namespace ${namespace}`, ...names.map((name) => `ConfigMap ${name}`)],
  );
  assert.deepEqual(
    await Promise.all(
      names.map(async (name) => (await s.cluster.api.get({ ...configMap(s, name), namespace }))?.['data']),
    ),
    names.map(() => ({ value: 'git' })),
  );
});

test('a heal puts right what differs when it begins, not what differed when it was decided', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('a', 'git'), 'web/b.yaml': config('b', 'git') });
  await s.apply('web', { syncPolicy: { automated: { prune: true } } });
  await synced(s, 'web');
  await editByHand(s, 'a', { value: 'by hand' });
  await editByHand(s, 'b', { value: 'by hand' });
  await s.until(
    'web',
    'both differ',
    ({ status }) => status?.resources?.every((row) => row.status === 'OutOfSync') === true,
  );
  const revision = s.store.applications.get(`${s.namespace}/web`)?.status?.history?.at(-1)?.revision ?? '';
  // As a pass decides it that has seen the first of them alone.
  await operate(s, 'web', {
    sync: { revision, resources: [{ kind: 'ConfigMap', name: 'a', namespace: s.namespace }], autoHealAttemptsCount: 1 },
    initiatedBy: { automated: true },
  });
  await synced(s, 'web');
  assert.deepEqual([await dataOf(s, 'a'), await dataOf(s, 'b')], [{ value: 'git' }, { value: 'git' }]);
});
