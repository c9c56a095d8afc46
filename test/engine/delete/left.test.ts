// What is left of a gated application when it is gone stays guarded, whatever its project says of it by then.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreeTo, gate } from '../approval/fixture.ts';
import { approvalIn, automated, config, patchApp, person, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const finalizers = ['resources-finalizer.argocd.argoproj.io'];
const annotations = { ...gate, 'coxswain.dev/approvers': 'bo, cy' };

function inNamespace(namespace: string, name: string): string {
  return config(name, '1').replace('metadata:\n', `metadata:\n  namespace: ${namespace}\n`);
}

/** The application `name` under a gate of two, synced, with `own` beside it and `beside` in another namespace. */
async function spread(
  t: TestContext,
  name: string,
): Promise<{ s: Stage; side: string; key: string; both: { server: string; namespace: string }[] }> {
  const s = await stage(t, { [`${name}/a.yaml`]: config('own', '1'), [`${name}-anew/a.yaml`]: config('anew', '1') });
  const side = `${s.namespace}-side`;
  await s.cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: side } }, { manager: 'test' });
  t.after(() =>
    s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: side }).catch(() => undefined),
  );
  s.commit({ [`${name}/b.yaml`]: inNamespace(side, 'beside') });
  const both = [s.namespace, side].map((namespace) => ({ server: '*', namespace }));
  await s.project('wide', {}, { destinations: both });
  await s.apply(name, { project: 'wide', syncPolicy: automated }, { annotations, finalizers });
  await agreeTo(s, name, person('bo', 2));
  await synced(s, name);
  const key = `${s.namespace}/${name}`;
  await s.untilStore('it is known what it has', () =>
    s.store.records.get(key)?.spec.had?.[0]?.objects.length === 2 ? true : undefined,
  );
  return { s, side, key, both };
}

function goneFromStore(s: Stage, key: string): Promise<true> {
  return s.untilStore('it is gone', () => (s.store.applications.get(key) === undefined ? true : undefined));
}

/** Two people agree to its deletion, which shows no more than that. */
async function deletedAsAgreed(s: Stage, name: string, shown: string): Promise<void> {
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name });
  const asked = await approvalIn(s, name, 'Pending');
  assert.deepEqual(
    asked.spec.operations.map(({ op, key: { name: of } }) => `${op} ${of}`),
    [shown],
  );
  for (const each of [person('bo', 2), person('cy', 3)]) await agreeTo(s, name, each);
  await goneFromStore(s, `${s.namespace}/${name}`);
}

async function staysGuarded(s: Stage, side: string, key: string): Promise<void> {
  assert.ok(await s.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: side, name: 'beside' }));
  assert.equal(s.store.records.get(key)?.spec.policy.gated, true);
}

test('what a project was narrowed to deny before the deletion is left, and stays guarded', async (t) => {
  const { s, side, key, both } = await spread(t, 'narrowed-one');
  await s.project('wide', {}, { destinations: both.slice(0, 1) });
  await deletedAsAgreed(s, 'narrowed-one', 'delete own');
  await staysGuarded(s, side, key);
});

for (const [when, seen] of Object.entries({ '': true, ', unseen': false })) {
  test(`what a former one left stays guarded when one made anew${when}, which may not have it, goes`, async (t) => {
    const name = seen ? 'anew-seen' : 'anew-unseen';
    const { s, side, key, both } = await spread(t, name);
    await s.project('narrow', {}, { destinations: both.slice(0, 1) });
    await patchApp(s, name, { metadata: { finalizers: null } });
    const former = s.store.records.get(key)?.spec.uid;
    if (!seen) s.fuse.dead = true;
    await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name });
    await goneFromStore(s, key);
    if (seen)
      await s.untilStore('it is remembered as gone', () =>
        s.store.records.get(key)?.spec.uid === '' ? true : undefined,
      );
    await s.cluster.api.delete({ group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'own' });
    const source = { repoURL: s.url, path: `${name}-anew`, targetRevision: 'main' };
    await s.apply(name, { project: 'narrow', syncPolicy: automated, source }, { annotations, finalizers });
    if (!seen) await s.restart();
    await agreeTo(s, name, person('bo', 2));
    await synced(s, name);
    assert.notEqual(s.store.records.get(key)?.spec.uid, former);
    await deletedAsAgreed(s, name, 'delete anew');
    await staysGuarded(s, side, key);
  });
}
