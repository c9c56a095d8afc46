// The end of a gate, or its loosening, is part of what people agree to: they are told, and no looser gate follows.
import type { GateAfter } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import { gateAfterText } from '../../../src/policy/gate-text.ts';
import {
  approvalIn,
  automated,
  config,
  dataOf,
  ended,
  operate,
  patchApp,
  person,
  push,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { closed, gate } from './fixture.ts';
const two = { ...gate, 'coxswain.dev/approvals': '2' };

async function agree(s: Stage, name: string, ...people: [string, number][]): Promise<void> {
  for (const [login, id] of people)
    assert.equal(
      (await approve(requests(s), { application: `${s.namespace}/${name}`, actor: person(login, id), teams: [] })).done,
      true,
    );
}

function remembered(s: Stage, name: string): unknown {
  const { gated, approvals } = s.store.records.get(`${s.namespace}/${name}`)?.spec.policy ?? {};
  return [gated, approvals];
}

function annotate(s: Stage, annotations: Record<string, string | null>): Promise<unknown> {
  return patchApp(s, 'prod', { metadata: { annotations } });
}

/** Gated by two people and synced under that. */
async function gated(...[t]: Parameters<typeof stage>): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.apply('prod', { syncPolicy: automated }, { annotations: two });
  await approvalIn(s, 'prod', 'Pending');
  await agree(s, 'prod', ['bob', 2], ['cleo', 3]);
  await synced(s, 'prod');
  assert.deepEqual(remembered(s, 'prod'), [true, 2]);
  return s;
}

test('what is left of a gate is asked with the effect, and a looser one meanwhile does not follow', async (t) => {
  const s = await gated(t, {});
  await s.project('default', {}, closed);
  await annotate(s, { 'coxswain.dev/approvals': null });
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  const one = (gates: readonly GateAfter[] = []): boolean => gates[0]?.policy.gated === true;
  const asked = await approvalIn(s, 'prod', 'Pending', ({ spec }) => one(spec.gates));
  assert.deepEqual(asked.spec.gates?.map(gateAfterText), [
    `after this application prod asks one person, the reviewers of environment prod of ${s.url}`,
  ]);
  await agree(s, 'prod', ['bob', 2], ['cleo', 3]);
  await approvalIn(s, 'prod', 'Approved');
  // They agreed that one person is enough, and to no more.
  await annotate(s, { 'coxswain.dev/approval': null });
  await s.project('default', {});
  await synced(s, 'prod');
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });
  assert.deepEqual(remembered(s, 'prod'), [true, 1]);
  const head = await push(s, { 'prod/a.yaml': config('prod', '3') });
  await operate(s, 'prod', { sync: { revision: head } });
  assert.match((await ended(s, 'prod', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '2' });

  // The end of it is asked now: with that it ends.
  const end = await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.revision === head);
  assert.deepEqual(end.spec.gates?.map(gateAfterText), ['after this application prod asks nobody']);
  // Whoever took the annotation away may be one of those who agree.
  await agree(s, 'prod', ['bob', 2], ['cleo', 3]);
  await syncedTo(s, 'prod', head);
  await syncedTo(s, 'prod', await push(s, { 'prod/a.yaml': config('prod', '4') }));
});

test('while nobody has agreed it is told anew, and a stricter gate that comes meanwhile stays', async (t) => {
  const s = await gated(t, {});
  await s.project('default', {}, closed);
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  assert.equal((await approvalIn(s, 'prod', 'Pending')).spec.gates, undefined);
  await annotate(s, { 'coxswain.dev/approval': null });
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.gates?.[0]?.policy.gated === false);
  await agree(s, 'prod', ['bob', 2], ['cleo', 3]);
  await approvalIn(s, 'prod', 'Approved');
  await annotate(s, { ...gate, 'coxswain.dev/approvals': '2', 'coxswain.dev/approvers': 'bob,cleo' });
  await s.project('default', {});
  await synced(s, 'prod');
  assert.deepEqual(s.store.records.get(`${s.namespace}/prod`)?.spec.policy.approvers, [['bob', 'cleo']]);
});

/** An Application that its parent brings. */
function child(s: Pick<Stage, 'namespace' | 'url'>, annotations: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: prod, namespace: ${s.namespace}, annotations: {${annotations}}}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}
  source: {repoURL: "${s.url}", path: prod, targetRevision: main}
  syncPolicy: {automated: {prune: true}}
`;
}

test('the end of a gate by an application of applications is asked with its name, and comes when agreed', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  s.commit({ 'root/prod.yaml': child(s, 'coxswain.dev/approval: required') });
  await s.apply('root', { syncPolicy: automated });
  await approvalIn(s, 'prod', 'Pending');
  await agree(s, 'prod', ['bob', 2]);
  await synced(s, 'prod');
  await push(s, { 'root/prod.yaml': child(s, '') });
  const asked = await approvalIn(s, 'root', 'Pending');
  assert.deepEqual(asked.spec.gates?.map(gateAfterText), ['after this application prod asks nobody']);
  await agree(s, 'root', ['bob', 2]);
  await synced(s, 'root');
  await s.untilStore('its gate has ended', () =>
    s.store.records.get(`${s.namespace}/prod`)?.spec.policy.gated === false ? true : undefined,
  );
});
