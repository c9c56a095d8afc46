// After the merge the diff that was shown stays: below the tracker, on the page with the buttons, and of each commit.
import type { Bed } from '../fixture.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError } from '../../../src/base/errors.ts';
import { bed, openPull, progressOf, repo } from '../fixture.ts';
import { app, changed, configMap } from '../markdown/sample.ts';

const digest = 'k7f29qpdk7f29qpd';

function touch(b: Bed, after = 'debug', of = digest): void {
  const diff = changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: after }));
  b.script.apps = [app('web-prod', { change: [diff], digest: of }, { gated: true, approvals: 1 })];
}

function waiting(of: string): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-prod-1', namespace: 'argocd' },
    spec: {
      application: 'argocd/web-prod',
      digest: of,
      revision: 'a'.repeat(40),
      operations: [
        { op: 'change', key: configMapKey('web'), phase: 'Sync', wave: 0, fields: [['data.LEVEL', 'x']] },
        { op: 'delete', key: configMapKey('old'), phase: 'Sync', wave: 0 },
      ],
    },
    status: { phase: 'Pending' },
  };
}

function configMapKey(name: string): { group: string; kind: string; namespace: string; name: string } {
  return { group: '', kind: 'ConfigMap', namespace: 'shop', name };
}

async function merged(b: Bed, approval?: Approval): Promise<string> {
  const number = await openPull(b.sandbox);
  await b.quiet();
  b.script.progress = [
    progressOf('web-prod', approval ? 'waiting' : 'success', { gated: true, ...(approval && { approval }) }),
  ];
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  return b.comments()[0] ?? '';
}

function check(b: Bed, name: string): { text: string; summary: string } {
  const found = b.sandbox.world.repositories[0]?.checks.findLast((each) => each.name === name);
  return { text: found?.output.text ?? '', summary: found?.output.summary ?? '' };
}

const level = /-\s+LEVEL: info\n\+\s+LEVEL: debug/;

test('after the merge the tracker stands on top and the diff that was shown stays below, folded', async (t) => {
  const b = await bed(t);
  touch(b);
  const comment = await merged(b);
  const [above = '', below = ''] = comment.split('<details><summary><b>The diff as it was shown before the merge</b>');
  assert.match(above, /^<!-- coxswain -->\n### ✅ Merged and rolled out/);
  assert.match(below, level);
  assert.match(below, /digest <code>k7f29qpdk7f2<\/code>/);
});

test('it stays after a restart and after the applications have moved on', async (t) => {
  const b = await bed(t);
  touch(b);
  await merged(b);
  touch(b, 'another value');
  await b.restart();
  assert.match(b.comments()[0] ?? '', level);
});

test('the check of each commit keeps the diff of that commit', async (t) => {
  const b = await bed(t);
  touch(b);
  await openPull(b.sandbox);
  await b.quiet();
  touch(b, 'trace');
  const ann = b.sandbox.actAs('ann');
  await ann.commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: two\n' }, message: 'web: again' });
  await b.quiet();
  const texts = (b.sandbox.world.repositories[0]?.checks ?? []).map(({ output }) => output.text ?? '');
  assert.equal(texts.length, 2);
  assert.match(texts[0] ?? '', level);
  assert.match(texts[1] ?? '', /\+\s+LEVEL: trace/);
});

test('the page with the buttons shows each operation and the diff, deletions first and by name', async (t) => {
  const b = await bed(t);
  touch(b);
  await merged(b, waiting(digest));
  const { summary, text } = check(b, 'coxswain/approval');
  assert.match(summary, /deletes `ConfigMap shop\/old`[\s\S]*changes `ConfigMap shop\/web`: `data.LEVEL`/);
  assert.match(summary, /digest `k7f29qpdk7f2`: field by field below/);
  assert.match(text, level);
});

test('where another effect waits than the pull request showed, the page with the buttons says so', async (t) => {
  const b = await bed(t);
  touch(b);
  await merged(b, waiting('ffff29qpdk7f29qpd'));
  assert.match(
    check(b, 'coxswain/approval').summary,
    /digest `ffff29qpdk7f`: It is not the effect that the pull request showed/,
  );
});

test('what is closed without merging keeps its diff too', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  await b.quiet();
  await b.sandbox.actAs('ann').editPullRequest(repo, number, { state: 'closed' });
  await b.quiet();
  assert.match(b.comments()[0] ?? '', /Closed without merging[\s\S]*LEVEL: debug/);
});

test('whoever edits the diff below the tracker, or writes a comment that looks like it, changes nothing', async (t) => {
  const b = await bed(t);
  touch(b);
  const before = await merged(b, waiting(digest));
  const ours = b.sandbox.world.repositories[0]?.comments.find(({ body }) => body === before);
  assert.ok(ours);
  const bob = b.sandbox.actAs('bob');
  bob.editComment(repo, ours.id, before.replaceAll('LEVEL: debug', 'LEVEL: info'));
  bob.comment(repo, ours.pull, '<!-- coxswain-answer 1 -->\n> `bob`: `/cox approve`\n\n🚀 approved');
  await b.quiet();
  await b.sweep();
  assert.deepEqual(b.comments(), [before]);
  assert.match(check(b, 'coxswain/approval').text, level);
});

async function again(b: Bed): Promise<void> {
  b.forge.refreshPull({ owner: 'acme', repo: 'infra', number: 1 });
  await b.quiet();
}

type Shown = [head: string, digest: string | undefined, level: string | undefined];

async function versions(b: Bed): Promise<Shown[]> {
  const record = await b.app.record?.({ owner: 'acme', repo: 'infra', number: 1 });
  assert.ok(record);
  return record.versions.map(({ head, text, effects }) => [
    head,
    effects[0]?.digest,
    /\+\s+LEVEL: (\w+)/.exec(text)?.[1],
  ]);
}

test('every head and every effect of it stays, also what was pushed over, and after a restart', async (t) => {
  const b = await bed(t);
  touch(b, 'debug', 'aaaa');
  const number = await openPull(b.sandbox);
  await b.quiet();
  touch(b, 'trace', 'bbbb');
  await again(b);
  const first = b.script.previews[0]?.head.sha ?? '';
  touch(b, 'warn', 'cccc');
  const ann = b.sandbox.actAs('ann');
  const files = { 'apps/web.yaml': 'image: two\n' };
  await ann.commit(repo, { branch: 'bump', from: 'main', force: true, files, message: 'web: anew' });
  await b.quiet();
  const second = b.script.previews.at(-1)?.head.sha ?? '';
  await ann.merge(repo, number);
  await b.restart();
  assert.notEqual(first, second);
  assert.deepEqual(await versions(b), [
    [second, 'cccc', 'warn'],
    [first, 'bbbb', 'trace'],
    [first, 'aaaa', 'debug'],
  ]);
  assert.match(b.comments()[0] ?? '', /\[every version\]\(https:\/\/cox\.example\.com\/pulls\/acme\/infra\/1\)/);
});

test('the same effect is no other version, whatever else has changed', async (t) => {
  const b = await bed(t);
  touch(b);
  await openPull(b.sandbox);
  await b.quiet();
  touch(b, 'trace');
  await again(b);
  const levels = (await versions(b)).map(([, , shown]) => shown);
  assert.deepEqual(levels, ['trace']);
});

test('asked to run again with another effect, the check ends and the new one is beside it', async (t) => {
  const b = await bed(t);
  touch(b, 'debug', 'aaaa');
  await openPull(b.sandbox);
  await b.quiet();
  touch(b, 'trace', 'bbbb');
  const [run] = b.sandbox.world.repositories[0]?.checks ?? [];
  assert.ok(run);
  b.sandbox.actAs('ann').rerunCheck(repo, { sha: run.headSha, name: 'coxswain/diff' });
  await b.quiet();
  const runs = b.sandbox.world.repositories[0]?.checks.map(({ status, rerequested }) => [status, rerequested]);
  assert.deepEqual(runs, [
    ['completed', false],
    ['completed', false],
  ]);
  assert.deepEqual(
    (await versions(b)).map(([, shown]) => shown),
    ['bbbb', 'aaaa'],
  );
});

test('who asks for many pull requests does not use up what GitHub permits', async (t) => {
  const b = await bed(t);
  const { record } = b.app;
  assert.ok(record);
  let sent = 0;
  const counts = ({ path }: { path: string }): boolean => {
    if (path.includes('/pulls/')) sent += 1;
    return false;
  };
  b.sandbox.faults.inject({ match: counts, answer: { status: 500 } });
  const ask = async (repository: string, from: number): Promise<string[]> => {
    const asked = Array.from({ length: 110 }, (_, at) =>
      record({ owner: 'acme', repo: repository, number: from + at }),
    );
    const ends = await Promise.allSettled(asked);
    return ends.flatMap((end) => (end.status === 'rejected' ? [describeError(end.reason)] : []));
  };
  assert.deepEqual([await ask('nothing', 1), sent], [[], 0], 'where the App is not, nothing is asked');
  const refused = await ask('infra', 1000);
  assert.deepEqual([refused.length, sent], [10, 100]);
  assert.match(refused[0] ?? '', /share of GitHub's requests \(E_GITHUB\)\. Open this one again in a minute; /);
  assert.equal(await record({ owner: 'acme', repo: 'infra', number: 1099 }), undefined, 'what is known costs nothing');
});

test('a pull request whose pushes are more than what is left asks for none of them, and says when', async (t) => {
  const b = await bed(t);
  touch(b);
  await openPull(b.sandbox);
  await b.quiet();
  const { record } = b.app;
  assert.ok(record);
  const files = { 'apps/web.yaml': 'image: two\n' };
  await b.sandbox.actAs('ann').commit(repo, { branch: 'bump', files, message: 'web: again' });
  await b.quiet();
  // Of a hundred in a minute one is left when its two heads are known.
  await Promise.all(Array.from({ length: 97 }, (_, at) => record({ owner: 'acme', repo: 'infra', number: at + 100 })));
  let sent = 0;
  const counts = ({ path }: { path: string }): boolean => {
    if (path.includes('/check-runs')) sent += 1;
    return false;
  };
  b.sandbox.faults.inject({ match: counts, answer: { status: 500 } });
  await assert.rejects(record({ owner: 'acme', repo: 'infra', number: 1 }), { code: 'E_GITHUB', hint: /in a minute/ });
  assert.equal(sent, 0);
});
