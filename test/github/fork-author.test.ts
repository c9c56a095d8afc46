// A stranger's branch stands behind a pull request from a fork: nothing that its author writes there is carried out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { createChatops } from '../../src/chatops/chatops.ts';
import { eventually } from '../control-plane.ts';
import { mirrors } from '../git/origin.ts';
import { bed, repo } from './fixture.ts';

test('in a pull request from a fork no command of its author is carried out, and others’ are', async (t) => {
  const b = await bed(t);
  const stranger = b.sandbox.user('stranger', { [repo]: 'admin' });
  await b.sandbox.createRepository({ owner: 'stranger', name: 'infra', forkOf: repo });
  await stranger.commit('stranger/infra', { branch: 'evil', files: { 'apps/e.yaml': 'e: 1\n' }, message: 'evil' });
  const number = await stranger.openPullRequest(repo, { head: 'stranger:evil', title: 'Trust me' });
  const chatops = createChatops({
    store: b.store,
    git: mirrors(t),
    forge: b.forge,
    authors: { authorsOf: () => Promise.resolve({ people: [], unknown: [] }) },
    inputsOf: () => Promise.resolve([]),
    clock: systemClock,
    log: silentLogger(),
  });
  chatops.start();
  t.after(() => chatops.stop());
  const said = async (login: string, text: string): Promise<string> => {
    const before = new Set(b.requests().map(({ metadata }) => metadata.name));
    b.sandbox.actAs(login).comment(repo, number, text);
    const request = await eventually(`the answer to ${login}`, () =>
      b.requests().find(({ metadata, status }) => !before.has(metadata.name) && status && status.phase !== 'Pending'),
    );
    return request.status?.message ?? '';
  };
  const refused =
    'this pull request comes from a fork, and no command of its author is carried out in it; ' +
    'somebody else who may can give it here';
  for (const text of ['status web', 'sync web', 'lock web', 'approve', 'diff'])
    assert.equal(await said('stranger', `/cox ${text}`), refused, text);
  assert.match(await said('stranger', '/cox help'), /^\/cox help — /);
  assert.match(await said('bob', '/cox status web'), /^there is no application "web" that you may see/);
});
