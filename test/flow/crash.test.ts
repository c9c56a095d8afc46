// Coxswain is killed at a seeded choice of its mutating requests; the story ends as if nothing had happened.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { disturbedRun, undisturbedRun } from '../../sandbox/crash.ts';
import { faceOf, someRequests } from '../../sandbox/crashes.ts';
import { differences } from '../../sandbox/story/end-state.ts';

/** Of about 500 requests; each death costs some seconds: on two busy processors all of them some minutes. */
const share = 0.025;
const deaths = 12;

test(
  'killed before or after any of its mutating requests, Coxswain ends the story as if it had not been',
  { timeout: 480_000 },
  async (t) => {
    const seed = Number(process.env['COX_SEED'] ?? randomInt(1_000_000));
    t.diagnostic(`COX_SEED=${seed} repeats this choice; npm run crash kills at every request`);
    const silent = (): void => undefined;
    const [undisturbed, disturbed] = await Promise.all([
      undisturbedRun(silent),
      disturbedRun(someRequests(seed, share, deaths), 90_000, (line) => t.diagnostic(line)),
    ]);
    assert.deepEqual([...new Set(disturbed.kills.map(({ label }) => faceOf(label)))].sort(), [
      'cluster',
      'github',
      'slack',
    ]);
    assert.deepEqual([...new Set(disturbed.kills.map(({ side }) => side))].sort(), ['after', 'before']);
    assert.deepEqual(differences(undisturbed.end, disturbed.end), []);
  },
);
