// Each command is answered by one comment beside it, which quotes it; the living comment keeps a short list with links.
import type { Request } from '../../../src/model/coxswain.ts';
import type { Bed } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, verbs } from '../../../src/chatops/command.ts';
import { bed, openPull, progressOf, repo } from '../fixture.ts';
import { app, changed, configMap } from '../markdown/sample.ts';

interface Asked {
  who: string;
  text: string;
  phase?: 'Done' | 'Refused';
  message: string;
}

/** Asks, and carries it out as chatops does; gives the id of the comment. */
async function ask(b: Bed, number: number, { who, text, phase = 'Done', message }: Asked): Promise<number> {
  const id = b.sandbox.actAs(who).comment(repo, number, text);
  await b.quiet();
  const found = b.requests().find(({ spec }) => spec.origin.kind === 'comment' && spec.origin.commentId === id);
  assert.ok(found);
  await finish(b, found, phase, message);
  return id;
}

async function finish(b: Bed, found: Request, phase: 'Done' | 'Refused', message: string): Promise<void> {
  const finishedAt = new Date().toISOString();
  const key = `${found.metadata.namespace}/${found.metadata.name}`;
  const done = await b.store.requests.patch(key, { status: { phase, message, finishedAt } }, { subresource: 'status' });
  await b.forge.answer(done, { ok: phase === 'Done', text: message });
  await b.quiet();
}

/** Bodies of the comments that answer that one. */
function replies(b: Bed, question: number): string[] {
  return (b.sandbox.world.repositories[0]?.comments ?? [])
    .map(({ body }) => body)
    .filter((body) => body.startsWith(`<!-- coxswain-answer ${question} -->`));
}

function touch(b: Bed): void {
  const one = { change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: 'debug' }))] };
  const two = { change: [changed(configMap('api', { PORT: '80' }), configMap('api', { PORT: '81' }))] };
  b.script.apps = [app('web', one), app('api', two)];
}

test('an answer stands beside its question and quotes it, and the living comment links to it', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  await b.quiet();
  const id = await ask(b, number, { who: 'bob', text: '/cox sync web', phase: 'Refused', message: 'web waits' });
  assert.deepEqual(replies(b, id), [`<!-- coxswain-answer ${id} -->\n> \`bob\`: \`/cox sync web\`\n\n😕 web waits`]);
  assert.match(
    b.comments()[0] ?? '',
    new RegExp(
      /😕 `bob` `\/cox sync web` — web waits · /.source + `\\[answer\\]\\(.*/pull/${number}#issuecomment-\\d+\\)`,
    ),
  );
});

test('help is a list whose words break, and the code in its sentences is code', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  await b.quiet();
  const message = helpText();
  const id = await ask(b, number, { who: 'bob', text: '/cox help', message });
  const [reply = ''] = replies(b, id);
  assert.match(reply, /^- `\/cox sync <app>` — applies what Git says now/m);
  assert.equal(reply.match(/^- `\/cox /gm)?.length, Object.keys(verbs).length);
  assert.doesNotMatch(reply, /```/);
});

test('a restart answers nothing again', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const id = await ask(b, number, { who: 'bob', text: '/cox status web', message: '🟢 web · Synced' });
  await b.restart();
  assert.equal(replies(b, id).length, 1);
});

test('an answer that was never written, because we died, is written at the next start', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const id = b.sandbox.actAs('bob').comment(repo, number, '/cox status web');
  await b.quiet();
  await b.app.stop();
  const [found] = b.requests();
  assert.ok(found);
  await b.store.requests.patch(
    `${found.metadata.namespace}/${found.metadata.name}`,
    { status: { phase: 'Done', message: '🟢 web', finishedAt: new Date().toISOString() } },
    { subresource: 'status' },
  );
  await b.restart();
  assert.equal(replies(b, id).length, 1);
});

test('nothing scrolls away: each of many commands keeps its answer, and the list counts the rest', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const ids: number[] = [];
  for (let at = 0; at < 10; at += 1)
    ids.push(await ask(b, number, { who: 'bob', text: `/cox status web${at}`, message: `answer ${at}` }));
  assert.deepEqual(
    ids.map((id) => replies(b, id).length),
    ids.map(() => 1),
  );
  assert.match(b.comments()[0] ?? '', /… and 2 earlier ones, each answered where it was asked/);
});

test('`/cox diff` is answered with the diff, of all or of the application that is named', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const all = await ask(b, number, { who: 'bob', text: '/cox diff', message: '2 applications are compared again' });
  const [whole = '', ...more] = replies(b, all);
  assert.deepEqual(more, []);
  assert.match(whole, /-\s+LEVEL: info\n\+\s+LEVEL: debug/);
  assert.match(whole, /\+\s+PORT: "?81/);
  const one = await ask(b, number, { who: 'bob', text: '/cox diff api', message: 'api is compared again' });
  const [alone = ''] = replies(b, one);
  assert.match(alone, /\+\s+PORT: "?81/);
  assert.doesNotMatch(alone, /LEVEL/);
});

test('a refused `/cox diff` shows no diff', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const id = await ask(b, number, { who: 'bob', text: '/cox diff web', phase: 'Refused', message: 'no right' });
  assert.match(replies(b, id)[0] ?? '', /😕 no right$/);
});

test('`/cox diff` in a merged pull request is answered too', async (t) => {
  const b = await bed(t);
  touch(b);
  b.script.progress = [progressOf('web', 'success')];
  const number = await openPull(b.sandbox);
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  const id = await ask(b, number, { who: 'bob', text: '/cox diff', message: 'web is compared again' });
  assert.match(replies(b, id)[0] ?? '', /🚀 web is compared again/);
});

test('in a merged pull request it is answered with what was shown, and with what is left of it', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  await b.quiet();
  b.script.progress = [progressOf('web', 'success'), progressOf('api', 'failure', { message: 'the quota is used up' })];
  await b.sandbox.actAs('ann').merge(repo, number);
  await b.quiet();
  b.script.apps = [];
  const id = await ask(b, number, { who: 'bob', text: '/cox diff api', message: 'api is compared again' });
  const [answer = ''] = replies(b, id);
  assert.match(answer, /- \*\*api\*\*: failed · the quota is used up\n\nAs it was shown at <code>[0-9a-f]{7}<\/code>/);
  assert.match(answer, /-\s+PORT: "?80"?\n\+\s+PORT: "?81/);
  assert.doesNotMatch(answer, /LEVEL|\*\*web/);
  const none = await ask(b, number, { who: 'bob', text: '/cox diff other', message: 'other is compared again' });
  assert.match(replies(b, none)[0] ?? '', /It showed no diff of `other`\.$/);
});

test('a stranger gets three answers of their own; the list tells of the rest', async (t) => {
  const b = await bed(t);
  touch(b);
  b.sandbox.user('eve');
  const number = await openPull(b.sandbox);
  const ids: number[] = [];
  for (const at of [0, 1, 2, 3])
    ids.push(await ask(b, number, { who: 'eve', text: `/cox help ${at}`, message: `help ${at}` }));
  assert.deepEqual(
    ids.map((id) => replies(b, id).length),
    [1, 1, 1, 0],
  );
  assert.match(b.comments()[0] ?? '', /`\/cox help 3` — help 3$/m);
});

test('the answer to a sync is edited when that ends, and never becomes a second comment', async (t) => {
  const b = await bed(t);
  touch(b);
  const number = await openPull(b.sandbox);
  const id = b.sandbox.actAs('bob').comment(repo, number, '/cox sync web');
  await b.quiet();
  const [found] = b.requests();
  assert.ok(found);
  const key = `${found.metadata.namespace}/${found.metadata.name}`;
  const put = async (status: Partial<NonNullable<Request['status']>>): Promise<void> => {
    await b.store.requests.patch(key, { status }, { subresource: 'status' });
    await b.quiet();
  };
  const [syncs, finishedAt] = [[{ application: 'argocd/web' }], new Date().toISOString()];
  await put({ phase: 'Done', message: 'web: sync started', finishedAt, syncs });
  const asked = `<!-- coxswain-answer ${id} -->\n> \`bob\`: \`/cox sync web\`\n\n`;
  assert.deepEqual(replies(b, id), [`${asked}🚀 web: sync started\n\n⏳ What becomes of it follows here.`]);
  await b.app.stop();
  const ended = { ok: false, message: 'the sync failed: quota <b>' };
  await b.store.requests.patch(
    key,
    { status: { syncs: [{ application: 'argocd/web', ended }] } },
    { subresource: 'status' },
  );
  await b.restart();
  const end = `${asked}❌ web: sync started\n\n❌ **web**: the sync failed: quota &lt;b&gt;`;
  assert.deepEqual(replies(b, id), [end]);
  assert.match(b.comments()[0] ?? '', /❌ `bob` `\/cox sync web` — web: the sync failed: quota &lt;b&gt; · \[answer\]/);
  await b.restart();
  assert.deepEqual(replies(b, id), [end]);
});
