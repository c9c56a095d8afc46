// Whoever wrote a part of a change cannot approve it, in whichever repository that part stands.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { approvalIn, automated, config, dataOf, gone, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agree, ana, bob, cleo, gate } from './fixture.ts';

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** A second repository with one ConfigMap `more`; answers its URL and how to commit to it. */
function anotherRepository(s: Stage): { url: string; commit(value: string): string } {
  const [dir, bare] = [`${s.clone}-more`, `${s.clone}-more.git`];
  git(s.clone, 'init', '-q', '--bare', '-b', 'main', bare);
  git(s.clone, 'clone', '-q', bare, dir);
  return {
    url: `file://${bare}`,
    commit(value) {
      writeFileSync(join(dir, 'more.yaml'), config('more', value));
      git(dir, 'add', '-A');
      git(dir, 'commit', '-qm', value);
      git(dir, 'push', '-q', 'origin', 'HEAD:main');
      return git(dir, 'rev-parse', 'HEAD');
    },
  };
}

const ownWork = (login: string): { done: boolean; message: string } => ({
  done: false,
  message: `${login} is an author of this change (wrote it), and somebody else must approve it`,
});

test('the authors of every source are authors of the change, and a source that stands still has none', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  const more = anotherRepository(s);
  const first = more.commit('1');
  await s.project('gated', gate);
  await s.apply('prod', {
    project: 'gated',
    sources: [
      { repoURL: s.url, path: 'prod', targetRevision: 'main' },
      { repoURL: more.url, path: '.', targetRevision: 'main' },
    ],
  });
  s.authors.of = (repo) => (repo === s.url ? [{ login: 'ana', id: 1 }] : [{ login: 'bob', id: 2 }]);
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, ana), ownWork('ana'));
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, cleo)).done, true);
  await synced(s, 'prod');

  const to = more.commit('2');
  await s.engine.onPush(more.url);
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(asked.spec.ranges, [{ repo: more.url, from: first, to, ref: 'main', paths: ['more.yaml'] }]);
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, ana)).done, true);
  await s.untilStore('synced', () => s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.[1]);
  assert.deepEqual(await dataOf(s, 'more'), { value: '2' });
});

test('whoever changes an application by its parent is an author of what that deploys', async (t) => {
  const child = (url: string, exclude: string, namespace: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: prod}
spec:
  project: gated
  destination: {server: https://kubernetes.default.svc, namespace: ${namespace}}
  source: {repoURL: "${url}", path: ., targetRevision: main, directory: {exclude: "${exclude}"}}
`;
  const s = await stage(t, { 'readme.md': 'x' });
  const more = anotherRepository(s);
  more.commit('1');
  await push(s, { 'root/prod.yaml': child(more.url, 'none', s.namespace) });
  await s.project('gated', gate);
  s.authors.of = () => [{ login: 'ana', id: 1 }];
  await s.apply('root', { syncPolicy: automated });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s, bob)).done, true);
  await synced(s, 'prod');

  // The application's own repository says nothing new: what changes it is its parent.
  const to = await push(s, { 'root/prod.yaml': child(more.url, 'more.yaml', s.namespace) });
  s.authors.of = (repo) => (repo === s.url ? [{ login: 'bob', id: 2 }] : []);
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.operations[0]?.op === 'delete');
  assert.deepEqual(
    asked.spec.ranges?.map(({ repo, to: end, paths }) => [repo, end, paths]),
    [[s.url, to, ['root/prod.yaml']]],
  );
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, ana)).done, true);
  await s.untilStore('synced', () => s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.[1]);
  await gone(s, 'more');
});

/** Commits as that person, and tells the engine; whose a commit is, the forge then tells by its subject. */
function committer(s: Stage): (who: string, files: Record<string, string | undefined>) => Promise<string> {
  const ids: Record<string, number> = { ana: 1, bob: 2, cleo: 3, change: 4 };
  s.authors.of = (_repo, commits) =>
    commits.map((id) => {
      const login = git(s.clone, 'log', '-1', '--format=%s', id);
      return { login, id: ids[login] };
    });
  return async (who, files) => {
    const sha = s.commit(files, who);
    await s.engine.onPush(s.url);
    return sha;
  };
}

test('who wrote an older part of what is synced first cannot approve it; whoever works elsewhere can', async (t) => {
  const s = await stage(t, { 'readme.md': 'x' });
  const commit = committer(s);
  await commit('bob', { 'prod/a.yaml': config('prod', '1') });
  await commit('cleo', { 'web/a.yaml': config('web', '1') });
  await commit('ana', { 'prod/b.yaml': config('more', '1') });
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(
    asked.spec.authors?.map(({ login }) => login).sort(),
    ['ana', 'bob'],
    'whose it is stands in the Approval, for whoever shows it',
  );
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.deepEqual(await agree(s, ana), ownWork('ana'));
  assert.equal((await agree(s, cleo)).done, true);
  await synced(s, 'prod');

  await commit('cleo', { 'web/a.yaml': config('web', '2') });
  await commit('bob', { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, ana)).done, true, 'her part was approved before');
});

test('what comes to be read counts from its first commit, and so does what was moved there', async (t) => {
  const s = await stage(t, { 'readme.md': 'x' });
  const commit = committer(s);
  await commit('cleo', { 'base/kustomization.yaml': 'resources: [x.yaml]\n', 'base/x.yaml': config('base', '1') });
  await commit('bob', { 'draft/kustomization.yaml': 'resources: [y.yaml]\n', 'draft/y.yaml': config('draft', '1') });
  await commit('ana', { 'prod/kustomization.yaml': 'resources: [a.yaml]\n', 'prod/a.yaml': config('prod', '1') });
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s, bob)).done, true);
  await synced(s, 'prod');

  git(s.clone, 'mv', 'draft/y.yaml', 'prod/y.yaml');
  await commit('ana', { 'prod/kustomization.yaml': 'resources: [a.yaml, y.yaml, ../base]\n' });
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, cleo), ownWork('cleo'));
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
});

/** Synced once under its gate, approved by bob; ana wrote it. */
async function prodStage(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1'), 'other/a.yaml': config('prod', 'other') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  await agree(s, bob);
  await synced(s, 'prod');
  return s;
}

const byHand =
  'two people must agree, for nobody can tell all who made the change: ' +
  'the Application itself was changed by no commit that is known';

test('an Application that is changed by hand needs two people, and Approval and answer say so', async (t) => {
  const s = await prodStage(t);
  await s.apply('prod', { project: 'gated', source: { repoURL: s.url, path: 'other', targetRevision: 'main' } });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal(asked.status?.message, `waiting for approval; ${byHand}`);
  assert.deepEqual([asked.spec.policy?.approvals, asked.spec.unknown?.length], [2, 1]);
  assert.deepEqual(await agree(s, bob), { done: true, message: `your approval counts; more are needed; ${byHand}` });
  assert.equal((await approvalIn(s, 'prod', 'Pending')).status?.message, `1 of 2 approvals; ${byHand}`);
  assert.deepEqual(await dataOf(s, 'prod'), { value: '1' });
  assert.deepEqual(await agree(s, cleo), { done: true, message: 'approved; it syncs now' });
  await s.untilStore('synced', () => s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.[1]);
  assert.deepEqual(await dataOf(s, 'prod'), { value: 'other' });
});

test('an annotation that names a parent makes nobody known', async (t) => {
  const s = await prodStage(t);
  await push(s, { 'root/x.yaml': config('x', '1') });
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  const tracked = { 'argocd.argoproj.io/tracking-id': `root:argoproj.io/Application:${s.namespace}/prod` };
  await s.apply(
    'prod',
    { project: 'gated', source: { repoURL: s.url, path: 'other', targetRevision: 'main' } },
    { annotations: tracked },
  );
  assert.equal((await approvalIn(s, 'prod', 'Pending')).spec.policy?.approvals, 2);
});

test('where a branch moves back, who wrote what that undoes counts, and who moved it', async (t) => {
  const s = await prodStage(t);
  const commit = committer(s);
  const old = git(s.clone, 'rev-parse', 'HEAD');
  await commit('cleo', { 'prod/a.yaml': config('prod', '2') });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s, bob)).done, true);
  await s.until('prod', 'synced', (app) => app.status?.history?.length === 2 && app.operation === undefined);
  s.authors.moved = (ref) => ({ people: [{ login: 'bob', id: 2, did: `moved ${ref} back` }], unknown: [] });
  git(s.clone, 'push', '-q', '--force', 'origin', `${old}:main`);
  await s.engine.onPush(s.url);
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, cleo), ownWork('cleo'));
  assert.deepEqual(await agree(s, bob), {
    done: false,
    message: 'bob is an author of this change (moved main back), and somebody else must approve it',
  });
  assert.equal((await agree(s, ana)).done, true);
});

test('what the forge cannot tell needs two people, and what it does not tell now waits', async (t) => {
  const s = await prodStage(t);
  s.authors.list = undefined;
  await push(s, { 'prod/a.yaml': config('prod', '2') });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal(asked.spec.unknown, undefined);
  await assert.rejects(agree(s, bob), /no answer/);
  s.authors.of = () => ({
    people: [{ login: 'ana', id: 1, did: 'wrote it' }],
    unknown: ['commit 1234567 was written by a bot'],
  });
  const known = await approvalIn(s, 'prod', 'Pending', (item) => item.status?.message?.includes('two people') ?? false);
  assert.deepEqual([known.spec.unknown, known.spec.policy?.approvals], [['commit 1234567 was written by a bot'], 2]);
  assert.deepEqual(await agree(s, ana), ownWork('ana'));
  assert.match((await agree(s, bob)).message, /more are needed; two people must agree/);
  assert.equal((await agree(s, cleo)).message, 'approved; it syncs now');
});
