// A commit that the remote may have dropped.
import type { Repository } from '../../src/git/repository.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { isThere } from '../../src/git/repository.ts';

const sha = 'a'.repeat(40);

/** Answers as a remote does, and whether the mirror holds the commit after a fetch of all branches. */
function remote(answer: AppError | undefined, { reachable = true, held = false } = {}): Repository {
  return {
    fetchCommit: () => (answer ? Promise.reject(answer) : Promise.resolve()),
    fetch: () => (reachable ? Promise.resolve({}) : Promise.reject(new AppError('E_GIT', 'no route to host'))),
    has: () => Promise.resolve(held),
  } as unknown as Repository;
}

const gone = new AppError('E_REVISION', `${sha} is not in infra`);
const silent = new AppError('E_GIT', 'Server does not allow request for unadvertised object', { kind: 'transient' });

test('a commit is there when the remote gives it, or when a branch brings it', async () => {
  assert.equal(await isThere(remote(undefined), sha), true);
  assert.equal(await isThere(remote(silent, { held: true }), sha), true);
});

test('a commit is gone when a remote that answers has it no more, whatever it says of commits by id', async () => {
  assert.equal(await isThere(remote(gone), sha), false);
  assert.equal(await isThere(remote(silent), sha), false);
});

test('a remote in trouble says nothing about a commit', async () => {
  await assert.rejects(isThere(remote(silent, { reachable: false }), sha), { message: 'no route to host' });
  await assert.rejects(isThere(remote(new AppError('E_GIT_AUTH', 'denied')), sha), { code: 'E_GIT_AUTH' });
});
