// The phases: each drives the operator through nothing but the Application API and a git server, and answers what it
// took.
import type { Application } from '../src/model/application.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  all,
  applicationOf,
  applications,
  configMap,
  deliver,
  get,
  median,
  merge,
  namespaceOf,
  refreshAll,
  round,
  seconds,
  until,
  valueOf,
  type Bench,
} from './drive.ts';
import { usageOf } from './usage.ts';

export const phaseNames = ['create', 'idle', 'commit', 'commit-webhook', 'drift', 'heal'] as const;
export type PhaseName = (typeof phaseNames)[number];

export type Result = Record<string, number>;

async function create(bench: Bench): Promise<Result> {
  const { stand, workload } = bench;
  for (const name of workload.names)
    await stand.access.must('POST', '/api/v1/namespaces', { metadata: { name: namespaceOf(name) } });
  const before = usageOf(stand.pid);
  const start = performance.now();
  for (const [at, name] of workload.names.entries())
    await stand.access.must('POST', applications, applicationOf(name, workload.url, at % 2 === 0));
  const posted = seconds(start);
  await until(
    'all Synced',
    250,
    async () =>
      (await all(bench)).filter((app) => app.status?.sync?.status === 'Synced').length === workload.names.length,
  );
  const took = seconds(start);
  const after = usageOf(stand.pid);
  return {
    seconds: round(took, 1),
    posted_s: round(posted, 1),
    cpu_s: round(after.cpu - before.cpu, 1),
    rss_mib: Math.round(after.rss),
  };
}

async function idle(bench: Bench): Promise<Result> {
  await sleep(15_000);
  const before = usageOf(bench.stand.pid);
  await sleep(bench.idle * 1000);
  const after = usageOf(bench.stand.pid);
  return { cpu_s_per_min: round(((after.cpu - before.cpu) * 60) / bench.idle, 2), rss_mib: Math.round(after.rss) };
}

/** Seconds until the live value is there, and until the application is Synced at the commit. */
async function follow(
  bench: Bench,
  name: string,
  commit: { sha: string; value: number; start: number; everyMs: number },
): Promise<{ live: number; synced: number }> {
  const { sha, value, start, everyMs } = commit;
  await until('live', everyMs, async () => (await valueOf(bench, name, 0)) === String(value));
  const live = seconds(start);
  await until('Synced', everyMs, async () => {
    const { sync } = (await get<Application>(bench, `${applications}/${name}`)).status ?? {};
    return sync?.status === 'Synced' && sync.revision === sha;
  });
  return { live, synced: seconds(start) };
}

/** Every application is asked to refresh, as a poll or an indiscriminate webhook would. */
async function commit(bench: Bench): Promise<Result> {
  const runs: { live: number; synced: number; all: number; cpu: number }[] = [];
  for (let run = 0; run < bench.commits; run += 1) {
    const name = bench.workload.names[3 * run] ?? '';
    const { after: sha } = bench.workload.change(name, run + 1);
    const before = usageOf(bench.stand.pid);
    const start = performance.now();
    const asked = refreshAll(bench, name);
    const { live, synced } = await follow(bench, name, { sha, value: run + 1, start, everyMs: 10 });
    await asked;
    await until('all refreshed', 100, async () =>
      (await all(bench)).every((app) => app.metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined),
    );
    const refreshed = seconds(start);
    await sleep(5000);
    runs.push({ live, synced, all: refreshed, cpu: usageOf(bench.stand.pid).cpu - before.cpu });
  }
  return {
    live_s: round(median(runs.map((run) => run.live))),
    synced_s: round(median(runs.map((run) => run.synced))),
    all_refreshed_s: round(median(runs.map((run) => run.all))),
    cpu_s: round(median(runs.map((run) => run.cpu)), 2),
  };
}

/** Told by one signed push delivery; nobody refreshes the others. */
async function commitWebhook(bench: Bench): Promise<Result> {
  const runs: { live: number; synced: number; cpu: number }[] = [];
  for (let run = 0; run < bench.commits; run += 1) {
    const name = bench.workload.names[3 * (run + bench.commits)] ?? '';
    const pushed = bench.workload.change(name, run + 1);
    const before = usageOf(bench.stand.pid);
    const start = performance.now();
    await deliver(bench, name, pushed);
    const { live, synced } = await follow(bench, name, { sha: pushed.after, value: run + 1, start, everyMs: 2 });
    await sleep(5000);
    runs.push({ live, synced, cpu: usageOf(bench.stand.pid).cpu - before.cpu });
  }
  return {
    live_s: round(median(runs.map((run) => run.live))),
    synced_s: round(median(runs.map((run) => run.synced))),
    cpu_s: round(median(runs.map((run) => run.cpu)), 2),
  };
}

/** An edit by hand; seconds until `holds`. */
async function edits(bench: Bench, names: string[], holds: (name: string) => Promise<boolean>): Promise<Result> {
  const took: number[] = [];
  for (const name of names.slice(0, bench.probes)) {
    const start = performance.now();
    await merge(bench, configMap(name, 1), { data: { value: 'drifted' } });
    await until(name, 1, () => holds(name));
    took.push(seconds(start));
    await sleep(500 + Math.random() * 1000);
  }
  return { p50_s: round(median(took)), max_s: round(Math.max(...took)), n: took.length };
}

function drift(bench: Bench): Promise<Result> {
  const names = bench.workload.names.filter((_, at) => at % 2 === 1 && at > 8).reverse();
  return edits(
    bench,
    names,
    async (name) => (await get<Application>(bench, `${applications}/${name}`)).status?.sync?.status === 'OutOfSync',
  );
}

function heal(bench: Bench): Promise<Result> {
  const names = bench.workload.names.filter((_, at) => at % 2 === 0 && at > 8).reverse();
  return edits(bench, names, async (name) => (await valueOf(bench, name, 1)) !== 'drifted');
}

export const phases: Record<PhaseName, (bench: Bench) => Promise<Result>> = {
  create,
  idle,
  commit,
  'commit-webhook': commitWebhook,
  drift,
  heal,
};
