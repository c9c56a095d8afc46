// The table at the end of a run: what was measured, what Argo CD took on a reference machine, and the target; scaled by
// this machine's floor.
import type { Floor } from './floor.ts';
import type { PhaseName, Result } from './phases.ts';

/** What a figure follows: how fast the machine answers, how much CPU its requests cost, or neither. */
export type Scale = 'time' | 'cpu' | 'none';

interface Row {
  phase: PhaseName;
  what: string;
  field: string;
  unit: string;
  /** Argo CD 3.5.1 with 150 applications, on the machine whose floor is `referenceFloor`. */
  reference: number | undefined;
  target: number;
  scale: Scale;
}

/** On the reference machine: server-side applies a second, and CPU seconds of the client for all creates. */
const referenceFloor = { creates: 900, repeats: 1700, createCpu: 0.27 };

const rows: Row[] = [
  {
    phase: 'create',
    what: 'create and sync all',
    field: 'seconds',
    unit: 's',
    reference: 61.5,
    target: 6,
    scale: 'time',
  },
  { phase: 'create', what: 'the same, CPU', field: 'cpu_s', unit: 'CPU-s', reference: 85, target: 8, scale: 'cpu' },
  {
    phase: 'idle',
    what: 'resident memory after',
    field: 'rss_mib',
    unit: 'MiB',
    reference: 526,
    target: 200,
    scale: 'none',
  },
  {
    phase: 'commit',
    what: 'one commit, all refreshed: live changed',
    field: 'live_s',
    unit: 's',
    reference: 3.5,
    target: 0.2,
    scale: 'time',
  },
  {
    phase: 'commit',
    what: 'one commit, all refreshed: Synced',
    field: 'synced_s',
    unit: 's',
    reference: 7.5,
    target: 0.3,
    scale: 'time',
  },
  {
    phase: 'commit',
    what: 'one commit, all refreshed: CPU',
    field: 'cpu_s',
    unit: 'CPU-s',
    reference: 7,
    target: 0.325,
    scale: 'cpu',
  },
  {
    phase: 'commit-webhook',
    what: 'one commit, webhook: live changed',
    field: 'live_s',
    unit: 's',
    reference: undefined,
    target: 0.2,
    scale: 'time',
  },
  {
    phase: 'commit-webhook',
    what: 'one commit, webhook: Synced',
    field: 'synced_s',
    unit: 's',
    reference: undefined,
    target: 0.3,
    scale: 'time',
  },
  {
    phase: 'commit-webhook',
    what: 'one commit, webhook: CPU',
    field: 'cpu_s',
    unit: 'CPU-s',
    reference: undefined,
    target: 0.2,
    scale: 'cpu',
  },
  {
    phase: 'idle',
    what: 'idle, a minute',
    field: 'cpu_s_per_min',
    unit: 'CPU-s',
    reference: 0.28,
    target: 0.1,
    scale: 'cpu',
  },
  {
    phase: 'drift',
    what: 'drift until OutOfSync (p50)',
    field: 'p50_s',
    unit: 's',
    reference: 0.11,
    target: 0.015,
    scale: 'time',
  },
  {
    phase: 'heal',
    what: 'drift until healed (p50)',
    field: 'p50_s',
    unit: 's',
    reference: 0.44,
    target: 0.03,
    scale: 'time',
  },
];

/** How much slower this machine is than the reference machine; 1 = as fast. It counts what else runs on it. */
export function slowness(floor: Floor): Record<Scale, number> {
  const time = (referenceFloor.creates / floor.creates + referenceFloor.repeats / floor.repeats) / 2;
  return { time, cpu: floor.createCpu / referenceFloor.createCpu, none: 1 };
}

export function figure(value: number | undefined, unit: string): string {
  return value === undefined ? '—' : `${value < 10 ? Number(value.toPrecision(2)) : Math.round(value)} ${unit}`;
}

/** Markdown. The reference is for 150 applications: with another number only what was measured is shown. */
export function report(results: Partial<Record<PhaseName, Result>>, floor: Floor, apps: number): string {
  const slower = slowness(floor);
  const lines = rows.flatMap(({ phase, what, field, unit, reference, target, scale }) => {
    const measured = results[phase]?.[field];
    if (measured === undefined) return [];
    if (apps !== 150) return [`| ${what} | ${figure(measured, unit)} | — | — | — |`];
    const scaled = reference === undefined ? undefined : reference * slower[scale];
    const ratio = scaled === undefined ? '—' : `${Number((measured / scaled).toPrecision(2))}`;
    return [
      `| ${what} | ${figure(measured, unit)} | ${figure(scaled, unit)} | ${ratio} | ` +
        `${figure(target * slower[scale], unit)} |`,
    ];
  });
  const [time, cpu] = [slower.time, slower.cpu].map((value) => Number(value.toPrecision(2)));
  return [
    `Floor of this machine: ${floor.creates} creates/s, ${floor.repeats} repeated applies/s, ${floor.dryRuns} ` +
      'dry runs/s, 16 at a time.',
    `Reference and target are scaled by it: times by ${time}, CPU by ${cpu}.`,
    '',
    '| | measured | Argo CD, scaled | ratio | target, scaled |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
