// `npm run beside -- --server`: each verb of Argo CD's command line through its own server, with Coxswain in place of
// its controller.
import type { Ground, Verb } from './ground.ts';
import { AssertionError } from 'node:assert';
import { errorMessage } from '../../../src/base/errors.ts';
import { verbs } from './verbs.ts';

interface Row {
  verb: string;
  worked: 'yes' | 'no';
  seen: string;
}

interface ServerOptions extends Ground {
  tell: (line: string) => void;
}

async function tryOut({ name, run }: Verb, ground: Ground): Promise<Row> {
  try {
    return { verb: name, worked: 'yes', seen: await run(ground) };
  } catch (error) {
    const seen = error instanceof AssertionError ? error.message : errorMessage(error);
    return { verb: name, worked: 'no', seen };
  }
}

function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ verb }) => verb.length));
  const lines = rows.map(({ verb, worked, seen }) => `${verb.padEnd(width)}  ${worked.padEnd(6)}  ${oneLine(seen)}`);
  return `\n${[`${'verb'.padEnd(width)}  ${'worked'.padEnd(6)}  what was seen`, ...lines].join('\n')}\n\n`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Prints the table. Throws when a verb failed, with what it answered. */
export async function playServer({ tell, ...ground }: ServerOptions): Promise<void> {
  const rows: Row[] = [];
  for (const verb of verbs) {
    ground.signal.throwIfAborted();
    const row = await tryOut(verb, ground);
    tell(`${row.verb}: ${row.worked}`);
    rows.push(row);
  }
  process.stdout.write(table(rows));
  const failed = rows.filter(({ worked }) => worked === 'no');
  if (failed.length > 0) throw new Error(`failed: ${failed.map(({ verb, seen }) => `${verb}\n${seen}`).join('\n\n')}`);
}
