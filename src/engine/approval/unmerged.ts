// Who makes what is not merged yet: the commits of the branch count, and those that wait on the branch below it.
import type { Clock } from '../../base/clock.ts';
import type { CommitRange } from '../../model/history.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { Authors } from '../application/pass.ts';
import type { Read } from './changed-range.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import { between } from './changed-range.ts';

interface Merge {
  base: string;
  head: string;
  /** The newest commit of both; undefined: they have none in common. */
  fork: string | undefined;
  /** The test merge, which nobody else has. */
  result: string;
}

interface Reading {
  now: Read;
  past: Read | undefined;
}

/** Nobody is asked about the test merge: it brings what its two parents do. */
function unmerged(range: CommitRange, { base, head, fork, result }: Merge): CommitRange[] {
  if (range.to !== result) return [range];
  const { from: _, ...common } = range;
  return [
    ...(range.from === base ? [] : [{ ...range, to: base }]),
    ...(fork === head ? [] : [{ ...common, ...(fork !== undefined && { from: fork }), to: head }]),
  ];
}

/** It is shown, and decides nothing: the gate asks anew about whoever agrees. */
const forMs = 5 * 60_000;

/** Throws while the forge cannot be asked. Answers are kept for a while: a live change shows the comment anew. */
export function unmergedAuthors(
  authors: Authors,
  clock: Clock,
): (readings: readonly Reading[], merge: Merge) => Promise<GateAuthors> {
  const answers = new TtlCache<GateAuthors>({ clock, forMs, keeps: () => true });
  return (readings, merge) => {
    const ranges = readings.flatMap(({ now, past }) => between(now, past)).flatMap((range) => unmerged(range, merge));
    return answers.get(canonicalJson(ranges), () => authors.authorsOf({ ranges, unknown: [] }));
  };
}
