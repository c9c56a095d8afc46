// Git that catches up with the cluster without a sync: what is told against it, and what stays behind the gate.
import type { PullPreview } from '../../../src/change/pull.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { createChange } from '../../../src/change/change.ts';
import { createDesiring } from '../../../src/engine/application/desired.ts';
import { changeDeps } from '../../../src/operator/change-deps.ts';
import {
  approvalIn,
  automated,
  configMap,
  dataOf,
  editByHand,
  ended,
  operate,
  push,
  quiet,
  synced,
} from '../manifests.ts';
import { eventually } from '../../control-plane.ts';
import { stage } from '../fixture.ts';
import { gate } from '../approval/fixture.ts';

function two(k: string, other: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {k: ${k}, other: "${other}"}\n`;
}

/** A pull request that makes the file what `text` says. */
function preview(s: Stage, text: string): Promise<PullPreview> {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: s.clone, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('checkout', '-qB', 'change', 'origin/main');
  execFileSync('tee', ['web/a.yaml'], { cwd: s.clone, input: text, stdio: ['pipe', 'ignore', 'ignore'] });
  git('-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', 'commit', '-qam', 'change');
  git('push', '-qf', 'origin', 'change');
  const [base, head] = [git('rev-parse', 'origin/main'), git('rev-parse', 'change')];
  git('checkout', '-q', 'main');
  const { store, engine, renderer, cluster } = s;
  const desiring = createDesiring({
    merged: false,
    git: s.git,
    renderer,
    clusterOf: () =>
      Promise.resolve({ version: cluster.discovery.version, apiVersions: cluster.discovery.apiVersions() }),
  });
  const change = createChange(changeDeps({ store, git: s.git, desiring, engine, clock: systemClock }));
  return change.preview(
    {
      repoUrl: s.url,
      owner: 'acme',
      repo: 'infra',
      number: 7,
      base: { ref: 'main', sha: base },
      head: { ref: 'change', sha: head },
      defaultBranch: 'main',
      author: { login: 'ana', id: 1 },
      draft: false,
      fork: false,
    },
    AbortSignal.timeout(30_000),
  );
}

/** Synced, edited by hand, and then Git says what was written by hand. */
async function caughtUp(s: Stage): Promise<void> {
  await editByHand(s, 'web', { k: 'hotfix' });
  await s.until('web', 'OutOfSync', ({ status }) => status?.sync?.status === 'OutOfSync');
  const revision = await push(s, { 'web/a.yaml': two('hotfix', '1') });
  await s.until(
    'web',
    'in sync by itself',
    ({ status }) => status?.sync?.status === 'Synced' && status.sync.revision === revision,
  );
  await s.untilStore('it is known', () => s.store.records.get(`${s.namespace}/web`)?.spec.base);
}

test('a hotfix that Git takes over is no drift of the next pull request, also after a restart', async (t) => {
  const s = await stage(t, { 'web/a.yaml': two('old', '1') });
  await s.apply('web');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await caughtUp(s);
  assert.equal(
    s.store.applications.get(`${s.namespace}/web`)?.status?.history?.length,
    1,
    'a sync that was not needed makes no history',
  );
  for (const again of [false, true]) {
    if (again) {
      await s.restart();
      await eventually('looked at', () => s.engine.comparison(`${s.namespace}/web`));
    }
    const {
      apps: [app],
    } = await preview(s, two('hotfix', '2'));
    const facts = (['drift', 'waiting', 'change'] as const).map((fact) =>
      app?.effect?.[fact].flatMap((diff) => diff.changes.map(({ text, before, after }) => [text, before, after])),
    );
    assert.deepEqual(facts, [[], [], [['data.other', '1', '2']]]);
  }
  // The next sync is what was last synced again.
  await push(s, { 'web/a.yaml': two('hotfix', '2') });
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  assert.equal(s.store.records.get(`${s.namespace}/web`)?.spec.base, undefined);
});

test('the same where each sync makes something anew, which keeps the application out of sync', async (t) => {
  const once = (text: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: once-}\ndata: {text: "${text}"}\n`;
  const s = await stage(t, { 'web/a.yaml': two('old', '1'), 'web/once.yaml': once('1') });
  await s.apply('web');
  await operate(s, 'web', { sync: {} });
  await ended(s, 'web', 'Succeeded');
  await editByHand(s, 'web', { k: 'hotfix' });
  await push(s, { 'web/a.yaml': two('hotfix', '1') });
  const base = await s.untilStore('it is known', () => s.store.records.get(`${s.namespace}/web`)?.spec.base);
  const {
    apps: [app],
  } = await preview(s, two('hotfix', '2'));
  const facts = (['drift', 'waiting', 'change'] as const).map((fact) =>
    app?.effect?.[fact].flatMap(({ key, changes }) => [key.name, ...changes.map(({ text }) => text)]),
  );
  assert.deepEqual(facts, [[], [], ['web', 'data.other']]);
  assert.ok(app);
  assert.deepEqual(
    app.effect?.hooks.map(({ key, action, notes }) => [key.name, action, notes]),
    [['once-…', 'create', ['each sync creates another one (metadata.generateName)']]],
  );

  // Another one is still to be made: nothing of the cluster tells that it was.
  await push(s, { 'web/once.yaml': once('2') });
  await quiet(s);
  assert.deepEqual(s.store.records.get(`${s.namespace}/web`)?.spec.base, base);
});

test('what differs from what Git caught up with has drifted: it is told, and not synced as if new', async (t) => {
  const s = await stage(t, { 'web/a.yaml': two('old', '1') });
  await s.apply('web', { syncPolicy: { automated: {} } });
  await synced(s, 'web');
  await caughtUp(s);
  await editByHand(s, 'web', { other: 'by hand' });
  const open = await s.untilStore('an episode', () =>
    s.store.episodes
      .list()
      .find(({ status }) => status?.phase === 'Open' && status.objects[0]?.changes[0]?.text === 'data.other'),
  );
  assert.deepEqual(
    open.status?.objects[0]?.changes.map(({ text, before, after }) => [text, before, after]),
    [['data.other', '1', 'by hand']],
  );
  await quiet(s);
  assert.deepEqual(await dataOf(s, 'web'), { k: 'hotfix', other: 'by hand' });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  assert.deepEqual(await dataOf(s, 'web'), { k: 'hotfix', other: '1' });
});

test('under approval, what Git caught up with is not what was last synced: nothing is put back unasked', async (t) => {
  const s = await stage(t, { 'web/a.yaml': two('old', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await s.project('default', gate);
  s.authors.list = [{ login: 'ana', id: 1 }];
  const state = s.store.records.get(`${s.namespace}/web`)?.spec.state;
  // so that the hotfix is not healed before Git has it
  await s.apply('web', { syncPolicy: { automated: { prune: true, selfHeal: false } } });
  await caughtUp(s);
  await s.apply('web', { syncPolicy: automated });
  assert.equal(s.store.records.get(`${s.namespace}/web`)?.spec.state, state);

  await push(s, { 'web/a.yaml': two('hotfix', '2') });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map((item) => [item.op, item.op === 'change' ? item.fields.map(([path]) => path) : []]),
    [['change', ['data.other']]],
  );
  await editByHand(s, 'web', { k: 'by hand' });
  await approvalIn(s, 'web', 'Pending', (item) => item.metadata.name !== asked.metadata.name);
  assert.deepEqual(
    await dataOf(s, 'web'),
    { k: 'by hand', other: '1' },
    'self-heal brings back neither the hotfix nor what was before it',
  );

  const caught = s.store.records.get(`${s.namespace}/web`)?.spec.base?.revisions[0] ?? '';
  await operate(s, 'web', { sync: { revision: caught } });
  const refused = await ended(s, 'web', 'Failed');
  assert.match(refused.status?.operationState?.message ?? '', /^approval required/);
  assert.deepEqual(await dataOf(s, 'web'), { k: 'by hand', other: '1' });
  assert.equal((await s.cluster.api.get(configMap(s, 'web')))?.metadata.name, 'web');
});

test('an ignored field with another value in Git keeps the base where it was, so that people are asked', async (t) => {
  const s = await stage(t, { 'web/a.yaml': two('old', '1') });
  const ignoreDifferences = [{ group: '', kind: 'ConfigMap', jsonPointers: ['/data/other'] }];
  await s.apply('web', { syncPolicy: { automated: {} }, ignoreDifferences });
  await synced(s, 'web');
  await s.project('default', gate);
  await editByHand(s, 'web', { k: 'hotfix' });
  await s.until('web', 'OutOfSync', ({ status }) => status?.sync?.status === 'OutOfSync');
  const revision = await push(s, { 'web/a.yaml': two('hotfix', 'unseen') });
  await s.until(
    'web',
    'in sync by itself',
    ({ status }) => status?.sync?.status === 'Synced' && status.sync.revision === revision,
  );
  await quiet(s);
  assert.equal(s.store.records.get(`${s.namespace}/web`)?.spec.base, undefined);
  await push(s, { 'web/a.yaml': two('newer', 'unseen') });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(
    asked.spec.operations.flatMap((item) => (item.op === 'change' ? item.fields.map(([path]) => path) : [])).sort(),
    ['data.k', 'data.other'],
  );
});
