// Commands and buttons in pull requests become one Request each, and get one reaction, whatever arrives how often.
import type { Approval, Request } from '../../../src/model/coxswain.ts';
import type { Bed } from '../fixture.ts';
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../../control-plane.ts';
import { bed, openPull, progressOf, repo } from '../fixture.ts';
import { app, changed, configMap } from '../markdown/sample.ts';

function reactions(b: Bed, id: number): string[] {
  return (
    b.sandbox.world.repositories[0]?.comments
      .find((comment) => comment.id === id)
      ?.reactions.map((each) => `${each.user.login} ${each.content}`) ?? []
  );
}

async function open(b: Bed): Promise<number> {
  b.script.apps = [app('web', { change: [changed(configMap('web', { a: '1' }), configMap('web', { a: '2' }))] })];
  const number = await openPull(b.sandbox);
  await b.quiet();
  return number;
}

/** What chatops does when it has carried a Request out. */
async function finish(b: Bed, found: Request, phase: 'Done' | 'Refused', message: string): Promise<void> {
  const done = await b.store.requests.patch(
    `${found.metadata.namespace}/${found.metadata.name}`,
    { status: { phase, message } },
    { subresource: 'status' },
  );
  await b.forge.answer(done, { ok: phase === 'Done', text: message });
  await b.quiet();
}

test('a command becomes one Request with 👀, its answer 🚀 and a line in the comment', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  b.sandbox.faults.hooks('double', { event: 'issue_comment', times: 1 });
  const id = b.sandbox.actAs('bob').comment(repo, number, 'Looks good.\n\n/cox diff web');
  await b.quiet();
  const [found, ...more] = b.requests();
  assert.equal(more.length, 0);
  assert.ok(found);
  assert.deepEqual(
    {
      verb: found.spec.verb,
      application: found.spec.application,
      login: found.spec.actor.login,
      pull: found.spec.pull,
    },
    { verb: 'diff', application: 'web', login: 'bob', pull: { owner: 'acme', repo: 'infra', number } },
  );
  assert.deepEqual(reactions(b, id), ['coxswain[bot] eyes']);
  await finish(b, found, 'Done', 'web is compared again');
  assert.deepEqual(reactions(b, id), ['coxswain[bot] eyes', 'coxswain[bot] rocket']);
  assert.match(b.comments()[0] ?? '', /🚀 `bob` `\/cox diff web` — web is compared again/);
});

test('a Request tells whether GitHub counts the person among those of the repository', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  b.sandbox.user('Mia');
  b.sandbox.team('acme', 'leads', ['mia']);
  b.sandbox.user('eve');
  const known = async (who: string): Promise<boolean | undefined> => {
    b.sandbox.actAs(who).comment(repo, number, `/cox status ${who}`);
    await b.quiet();
    return b.requests().find((each) => each.spec.application === who)?.spec.actor.known;
  };
  assert.deepEqual([await known('bob'), await known('Mia'), await known('eve')], [true, true, false]);
});

test('a refused command gets 😕 and the reason stands in the comment', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  const id = b.sandbox.actAs('bob').comment(repo, number, '/cox sync web');
  await b.quiet();
  const [found] = b.requests();
  assert.ok(found);
  await finish(b, found, 'Refused', 'bob has no right to sync shop/web; ask @acme/admins');
  assert.deepEqual(reactions(b, id), ['coxswain[bot] eyes', 'coxswain[bot] confused']);
  assert.match(
    b.comments()[0] ?? '',
    /😕 `bob` `\/cox sync web` — bob has no right to sync shop\/web; ask @\u200bacme\/admins/,
  );
});

test('an unknown verb is taken with its suggestion', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  b.sandbox.actAs('bob').comment(repo, number, '/cox aprove web');
  await b.quiet();
  assert.match(b.requests()[0]?.spec.args['error'] ?? '', /did you mean `\/cox approve`/);
});

test('quotes, fences, edits and bots command nothing', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  const ann = b.sandbox.actAs('ann');
  ann.comment(repo, number, '> /cox sync web');
  ann.comment(repo, number, '```\n/cox sync web\n```');
  ann.comment(repo, number, 'please run /cox sync web');
  await b.quiet();
  b.sandbox.setWebhookUrl(null);
  const id = ann.comment(repo, number, 'thanks');
  const createdAt = Date.parse(
    b.sandbox.world.repositories[0]?.comments.find((comment) => comment.id === id)?.createdAt ?? '',
  );
  await eventually('a later second, so that the edit shows', () => (Date.now() >= createdAt + 1000 ? true : undefined));
  b.sandbox.actAs('bob').editComment(repo, id, '/cox sync web');
  b.sandbox.setWebhookUrl(b.url);
  await b.restart();
  assert.deepEqual(b.requests(), []);
});

test('a command whose webhook was lost is taken up at the next start', async (t) => {
  const b = await bed(t);
  const number = await open(b);
  b.sandbox.faults.hooks('lose', { event: 'issue_comment', times: 1 });
  const id = b.sandbox.actAs('bob').comment(repo, number, '/cox help');
  await b.quiet();
  assert.equal(b.requests().length, 0);
  await b.restart();
  const [found] = b.requests();
  assert.ok(found);
  await b.store.requests.patch(
    `${found.metadata.namespace}/${found.metadata.name}`,
    { status: { phase: 'Done', message: 'helped' } },
    { subresource: 'status' },
  );
  await b.restart();
  await b.restart();
  assert.deepEqual(reactions(b, id), ['coxswain[bot] eyes', 'coxswain[bot] rocket']);
});

/** A merged pull request whose application waits for an approval of that digest. */
async function approvableMerge(b: Bed): Promise<{ sha: string; digest: string }> {
  const digest = 'abcdef0123456789'.repeat(4);
  const approval: Approval = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-prod-abcdef012345', namespace: b.store.namespace },
    spec: { application: `${b.store.namespace}/web-prod`, digest, revision: 'd'.repeat(40), operations: [] },
  };
  await b.store.approvals.create(approval);
  b.script.progress = [progressOf('web-prod', 'waiting', { gated: true, approval })];
  const number = await open(b);
  const sha = await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  return { sha, digest };
}

test('the approve button carries the digest that was shown', async (t) => {
  const b = await bed(t);
  const { sha, digest } = await approvableMerge(b);
  b.sandbox.faults.hooks('double', { event: 'check_run', times: 1 });
  b.sandbox.actAs('bob').pressCheck(repo, { sha, name: 'coxswain/approval', identifier: 'approve-abcdef012345' });
  await b.quiet();
  const found = b.requests().map(({ spec }) => ({
    verb: spec.verb,
    application: spec.application,
    digest: spec.digest,
    login: spec.actor.login,
    known: spec.actor.known,
  }));
  assert.deepEqual(found, [
    { verb: 'approve', application: `${b.store.namespace}/web-prod`, digest, login: 'bob', known: true },
  ]);
});

test('a click that came while nobody listened is sent again at the next start, once', async (t) => {
  const b = await bed(t);
  const { sha, digest } = await approvableMerge(b);
  b.sandbox.faults.hooks('lose', { event: 'check_run', times: 1 });
  b.sandbox.actAs('bob').pressCheck(repo, { sha, name: 'coxswain/approval', identifier: 'approve-abcdef012345' });
  await b.quiet();
  assert.deepEqual(b.requests(), []);
  await b.restart();
  await eventually('the click', () => b.requests()[0]);
  await b.restart();
  assert.deepEqual(
    b.requests().map(({ spec }) => [spec.verb, spec.digest, spec.actor.login]),
    [['approve', digest, 'bob']],
  );
  assert.equal(b.sandbox.deliveries().filter((each) => each.redelivery).length, 1);
});

test('deliveries without the right signature are refused', async (t) => {
  const b = await bed(t);
  const status = await new Promise<number>((resolve, reject) => {
    const sent = httpRequest(
      b.url,
      {
        method: 'POST',
        headers: {
          'x-github-event': 'push',
          'x-github-delivery': '1',
          'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
        },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end('{}');
  });
  assert.equal(status, 401);
  assert.equal(b.pushes.filter((push) => push.repoUrl === '').length, 0);
});

test('pushes are told with their paths, and people and authors are found', async (t) => {
  const b = await bed(t);
  const from = await b.sandbox.actAs('ann').commit(repo, { branch: 'main', files: { 'a.txt': '1' }, message: 'one' });
  const number = await openPull(b.sandbox);
  const to = await b.sandbox.actAs('bob').merge(repo, number, 'squash');
  await b.quiet();
  const push = b.pushes.find((each) => each.after === from);
  assert.deepEqual({ ref: push?.ref, url: push?.repoUrl }, { ref: 'refs/heads/main', url: b.sandbox.gitUrl(repo) });
  const authors = await b.client.authorsOf(b.sandbox.gitUrl(repo), [from, to], {
    has: async () => false,
    isAncestor: async () => false,
    commitsBetween: async () => [],
  });
  assert.ok(
    authors?.people.some((author) => author.login === 'ann' && author.id === b.sandbox.actAs('ann').account.id),
  );
  assert.deepEqual(b.forge.repositoryOf(b.sandbox.gitUrl(repo)), { owner: 'acme', repo: 'infra' });
  assert.equal(await b.forge.userId('bob'), b.sandbox.actAs('bob').account.id);
  assert.equal(await b.forge.userId('nobody-here'), undefined);
  assert.match((await b.client.credentials(b.sandbox.gitUrl(repo)))?.password ?? '', /^ghs_/);
  assert.equal(await b.client.credentials('https://elsewhere.example/x.git'), undefined);
});

test('opening a pull request twice opens one', async (t) => {
  const b = await bed(t);
  await b.sandbox.actAs('ann').commit(repo, { branch: 'coxswain/revert-1', files: { 'a.txt': '1' }, message: 'one' });
  b.sandbox.faults.inject({
    match: ({ method, path }) => method === 'POST' && path.endsWith('/pulls'),
    answer: { cut: 'after' },
  });
  const wanted = {
    owner: 'acme',
    repo: 'infra',
    base: 'main',
    head: 'coxswain/revert-1',
    title: 'Revert',
    body: 'why',
  };
  await assert.rejects(b.forge.openPull(wanted));
  const second = await b.forge.openPull(wanted);
  assert.equal(second.created, false);
  assert.equal(b.sandbox.world.repositories[0]?.pulls.size, 1);
});
