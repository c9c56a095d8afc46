// Asks before what cannot be taken back.
import type { Session } from '../session.ts';
import { createInterface } from 'node:readline/promises';
import { usage } from '../options.ts';

/** Asks on the terminal, such as `Delete web`; without one the line must say --yes by itself. Throws Usage. */
export async function confirmed({ options, signal }: Session, what: string): Promise<boolean> {
  if (options.values.yes || options.values['dry-run']) return true;
  if (!process.stdin.isTTY)
    throw usage(`this would ${what[0]?.toLowerCase() ?? ''}${what.slice(1)}: say so with --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${what}? [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}
