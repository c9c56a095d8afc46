// Records what Argo CD does with an `operation`: plays all cases, and writes the table that the contract test reads.
import type { Place } from '../place.ts';
import type { Case } from './case.ts';
import type { Row, Table } from './row.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { cases } from './cases.ts';
import { playCase } from './player.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'test', 'beside', 'argocd-operations.json');
const atATime = 4;

function isAlone({ steps }: Case): boolean {
  return steps.some((step) => 'act' in step && step.act === 'restart');
}

/**
 * Writes the table beside its test; with `only`, to standard output what is recorded of those cases. Who kills the
 * controller is played alone, after all others.
 */
export async function record(
  place: Place,
  { version, tell, only }: { version: string; tell: (line: string) => void; only: string | undefined },
): Promise<void> {
  const rows = new Map<Case, Row[]>();
  const wanted = cases.filter(({ name }) => only === undefined || name.includes(only));
  const play = async (item: Case): Promise<void> => {
    const name = `case-${String(cases.indexOf(item) + 1).padStart(2, '0')}`;
    rows.set(item, await playCase(place, item, name));
    tell(`${rows.size} of ${wanted.length}  ${item.name}`);
  };
  const waiting = wanted.filter((item) => !isAlone(item)).values();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const item of waiting) await play(item);
    }),
  );
  for (const item of wanted.filter(isAlone)) await play(item);
  const table: Table = { argocd: version, rows: wanted.flatMap((item) => rows.get(item) ?? []) };
  if (only !== undefined) return void process.stdout.write(`${JSON.stringify(table)}\n`);
  const style = await resolveConfig(file);
  await writeFile(file, await format(JSON.stringify(table), { ...style, filepath: file }));
  tell(`wrote ${file}`);
}
