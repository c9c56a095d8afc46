// Who touched which input: values of another repository, what a link leads to, overrides, charts, bases and links of
// history count as the manifests themselves do.
import type { TestContext } from 'node:test';
import type { ApplicationSpec } from '../../../src/model/application.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { chartFiles, chartRepository } from '../../fetch/servers.ts';
import { secret } from '../../fetch/fetching.ts';
import { approvalIn, config, isSynced, patchApp } from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agreeTo, gate } from './fixture.ts';

const ids: Record<string, number> = { ana: 1, bob: 2, cleo: 3, dan: 4 };

function git(cwd: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Dan', '-c', 'user.email=dan@example.com'];
  return execFileSync('git', [...who, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

interface Other {
  url: string;
  dir: string;
  commit(who: string, files: Record<string, string>): string;
}

/** A second repository; whose a commit is, its subject says. */
function other(s: Stage): Other {
  const [dir, bare] = [`${s.clone}-other`, `${s.clone}-other.git`];
  git(s.clone, 'init', '-q', '--bare', '-b', 'main', bare);
  git(s.clone, 'clone', '-q', bare, dir);
  return {
    url: `file://${bare}`,
    dir,
    commit(who, files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), text);
      }
      git(dir, 'add', '-A');
      git(dir, 'commit', '-qm', who);
      git(dir, 'push', '-q', 'origin', 'HEAD:main');
      return git(dir, 'rev-parse', 'HEAD');
    },
  };
}

interface Scene {
  s: Stage;
  more: Other;
  /** Commits as that person, and tells the engine. */
  commit(who: string, files: Record<string, string | undefined>): Promise<void>;
  /** Who made what waits: logins, and what cannot be known. */
  authors(name: string, test?: (approval: Approval) => boolean): Promise<{ people: string[]; unknown: string[] }>;
  /** By somebody who had no hand in it. */
  agreed(name: string, login: string, test?: (approval: Approval) => boolean): Promise<void>;
}

async function scene(t: TestContext, files: Record<string, string>): Promise<Scene> {
  const s = await stage(t, { 'README.md': 'x' });
  const more = other(s);
  s.authors.of = (repo, commits) =>
    commits.map((id) => {
      const login = git(repo === s.url ? s.clone : more.dir, 'log', '-1', '--format=%s', id);
      return { login, id: ids[login] };
    });
  s.commit(files, 'ana');
  await s.project('gated', gate);
  return {
    s,
    more,
    async commit(who, changed) {
      s.commit(changed, who);
      await s.engine.onPush(s.url);
    },
    async authors(name, is) {
      const { spec } = await approvalIn(s, name, 'Pending', is);
      const found = await import('../../../src/engine/approval/authors.ts').then(({ createAuthors }) =>
        createAuthors(s.git, s.forge).authorsOf({ ranges: spec.ranges ?? [], unknown: spec.unknown ?? [] }),
      );
      return { people: found.people.map(({ login }) => login).sort(), unknown: [...found.unknown] };
    },
    async agreed(name, login, is) {
      await agreeTo(s, name, { login, id: ids[login] ?? 0, via: 'slack' }, is);
      await s.until(name, 'synced', isSynced);
    },
  };
}

const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'chart/templates/a.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: "{{ .Values.value }}"}\n',
};

test('whoever touched only values of another repository, named by $ref, is the author', async (t) => {
  const { s, more, authors, agreed } = await scene(t, chart);
  more.commit('cleo', { 'env/prod.yaml': 'value: "1"\n', 'env/stage.yaml': 'value: "1"\n' });
  await s.apply('prod', {
    project: 'gated',
    sources: [
      { repoURL: s.url, path: 'chart', targetRevision: 'main', helm: { valueFiles: ['$values/env/prod.yaml'] } },
      { repoURL: more.url, ref: 'values', targetRevision: 'main' },
    ],
  });
  assert.deepEqual(await authors('prod'), { people: ['ana', 'cleo'], unknown: [] });
  await agreed('prod', 'bob');

  more.commit('dan', { 'env/stage.yaml': 'value: "2"\n' });
  more.commit('bob', { 'env/prod.yaml': 'value: "2"\n' });
  await s.engine.onPush(more.url);
  assert.deepEqual(await authors('prod'), { people: ['bob'], unknown: [] });
});

test('whoever changed what a link leads to, or an override of this application alone, is the author', async (t) => {
  const { s, commit, authors, agreed } = await scene(t, { 'shared/a.yaml': config('linked', '1'), ...chart });
  mkdirSync(join(s.clone, 'prod'));
  symlinkSync('../shared/a.yaml', join(s.clone, 'prod/a.yaml'));
  await commit('ana', {});
  await s.apply('prod', { project: 'gated' });
  await s.apply('web', { project: 'gated', source: { repoURL: s.url, path: 'chart', targetRevision: 'main' } });
  await agreed('prod', 'bob');
  await agreed('web', 'bob');

  await commit('cleo', { 'shared/a.yaml': config('linked', '2'), 'shared/b.yaml': config('beside', '1') });
  await commit('dan', { 'chart/.argocd-source-web.yaml': 'helm: {parameters: [{name: value, value: "2"}]}\n' });
  assert.deepEqual(await authors('prod'), { people: ['cleo'], unknown: [] });
  assert.deepEqual(await authors('web'), { people: ['dan'], unknown: [] });
  await agreed('web', 'bob');
  // What takes it away is a change too.
  await commit('bob', { 'chart/.argocd-source-web.yaml': undefined });
  assert.deepEqual(await authors('web'), { people: ['bob'], unknown: [] });
});

/** An Application in Git, so that whoever changes it can be known. */
function child(s: Stage, name: string, sources: ApplicationSpec['sources']): string {
  const spec = {
    project: 'gated',
    destination: { server: 'https://kubernetes.default.svc', namespace: s.namespace },
    sources,
  };
  return JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name }, spec });
}

const is = (version: string) => (item: Approval) => item.spec.revision === version;
const byHand = 'the Application itself was changed by no commit that is known';

test('of a chart whoever wrote the version is the author; by hand, or of a range, nobody is known', async (t) => {
  const repository = await chartRepository(t);
  for (const version of ['1.0.0', '1.1.0']) await repository.publish(chartFiles('fetched', version));
  const { s, commit, authors, agreed } = await scene(t, { 'values/v.yaml': 'note: first\n' });
  const { metadata, ...rest } = secret({ url: repository.url, type: 'helm' });
  await s.cluster.api.apply({ ...rest, metadata: { ...metadata, name: 'charts', namespace: s.namespace } });
  await s.untilStore('the repository is known', () => s.store.settings().repositories[0]);
  const sources = (targetRevision: string): ApplicationSpec['sources'] => [
    { repoURL: repository.url, chart: 'fetched', targetRevision, helm: { valueFiles: ['$v/values/v.yaml'] } },
    { repoURL: s.url, ref: 'v', targetRevision: 'main' },
  ];
  await commit('ana', { 'root/chart.yaml': child(s, 'chart', sources('1.0.0')) });
  await s.apply('root', { syncPolicy: { automated: { prune: true } } });
  await agreed('chart', 'bob');

  // The version alone, by a commit. Whoever wrote the former one in the same second counts too.
  await commit('dan', { 'root/chart.yaml': child(s, 'chart', sources('1.1.0')) });
  const written = await authors('chart', is('1.1.0'));
  assert.deepEqual([written.people.filter((login) => login !== 'ana'), written.unknown], [['dan'], []]);
  await agreed('chart', 'bob');

  // A range instead of it, and then what its repository publishes, while somebody changes a value.
  await commit('dan', { 'root/chart.yaml': child(s, 'chart', sources('1.x')) });
  await s.until('chart', 'has the range', ({ spec }) => spec.sources?.[0]?.targetRevision === '1.x');
  await repository.publish(chartFiles('fetched', '1.2.0'));
  await commit('cleo', { 'values/v.yaml': 'note: second\n' });
  await s.engine.onPush(repository.url);
  const asked = await authors('chart', is('1.2.0'));
  assert.deepEqual(
    asked.people.filter((login) => login !== 'ana'),
    ['cleo', 'dan'],
  );
  await agreed('chart', 'bob', is('1.2.0'));
  await repository.publish(chartFiles('fetched', '1.3.0'));
  await commit('cleo', { 'values/v.yaml': 'note: third\n' });
  await s.engine.onPush(repository.url);
  const ranged = await authors('chart', is('1.3.0'));
  assert.deepEqual([ranged.people, ranged.unknown.length], [['cleo'], 1]);
  assert.match(ranged.unknown[0] ?? '', /^nobody knows who changed what .*fetched 1\.x is$/);

  // A version alone, by hand.
  await patchApp(s, 'chart', { spec: { sources: sources('1.2.0') } });
  const asksTwo = ({ spec }: Approval): boolean => spec.revision === '1.2.0' && spec.policy?.approvals === 2;
  assert.deepEqual((await authors('chart', asksTwo)).unknown, [byHand]);
});

test('a base of another repository that moves with somebody’s change here is nobody’s who is known', async (t) => {
  const { s, more, commit, authors, agreed } = await scene(t, chart);
  more.commit('dan', { 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': config('based', '1') });
  const kustomization = (label: string, ref: string): string =>
    `resources: ["${more.url}?ref=${ref}"]\ncommonAnnotations: {changed: "${label}"}\n`;
  await commit('ana', { 'prod/kustomization.yaml': kustomization('1', 'main') });
  await s.apply('prod', { project: 'gated' });
  await agreed('prod', 'bob');

  more.commit('dan', { 'a.yaml': config('based', '2') });
  await s.engine.onPush(more.url);
  await commit('cleo', { 'prod/kustomization.yaml': kustomization('2', 'main') });
  const asked = await authors('prod', ({ spec }) => spec.ranges?.length === 1);
  assert.deepEqual([asked.people, asked.unknown.length], [['cleo'], 1]);
});
