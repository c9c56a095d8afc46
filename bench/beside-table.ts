// The table of what was measured beside Argo CD, each figure next to its target as this machine's floor has it.
import { figure, type Scale } from './report.ts';

export interface Row {
  what: string;
  measured: number;
  unit: string;
  /** Missing: told for comparison alone. */
  target?: number;
  scale: Scale;
}

/** NaN is never within a target. */
const isMissed = ({ measured, target }: Row, scale: number): boolean =>
  target !== undefined && !(measured <= target * scale);

/** Markdown; `missed` counts the figures beyond their scaled target. */
export function table(rows: readonly Row[], slower: Record<Scale, number>): { text: string; missed: number } {
  const lines = rows.map((row) => {
    const scaled = row.target === undefined ? undefined : row.target * slower[row.scale];
    const ratio = scaled === undefined ? '—' : String(Number((row.measured / scaled).toPrecision(2)));
    const verdict = isMissed(row, slower[row.scale]) ? ' missed |' : ' |';
    return `| ${row.what} | ${figure(row.measured, row.unit)} | ${figure(scaled, row.unit)} | ${ratio} |${verdict}`;
  });
  const head = ['| | measured | target, scaled | ratio | |', '| --- | --- | --- | --- | --- |'];
  return {
    text: [...head, ...lines].join('\n'),
    missed: rows.filter((row) => isMissed(row, slower[row.scale])).length,
  };
}
