// Measures the operator: `npm run bench -- [--apps 150] [--only create,idle,…] [--idle 60] [--probes 10]`.
import type { Bench } from './drive.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureFloor } from './floor.ts';
import { phaseNames, phases, type PhaseName, type Result } from './phases.ts';
import { report } from './report.ts';
import { stall } from './stall.ts';
import { startStand } from './stand.ts';
import { startWorkload } from './workload.ts';

const help = `npm run bench [-- options]

Measures Coxswain against a real API server of its own, beside what that server takes at most (the floor). Some minutes.
Prints one JSON line for each phase, then a table beside Argo CD and the targets.

  --apps <n>       applications; default 150
  --only <names>   phases: ${phaseNames.join(', ')}, stall; default all; create comes always, except with stall alone
  --idle <s>       length of the idle phase in seconds; default 60
  --probes <n>     edits by hand in drift and heal; default 10
  --help           this text
`;

interface Options {
  apps: number;
  only: PhaseName[];
  /** How long the event loop is held at a stretch, measured in this process. */
  stall: boolean;
  idle: number;
  probes: number;
}

/** undefined = help was asked for. */
function read(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      apps: { type: 'string', default: '150' },
      only: { type: 'string', default: [...phaseNames, 'stall'].join(',') },
      idle: { type: 'string', default: '60' },
      probes: { type: 'string', default: '10' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const wanted = values.only.split(',');
  const unknown = wanted.filter((name) => name !== 'stall' && !phaseNames.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`no such phase: ${unknown.join(', ')}; there are ${phaseNames.join(', ')}, stall`);
  const count = (text: string, name: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name} is "${text}", but must be a whole number above 0`);
    return value;
  };
  // Nothing can be measured before the applications are there.
  return {
    apps: count(values.apps, 'apps'),
    only: values.only === 'stall' ? [] : phaseNames.filter((name) => name === 'create' || wanted.includes(name)),
    stall: wanted.includes('stall'),
    idle: count(values.idle, 'idle'),
    probes: count(values.probes, 'probes'),
  };
}

async function run(options: Options): Promise<void> {
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  if (options.stall) print({ phase: 'stall', ...(await stall()) });
  if (options.only.length === 0) return;
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-bench-git-'));
  const stand = await startStand(note);
  const workload = await startWorkload(dir, options.apps);
  try {
    note('measuring the floor');
    const floor = await measureFloor(stand);
    print({ phase: 'floor', ...floor });
    const bench: Bench = {
      stand,
      workload,
      idle: options.idle,
      probes: options.probes,
      commits: Math.max(1, Math.min(3, Math.floor(options.apps / 6))),
    };
    const results: Partial<Record<PhaseName, Result>> = {};
    for (const name of options.only) {
      note(name);
      const result = await phases[name](bench);
      results[name] = result;
      print({ phase: name, apps: options.apps, ...result });
    }
    process.stdout.write(`\n${report(results, floor, options.apps)}\n`);
  } finally {
    await stand.stop();
    await workload.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  const options = read(process.argv.slice(2));
  if (options) await run(options);
  else process.stdout.write(help);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
