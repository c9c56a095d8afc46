// What a pull request says of other applications: what moves between them, what a deletion takes along, and whose
// objects it writes.
import type { PullPreview } from '../../src/change/pull.ts';
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { previewPull } from '../../src/change/preview.ts';
import { createDesiring } from '../../src/engine/application/desired.ts';
import { approve } from '../../src/engine/request.ts';
import { renderComment } from '../../src/github/markdown/comment.ts';
import { changeDeps } from '../../src/operator/change-deps.ts';
import { approvalIn, automated, config, person, push, requests, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';

const finalizers = ['resources-finalizer.argocd.argoproj.io'];
const gate = {
  'coxswain.dev/approval': 'required',
  'coxswain.dev/approvers': 'bo',
  'coxswain.dev/environment': 'production',
};
const claim =
  'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n' +
  'spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n';

/** What a pull request with these changes of main would say. */
async function preview(s: Stage, files: Record<string, string | undefined>): Promise<PullPreview> {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: s.clone,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: s.clone,
        GIT_AUTHOR_NAME: 'Ana',
        GIT_AUTHOR_EMAIL: 'a@example.com',
        GIT_COMMITTER_NAME: 'Ana',
        GIT_COMMITTER_EMAIL: 'a@example.com',
      },
    }).trim();
  const base = git('rev-parse', 'HEAD');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(s.clone, path)), { recursive: true });
    if (text === undefined) rmSync(join(s.clone, path));
    else writeFileSync(join(s.clone, path), text);
  }
  git('add', '-A');
  git('commit', '-qm', 'topic');
  const head = git('rev-parse', 'HEAD');
  git('push', '-qf', 'origin', 'HEAD:refs/heads/topic');
  git('reset', '-q', '--hard', base);
  const desiring = createDesiring({
    merged: false,
    git: s.git,
    renderer: s.renderer,
    clusterOf: () => Promise.resolve({ version: s.cluster.discovery.version, apiVersions: [] }),
  });
  const deps = changeDeps({ store: s.store, git: s.git, desiring, engine: s.engine, clock: systemClock });
  const pull = {
    repoUrl: s.url,
    owner: 'acme',
    repo: 'infra',
    number: 7,
    base: { ref: 'main', sha: base },
    head: { ref: 'topic', sha: head },
    defaultBranch: 'main',
    author: { login: 'ana', id: 1 },
    draft: false,
    fork: false,
  };
  return previewPull(deps, pull, AbortSignal.timeout(60_000));
}

async function commentOf(found: PullPreview): Promise<string> {
  return (await renderComment({ preview: found, activity: '', refused: '', publicUrl: 'https://cox.example' })).body;
}

async function agree(s: Stage, name: string): Promise<void> {
  const {
    spec: { digest },
  } = await approvalIn(s, name, 'Pending');
  await approve(requests(s), { application: `${s.namespace}/${name}`, digest, actor: person('bo', 2), teams: [] });
  await synced(s, name);
}

test('an object that moves is told as a move in both sections, with no deletion and no caution', async (t) => {
  const s = await stage(t, {
    'a/kept.yaml': config('kept-a', '1'),
    'a/claim.yaml': claim,
    'a/cm.yaml': config('cm', '1'),
    'b/kept.yaml': config('kept-b', '1'),
  });
  for (const name of ['a', 'b']) await s.apply(name, { syncPolicy: automated });
  for (const name of ['a', 'b']) await synced(s, name);
  const found = await preview(s, {
    'a/claim.yaml': undefined,
    'b/claim.yaml': claim,
    'a/cm.yaml': undefined,
    'b/cm.yaml': config('cm', '2'),
  });
  const byName = new Map(found.apps.map((app) => [app.name, app]));
  assert.deepEqual(byName.get('a')?.effect?.operations, []);
  assert.deepEqual(
    byName.get('a')?.effect?.change.map(({ key, action, moves }) => [key.kind, action, moves]),
    [
      ['ConfigMap', 'move', { from: 'a', to: 'b' }],
      ['PersistentVolumeClaim', 'move', { from: 'a', to: 'b' }],
    ],
  );
  assert.deepEqual(
    byName
      .get('b')
      ?.effect?.change.map(({ key, action, moves, changes }) => [
        key.kind,
        action,
        moves,
        changes.map(({ text }) => text),
      ]),
    [
      ['ConfigMap', 'change', { from: 'a', to: 'b' }, ['data.value']],
      ['PersistentVolumeClaim', 'move', { from: 'a', to: 'b' }, []],
    ],
  );
  const body = await commentOf(found);
  assert.equal(body.split('moves from a to b').length - 1, 4);
  assert.doesNotMatch(body, /delete|CAUTION|^[+-] .*tracking-id/m);
});

test('a removal says what goes with it two levels below, and that the gate of it asks', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  const child = (name: string, annotations = ''): string =>
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: ${name}, annotations: {${annotations}}, finalizers: [${finalizers.join()}]}\nspec:\n` +
    `  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}\n` +
    `  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}\n` +
    '  syncPolicy: {automated: {prune: true, selfHeal: true}}\n';
  s.commit({
    'root/kept.yaml': config('kept', '1'),
    'root/mid.yaml': child('mid'),
    'mid/prod.yaml': child(
      'prod',
      Object.entries(gate)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', '),
    ),
  });
  await s.apply('root', { syncPolicy: automated });
  await agree(s, 'prod');
  for (const name of ['root', 'mid']) await synced(s, name);
  const found = await preview(s, { 'root/mid.yaml': undefined });
  const root = found.apps.find(({ name }) => name === 'root');
  assert.deepEqual([root?.gated, root?.approvers, root?.approvals], [true, [['bo']], 1]);
  const body = await commentOf(found);
  assert.match(
    body,
    /> - \*\*root\*\*, \*\*mid\*\*: `Application [^`]+\/prod`: deletes production: 1 object goes with it/,
  );
  assert.match(body, /- \*\*prod\*\* \(production\) ⏸️: `ConfigMap [^`]+\/prod`/);
  assert.match(body, /\*root\* waits for \*\*1 approval\*\*/);
});

test('a rename and a move in one commit are told as that, and claim and ConfigMap keep their uids', async (t) => {
  const s = await stage(t, { 'moved/kept.yaml': config('kept-moved', '1') });
  const child = (name: string): string =>
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: ${name}, finalizers: [${finalizers.join()}]}\nspec:\n` +
    `  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: ${s.namespace}}\n` +
    `  source: {repoURL: "${s.url}", path: ${name}, targetRevision: main}\n` +
    '  syncPolicy: {automated: {prune: true, selfHeal: true}}\n';
  s.commit({
    'root/former.yaml': child('former'),
    'root/moved.yaml': child('moved'),
    'former/claim.yaml': claim,
    'former/cm.yaml': config('cm', '1'),
  });
  await s.apply('root', { syncPolicy: automated });
  for (const name of ['root', 'former', 'moved']) await synced(s, name);
  const keys = [
    { group: '', kind: 'PersistentVolumeClaim', namespace: s.namespace, name: 'data' },
    { group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'cm' },
  ];
  const uids = (): Promise<unknown[]> =>
    Promise.all(keys.map(async (key) => (await s.cluster.api.get(key))?.metadata.uid));
  const before = await uids();
  const commit = {
    'root/former.yaml': undefined,
    'root/renamed.yaml': child('renamed'),
    'former/claim.yaml': undefined,
    'former/cm.yaml': undefined,
    'moved/claim.yaml': claim,
    'renamed/cm.yaml': config('cm', '1'),
  };
  const body = await commentOf(await preview(s, commit));
  assert.match(body, /moves from former to moved/);
  assert.match(body, /moves from former to renamed/);
  assert.doesNotMatch(body, /deletes? .*PersistentVolumeClaim/);
  await push(s, commit);
  await s.untilStore('both have changed hands', () => {
    const owners = keys.map((key) => s.cluster.live.get(key)?.application);
    return owners.join() === 'moved,renamed' ? true : undefined;
  });
  await s.untilStore('former is gone', () =>
    s.store.applications.get(`${s.namespace}/former`) === undefined ? true : undefined,
  );
  assert.deepEqual(await uids(), before);
});

test('writing what belongs to a gated application says whose it is, and that its approvers are asked', async (t) => {
  const s = await stage(t, { 'prod/shared.yaml': config('shared', 'production'), 'web/own.yaml': config('own', '1') });
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await agree(s, 'prod');
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const found = await preview(s, { 'web/shared.yaml': config('shared', 'mine') });
  const [web] = found.apps;
  assert.deepEqual([web?.name, web?.gated, web?.approvers], ['web', true, [['bo']]]);
  assert.match(await commentOf(found), /`ConfigMap [^`]+\/shared`: belongs to application prod, whose gate asks/);
});

test('the end of a gate is said where the pull request brings it, by the Application or by its project', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  const child = (annotations: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: prod, annotations: {${annotations}}}\n` +
    'spec:\n  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: ' +
    `${s.namespace}}\n  source: {repoURL: "${s.url}", path: prod, targetRevision: main}\n` +
    '  syncPolicy: {automated: {prune: true, selfHeal: true}}\n';
  s.commit({ 'root/prod.yaml': child('coxswain.dev/approval: required, coxswain.dev/approvers: bo') });
  await s.apply('root', { syncPolicy: automated });
  await agree(s, 'prod');
  await synced(s, 'root');
  const body = await commentOf(await preview(s, { 'root/prod.yaml': child('') }));
  assert.match(body, /- 🔓 \*\*after this application prod asks nobody\*\*/);
  const stricter = await preview(s, {
    'root/prod.yaml': child('coxswain.dev/approval: required, coxswain.dev/approvers: bo, coxswain.dev/approvals: "2"'),
  });
  assert.doesNotMatch(await commentOf(stricter), /🔓/);
});
