// Several applications by one word: their environment, their project, or a name with stars.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bed, outcome } from './fixture.ts';

const toBob = 'p, bob, applications, *, shop/*, allow';

test('a selector means every application that fits and that the person may see, and each answers', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.project('hidden');
  const prod = { annotations: { 'coxswain.dev/environment': 'prod' } };
  await b.application('sel-api-prod', prod);
  await b.application('sel-web-prod', prod);
  await b.application('sel-web-dev', { annotations: { 'coxswain.dev/environment': 'dev' } });
  await b.application('sel-secret-prod', { ...prod, project: 'hidden' });
  const both = ['Done', 'sel-api-prod: sync started\nsel-web-prod: sync started'];
  assert.deepEqual(outcome(await b.ask('sync', { application: 'env=prod' })), both);
  const status = async (application: string): Promise<string[]> =>
    (outcome(await b.ask('status', { application }))[1] ?? '').match(/sel-[\w-]+/g) ?? [];
  assert.deepEqual(await status('env:prod'), ['sel-api-prod', 'sel-web-prod']);
  assert.deepEqual(await status('project=shop'), ['sel-api-prod', 'sel-web-dev', 'sel-web-prod']);
  assert.deepEqual(await status('sel-*-prod'), ['sel-api-prod', 'sel-web-prod']);
  assert.deepEqual(await status('*web*'), ['sel-web-dev', 'sel-web-prod']);
  assert.deepEqual(await status('sel-web-dev*'), ['sel-web-dev']);
  for (const none of ['env=none', 'project=hidden', 'sel-web*web-dev', `${'*a'.repeat(30)}*`])
    assert.deepEqual(outcome(await b.ask('sync', { application: none })), [
      'Refused',
      `no application that you may see is selected by "${none}"`,
    ]);
});

test('people decide about one application at a time, whatever they select', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('sel-one');
  await b.application('sel-two');
  for (const verb of ['approve', 'reject', 'reopen', 'revert'] as const)
    assert.deepEqual(outcome(await b.ask(verb, { application: 'sel-*', args: { reason: 'no' } })), [
      'Refused',
      'that selects 2 applications; name the one that you mean',
    ]);
});
