// What a pull request is told against: the state that was synced, with what was fetched then.
import type { ChartRepository } from '../fetch/servers.ts';
import type { PullPreview } from '../../src/change/pull.ts';
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { origin } from '../git/origin.ts';
import { chartFiles, chartRepository } from '../fetch/servers.ts';
import { secret } from '../fetch/fetching.ts';
import { operate, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';
import { preview, rowOf } from './on-stage.ts';

const map = (name: string, note: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {note: ${note}}\n`;

/** What each of the three facts says of each object. */
function facts(found: PullPreview, name: string): Record<string, unknown> {
  const { effect } = rowOf(found, name);
  assert.ok(effect);
  const told = (fact: 'drift' | 'waiting' | 'change'): unknown[] =>
    effect[fact].map(({ key, changes }) => [key.name, ...changes.map((each) => [each.text, each.before, each.after])]);
  return { drift: told('drift'), waiting: told('waiting'), change: told('change') };
}

async function syncOnce(s: Stage, name: string): Promise<void> {
  await s.apply(name, {});
  await s.until(name, 'compared', ({ status }) => status?.sync?.status === 'OutOfSync');
  await operate(s, name, { sync: {} });
  await synced(s, name);
}

async function charted(s: Stage, repository: ChartRepository): Promise<void> {
  const { metadata, ...rest } = secret({ url: repository.url, type: 'helm' });
  await s.cluster.api.apply({ ...rest, metadata: { ...metadata, name: 'charts', namespace: s.namespace } });
  await s.untilStore('the repository is known', () => s.store.settings().repositories[0]);
}

test('a dependency that has a newer version since the sync waits on the branch, and has not drifted', async (t) => {
  const repository = await chartRepository(t);
  await repository.publish(chartFiles('lately-web', '1.0.0'));
  const needs = `dependencies: [{name: lately-web, version: 1.x, repository: "${repository.url}"}]\n`;
  const s = await stage(t, {
    'lately/Chart.yaml': `apiVersion: v2\nname: lately\nversion: 1.0.0\n${needs}`,
    'lately/templates/own.yaml': map('lately-own', 'one'),
  });
  await charted(s, repository);
  await syncOnce(s, 'lately');
  await repository.publish(chartFiles('lately-web', '1.1.0'));
  await s.engine.onPush(repository.url);
  await s.until('lately', 'behind', ({ status }) => status?.sync?.status === 'OutOfSync');
  const found = await preview(s, { 'lately/templates/own.yaml': map('lately-own', 'two') });
  assert.deepEqual(facts(found, 'lately'), {
    drift: [],
    waiting: [['lately-web', ['data.version', '1.0.0', '1.1.0']]],
    change: [['lately-own', ['data.note', 'one', 'two']]],
  });
});

test('a remote base that has moved since the sync waits on the branch, and has not drifted', async (t) => {
  const base = origin(t, { 'kustomization.yaml': 'resources: [map.yaml]\n', 'map.yaml': map('moved-base', 'one') });
  const s = await stage(t, {
    'moved/kustomization.yaml': `resources: [own.yaml, "file://${base.url}?ref=main"]\n`,
    'moved/own.yaml': map('moved-own', 'one'),
  });
  await syncOnce(s, 'moved');
  base.commit('two', { 'map.yaml': map('moved-base', 'two') });
  await s.engine.onPush(`file://${base.url}`);
  await s.until('moved', 'behind', ({ status }) => status?.sync?.status === 'OutOfSync');
  const found = await preview(s, { 'moved/own.yaml': map('moved-own', 'two') });
  assert.deepEqual(facts(found, 'moved'), {
    drift: [],
    waiting: [['moved-base', ['data.note', 'one', 'two']]],
    change: [['moved-own', ['data.note', 'one', 'two']]],
  });
});
