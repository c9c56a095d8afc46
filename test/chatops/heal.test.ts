// `/cox heal`: what was shown is put back, and nothing that changed since or that nobody has looked at again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareDrift } from '../../src/chatops/heal.ts';
import { eventually } from '../control-plane.ts';
import { bed, outcome } from './fixture.ts';

const policy = 'p, role:all, applications, *, */*, allow\ng, bob, role:all';
const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'web' };
const drifted = [{ key, kind: 'changed' as const, changes: [] }];
const history = [
  { id: 0, revision: 'a'.repeat(40), deployedAt: '2026-01-01T00:00:00Z', source: { repoURL: 'https://git.test/x' } },
];

test('what was shown is what would be put back only where the drift is known and the same', () => {
  const [shown, other] = ['f', 'g'];
  assert.equal(compareDrift(shown, shown, shown), 'same');
  assert.equal(compareDrift(shown, shown, other), 'another');
  assert.equal(compareDrift(shown, other, shown), 'another');
  assert.equal(compareDrift(shown, shown, undefined), 'unknown', 'just started: nobody has looked yet');
  assert.equal(compareDrift(shown, other, undefined), 'another');
  assert.equal(compareDrift(undefined, shown, undefined), 'same', 'nothing was shown to a terminal');
});

test('while nobody knows what has drifted now, heal waits; an edit that nobody was shown stays', async (t) => {
  const seen: { now?: string; asked: number } = { asked: 0 };
  const driftNow = (): string | undefined => {
    seen.asked += 1;
    return seen.now;
  };
  const b = await bed(t, { driftNow });
  await b.settings(policy);
  await b.project('shop');
  await b.application('healed', { status: { history } });
  const application = `${b.namespace}/healed`;
  const episode = await b.episode('healed', drifted);
  const answer = b.ask('heal', { application, args: { episode }, digest: 'f' });
  await eventually('it was looked at', () => seen.asked > 1 || undefined);
  assert.equal(b.store.applications.get(application)?.operation, undefined);
  seen.now = 'g';
  const refused = 'healed: the cluster has changed again since you looked; look at the newest card';
  assert.deepEqual(outcome(await answer), ['Refused', refused]);
  assert.equal(b.store.applications.get(application)?.operation, undefined);
});

test('another heal under way lets no later edit pass unseen; a second try of the same is done', async (t) => {
  let now = 'f';
  const b = await bed(t, { driftNow: () => now });
  await b.settings(policy);
  await b.project('shop');
  await b.application('again', { status: { history } });
  const application = `${b.namespace}/again`;
  const episode = await b.episode('again', drifted);
  const wanted = { application, args: { episode }, digest: 'f' };
  const first = await b.ask('heal', wanted);
  assert.deepEqual(outcome(first), ['Done', 'again: putting 1 object back to aaaaaaa']);
  now = 'g';
  assert.equal(outcome(await b.ask('heal', wanted))[0], 'Refused');
  assert.deepEqual(outcome(await b.again(first)), ['Done', 'again: putting 1 object back to aaaaaaa']);
});
