// What is left of a gated application when it is gone stays guarded, whatever its project says of it by then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo, gate } from '../approval/fixture.ts';
import { approvalIn, automated, config, person, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const finalizers = ['resources-finalizer.argocd.argoproj.io'];

function inNamespace(namespace: string, name: string): string {
  return config(name, '1').replace('metadata:\n', `metadata:\n  namespace: ${namespace}\n`);
}

test('what a project was narrowed to deny before the deletion is left, and stays guarded', async (t) => {
  const s = await stage(t, { 'narrowed-one/a.yaml': config('own', '1') });
  const side = `${s.namespace}-side`;
  await s.cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: side } }, { manager: 'test' });
  t.after(() =>
    s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: side }).catch(() => undefined),
  );
  s.commit({ 'narrowed-one/b.yaml': inNamespace(side, 'beside') });
  const destinations = [s.namespace, side].map((namespace) => ({ server: '*', namespace }));
  await s.project('wide', {}, { destinations });
  const annotations = { ...gate, 'coxswain.dev/approvers': 'bo, cy' };
  await s.apply('narrowed-one', { project: 'wide', syncPolicy: automated }, { annotations, finalizers });
  await agreeTo(s, 'narrowed-one', person('bo', 2));
  await synced(s, 'narrowed-one');
  const key = `${s.namespace}/narrowed-one`;
  await s.untilStore('it is known what it has', () =>
    s.store.records.get(key)?.spec.had?.[0]?.objects.length === 2 ? true : undefined,
  );
  await s.project('wide', {}, { destinations: destinations.slice(0, 1) });
  await s.cluster.api.delete({
    group: 'argoproj.io',
    kind: 'Application',
    namespace: s.namespace,
    name: 'narrowed-one',
  });
  const asked = await approvalIn(s, 'narrowed-one', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map(({ op, key: { name } }) => `${op} ${name}`),
    ['delete own'],
  );
  for (const person_ of [person('bo', 2), person('cy', 3)]) await agreeTo(s, 'narrowed-one', person_);
  await s.untilStore('it is gone', () => (s.store.applications.get(key) === undefined ? true : undefined));
  const left = await s.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: side, name: 'beside' });
  assert.ok(left);
  assert.equal(s.store.records.get(key)?.spec.policy.gated, true);
});
