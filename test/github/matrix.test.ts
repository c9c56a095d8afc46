// Who may give which command where: every command, by every role, in a pull request of every state, over a sandbox
// GitHub and the command room as it is.
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Request, Verb } from '../../src/model/coxswain.ts';
import type { Bed } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { createChatops } from '../../src/chatops/chatops.ts';
import { coxGroup, coxVersion } from '../../src/model/coxswain.ts';
import { eventually } from '../control-plane.ts';
import { mirrors } from '../git/origin.ts';
import { bed, openPull, repo } from './fixture.ts';

const roles = ['none', 'reader', 'writer', 'approver', 'author', 'admin'] as const;
type Role = (typeof roles)[number];
type Act = Exclude<Verb, 'help'>;
/** `may`: what becomes of it is the application's matter; the others are why it is refused. */
type Verdict = 'may' | 'right' | 'author' | 'state';

const policy = `p, role:reader, applications, get, */*, allow
p, role:writer, applications, get, */*, allow
p, role:writer, applications, sync, */*, allow
p, role:approver, applications, get, */*, allow
p, role:approver, applications, approve, */*, allow
p, role:admin, applications, *, */*, allow
g, reader, role:reader
g, writer, role:writer
g, approver, role:approver
g, author, role:admin
g, admin, role:admin
g, stranger, role:admin`;

const looks: Verdict[] = ['right', 'may', 'may', 'may', 'may', 'may'];
const syncs: Verdict[] = ['right', 'right', 'may', 'right', 'may', 'may'];
const changes: Verdict[] = ['right', 'right', 'right', 'right', 'may', 'may'];

/** By role, in their order. */
const table: Record<Act, Verdict[]> = {
  status: looks,
  diff: looks,
  sync: syncs,
  retry: syncs,
  lock: syncs,
  unlock: syncs,
  heal: changes,
  revert: changes,
  rollback: changes,
  hold: changes,
  snooze: changes,
  unsnooze: changes,
  reopen: ['right', 'right', 'right', 'may', 'may', 'may'],
  approve: ['right', 'right', 'right', 'may', 'author', 'may'],
  // Whoever made it may take it back.
  reject: ['right', 'right', 'right', 'may', 'may', 'may'],
};

/** Before and without a merge nothing waits that could be decided about. */
const merges: readonly Act[] = ['approve', 'reject'];

function verdictOf({ status }: Request): Verdict {
  const { message = '' } = status ?? {};
  if (/^nothing waits(?: yet: what this pull request brings|: this pull request was closed)/.test(message))
    return 'state';
  if (message.includes('is an author of this change')) return 'author';
  assert.doesNotMatch(message, /\(E_/, 'it could not be carried out');
  return /may not |that you may see/.test(message) ? 'right' : 'may';
}

async function put(b: Bed, object: Record<string, unknown>): Promise<void> {
  await b.cluster.api.apply(object as KubeObject, { manager: 'test' });
}

/** An application for each role, and one effect of it that waits for approval, brought by the merge. */
async function applications(b: Bed, repoURL: string, merged: string): Promise<void> {
  const { namespace } = b.store;
  await put(b, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-rbac-cm', namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: { 'policy.csv': policy },
  });
  await put(b, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'shop', namespace, annotations: { 'coxswain.dev/approval': 'required' } },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }] },
  });
  for (const [at, role] of roles.entries()) {
    const name = `web-${role}`;
    const destination = { server: 'https://kubernetes.default.svc', namespace };
    const source = { repoURL, path: 'apps', targetRevision: 'main' };
    await put(b, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name, namespace },
      spec: { project: 'shop', destination, source },
    });
    const digest = String(at).repeat(64);
    const approval = `${name}-${digest.slice(0, 12)}`;
    await b.store.approvals.create({
      apiVersion: `${coxGroup}/${coxVersion}`,
      kind: 'Approval',
      metadata: { name: approval, namespace },
      spec: {
        application: `${namespace}/${name}`,
        ...{ digest, revision: merged, operations: [], ranges: [{ repo: repoURL, to: merged }] },
      },
    });
    await eventually('the approval', () => b.store.approvals.get(`${namespace}/${approval}`));
    const status = { phase: 'Pending', message: 'waiting for approval', approvals: [] };
    await b.store.approvals.patch(`${namespace}/${approval}`, { status }, { subresource: 'status' });
    await eventually('the application', () => b.store.applications.get(`${namespace}/${name}`));
  }
  await eventually('the policy', () => b.store.settings().policyCsv === policy || undefined);
}

/** Thirteen are asked at once. */
const patience = { withinMs: 120_000 };

interface World {
  pulls: Record<string, number>;
  ask(verb: Act, role: Role, number: number): Promise<Request>;
}

async function opened(b: Bed): Promise<{ pulls: Record<string, number>; merged: string }> {
  const ann = b.sandbox.actAs('ann');
  for (const name of [...roles, 'stranger']) b.sandbox.user(name, { [repo]: name === 'none' ? 'read' : 'write' });
  const [open, closed, done] = [
    await openPull(b.sandbox, 'open'),
    await openPull(b.sandbox, 'closed'),
    await openPull(b.sandbox, 'merged'),
  ];
  await ann.commit(repo, { branch: 'draft', files: { 'apps/d.yaml': 'd: 1\n' }, message: 'draft' });
  const draft = await ann.openPullRequest(repo, { head: 'draft', title: 'Draft', draft: true });
  await b.sandbox.createRepository({ owner: 'stranger', name: 'infra', forkOf: repo });
  const stranger = b.sandbox.actAs('stranger');
  await stranger.commit('stranger/infra', { branch: 'evil', files: { 'apps/e.yaml': 'e: 1\n' }, message: 'evil' });
  const fork = await stranger.openPullRequest(repo, { head: 'stranger:evil', title: 'Trust me' });
  await ann.editPullRequest(repo, closed, { state: 'closed' });
  const merged = await ann.merge(repo, done);
  await b.quiet();
  return { pulls: { open, draft, fork, closed, merged: done }, merged };
}

async function world(t: TestContext, b: Bed): Promise<World> {
  const { pulls, merged } = await opened(b);
  const { clone_url: url } = (
    await b.client.installations
      .client('acme', 'infra')
      .octokit.request('GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'infra' })
  ).data;
  await applications(b, url, merged);
  const author = { login: 'author', id: (await b.forge.userId('author')) ?? 0, did: 'wrote it' };
  const chatops = createChatops({
    store: b.store,
    git: mirrors(t, undefined, ['http']),
    forge: b.forge,
    authors: { authorsOf: () => Promise.resolve({ people: [author], unknown: [] }) },
    inputsOf: () => Promise.resolve([['apps']]),
    clock: systemClock,
    log: silentLogger(),
  });
  chatops.start();
  t.after(() => chatops.stop());
  let count = 0;
  return {
    pulls,
    async ask(verb, role, number) {
      count += 1;
      const name = `asked-${count}`;
      await b.store.requests.create({
        apiVersion: `${coxGroup}/${coxVersion}`,
        kind: 'Request',
        metadata: { name, namespace: b.store.namespace },
        spec: {
          verb,
          application: `web-${role}`,
          pull: { owner: 'acme', repo: 'infra', number },
          args: verb === 'reject' ? { reason: 'no' } : {},
          actor: { login: role, id: 0, via: 'pull-request', known: true },
          origin: { kind: 'web' },
          createdAt: rfc3339(Date.now()),
        },
      });
      return eventually(
        `an answer to ${role}'s ${verb}`,
        () => {
          const request = b.store.requests.get(`${b.store.namespace}/${name}`);
          return request?.status && request.status.phase !== 'Pending' ? request : undefined;
        },
        patience,
      );
    },
  };
}

test('each command is for the roles of its right, in pull requests where it can mean something', async (t) => {
  const b = await bed(t);
  const { pulls, ask } = await world(t, b);
  for (const [state, number] of Object.entries(pulls)) {
    for (const [at, role] of roles.entries()) {
      const look = async (verb: Act): Promise<void> => {
        const expected = merges.includes(verb) && state !== 'merged' ? 'state' : table[verb][at];
        assert.equal(verdictOf(await ask(verb, role, number)), expected, `${role}: ${verb}, ${state}`);
      };
      // What was rejected waits no more.
      await look('approve');
      await Promise.all((Object.keys(table) as Act[]).filter((verb) => verb !== 'approve').map(look));
    }
  }
});
