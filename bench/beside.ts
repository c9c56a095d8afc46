// Measures Coxswain beside Argo CD: what it costs while nothing happens, how soon Argo CD is told of a push, and what
// Argo CD is spared because one application is named. Run by `npm run beside -- --bench`.
import type { ArgoCd } from '../sandbox/beside/argocd.ts';
import type { Programs } from '../sandbox/beside/binaries.ts';
import type { Application } from '../src/model/application.ts';
import type { Bench } from './drive.ts';
import type { Stand } from './stand.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startArgoCd } from '../sandbox/beside/argocd.ts';
import { applyArgoSettings, controllerAccount } from '../sandbox/beside/settings.ts';
import { writeKubeconfig } from '../sandbox/cluster/access.ts';
import { kubeOf } from '../sandbox/kube.ts';
import { controlNamespace } from '../sandbox/settings.ts';
import {
  all,
  applicationOf,
  applications,
  deliver,
  get,
  median,
  namespaceOf,
  refreshAll,
  seconds,
  until,
} from './drive.ts';
import { measureFloor } from './floor.ts';
import { slowness } from './report.ts';
import { table, type Row } from './beside-table.ts';
import { startStand } from './stand.ts';
import { ownUsageOf, usageOf } from './usage.ts';
import { follow } from './watch.ts';
import { startWorkload } from './workload.ts';

interface Options {
  programs: Programs;
  applications: number;
  tell: (line: string) => void;
  signal: AbortSignal;
}

interface Place {
  bench: Bench;
  argocd: ArgoCd;
}

interface Push {
  /** Seconds from the delivery until Argo CD's refresh annotation stood there, and until it had an operation. */
  asked: number;
  operation: number;
  cpu: number;
  /** Applications that Argo CD compared anew. */
  compared: number;
}

const idleSeconds = 60;
const pushes = 5;
const rounds = 3;
/** What comes after the last thing that we wait for: resource trees, health, the cache in Redis. */
const settleMs = 5_000;
const refresh = 'argocd.argoproj.io/refresh';
/** Argo CD's own poll would refresh all in the midst of what is measured. */
const withoutPoll = { ARGOCD_RECONCILIATION_TIMEOUT: '0s', ARGOCD_RECONCILIATION_JITTER: '0s' };

async function besideStand(stand: Stand, dir: string, programs: Programs): Promise<ArgoCd> {
  const token = await applyArgoSettings(kubeOf(stand.access), {});
  const kubeconfig = writeKubeconfig(join(dir, 'argocd.kubeconfig'), {
    server: stand.server,
    ca: stand.ca,
    token,
    user: controllerAccount,
    namespace: controlNamespace,
  });
  return startArgoCd({
    programs,
    dir: join(dir, 'argocd'),
    kubeconfig,
    env: withoutPoll,
  });
}

const isSyncedTo = ({ status }: Application, revision?: string): boolean =>
  status?.sync?.status === 'Synced' && (revision === undefined || status.sync.revision === revision);

async function create({ bench }: Place): Promise<void> {
  const { stand, workload } = bench;
  for (const name of workload.names)
    await stand.access.must('POST', '/api/v1/namespaces', { metadata: { name: namespaceOf(name) } });
  for (const name of workload.names)
    await stand.access.must('POST', applications, applicationOf(name, workload.url, false));
  await until('all Synced', 500, async () => (await all(bench)).every((app) => isSyncedTo(app)));
}

function cpuOf({ argocd }: Place): number {
  const { controller = 0, 'repo-server': repo = 0 } = argocd.pids;
  return usageOf(controller).cpu + usageOf(repo).cpu;
}

/** CPU-s of Argo CD, and how many applications it compared anew. */
async function costOf(place: Place, work: () => Promise<void>): Promise<{ cpu: number; compared: number }> {
  const times = async (): Promise<Map<string, string | undefined>> =>
    new Map((await all(place.bench)).map((app) => [app.metadata.name ?? '', app.status?.reconciledAt]));
  const before = await times();
  const cpu = cpuOf(place);
  await work();
  await sleep(settleMs);
  const used = cpuOf(place) - cpu;
  const after = await times();
  return { cpu: used, compared: [...after].filter(([name, at]) => before.get(name) !== at).length };
}

async function isAt(bench: Bench, name: string, sha: string): Promise<boolean> {
  return isSyncedTo(await get<Application>(bench, `${applications}/${name}`), sha);
}

/** One signed push delivery to us; we name the one to Argo CD. */
async function pushed(place: Place, name: string): Promise<Push> {
  const { bench } = place;
  let [asked, operation] = [NaN, NaN];
  let start = NaN;
  const stop = await follow(bench.stand, name, ({ metadata, operation: begun }) => {
    if (Number.isNaN(asked) && metadata.annotations?.[refresh] !== undefined) asked = seconds(start);
    if (Number.isNaN(operation) && begun) operation = seconds(start);
  });
  try {
    const cost = await costOf(place, async () => {
      const change = bench.workload.change(name, 1);
      start = performance.now();
      await deliver(bench, name, change);
      await until(`${name} is Synced`, 25, () => isAt(bench, name, change.after));
    });
    return { asked, operation, ...cost };
  } finally {
    await stop();
  }
}

/** A commit of which Argo CD is told without a name: every application is asked to refresh. */
function everyOne(place: Place, name: string): Promise<{ cpu: number; compared: number }> {
  const { bench } = place;
  return costOf(place, async () => {
    const { after } = bench.workload.change(name, 1);
    await refreshAll(bench, name);
    // The annotation says less: one that is set just when Argo CD takes the former away stands there until its poll.
    await until('all refreshed', 100, async () => (await all(bench)).every((app) => isSyncedTo(app, after)));
  });
}

async function idle(place: Place): Promise<Row[]> {
  const { pid } = place.bench.stand;
  await sleep(15_000);
  const [own, family, argo] = [ownUsageOf(pid), usageOf(pid), cpuOf(place)];
  await sleep(idleSeconds * 1000);
  const [ownThen, familyThen, argoThen] = [ownUsageOf(pid), usageOf(pid), cpuOf(place)];
  const children = familyThen.cpu - family.cpu - (ownThen.cpu - own.cpu);
  return [
    { what: 'idle, a minute', measured: ownThen.cpu - own.cpu, unit: 'CPU-s', target: 0.1, scale: 'cpu' },
    { what: 'its render workers', measured: children, unit: 'CPU-s', scale: 'cpu' },
    { what: 'Argo CD in that minute', measured: argoThen - argo, unit: 'CPU-s', scale: 'cpu' },
    { what: 'resident memory', measured: ownThen.rss, unit: 'MiB', target: 220, scale: 'none' },
    { what: 'its render workers', measured: familyThen.rss - ownThen.rss, unit: 'MiB', scale: 'none' },
  ];
}

async function commits(place: Place, tell: (line: string) => void): Promise<Row[]> {
  const plain = place.bench.workload.names.filter((_, at) => at % 3 === 0);
  const named: Push[] = [];
  for (const name of plain.slice(0, pushes)) named.push(await pushed(place, name));
  tell('the same with every application refreshed');
  const every: { cpu: number; compared: number }[] = [];
  for (const name of plain.slice(pushes, pushes + rounds)) every.push(await everyOne(place, name));
  const of = (each: keyof Push): number[] => named.map((push) => push[each]);
  const [one, many] = [median(of('cpu')), median(every.map(({ cpu }) => cpu))];
  const compared = median(every.map((each) => each.compared));
  return [
    {
      what: 'push → refresh asked of Argo CD, p50',
      measured: median(of('asked')),
      unit: 's',
      target: 0.3,
      scale: 'time',
    },
    { what: 'the same, max', measured: Math.max(...of('asked')), unit: 's', target: 0.3, scale: 'time' },
    { what: 'push → operation begun by Argo CD, p50', measured: median(of('operation')), unit: 's', scale: 'time' },
    { what: 'Argo CD, a commit, one named', measured: one, unit: 'CPU-s', target: many / 5, scale: 'none' },
    { what: 'Argo CD, a commit, all refreshed', measured: many, unit: 'CPU-s', scale: 'cpu' },
    { what: 'compared anew, one named', measured: median(of('compared')), unit: 'applications', scale: 'none' },
    { what: 'compared anew, all refreshed', measured: compared, unit: 'applications', scale: 'none' },
  ];
}

async function measure(place: Place, { tell, signal }: Options): Promise<number> {
  const { bench } = place;
  tell('measuring the floor');
  const floor = await measureFloor(bench.stand);
  const slower = slowness(floor);
  signal.throwIfAborted();
  tell(`creating ${bench.workload.names.length} applications; until Argo CD has synced them all`);
  await create(place);
  tell('a quiet minute');
  const rows = await idle(place);
  signal.throwIfAborted();
  tell('commits that touch one application');
  rows.push(...(await commits(place, tell)));
  const { text, missed } = table(rows, slower);
  const [time, cpu] = [slower.time, slower.cpu].map((value) => Number(value.toPrecision(2)));
  process.stdout.write(
    `\n${bench.workload.names.length} applications. Floor of this machine: ${floor.creates} creates/s, ` +
      `${floor.repeats} repeated applies/s, ${floor.dryRuns} dry runs/s, 16 at a time.\n` +
      `Targets are scaled by it: times by ${time}, CPU by ${cpu}; that of the ratio and of memory are not.\n\n` +
      `${text}\n\n`,
  );
  return missed;
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
}

/** How many targets were missed beyond what the floor explains. */
export async function benchBeside(options: Options): Promise<number> {
  const { programs, tell } = options;
  if (!Number.isInteger(options.applications) || options.applications < 3 * (pushes + rounds))
    throw new Error(
      `--applications is ${options.applications}, but must be a whole number from ${3 * (pushes + rounds)} on`,
    );
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-beside-bench-'));
  const ends: (() => Promise<void>)[] = [];
  try {
    const workload = await startWorkload(dir, options.applications);
    ends.push(() => workload.stop());
    const stand = await startStand(tell, { COX_ENGINE: 'argocd' });
    ends.push(() => stand.stop());
    tell(`starting Argo CD ${programs.version} with Redis`);
    const argocd = await besideStand(stand, dir, programs);
    ends.push(() => argocd.stop());
    const bench: Bench = { stand, workload, idle: idleSeconds, probes: pushes, commits: rounds };
    return await Promise.race([measure({ bench, argocd }, options), interruption(options.signal)]);
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(dir, { recursive: true, force: true });
  }
}
