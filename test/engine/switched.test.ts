// Approvals while applications change hands between Coxswain's engine and Argo CD's, and where neither works.
import type { TestContext } from 'node:test';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './fixture.ts';
import { approvalIn, approvalsOf, config, dataOf, patchApp, quiet, synced } from './manifests.ts';
import { agreeTo, bob, carol, closed, gate } from './approval/fixture.ts';
import { standIn } from '../beside/stand-in.ts';
import { workload } from './controller-workload.ts';
import { eventually } from '../control-plane.ts';

const skip = 'argocd.argoproj.io/skip-reconcile';
const engine = 'coxswain.dev/engine';

function annotate(s: Stage, annotations: Record<string, string | null>): Promise<unknown> {
  return patchApp(s, 'moved', { metadata: { annotations } });
}

async function gated(t: TestContext, options: Parameters<typeof stage>[2], annotations = {}): Promise<Stage> {
  const s = await stage(t, { 'moved/a.yaml': config('moved', '1') }, options);
  await s.project('two', { ...gate, 'coxswain.dev/approvals': '2' });
  await s.apply('moved', { project: 'two' }, { annotations });
  return s;
}

async function scale(s: Stage, replicas: number): Promise<void> {
  await s.cluster.api.apply(workload({ namespace: s.namespace, replicas }), { manager: 'test' });
  await eventually('it is known', () => (s.engine.held !== undefined) === replicas > 0 || undefined);
}

test('what waits where no engine works any more is void and says why; once one works it is asked anew', async (t) => {
  const s = await gated(t, { seeksController: true, idleMs: 50 });
  const asked = await approvalIn(s, 'moved', 'Pending');
  await agreeTo(s, 'moved', bob);
  await scale(s, 1);
  const ended = await approvalIn(s, 'moved', 'Superseded');
  assert.equal(
    ended.status?.message,
    'Coxswain writes nothing to it while an application controller of Argo CD works here too ' +
      '(StatefulSet argocd-application-controller); stop that controller, or set COX_ENGINE=argocd. ' +
      'It is asked about anew once an engine works on it',
  );
  assert.equal(ended.metadata.name, asked.metadata.name);
  await scale(s, 0);
  const again = await approvalIn(s, 'moved', 'Pending');
  assert.deepEqual(again.status?.approvals, []);
  assert.equal(again.status?.former?.[0]?.approvals[0]?.actor.login, 'bob');
  await agreeTo(s, 'moved', carol);
  await quiet(s);
  assert.equal(await dataOf(s, 'moved'), undefined); // one of two: whoever agreed before does not count
  await agreeTo(s, 'moved', bob);
  await synced(s, 'moved');
  assert.deepEqual(await dataOf(s, 'moved'), { value: '1' });
});

test('an agreed change is void too where annotations contradict each other, and is not applied later', async (t) => {
  const s = await gated(t, { idleMs: 50 });
  await s.project('two', gate, closed);
  await agreeTo(s, 'moved', bob);
  await agreeTo(s, 'moved', carol);
  await approvalIn(s, 'moved', 'Approved');
  await annotate(s, { [skip]: 'true', [engine]: 'argocd' });
  const ended = await approvalIn(s, 'moved', 'Superseded');
  assert.match(
    ended.status?.message ?? '',
    /^no engine works on it: .*; remove one of the two\. It is asked about anew/,
  );
  await s.project('two', gate);
  await annotate(s, { [skip]: null, [engine]: null });
  await approvalIn(s, 'moved', 'Pending');
  await quiet(s);
  assert.equal(await dataOf(s, 'moved'), undefined);
});

test('a controller that is seen for a moment, and a restart, void nothing that waits', async (t) => {
  const s = await gated(t, { seeksController: true });
  const asked = await approvalIn(s, 'moved', 'Pending');
  await agreeTo(s, 'moved', bob);
  await scale(s, 1);
  await s.restart();
  await eventually('it is known', () => s.engine.held);
  await scale(s, 0);
  await agreeTo(s, 'moved', carol);
  await synced(s, 'moved');
  const applied = await approvalIn(s, 'moved', 'Applied');
  assert.equal(applied.metadata.name, asked.metadata.name);
  assert.deepEqual(applied.status?.approvals?.map(({ actor }) => actor.login).sort(), ['bob', 'carol']);
});

test('a pause voids nothing that waits', async (t) => {
  const s = await gated(t, { idleMs: 50 });
  await approvalIn(s, 'moved', 'Pending');
  await agreeTo(s, 'moved', bob);
  await annotate(s, { [skip]: 'true' });
  await quiet(s);
  assert.deepEqual(
    approvalsOf(s, 'moved').map(({ status }) => [status?.phase, status?.approvals?.length]),
    [['Pending', 1]],
  );
  await annotate(s, { [skip]: null });
  await agreeTo(s, 'moved', carol);
  await synced(s, 'moved');
});

test('between two engines that work, there and back, what people agreed to goes on: one prediction', async (t) => {
  const s = await gated(t, { engine: 'argocd' }, { [skip]: 'true', [engine]: 'coxswain' });
  const argo = await standIn(t, s);
  const asked = await approvalIn(s, 'moved', 'Pending');
  await agreeTo(s, 'moved', bob);
  await annotate(s, { [skip]: null, [engine]: null });
  await argo.refresh('moved');
  await quiet(s);
  await annotate(s, { [skip]: 'true', [engine]: 'coxswain' });
  await quiet(s);
  await annotate(s, { [skip]: null, [engine]: null });
  await quiet(s);
  assert.deepEqual(
    approvalsOf(s, 'moved').map(({ metadata, status }) => [metadata.name, status?.phase]),
    [[asked.metadata.name, 'Pending']],
  );
  await agreeTo(s, 'moved', carol);
  await approvalIn(s, 'moved', 'Applied');
  assert.deepEqual(await dataOf(s, 'moved'), { value: '1' });
});

test('what a deletion asks is void once the application is Argo CD’s, which deletes without asking', async (t) => {
  const metadata = { annotations: { [skip]: 'true', [engine]: 'coxswain' } };
  const s = await stage(t, { 'moved/a.yaml': config('moved', '1') }, { engine: 'argocd' });
  await s.project('one', gate);
  await s.apply('moved', { project: 'one' }, { ...metadata, finalizers: ['resources-finalizer.argocd.argoproj.io'] });
  await agreeTo(s, 'moved');
  await synced(s, 'moved');
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'moved' });
  const asked = await approvalIn(s, 'moved', 'Pending');
  await annotate(s, { [skip]: null, [engine]: null });
  const ended = await approvalIn(s, 'moved', 'Superseded', ({ metadata: { name } }) => name === asked.metadata.name);
  assert.match(ended.status?.message ?? '', /Argo CD, which works on it, deletes without asking/);
});
