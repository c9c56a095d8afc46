// Whoever wrote a part of a change cannot approve it, in whichever repository that part stands.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { approve } from '../../src/engine/request.ts';
import type { Stage } from './stage.ts';
import { approvalIn, automated, config, dataOf, gone, person, push, requests, synced } from './manifests.ts';
import { stage } from './stage.ts';

const [ana, bob, cleo] = [person('ana', 1), person('bob', 2), person('cleo', 3)];
const gate = { 'coxswain.dev/approval': 'required' };

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.com', ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
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

function agree(s: Stage, actor: typeof ana): ReturnType<typeof approve> {
  return approve(requests(s), { application: `${s.namespace}/prod`, actor, teams: [] });
}

const ownWork = (login: string): { done: boolean; message: string } => ({ done: false, message: `${login} is an author of this change, and somebody else must approve it` });

test('the authors of every source are authors of the change, and a source that stands still has none', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  const more = anotherRepository(s);
  const first = more.commit('1');
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated', sources: [{ repoURL: s.url, path: 'prod', targetRevision: 'main' }, { repoURL: more.url, path: '.', targetRevision: 'main' }] });
  s.authors.of = (repo) => (repo === s.url ? [{ login: 'ana', id: 1 }] : [{ login: 'bob', id: 2 }]);
  await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(await agree(s, ana), ownWork('ana'));
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, cleo)).done, true);
  await synced(s, 'prod');

  const to = more.commit('2');
  await s.engine.onPush(more.url);
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(asked.spec.ranges, [{ repo: more.url, from: first, to }]);
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
  const first = await push(s, { 'root/prod.yaml': child(more.url, 'none', s.namespace) });
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
  assert.deepEqual(asked.spec.ranges?.map((range) => [range.repo, range.to, range.from === undefined || range.from === first]), [[s.url, to, true]]);
  assert.deepEqual(await agree(s, bob), ownWork('bob'));
  assert.equal((await agree(s, ana)).done, true);
  await s.untilStore('synced', () => s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.[1]);
  await gone(s, 'more');
});
