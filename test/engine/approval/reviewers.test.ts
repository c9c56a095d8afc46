// Whom the forge's environment requires as reviewers: nobody else's agreement counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../control-plane.ts';
import { approvalIn, config } from '../manifests.ts';
import { stage } from '../fixture.ts';
import { agree, bob, carol } from './fixture.ts';

test('only required reviewers of an environment count, and it waits while GitHub cannot be asked', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.project('gated', { 'coxswain.dev/approval': 'required', 'coxswain.dev/environment': 'production' });
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  const asked: string[] = [];
  s.authors.reviewers = (environment) => {
    asked.push(environment);
    return ['carol'];
  };
  assert.deepEqual(await agree(s, bob), { done: false, message: 'bob is not among the approvers (carol)' });
  assert.deepEqual(asked, ['production']);

  let unanswered = 0;
  const down = (): never => {
    unanswered += 1;
    throw new Error('GitHub cannot be reached');
  };
  s.authors.reviewers = down;
  await assert.rejects(agree(s, carol), /cannot be reached/);
  await approvalIn(s, 'prod', 'Pending');

  unanswered = 0;
  s.authors.reviewers = () => {
    s.authors.reviewers = down; // the gate asks again, and gets no answer
    return ['carol'];
  };
  assert.equal((await agree(s, carol)).done, true);
  await approvalIn(s, 'prod', 'Approved');
  await eventually('the gate to ask', () => (unanswered > 0 ? true : undefined));
  assert.equal(s.store.applications.get(`${s.namespace}/prod`)?.status?.history?.length ?? 0, 0);
  s.authors.reviewers = () => ['carol'];
  await s.until('prod', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
});

test('an environment that asks nobody, or that does not exist, changes nothing', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('prod', { project: 'gated' });
  await approvalIn(s, 'prod', 'Pending');
  const asked = new Set<string>();
  s.authors.reviewers = (environment) => void asked.add(environment);
  assert.equal((await agree(s, bob)).done, true);
  await s.until('prod', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  assert.deepEqual([...asked], ['prod'], 'without an annotation it bears the name of the application');
});
