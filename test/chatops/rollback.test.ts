// `/cox rollback`: the cluster at once, Git by a pull request, and what is said where only one of both is possible.
import type { Application } from '../../src/model/application.ts';
import type { Turn } from '../../src/policy/engine.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { bed, outcome } from './fixture.ts';

async function world(
  t: TestContext,
  turn?: (app: Application) => Turn,
): Promise<{ b: Bed; good: string; bad: string }> {
  const b = await bed(t, { files: { 'web/a.yaml': 'a: 1\n' }, ...(turn && { turn }) });
  await b.settings('p, role:all, applications, *, */*, allow\ng, bob, role:all');
  await b.project('shop');
  const good = b.origin.git('rev-parse', 'HEAD');
  const bad = b.origin.commit('break it', { 'web/a.yaml': 'a: 2\n' });
  const history = [good, bad].map((revision, id) => ({
    ...{ id, revision, deployedAt: '2026-01-01T00:00:00Z', deployStartedAt: '2026-01-01T00:00:00Z' },
    source: { repoURL: b.origin.url, path: 'web', targetRevision: 'main' },
  }));
  await b.application('web', { status: { sync: { status: 'Synced', revision: bad }, history } });
  return { b, good, bad };
}

const proposed = (bad: string): string => `web: pull request #1 takes back ${bad.slice(0, 7)} "break it"`;

test('the cluster goes back and Git follows; asked again after a crash it is the same', async (t) => {
  const { b, good, bad } = await world(t);
  await b.store.applications.patch(`${b.namespace}/web`, { spec: { syncPolicy: { automated: {} } } });
  const request = await b.ask('rollback', { application: 'web', args: { reason: 'it breaks' } });
  const back = `web: going back to ${good.slice(0, 7)}`;
  const stays = '; it is locked, and stays there until `/cox unlock web`, once Git says the same';
  assert.deepEqual(outcome(request), ['Done', `${back}${stays}\n${proposed(bad)}`]);
  assert.deepEqual(request.status?.syncs, [{ application: `${b.namespace}/web` }]);
  const { operation, metadata } = b.store.applications.get(`${b.namespace}/web`) ?? {};
  assert.deepEqual([operation?.sync?.revision, operation?.sync?.prune], [good, false]);
  assert.deepEqual(JSON.parse(metadata?.annotations?.['coxswain.dev/lock'] ?? ''), {
    by: 'bob',
    reason: `rolled back to ${good.slice(0, 7)}: it breaks`,
    request: request.metadata.name,
  });
  const [, again] = outcome(await b.again(request));
  assert.match(again ?? '', /^web: going back to /);
  assert.ok(again?.endsWith(proposed(bad)));
  assert.equal(b.forge.pulls.length, 1);
});

test('what is not automated goes back without a lock', async (t) => {
  const { b, good, bad } = await world(t);
  const [phase, text] = outcome(await b.ask('rollback', { application: 'web' }));
  assert.deepEqual([phase, text], ['Done', `web: going back to ${good.slice(0, 7)}\n${proposed(bad)}`]);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.metadata.annotations?.['coxswain.dev/lock'], undefined);
});

test('where people must approve only the pull request is opened, and so where Argo CD syncs by itself', async (t) => {
  const { b, bad } = await world(t, () => ({ by: 'argocd', rule: 'chosen', why: '' }));
  await b.store.applications.patch(`${b.namespace}/web`, { spec: { syncPolicy: { automated: {} } } });
  assert.deepEqual(outcome(await b.ask('rollback', { application: 'web' })), [
    'Done',
    'web: nothing is rolled back: Argo CD would sync it forward again by itself; ' +
      `\`/cox hold web\` turns that off\n${proposed(bad)}`,
  ]);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  const gated = outcome(await b.ask('rollback', { application: 'web' }));
  assert.deepEqual(gated, [
    'Done',
    `web: nothing is rolled back: going back needs approval too, once its pull request is merged\n${proposed(bad)}`,
  ]);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.operation, undefined);
});

test('without an earlier deploy nothing is done, and whoever may not revert rolls nothing back', async (t) => {
  const { b } = await world(t);
  await b.application('new');
  assert.deepEqual(outcome(await b.ask('rollback', { application: 'new' })), [
    'Refused',
    'new: there is no earlier deploy to go back to',
  ]);
  await b.settings('p, bob, applications, get, */*, allow\np, bob, applications, sync, */*, allow');
  assert.match(outcome(await b.ask('rollback', { application: 'web' }))[1] ?? '', /^bob may not revert web: /);
  assert.deepEqual(b.forge.pulls, []);
});

test('a commit that changed nothing of the application is no deploy to go back to', async (t) => {
  const { b, good, bad } = await world(t);
  const other = b.origin.commit('of another team', { 'api/a.yaml': 'a: 1\n' });
  const { status } = b.store.applications.get(`${b.namespace}/web`) ?? {};
  const source = { repoURL: b.origin.url, path: 'web', targetRevision: 'main' };
  const time = '2026-01-01T00:00:00Z';
  const more = { id: 2, revision: other, deployedAt: time, deployStartedAt: time, source };
  await b.application('web', { status: { ...status, history: [...(status?.history ?? []), more] } });
  const [phase, text] = outcome(await b.ask('rollback', { application: 'web' }));
  assert.deepEqual([phase, text], ['Done', `web: going back to ${good.slice(0, 7)}\n${proposed(bad)}`]);
});
