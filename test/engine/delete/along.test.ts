// What a deletion takes along by other ways than the removal of an Application: a hook of its name, an owner whose
// dependents are collected, the namespace in which Applications stand.
import type { TestContext } from 'node:test';
import type { EffectOperation } from '../../../src/model/effect.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  patchApp,
  person,
  push,
  quiet,
  synced,
} from '../manifests.ts';
import { agreeTo } from '../approval/fixture.ts';
import { stage } from '../fixture.ts';

const finalizer = 'resources-finalizer.argocd.argoproj.io';
const gate = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': 'bo' };

function child(s: Stage, name: string, annotations = ''): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}, annotations: {${annotations}}, finalizers: [${finalizer}]}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}
  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`;
}

/** web is synced; prod is gated, with its finalizer, and synced under an Approval. */
async function scene(t: TestContext, files: Record<string, string> = {}): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1'), 'web/own.yaml': config('own', '1'), ...files });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  return s;
}

async function makeProd(s: Stage): Promise<void> {
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate, finalizers: [finalizer] });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
}

function deletions(s: Stage, operations: readonly EffectOperation[]): string[] {
  return operations
    .filter(({ op }) => op === 'delete')
    .map((item) => {
      const of = 'with' in item && item.with ? ` of ${item.with.application.replace(`${s.namespace}/`, '')}` : '';
      return `${item.key.kind} ${item.key.name}${of}`;
    })
    .sort();
}

async function staysAsItIs(s: Stage): Promise<void> {
  await quiet(s);
  assert.equal(s.store.applications.get(`${s.namespace}/prod`)?.metadata.deletionTimestamp, undefined);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
}

async function ownedBy(s: Stage, owner: string): Promise<unknown> {
  const { metadata } = (await s.cluster.api.get(configMap(s, owner))) ?? {};
  return [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: metadata?.uid }];
}

test('an Application that becomes a hook, which clears its place, asks as its removal does', async (t) => {
  const s = await scene(t);
  await push(s, {
    'web/mid.yaml': child(s, 'mid'),
    'mid/prod.yaml': child(s, 'prod', 'coxswain.dev/approval: required, coxswain.dev/approvers: bo'),
  });
  await agreeTo(s, 'prod', person('bo', 2));
  for (const name of ['web', 'mid', 'prod']) await synced(s, name);
  const made = s.store.applications.get(`${s.namespace}/mid`)?.metadata.uid;
  await push(s, {
    'web/own.yaml': config('own', '2'),
    'web/mid.yaml': child(s, 'mid', 'argocd.argoproj.io/hook: PreSync'),
  });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  assert.deepEqual(deletions(s, asked.spec.operations), ['Application prod of mid', 'ConfigMap prod of prod']);
  await staysAsItIs(s);
  const mid = s.store.applications.get(`${s.namespace}/mid`)?.metadata;
  assert.deepEqual([mid?.uid, mid?.deletionTimestamp], [made, undefined]);
});

test('an object whose removal has a gated Application collected asks, and so does the deletion above it', async (t) => {
  const s = await scene(t, { 'web/set.yaml': config('set', '1') });
  await makeProd(s);
  await patchApp(s, 'prod', { metadata: { ownerReferences: await ownedBy(s, 'set') } });
  await s.until('prod', 'owned', (app) => (app.metadata.ownerReferences?.length ?? 0) > 0);
  await push(s, { 'web/set.yaml': undefined });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  assert.deepEqual(deletions(s, asked.spec.operations), [
    'Application prod of prod',
    'ConfigMap prod of prod',
    'ConfigMap set',
  ]);
  await staysAsItIs(s);
  await patchApp(s, 'web', { metadata: { finalizers: [finalizer] } });
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'web' });
  const going = await approvalIn(s, 'web', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.deepEqual(going.spec.policy?.approvers, [['bo']]);
  assert.ok(deletions(s, going.spec.operations).includes('Application prod of web'));
  await staysAsItIs(s);
});

test('a gated Application that is collected with an agreed removal goes without a second question', async (t) => {
  const s = await scene(t, { 'web/set.yaml': config('set', '1') });
  await makeProd(s);
  await patchApp(s, 'prod', { metadata: { ownerReferences: await ownedBy(s, 'set') } });
  await push(s, { 'web/set.yaml': undefined });
  await agreeTo(s, 'web', person('bo', 2));
  await s.untilStore('prod is gone', () => (s.store.applications.get(`${s.namespace}/prod`) ? undefined : true));
  assert.equal(await dataOf(s, 'prod'), undefined);
  await s.untilStore('its gate too', () => (s.store.records.get(`${s.namespace}/prod`) ? undefined : true));
});

test('an object whose removal has a gated application’s object collected asks under its gate', async (t) => {
  const s = await scene(t, { 'web/set.yaml': config('set', '1') });
  await makeProd(s);
  const ownerReferences = await ownedBy(s, 'set');
  const owned = await s.cluster.api.patch(configMap(s, 'prod'), {
    type: 'merge',
    patch: { metadata: { ownerReferences } },
  });
  await s.cluster.live.waitFor(configMap(s, 'prod'), owned.metadata.resourceVersion ?? '', AbortSignal.timeout(30_000));
  await push(s, { 'web/set.yaml': undefined });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  await staysAsItIs(s);
});
