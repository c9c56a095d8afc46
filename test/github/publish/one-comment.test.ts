// A pass that is under way while somebody touches the comment, or whose note got no answer, makes no second one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commentMarker } from '../../../src/model/annotations.ts';
import { eventually } from '../../control-plane.ts';
import { bed, openPull, repo } from '../fixture.ts';
import { app, changed, configMap } from '../markdown/sample.ts';

const web = (level: string): ReturnType<typeof app> =>
  app(
    'web-dev',
    { change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: level }))] },
    { environment: 'dev' },
  );

test('what somebody touches in the middle of a pass makes no second comment, and hides no command', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  const number = await openPull(b.sandbox);
  await b.quiet();
  const own = b.sandbox.world.repositories[0]?.comments[0]?.id ?? 0;
  const gate = Promise.withResolvers<void>();
  b.script.gate = gate.promise;
  b.script.apps = [web('trace')];
  const looked = b.script.previews.length;
  const ann = b.sandbox.actAs('ann');
  await ann.commit(repo, { branch: 'bump', files: { 'apps/web.yaml': 'image: 3\n' }, message: 'more' });
  await eventually('the pass is under way', () => b.script.previews.length > looked || undefined);
  b.sandbox.faults.hooks('lose', { event: 'issue_comment', times: 1 });
  b.sandbox.actAs('bob').comment(repo, number, '/cox help');
  ann.editComment(repo, own, `${commentMarker}\nx`);
  await b.sandbox.settled();
  gate.resolve();
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /LEVEL: trace/);
  assert.equal(b.sandbox.world.repositories[0]?.comments[0]?.id, own);
  assert.equal(b.requests().length, 1);
});

test('a note whose creation got no answer is found, not made again', async (t) => {
  const b = await bed(t);
  b.script.apps = [web('debug')];
  const gate = Promise.withResolvers<void>();
  b.script.gate = gate.promise;
  let cut = false;
  b.sandbox.faults.inject({
    match: ({ method, path }) => (cut ||= method === 'POST' && path.endsWith('/comments')),
    answer: { cut: 'after' },
  });
  await openPull(b.sandbox);
  await eventually('the note stands', () => b.comments().length > 0 || undefined);
  gate.resolve();
  await b.quiet();
  assert.equal(b.comments().length, 1);
  assert.match(b.comments()[0] ?? '', /LEVEL: debug/);
});
