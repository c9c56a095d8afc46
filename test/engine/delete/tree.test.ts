// Deleting is an operation: what a deletion takes along, to any depth, asks under the strictest gate of it.
import type { TestContext } from 'node:test';
import type { Application } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import { treeOf } from '../../../src/engine/application/taken.ts';
import { applicationKey } from '../../../src/model/application.ts';
import {
  approvalIn,
  approvalsOf,
  automated,
  config,
  dataOf,
  person,
  push,
  quiet,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const finalizer = 'resources-finalizer.argocd.argoproj.io';
const gate = 'coxswain.dev/approval: required, coxswain.dev/environment: production';

function child(
  s: { url: string; namespace: string },
  name: string,
  {
    annotations = '',
    finalizers = finalizer,
    path = name,
  }: { annotations?: string; finalizers?: string; path?: string } = {},
): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}, annotations: {${annotations}}, finalizers: [${finalizers}]}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}
  source: {repoURL: "${s.url}", path: ${path}, targetRevision: main}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`;
}

async function agree(
  s: Stage,
  name: string,
  phase: 'Pending' | 'Approved' = 'Pending',
  ...people: [string, number][]
): Promise<void> {
  const approval = await approvalIn(s, name, phase);
  for (const [login, id] of people) {
    const answer = await approve(requests(s), {
      application: `${s.namespace}/${name}`,
      digest: approval.spec.digest,
      actor: person(login, id),
      teams: [],
    });
    assert.equal(answer.done, true, answer.message);
  }
}

/** root → mid → prod (gated) with one ConfigMap, all with the finalizer; prod is synced under an Approval. */
async function family(t: TestContext, mid: { finalizers?: string } = {}): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.commit({
    'root/kept.yaml': config('kept', '1'),
    'root/mid.yaml': child(s, 'mid', mid),
    'mid/prod.yaml': child(s, 'prod', { annotations: gate }),
    'mid/kept.yaml': config('mid', '1'),
  });
  await s.apply('root', { syncPolicy: automated }, { finalizers: [finalizer] });
  await approvalIn(s, 'prod', 'Pending');
  await agree(s, 'prod', 'Pending', ['bo', 2]);
  for (const name of ['root', 'mid', 'prod']) await synced(s, name);
  await quiet(s);
  return s;
}

function alive(s: Stage): boolean[] {
  return ['mid', 'prod'].map(
    (name) => s.store.applications.get(`${s.namespace}/${name}`)?.metadata.deletionTimestamp === undefined,
  );
}

async function leaves(s: Stage, ...names: string[]): Promise<void> {
  for (const name of names)
    await s.untilStore(`${name} is gone`, () =>
      s.store.applications.get(`${s.namespace}/${name}`)?.metadata.finalizers?.includes(finalizer) ? undefined : true,
    );
}

function deletionError(app: Application | undefined): string {
  return app?.status?.conditions?.find((item) => item.type === 'DeletionError')?.message ?? '';
}

test('circles of Applications are walked once, and what has no finalizer takes nothing along', () => {
  const app = (name: string): Application => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'n' },
    spec: { project: 'default', destination: {} },
  });
  const key = (name: string) => ({ group: 'argoproj.io', kind: 'Application', namespace: 'n', name });
  const takes: Record<string, string[]> = { a: ['b', 'c'], b: ['a', 'd'], c: [], d: ['d', 'b', 'lost'] };
  const tree = treeOf([app('a')], {
    along: () => [],
    application: (name) => (name === 'n/lost' ? undefined : app(name.slice(2))),
    takes: ({ metadata: { name } }) => (takes[name] ?? []).map(key),
  });
  assert.deepEqual(
    tree.map((branch) => applicationKey(branch.app)),
    ['n/a', 'n/b', 'n/c', 'n/d'],
  );
});

test('removing an intermediate Application asks under the gate of what it deletes two levels below', async (t) => {
  const s = await family(t);
  await push(s, { 'root/mid.yaml': undefined });
  const asked = await approvalIn(s, 'root', 'Pending');
  const deleted = asked.spec.operations.flatMap((item) =>
    item.op === 'delete'
      ? [`${item.key.kind} ${item.key.name}${item.with ? ` of ${item.with.application.split('/')[1] ?? ''}` : ''}`]
      : [],
  );
  assert.deepEqual(deleted.sort(), [
    'Application mid',
    'Application prod of mid',
    'ConfigMap mid of mid',
    'ConfigMap prod of prod',
  ]);
  await quiet(s);
  assert.deepEqual(alive(s), [true, true]);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  const root = await s.until(
    'root',
    'says why it waits',
    (app) => app.status?.conditions?.some((item) => item.type === 'SyncError') ?? false,
  );
  assert.match(
    root.status?.conditions?.find((item) => item.type === 'SyncError')?.message ?? '',
    /^approval required: Approval\/root-\w+: it would delete application [^ ]+\/prod$/,
  );
  await agree(s, 'root', 'Pending', ['bo', 2]);
  await leaves(s, 'mid', 'prod');
  assert.equal(await dataOf(s, 'prod'), undefined);
  const history = s.store.applications.get(`${s.namespace}/root`)?.status?.history ?? [];
  assert.equal(
    history.length,
    2,
    JSON.stringify(history.map(({ initiatedBy, deployedAt }) => [initiatedBy, deployedAt])),
  );
  await s.untilStore('its gate is at an end, and not remembered', () =>
    s.store.records.get(`${s.namespace}/prod`) ? undefined : true,
  );
  assert.deepEqual(
    approvalsOf(s, 'prod').filter((item) => item.status?.phase === 'Pending'),
    [],
    'nobody is asked twice',
  );
});

test('renaming an intermediate Application hands on what is below it, and deletes nothing', async (t) => {
  const s = await family(t);
  const uid = s.store.applications.get(`${s.namespace}/prod`)?.metadata.uid;
  await push(s, { 'root/mid.yaml': child(s, 'mid2', { path: 'mid' }) });
  await synced(s, 'mid2');
  await leaves(s, 'mid');
  await quiet(s);
  const prod = s.store.applications.get(`${s.namespace}/prod`);
  assert.deepEqual(
    [
      prod?.metadata.uid,
      prod?.metadata.deletionTimestamp,
      prod?.metadata.annotations?.['argocd.argoproj.io/tracking-id']?.split(':')[0],
    ],
    [uid, undefined, 'mid2'],
  );
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('renaming an intermediate Application to one that cannot be rendered asks as its removal does', async (t) => {
  const s = await family(t);
  await push(s, { 'root/mid.yaml': child(s, 'mid2', { path: 'nowhere' }) });
  await approvalIn(s, 'root', 'Pending', (item) => item.spec.operations.some(({ key }) => key.name === 'prod'));
  await quiet(s);
  assert.deepEqual(alive(s), [true, true]);
});

test('a tree that grew since the approval voids it', async (t) => {
  const s = await family(t);
  await push(s, { 'root/mid.yaml': undefined });
  const asked = await approvalIn(s, 'root', 'Pending');
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'grown',
        namespace: s.namespace,
        annotations: { 'argocd.argoproj.io/tracking-id': `prod:/ConfigMap:${s.namespace}/grown` },
      },
    },
    { manager: 'test' },
  );
  const key = { group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'grown' };
  await s.untilStore('it is seen', () => (s.cluster.live.get(key)?.application === 'prod' ? true : undefined));
  // Whether or not a pass has seen it grow by now: they agree to what they were asked.
  await approve(requests(s), {
    application: `${s.namespace}/root`,
    digest: asked.spec.digest,
    actor: person('bo', 2),
    teams: [],
  });
  const again = await approvalIn(s, 'root', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.ok(again.spec.operations.some((item) => item.key.name === 'grown'));
  await approvalIn(s, 'root', 'Superseded', (item) => item.metadata.name === asked.metadata.name);
  await quiet(s);
  assert.deepEqual(alive(s), [true, true]);
});

test('an intermediate Application without the finalizer leaves what it manages, and asks nobody', async (t) => {
  const s = await family(t, { finalizers: '' });
  await push(s, { 'root/mid.yaml': undefined });
  await s.untilStore('mid is gone', () =>
    s.store.applications.get(`${s.namespace}/mid`) === undefined ? true : undefined,
  );
  assert.deepEqual(approvalsOf(s, 'root'), []);
  assert.equal(alive(s)[1], true);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

for (const name of ['prod', 'mid', 'root']) {
  test(`${name} deleted by hand waits for two people, for what goes along, and goes when they agreed`, async (t) => {
    const s = await family(t);
    await s.store.applications.delete(`${s.namespace}/${name}`);
    const held = await s.until(name, 'waits', (app) => deletionError(app) !== '');
    assert.match(
      deletionError(held),
      new RegExp(
        `^approval required: Approval/${name}-\\w+: it would delete application [^ ]+/prod; ` +
          'who deleted it is not known, so two people must agree$',
      ),
    );
    assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
    assert.equal(
      s.store.applications.get(`${s.namespace}/prod`)?.metadata.deletionTimestamp === undefined,
      name !== 'prod',
    );
    await agree(s, name, 'Pending', ['bo', 2]);
    await quiet(s);
    assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
    await agree(s, name, 'Pending', ['cy', 3]);
    await leaves(s, name, 'prod');
    assert.equal(await dataOf(s, 'prod'), undefined);
    await s.untilStore('its gate is at an end, and not remembered', () =>
      s.store.records.get(`${s.namespace}/prod`) ? undefined : true,
    );
  });
}

test('what appears while a deletion waits voids what was agreed to, and a restart changes nothing', async (t) => {
  const s = await family(t);
  await s.store.applications.delete(`${s.namespace}/prod`);
  const asked = await approvalIn(s, 'prod', 'Pending');
  await s.restart();
  await agree(s, 'prod', 'Pending', ['bo', 2]);
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'grown',
        namespace: s.namespace,
        annotations: { 'argocd.argoproj.io/tracking-id': `prod:/ConfigMap:${s.namespace}/grown` },
      },
    },
    { manager: 'test' },
  );
  const again = await approvalIn(s, 'prod', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.deepEqual(again.status?.approvals ?? [], []);
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
});

test('a project with the gate, and a namespace with objects of a gated application, ask when they go', async (t) => {
  const s = await stage(t, { 'inmost/a.yaml': config('inmost', '1') });
  const inner = `${s.namespace}-in`;
  const project =
    `apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: guarded, annotations: {${gate}}}\n` +
    'spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}\n';
  s.commit({
    'root/mid.yaml': child(s, 'mid'),
    'root/kept.yaml': config('kept', '1'),
    'mid/project.yaml': project,
    'with-namespace/ns.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${inner}}\n`,
    'with-namespace/kept.yaml': config('ns', '1'),
  });
  // Names of its own: whoever may write everywhere meets what other stages' applications track.
  await s.project('wide', {}, { destinations: [{ server: '*', namespace: '*' }] });
  await s.apply('root', { syncPolicy: automated });
  await s.apply('with-namespace', { project: 'wide', syncPolicy: automated });
  for (const name of ['root', 'mid', 'with-namespace']) await synced(s, name);
  await s.apply(
    'inmost',
    {
      project: 'wide',
      destination: { server: 'https://kubernetes.default.svc', namespace: inner },
      syncPolicy: automated,
    },
    { annotations: { 'coxswain.dev/approval': 'required' } },
  );
  await agree(s, 'inmost', 'Pending', ['bo', 2]);
  await synced(s, 'inmost');
  await push(s, { 'root/mid.yaml': undefined, 'with-namespace/ns.yaml': undefined });
  for (const [name, why] of [
    ['root', 'delete the project guarded'],
    ['with-namespace', `delete Namespace ${inner} with objects of application inmost`],
  ] as const) {
    await approvalIn(s, name, 'Pending');
    const app = await s.until(
      name,
      'says why it waits',
      (each) => each.status?.conditions?.some((item) => item.type === 'SyncError') ?? false,
    );
    assert.ok(
      app.status?.conditions?.some((item) => item.message.includes(`it would ${why}`)),
      JSON.stringify(app.status?.conditions),
    );
  }
});
