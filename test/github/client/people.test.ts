// Teams of people: one query for all who are asked about together, and nothing remembered.
import type { TestContext } from 'node:test';
import type { Bed } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorKind } from '../../../src/base/errors.ts';
import { eventually } from '../../control-plane.ts';
import { bed } from '../fixture.ts';

/** `seen`: requests of the App for teams or memberships, whichever way they are asked for. */
async function teams(
  t: TestContext,
): Promise<{ b: Bed; seen: string[]; ask: (...logins: string[]) => Promise<string[][]> }> {
  const b = await bed(t);
  const annotations = { 'coxswain.dev/approvers': '@acme/leads, @Acme/Everybody @acme/empty @other/leads' };
  await b.store.projects.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'shop', namespace: b.store.namespace, annotations },
    spec: {},
  });
  await eventually('the project is known', () => b.store.projects.get(`${b.store.namespace}/shop`));
  b.sandbox.team('acme', 'everybody', ['ann']);
  b.sandbox.team('acme', 'leads', ['bob'], 'everybody');
  b.sandbox.team('acme', 'secret', ['bob', 'ann']);
  const seen: string[] = [];
  b.sandbox.faults.inject({
    match: ({ method, path }) => {
      if (/graphql|teams/.test(path)) seen.push(`${method} ${path}`);
      return false;
    },
    answer: { status: 500 },
  });
  return { b, seen, ask: (...logins) => Promise.all(logins.map((login) => b.forge.teams(login, 'acme'))) };
}

test('the teams of all who agreed, and those above, are asked for in one request, and no others', async (t) => {
  const { seen, ask } = await teams(t);
  assert.deepEqual(await ask('bob', 'ann', 'Bob', 'nobody-there'), [
    ['acme:leads', 'acme:everybody'],
    ['acme:everybody'],
    ['acme:leads', 'acme:everybody'],
    [],
  ]);
  assert.deepEqual(seen, ['POST /graphql']);
});

test('whoever leaves a team is out of it at the next request; an owner without named teams is not asked', async (t) => {
  const { b, seen, ask } = await teams(t);
  assert.deepEqual(await ask('bob'), [['acme:leads', 'acme:everybody']]);
  b.sandbox.team('acme', 'leads', []);
  assert.deepEqual(await ask('bob'), [[]]);
  assert.equal(seen.length, 2);
  assert.deepEqual(await b.forge.teams('bob', 'elsewhere'), []);
  assert.equal(seen.length, 2);
});

test('a person who has more teams than one page holds is in all of them', async (t) => {
  const { b, seen, ask } = await teams(t);
  b.sandbox.team('acme', 'leads', []);
  for (let at = 0; at < 120; at += 1) b.sandbox.team('acme', `t${at}`, ['bob']);
  b.sandbox.team('acme', 'empty', ['bob']);
  assert.deepEqual(await ask('bob'), [['acme:empty']]);
  assert.equal(seen.length, 2);
});

test('what the App may not read of teams is refused for good', async (t) => {
  const { b, ask } = await teams(t);
  for (const token of b.sandbox.world.tokens.values()) delete token.permissions['members'];
  await assert.rejects(ask('bob'), (error) => errorKind(error) === 'terminal');
});
