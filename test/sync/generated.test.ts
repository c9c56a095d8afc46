// Objects without a name: one for each operation that syncs them.
import type { Bed, Scene } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, drive, full, job, makeBed, wave } from './fixture.ts';

async function jobsOf({ cluster, facts }: Bed, prefix: string): Promise<string[]> {
  const jobs = await cluster.api.list({ group: 'batch', kind: 'Job' }, { namespace: facts.namespace });
  return jobs.map(({ metadata }) => metadata.name ?? '').filter((name) => name.startsWith(prefix));
}

test('each operation makes one of what generateName names, and prunes none of those before', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const manifests = [configMap(ns, 'settings'), job(ns, { generateName: 'nightly-' }, {})];
  const scene: Scene = { bed, name: 'generated', manifests, operation: full };
  const { state: first } = await drive(scene);
  const base = Date.parse('2026-01-05T15:04:00Z') / 1000;
  assert.equal(first?.phase, 'Succeeded', first?.message ?? '');
  assert.deepEqual(
    first.syncResult?.resources
      ?.filter(({ kind }) => kind === 'Job')
      .map(({ name, status, message }) => [name, status, message]),
    [[`nightly-abcdef0-${base}`, 'Synced', `job.batch/nightly-abcdef0-${base} created`]],
  );
  const { state: second } = await drive({ ...scene, last: first });
  assert.equal(second?.phase, 'Succeeded', second?.message ?? '');
  assert.deepEqual(await jobsOf(bed, 'nightly-'), [`nightly-abcdef0-${base}`, `nightly-abcdef0-${base + 1}`]);
});

test('what generateName names is dry-run before anything of the sync is stored', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const wrong = job(ns, { generateName: 'wrong-' }, {});
  const manifests = [configMap(ns, 'kept-back'), { ...wrong, spec: { backoffLimit: 'many' } }];
  const { state } = await drive({ bed, name: 'generated-wrong', manifests, operation: full });
  assert.equal(state?.phase, 'Failed');
  assert.equal(state.message, 'one or more objects failed to apply (dry run)');
  assert.equal(
    await bed.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: ns, name: 'kept-back' }),
    undefined,
  );
});

test('what generateName names is made once, however often its operation is tried again', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const late = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'late', namespace: ns, annotations: wave(1) } };
  await bed.cluster.api.create({ ...late, metadata: { name: 'late', namespace: ns }, immutable: true, data: {} });
  const manifests = [job(ns, { generateName: 'again-' }, {}), { ...late, data: { a: 'eA==' } }];
  const operation = { sync: {}, retry: { limit: 2, backoff: { duration: '1s' } } };
  // As if the comparison had found nothing wrong: it fails when it is stored, behind the Job.
  const { state } = await drive({ bed, name: 'generated-again', manifests, operation, validated: ['late'] });
  assert.deepEqual([state?.phase, state?.retryCount], ['Failed', 2], state?.message ?? '');
  const made = await jobsOf(bed, 'again-');
  assert.equal(made.length, 1);
  assert.deepEqual(
    state?.syncResult?.resources?.filter(({ kind }) => kind === 'Job').map(({ name, status }) => [name, status]),
    [[made[0], 'Synced']],
  );
});

test('a long generateName leaves room for what tells the operations apart', async (t) => {
  const bed = await makeBed(t);
  const manifests = [job(bed.facts.namespace, { generateName: `${'long-'.repeat(12)}job-` }, {})];
  const { state } = await drive({ bed, name: 'generated-long', manifests, operation: full });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.deepEqual(
    (await jobsOf(bed, 'long-')).map(({ length }) => length),
    [63],
  );
});
