// What Argo CD was recorded to do with an operation (`npm run beside -- --record`), held against what Coxswain writes,
// against what it tells of it, and against the stand-in that other tests have for Argo CD.
import type { Application, Operation } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Case, Letter, Step } from '../../sandbox/beside/contract/case.ts';
import type { Row, Table } from '../../sandbox/beside/contract/row.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { judge } from '../../src/change/judge.ts';
import { effectivePolicy } from '../../src/policy/policy.ts';
import { cases } from '../../sandbox/beside/contract/cases.ts';
import { eventually } from '../control-plane.ts';
import { stage, type Stage } from '../engine/fixture.ts';
import { configMap, patchApp } from '../engine/manifests.ts';
import { standIn, type StandIn } from './stand-in.ts';

const table = JSON.parse(readFileSync(join(import.meta.dirname, 'argocd-operations.json'), 'utf8')) as Table;

function rowsOf(name: string): Row[] {
  const rows = table.rows.filter((row) => row.case === name);
  assert.ok(rows.length > 0, `"${name}" was recorded`);
  return rows;
}

const phaseOf = (row: Row): string => row.app?.status?.operationState?.phase ?? '';
const historyOf = (app: Row['app']): string[] => (app?.status?.history ?? []).map(({ revision = '' }) => revision);

/** Objects that are no hooks, as they were in the cluster. */
function objectsIn({ live }: Row): Record<string, string> {
  return Object.fromEntries(Object.entries(live).filter(([name]) => name !== 'migrate'));
}

function isWhole(row: Row): boolean {
  return JSON.stringify(objectsIn(row)) === JSON.stringify(row.wanted);
}

test('every recorded sync of a whole application that was begun without a former state applied all of it', () => {
  const begun = table.rows.filter(
    ({ did, former, operation, app }) =>
      did === 'operate' && former === 'removed' && !operation?.sync?.resources && !operation?.sync?.dryRun && app,
  );
  const succeeded = begun.filter((row) => phaseOf(row) === 'Succeeded');
  assert.ok(succeeded.length > 10);
  const skips = (row: Row): boolean =>
    row.app?.status?.operationState?.syncResult?.resources?.some(({ status }) => status === 'PruneSkipped') ?? false;
  const less = succeeded.filter((row) => !isWhole(row) && !skips(row)).map((row) => row.case);
  assert.deepEqual(less, []);
});

test('a sync that kept the former state of one with a hook was recorded as Succeeded with nothing applied', () => {
  const [second, third] = rowsOf('further syncs with a PreSync hook, the former state kept');
  assert.ok(second && third);
  assert.deepEqual([phaseOf(second), historyOf(second.app)], ['Succeeded', ['A', 'B']]);
  assert.deepEqual(objectsIn(second), { one: 'A', two: 'A' });
  assert.equal(second.app?.status?.sync?.status, 'OutOfSync');
  assert.ok(isWhole(third), 'every second one');
});

test('an operation written over one that runs was recorded as lost', () => {
  const [, written, released] = rowsOf('another operation written over one that runs');
  assert.equal(written?.app?.status?.operationState?.operation.sync?.revision, 'B');
  assert.deepEqual(historyOf(released?.app), ['A', 'B'], 'the one that ran ended, the other never began');
});

interface Play {
  s: Stage;
  argo: StandIn;
  item: Case;
  name: string;
  commits: Partial<Record<Letter, string>>;
}

/** In the order in which the repository got them. */
function lettersOf({ commits }: Play): string[] {
  return Object.keys(commits);
}

async function push(play: Play, letter: Letter): Promise<void> {
  const { s, argo, item, name, commits } = play;
  const files: Record<string, string | undefined> = {};
  const path = ({ metadata }: KubeObject): string => `${name}/${(metadata.name ?? '').replaceAll('_', '-')}.yaml`;
  for (const before of lettersOf(play) as Letter[])
    for (const object of item.commits[before] ?? []) files[path(object)] = undefined;
  for (const object of item.commits[letter] ?? []) files[path(object)] = JSON.stringify(object);
  const first = lettersOf(play).length === 0;
  commits[letter] = s.commit(files);
  if (first) await s.apply(name);
  await s.engine.onPush(s.url);
  await argo.refresh(name);
}

/** Removed: as Coxswain writes it. Kept: as anybody else would. */
async function operate(
  play: Play,
  { operate: operation, former }: Extract<Step, { operate: Operation }>,
): Promise<void> {
  const { s, name, commits } = play;
  const { revision, ...sync } = operation.sync ?? {};
  const sha = revision === undefined ? undefined : commits[revision as Letter];
  const wanted = { ...operation, sync: { ...sync, ...(sha !== undefined && { revision: sha }) } };
  if (former === 'kept') return void (await patchApp(s, name, { operation: wanted }));
  const seen: Application[] = [];
  const end = s.store.applications.onChange((_key, now) => {
    if (now?.metadata.name === name && now.operation) seen.push(now);
  });
  await eventually('it is handed over, by the version that is there', async () => {
    const app = s.store.applications.get(`${s.namespace}/${name}`);
    const handOver = app && s.engine.handOver(app);
    if (!handOver) return undefined;
    return { refused: await handOver(wanted) };
  }).then(({ refused }) => assert.equal(refused, undefined));
  await eventually('the operation is there', () => seen[0]);
  end();
  assert.equal(seen[0]?.status?.operationState, undefined, 'the former state went in the same update');
}

async function liveOf({ s, item }: Play): Promise<Record<string, string>> {
  const names = new Set(Object.values(item.commits).flatMap((objects) => objects.map(({ metadata }) => metadata.name)));
  const found: [string, string][] = [];
  for (const name of [...names].sort()) {
    if (name === undefined || /[A-Z_]/.test(name)) continue;
    const object = await s.cluster.api.get(configMap(s, name));
    const { value } = (object?.['data'] ?? {}) as { value?: string };
    if (value !== undefined && object?.metadata.deletionTimestamp === undefined) found.push([name, value]);
  }
  return Object.fromEntries(found);
}

/** The verdict of the tracker about the newest commit. */
function verdict(play: Play, app: Application): string {
  const { s, commits } = play;
  const merged = Object.values(commits).at(-1) ?? '';
  return judge({
    app,
    removed: false,
    policy: effectivePolicy(app, undefined),
    approvals: [],
    source: 0,
    merged,
    contains: (revision) => revision === merged,
    sameInputs: (revision) => revision === merged,
    unverified: s.engine.unverified(app),
  }).state;
}

async function compared(play: Play, row: Row): Promise<void> {
  const { s, name, commits } = play;
  const app = await s.until(name, 'the operation has ended', (each) => each.operation === undefined);
  const letters = new Map(Object.entries(commits).map(([letter, sha]) => [sha, letter]));
  const { sync, history = [], operationState } = app.status ?? {};
  const letter = (sha: string | undefined): string => letters.get(sha ?? '') ?? '';
  const recorded = row.app?.status;
  await play.argo.refresh(name);
  const now = await s.until(name, 'it is compared', (each) => each.status?.sync?.status === recorded?.sync?.status);
  assert.deepEqual(
    {
      live: await liveOf(play),
      phase: operationState?.phase,
      history: history.map(({ revision }) => letter(revision)),
      compared: letter(sync?.revision),
    },
    {
      live: objectsIn(row),
      phase: phaseOf(row),
      history: historyOf(row.app),
      compared: recorded?.sync?.revision,
    },
    `${row.case}, step ${row.step}`,
  );
  const head = lettersOf(play).at(-1);
  const isThere = isWhole(row) && historyOf(row.app).at(-1) === head && recorded?.sync?.status === 'Synced';
  const state = await eventually(`a verdict about ${row.case}, step ${row.step}`, () => {
    const found = verdict(play, s.store.applications.get(`${s.namespace}/${name}`) ?? now);
    return found === 'progressing' ? undefined : found;
  });
  assert.equal(state === 'success', isThere, `${row.case}, step ${row.step}: ${state}`);
}

async function replay(t: TestContext, name: string): Promise<void> {
  const item = cases.find((each) => each.name === name);
  assert.ok(item);
  const s = await stage(t, { 'README.md': '' }, { engine: 'argocd' });
  const play: Play = { s, argo: await standIn(t, s), item, name: 'contract', commits: {} };
  const rows = rowsOf(name);
  for (const [at, step] of item.steps.entries()) {
    if ('push' in step) await push(play, step.push);
    if ('operate' in step) await operate(play, step);
    const row = rows.find((each) => each.step === at && each.did === 'operate');
    if (row) await compared(play, row);
    else if ('operate' in step) await s.until(play.name, 'it is synced', (app) => app.operation === undefined);
  }
}

for (const name of [
  'further syncs with a PreSync hook, the former state removed',
  'further syncs with a PreSync hook, the former state kept',
  'a selective sync',
  'what Git no longer has, without prune',
  'what Git no longer has, with prune',
  'pinned to a commit that the branch has left behind',
  'a mended commit after a failed sync',
])
  test(`as recorded, and told as it is: ${name}`, (t) => replay(t, name));
