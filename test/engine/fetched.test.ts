// Applications whose charts come from a repository: a new version is followed, and what changes without a commit asks.
import type { TestContext } from 'node:test';
import type { ChartRepository } from '../fetch/servers.ts';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartFiles, chartRepository } from '../fetch/servers.ts';
import { secret } from '../fetch/fetching.ts';
import { agreeTo, gate } from './approval/fixture.ts';
import { approvalIn, automated, dataOf, isSynced, person, synced } from './manifests.ts';
import { stage } from './fixture.ts';

/** A stage that knows the repository: else its address, which is a private one, is refused. */
async function scene(t: TestContext): Promise<{ s: Stage; repository: ChartRepository }> {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('fetched', '1.0.0'));
  const s = await stage(t, { 'README.md': 'nothing\n' });
  const { metadata, ...rest } = secret({ url: repository.url, type: 'helm' });
  await s.cluster.api.apply({ ...rest, metadata: { ...metadata, name: 'charts', namespace: s.namespace } });
  await s.untilStore('the repository is known', () => s.store.settings().repositories[0]);
  return { s, repository };
}

function source(repository: ChartRepository, targetRevision: string) {
  return { repoURL: repository.url, chart: 'fetched', targetRevision };
}

test('a new version that fits the range is synced at the next look at the repository', async (t) => {
  const { s, repository } = await scene(t);
  await s.apply('fetched-range', { syncPolicy: automated, source: source(repository, '1.x') });
  await synced(s, 'fetched-range');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'none' });
  await repository.publish(chartFiles('fetched', '1.1.0'));
  await s.engine.onPush(repository.url);
  const app = await s.until(
    'fetched-range',
    'Synced to 1.1.0',
    (each) => isSynced(each) && each.status?.history?.at(-1)?.revision === '1.1.0',
  );
  assert.equal(app.status?.sync?.revision, '1.1.0');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.1.0', note: 'none' });
});

test('a repository that is away leaves what is synced as it is, and the application says so', async (t) => {
  const { s, repository } = await scene(t);
  await s.apply('fetched-away', { syncPolicy: automated, source: source(repository, '1.x') });
  await synced(s, 'fetched-away');
  repository.fault = 503;
  await assert.rejects(s.engine.onPush(repository.url), { code: 'E_FETCH' });
  const app = await s.until('fetched-away', 'says so', ({ status }) =>
    (status?.conditions ?? []).some(({ message }) => message.includes('answers 503')),
  );
  assert.equal(app.status?.operationState?.phase, 'Succeeded');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'none' });
  repository.fault = undefined;
  await s.engine.onPush(repository.url);
  await synced(s, 'fetched-away');
});

test('a chart that changes under its version after the approval is not synced, nor put back as drift', async (t) => {
  const { s, repository } = await scene(t);
  await s.apply('fetched-gated', { syncPolicy: automated, source: source(repository, '1.0.0') }, { annotations: gate });
  // No commit tells who made a chart: two people agree to each.
  await agreeTo(s, 'fetched-gated', person('bo', 2));
  await agreeTo(s, 'fetched-gated', person('cy', 3));
  await synced(s, 'fetched-gated');
  await repository.publish(chartFiles('fetched', '1.0.0', { 'values.yaml': 'note: slipped in\n' }));
  await s.engine.onPush(repository.url);
  const { spec } = await approvalIn(s, 'fetched-gated', 'Pending');
  assert.equal(spec.revision, '1.0.0');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'none' });
  // The same after a restart, which has nothing in memory.
  await s.restart();
  await s.until('fetched-gated', 'compared', ({ status }) => status?.sync?.status === 'OutOfSync');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'none' });
  await agreeTo(s, 'fetched-gated', person('bo', 2));
  await approvalIn(s, 'fetched-gated', 'Pending');
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'none' });
  await agreeTo(s, 'fetched-gated', person('cy', 3));
  await s.until('fetched-gated', 'Synced', isSynced);
  assert.deepEqual(await dataOf(s, 'fetched'), { version: '1.0.0', note: 'slipped in' });
});
