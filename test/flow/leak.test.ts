// No word of a Secret leaves, whatever is wrong with it: a few rounds; `npm run test:long` plays many.
import { test } from 'node:test';
import { leaks } from '../leak/leak.ts';

test('random Secrets, right and wrong, leave no word of theirs anywhere', { timeout: 480_000 }, (t) =>
  leaks(t, { seed: 7, rounds: 4 }),
);
