// `/cox hold`: the pull request that turns automated sync off in Git, where an application of here brings it.
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { bed, outcome } from './fixture.ts';
import { eventually } from '../control-plane.ts';

const policy = 'p, role:all, applications, *, */*, allow\ng, bob, role:all';
const createdAt = '2026-03-01T10:00:00Z';
const manifest = (automated: string): string =>
  'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web # the shop\n' +
  `spec:\n  syncPolicy:\n    automated: ${automated}\n`;

function git(b: Bed, ...args: string[]): string {
  return execFileSync('git', ['--git-dir', b.origin.url, ...args], { encoding: 'utf8' });
}

async function automated(b: Bed, annotations: Record<string, string>): Promise<void> {
  await b.application('web', { annotations });
  await b.store.applications.patch(`${b.namespace}/web`, { spec: { syncPolicy: { automated: { prune: true } } } });
  await eventually(
    'it is automated',
    () => b.store.applications.get(`${b.namespace}/web`)?.spec.syncPolicy?.automated?.prune,
  );
}

async function brought(t: TestContext, files: Record<string, string>): Promise<Bed> {
  const b = await bed(t, { files });
  await b.settings(policy);
  await b.project('shop');
  await b.application('apps');
  const id = `apps:argoproj.io/Application:${b.namespace}/web`;
  await automated(b, { 'argocd.argoproj.io/tracking-id': id });
  return b;
}

test('a pull request turns automated sync off where Git has the application, and changes nothing else', async (t) => {
  const b = await brought(t, { 'apps/web.yaml': manifest('{prune: true}'), 'apps/notes.txt': 'web', 'x/a.yaml': 'a' });
  const before = b.origin.git('rev-parse', 'HEAD');
  const request = await b.ask('hold', { application: 'web', createdAt });
  assert.deepEqual(outcome(request), ['Done', 'web: pull request #1 turns automated sync off']);
  assert.deepEqual(request.status?.result, { pull: 'https://github.test/acme/infra/pull/1' });
  const [pull] = b.forge.pulls;
  const branch = pull?.head ?? '';
  assert.match(branch, /^coxswain\/hold-[0-9a-f]{12}-web$/);
  assert.deepEqual([pull?.base, pull?.title], ['main', 'Turn automated sync of web off']);
  assert.match(
    pull?.body ?? '',
    /^Turns automated sync of \*\*web\*\* off \(apps\/web\.yaml:7\): .*\n\nAsked for by `bob`/,
  );
  assert.equal(git(b, 'show', `${branch}:apps/web.yaml`), manifest('{enabled: false, prune: true}'));
  assert.equal(git(b, 'diff', '--name-only', before, branch), 'apps/web.yaml\n');
  assert.equal(
    git(b, 'show', '-s', '--format=%P %an <%ae> %aI', branch),
    `${before} bob <2+bob@users.noreply.github.com> 2026-03-01T10:00:00+00:00\n`,
  );
  // Asked twice, by whoever, it is one.
  const again = await b.ask('hold', { application: 'web', createdAt: '2026-03-01T11:00:00Z' });
  assert.deepEqual(outcome(again), ['Done', 'web: pull request #1 turns automated sync off']);
  assert.equal(b.forge.pulls.length, 1);
});

test('where Git has no single manifest of it, nothing is opened, and what to do is said', async (t) => {
  const b = await brought(t, { 'apps/a.yaml': manifest('{}'), 'apps/b.yaml': manifest('{}') });
  const request = await b.ask('hold', { application: 'web', createdAt });
  assert.deepEqual(outcome(request), [
    'Refused',
    'web: Git has no single manifest of it in what apps reads; ' +
      'set spec.syncPolicy.automated.enabled to false where its manifest comes from',
  ]);
  b.origin.commit('off', { 'apps/a.yaml': undefined, 'apps/b.yaml': manifest('{enabled: false}') });
  assert.deepEqual(outcome(await b.ask('hold', { application: 'web', createdAt })), [
    'Refused',
    'web: it is off in Git; apps brings that with its sync',
  ]);
  assert.deepEqual(b.forge.pulls, []);
});

test('of what nothing here brings, and of what is not automated, no pull request is opened', async (t) => {
  const b = await bed(t);
  await b.settings(policy);
  await b.project('shop');
  await b.application('web');
  assert.deepEqual(outcome(await b.ask('hold', { application: 'web', createdAt })), [
    'Refused',
    'web: automated sync is off',
  ]);
  await automated(b, {});
  const [phase, message] = outcome(await b.ask('hold', { application: 'web', createdAt }));
  assert.equal(phase, 'Refused');
  assert.match(
    message ?? '',
    /^web: no application of here brings it; set spec\.syncPolicy\.automated\.enabled to false/,
  );
  assert.deepEqual(b.forge.pulls, []);
});

test('whoever may not update the application opens no pull request that holds it', async (t) => {
  const b = await brought(t, { 'apps/web.yaml': manifest('{prune: true}') });
  await b.settings(
    'p, role:some, applications, get, */*, allow\np, role:some, applications, sync, */*, allow\ng, bob, role:some',
  );
  assert.equal(outcome(await b.ask('hold', { application: 'web', createdAt }))[0], 'Refused');
  assert.deepEqual(b.forge.pulls, []);
});

test('its parent is found by the tracking that is set, and it in any of the parent’s sources', async (t) => {
  const b = await bed(t, { files: { 'charts/a.yaml': 'a: 1\n', 'more/web.yaml': manifest('{prune: true}') } });
  await b.settings(policy);
  await b.project('shop');
  await b.application('apps');
  await b.store.applications.patch(`${b.namespace}/apps`, {
    spec: {
      source: null,
      sources: [
        { repoURL: 'https://charts.example.com', chart: 'apps', targetRevision: '1.0.0' },
        { repoURL: b.origin.url, path: 'charts', targetRevision: 'main' },
        { repoURL: b.origin.url, path: 'more', targetRevision: 'main' },
      ],
    },
  });
  await automated(b, {});
  await b.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: b.namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
      data: { 'application.resourceTrackingMethod': 'label' },
    },
    { manager: 'test' },
  );
  await eventually(
    'it is tracked by label',
    () => b.store.settings().comparison.tracking.method === 'label' || undefined,
  );
  const ref = { group: 'argoproj.io', kind: 'Application', namespace: b.namespace, name: 'web' };
  const label = (manager: string, text: string): Promise<unknown> =>
    b.cluster.api.patch(ref, {
      type: 'merge',
      patch: { metadata: { labels: { 'app.kubernetes.io/instance': text } } },
      manager,
    });
  await label('argocd-controller', 'apps');
  await eventually('it is labelled', () => b.store.applications.get(`${b.namespace}/web`)?.metadata.labels);
  assert.deepEqual(outcome(await b.ask('hold', { application: 'web', createdAt })), [
    'Done',
    'web: pull request #1 turns automated sync off',
  ]);
  assert.equal(
    git(b, 'show', `${b.forge.pulls[0]?.head ?? ''}:more/web.yaml`),
    manifest('{enabled: false, prune: true}'),
  );
  // In two of them nobody knows which counts.
  b.origin.commit('twice', { 'charts/web.yaml': manifest('{prune: true}') });
  const [, message] = outcome(await b.ask('hold', { application: 'web', createdAt }));
  assert.match(message ?? '', /^web: Git has no single manifest of it in what apps reads; /);
  // Nothing that can be edited is said with each reason.
  await b.store.applications.patch(`${b.namespace}/apps`, {
    spec: {
      sources: [
        { repoURL: 'https://charts.example.com', chart: 'apps', targetRevision: '1.0.0' },
        { repoURL: b.origin.url, path: 'more', targetRevision: 'b'.repeat(40) },
      ],
    },
  });
  assert.deepEqual(outcome(await b.ask('hold', { application: 'web', createdAt })), [
    'Refused',
    'web: apps is read from no repository where the GitHub App is installed, and ' +
      `follows ${'b'.repeat(40)}, which is no branch; set spec.syncPolicy.automated.enabled to false where its ` +
      'manifest comes from',
  ]);
});
