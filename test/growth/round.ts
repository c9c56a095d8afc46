// What each round of the growth test shares: something comes and goes, with two kilobytes of its own.
import { nextTurn } from '../../src/base/clock.ts';

/** Comes and goes with that number. */
export type Round = (number: number) => Promise<void> | void;

export const pad = 'x'.repeat(2000);

/** Until it is so; everything here answers at once. */
export async function turnsUntil(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 10_000) throw new Error('it never came');
    await nextTurn();
  }
}
