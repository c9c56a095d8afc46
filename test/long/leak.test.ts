// No word of a Secret leaves, whatever is wrong with it: many rounds. COX_TEST_SEED plays others.
import { test } from 'node:test';
import { leaks } from '../leak/leak.ts';

const seed = Number(process.env['COX_TEST_SEED'] ?? 11);

test('random Secrets, right and wrong, leave no word of theirs anywhere in many rounds', { timeout: 1_200_000 }, (t) =>
  leaks(t, { seed, rounds: 12 }),
);
