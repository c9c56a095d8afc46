// Applications that hold each other in a circle: each deletion asks under the gate in it, and all go once agreed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo } from '../approval/fixture.ts';
import { approvalIn, automated, config, dataOf, person, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const finalizer = 'resources-finalizer.argocd.argoproj.io';
const gate = 'coxswain.dev/approval: required';
const next: Record<string, string> = { a: 'b', b: 'c', c: 'a' };

test('three Applications in a circle, one of them gated, ask whichever is deleted, and go once agreed', async (t) => {
  const s = await stage(t, { 'c/one.yaml': config('gated-one', '1') });
  const child = (name: string): string =>
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: ${name}, annotations: {${name === 'c' ? gate : ''}}, finalizers: [${finalizer}]}\n` +
    `spec:\n  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}\n` +
    `  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}\n` +
    '  syncPolicy: {automated: {prune: true, selfHeal: true}}\n';
  s.commit(Object.fromEntries(Object.entries(next).map(([of, to]) => [`${of}/next.yaml`, child(to)])));
  await s.apply('a', { syncPolicy: automated }, { finalizers: [finalizer] });
  await agreeTo(s, 'c', person('bo', 2));
  for (const name of Object.keys(next)) await synced(s, name);
  for (const name of Object.keys(next)) {
    await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name });
    const { spec } = await approvalIn(s, name, 'Pending');
    assert.ok(spec.operations.some(({ key }) => key.name === 'gated-one'));
  }
  assert.deepEqual(await dataOf(s, 'gated-one'), { value: '1' });
  for (const name of Object.keys(next))
    for (const actor of [person('bo', 2), person('cy', 3)]) await agreeTo(s, name, actor);
  for (const name of Object.keys(next))
    await s.untilStore(`${name} is gone`, () =>
      s.store.applications.get(`${s.namespace}/${name}`) === undefined ? true : undefined,
    );
  assert.equal(await dataOf(s, 'gated-one'), undefined);
});
