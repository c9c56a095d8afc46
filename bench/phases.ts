// The phases: each drives the operator through nothing but the Application API and a git server, and answers what it
// took.
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from '../src/model/application.ts';
import { usageOf } from './usage.ts';
import type { Stand } from './stand.ts';
import type { Workload } from './workload.ts';

export const phaseNames = ['create', 'idle', 'commit', 'commit-webhook', 'drift', 'heal'] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface Bench {
  stand: Stand;
  workload: Workload;
  /** Seconds of the idle phase. */
  idle: number;
  /** Edits in drift and heal. */
  probes: number;
  /** How often each commit phase commits. */
  commits: number;
}

export type Result = Record<string, number>;

const applications = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const limitSeconds = 900;

const namespaceOf = (name: string): string => `ns-${name}`;
const seconds = (since: number): number => (performance.now() - since) / 1000;
const round = (value: number, digits = 3): number => Number(value.toFixed(digits));
const configMap = (name: string, at: number): string =>
  `/api/v1/namespaces/${namespaceOf(name)}/configmaps/${name}-${at}`;

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

/** Seconds until the condition holds, asked every `everyMs`. */
async function until(what: string, everyMs: number, holds: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await holds())) {
    if (seconds(start) > limitSeconds) throw new Error(`${what}: not reached within ${limitSeconds} s`);
    await sleep(everyMs);
  }
  return seconds(start);
}

async function get<T>({ stand }: Bench, path: string): Promise<T> {
  return (await stand.access.must('GET', path)) as T;
}

async function merge({ stand }: Bench, path: string, patch: unknown): Promise<void> {
  const answer = await stand.access.call('PATCH', path, patch, 'application/merge-patch+json');
  if (answer.status >= 300) throw new Error(`PATCH ${path} answered ${answer.status}`);
}

async function all(bench: Bench): Promise<Application[]> {
  return (await get<{ items: Application[] }>(bench, applications)).items;
}

async function valueOf(bench: Bench, name: string, at: number): Promise<string | undefined> {
  return (await get<{ data?: { value?: string } }>(bench, configMap(name, at))).data?.value;
}

function applicationOf(name: string, url: string, selfHeal: boolean): unknown {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name },
    spec: {
      project: 'default',
      source: { repoURL: url, targetRevision: 'main', path: `apps/${name}` },
      destination: { server: 'https://kubernetes.default.svc', namespace: namespaceOf(name) },
      syncPolicy: { automated: { prune: true, selfHeal } },
    },
  };
}

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

async function refreshAll(bench: Bench, first: string): Promise<void> {
  const annotation = { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } };
  for (const name of [first, ...bench.workload.names.filter((each) => each !== first)])
    await merge(bench, `${applications}/${name}`, annotation);
}

async function deliver(
  { stand, workload }: Bench,
  name: string,
  pushed: { before: string; after: string; path: string },
): Promise<void> {
  const repository = {
    id: 1,
    name: 'mono',
    full_name: 'bench/mono',
    default_branch: 'main',
    html_url: workload.url.slice(0, -4),
    clone_url: workload.url,
    owner: { login: 'bench', name: 'bench' },
  };
  const commit = { id: pushed.after, added: [], removed: [], modified: [pushed.path] };
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: pushed.before,
    after: pushed.after,
    head_commit: commit,
    commits: [commit],
    repository,
  });
  const signature = `sha256=${createHmac('sha256', stand.webhookSecret).update(body).digest('hex')}`;
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': `${name} ${pushed.after}`,
    'x-hub-signature-256': signature,
  };
  const answer = await fetch(stand.webhook, { method: 'POST', headers, body });
  await answer.text();
  if (!answer.ok) throw new Error(`the delivery was answered with ${answer.status}`);
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
