// A newer commit, and an automated sync that waits for the health of what it has applied.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, dataOf, deployment, push, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';

/** No node takes its pods. */
function stuck(name: string): string {
  return deployment(name).replace('      containers:', '      nodeSelector: {none: such}\n      containers:');
}

test('with Supersede=true a newer commit ends a sync that waits for health; without, the sync goes on', async (t) => {
  const names = ['yields', 'stays'];
  const later = (name: string, value: string): string => config(name, value, 'argocd.argoproj.io/sync-wave: "1"');
  const s = await stage(
    t,
    Object.assign(
      {},
      ...names.map((name) => ({ [`${name}/a.yaml`]: stuck(name), [`${name}/b.yaml`]: later(name, '1') })),
    ),
  );
  for (const name of names) {
    const syncOptions = name === 'yields' ? ['Supersede=true'] : [];
    const source = { repoURL: s.url, path: name, targetRevision: 'main' };
    await s.apply(`sup-${name}`, { source, syncPolicy: { ...automated, syncOptions } });
  }
  for (const name of names)
    await s.until(
      `sup-${name}`,
      'waits for health',
      (app) => app.status?.operationState?.message === `waiting for healthy state of apps/Deployment/${name}`,
    );
  const first = s.store.applications.get(`${s.namespace}/sup-stays`)?.operation?.sync?.revision;
  const newer = await push(
    s,
    Object.assign(
      {},
      ...names.map((name) => ({ [`${name}/a.yaml`]: deployment(name), [`${name}/b.yaml`]: later(name, '2') })),
    ),
  );
  const app = await syncedTo(s, 'sup-yields', newer);
  assert.deepEqual(await dataOf(s, 'yields'), { value: '2' });
  assert.equal(app.status?.history?.length, 1, 'what was superseded makes no history');
  const stays = await s.until('sup-stays', 'sees the commit', ({ status }) => status?.sync?.revision === newer);
  assert.deepEqual([stays.operation?.sync?.revision, stays.status?.operationState?.phase], [first, 'Running']);
});
