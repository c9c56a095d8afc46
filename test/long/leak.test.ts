// No word of a Secret leaves, whatever is wrong with it: many rounds, each run with other sources. A seed that failed is played again with COX_TEST_SEED.
import { test } from 'node:test';
import { leaks } from '../leak/leak.ts';

const seed = Number(process.env['COX_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test('random Secrets, right and wrong, leave no word of theirs anywhere in many rounds', { timeout: 1_200_000 }, (t) => leaks(t, { seed, rounds: 30 }));
