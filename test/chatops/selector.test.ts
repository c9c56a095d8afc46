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
  assert.deepEqual(await status(`${b.namespace}/sel-*-dev`), ['sel-web-dev']);
  const refused: [string, string][] = [
    ['env=prdo', 'no application that you may see is selected by "env=prdo"; did you mean env=prod?'],
    ['environ=prod', 'nothing is selected by environ; env=… and project=… are known'],
    ['projct=shop', 'nothing is selected by projct; did you mean project=…?'],
    ['project=hiden', 'no application that you may see is selected by "project=hiden"'],
  ];
  for (const [application, message] of refused)
    assert.deepEqual(outcome(await b.ask('status', { application })), ['Refused', message]);
  for (const none of ['env=none', 'project=hidden', 'sel-web*web-dev', `${'*a'.repeat(30)}*`])
    assert.deepEqual(outcome(await b.ask('sync', { application: none })), [
      'Refused',
      `no application that you may see is selected by "${none}"`,
    ]);
});

test('--all means what the pull request touches, and elsewhere all that the person may see', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.project('hidden');
  await b.application('all-one');
  await b.application('all-two');
  await b.application('all-secret', { project: 'hidden' });
  b.forge.touched[7] = [`${b.namespace}/all-two`];
  const [all, pull] = [{ all: 'true' }, { owner: 'acme', repo: 'infra', number: 7 }];
  assert.deepEqual(outcome(await b.ask('sync', { args: all, pull })), ['Done', 'all-two: sync started']);
  const both = 'all-one: sync started\nall-two: another operation is in progress; try again when it has ended';
  assert.deepEqual(outcome(await b.ask('sync', { args: all })), ['Done', both]);
  assert.deepEqual(outcome(await b.ask('sync', { args: all, pull: { ...pull, number: 8 } })), [
    'Refused',
    'this pull request touches no application',
  ]);
  assert.deepEqual(outcome(await b.ask('sync', { args: all, application: 'all-one' })), [
    'Refused',
    'all-one and --all are two things; write one of them',
  ]);
  assert.deepEqual(outcome(await b.ask('reopen', { args: all })), [
    'Refused',
    'name an application: /cox reopen <app> [--digest d]',
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
