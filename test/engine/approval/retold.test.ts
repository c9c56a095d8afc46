// What is told of an Approval changes while people agree to it: who agreed, and since when it waits, stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import { approvalIn, approvalsOf, config, dataOf, push, quiet, requests, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agree, bob, carol, gate } from './fixture.ts';

test('a commit that changes only who made the change takes nobody’s word away, nor one given meanwhile', async (t) => {
  const s = await stage(t, { 'retold/a.yaml': config('retold', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('two', { ...gate, 'coxswain.dev/approvals': '2' });
  await s.apply('retold', { project: 'two' });
  const asked = await approvalIn(s, 'retold', 'Pending', ({ spec }) => spec.ranges !== undefined);
  const say = (actor: typeof bob): ReturnType<typeof agree> => agree(s, actor, [], 'retold');
  assert.equal((await say(bob)).done, true);
  const opened = approvalsOf(s, 'retold')[0]?.status?.openedAt;
  let early: unknown;
  const { name } = asked.metadata;
  // Its spec first, then its status; between the two somebody clicks.
  s.fuse.meanwhile(`patch Approval/${name}`, () => {
    s.fuse.meanwhile(`patch Approval/${name}`, async () => {
      early = await approve(requests(s), { application: `${s.namespace}/retold`, actor: carol, teams: [] }).catch(
        (error: unknown) => error,
      );
    });
    return Promise.resolve();
  });
  await push(s, { 'retold/a.yaml': `# the same\n${config('retold', '1')}` });
  await quiet(s);
  assert.match(String(early), /just being asked for/);
  const [now] = approvalsOf(s, 'retold');
  assert.notDeepEqual(now?.spec.ranges, asked.spec.ranges);
  assert.deepEqual(
    [now?.metadata.name, now?.status?.phase, now?.status?.message, now?.status?.openedAt, now?.status?.former],
    [name, 'Pending', '1 of 2 approvals', opened, []],
  );
  assert.equal(await dataOf(s, 'retold'), undefined);
  assert.deepEqual(await say(carol), { done: true, message: 'approved; it syncs now' });
  await synced(s, 'retold');
  const applied = await approvalIn(s, 'retold', 'Applied');
  assert.deepEqual(applied.status?.approvals?.map(({ actor }) => actor.login).sort(), ['bob', 'carol']);
});
