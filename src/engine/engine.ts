// Keeps every application as Git says: a queue of application keys, fed by whatever may have changed, and one pass for
// each.
import type { Clock } from '../base/clock.ts';
import type { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LiveChange } from '../cluster/live.ts';
import type { Comparison, Others } from '../compare/compare.ts';
import type { Application } from '../model/application.ts';
import type { Effect } from '../model/effect.ts';
import type { Recurring } from '../store/schedules.ts';
import type { EngineName, Turn } from '../policy/engine.ts';
import type { ControllerWatch } from '../store/argocd-controller.ts';
import type { Store } from '../store/store.ts';
import type { Desiring } from './application/desired.ts';
import type { Jq } from '../compare/object/jq.ts';
import type { ThreeWay } from '../compare/object/three-way.ts';
import type { HealthScripts } from '../health/scripts.ts';
import type { Authors, ReconcileDeps, View } from './application/pass.ts';
import type { Worker } from '../base/worker.ts';
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Target } from './application/assess.ts';
import type { HandOver } from './request.ts';
import type { Sources } from './application/sources.ts';
import type { Permit } from '../base/permit.ts';
import { errorKind } from '../base/errors.ts';
import { KeyQueue } from '../base/queue.ts';
import { Clusters } from './clusters.ts';
import { Holdings, instead } from './application/holdings.ts';
import { othersOf, recallAll } from './application/others.ts';
import { Memory } from './application/memory.ts';
import { unverifiedOf } from './argocd/verify.ts';
import { askedOperation } from './argocd/operation.ts';
import { askRefresh } from './argocd/refresh.ts';
import { toldOf } from './argocd/told.ts';
import { reconcile } from './reconcile.ts';
import { reportFailure } from './report-failure.ts';
import { startRetention } from './retention.ts';
import { subscribe } from './subscribe.ts';
import { touched } from './touched.ts';
import { Turns } from './turns.ts';

export interface EngineOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  /** Asked before each request that writes to a cluster other than `home`. Default: nobody is asked. */
  permit?: Permit | undefined;
  home: Cluster;
  store: Store;
  desiring: Desiring;
  worker: Worker;
  jq: Jq;
  threeWay: ThreeWay;
  /** Judges objects by the scripts of argocd-cm, and all others. */
  scripts: HealthScripts;
  sources: Sources;
  authors: Authors;
  /** Rights and teams of an approver as of now; default: as they were when they agreed. */
  standing?: ReconcileDeps['standing'];
  every: Recurring;
  clock: Clock;
  log: Logger;
  /** Whose turn an application is that says nothing else; `argocd`: statuses and operations are left to Argo CD. */
  mode: EngineName;
  /** Tells of a controller of Argo CD that works beside us. Default: none is looked for. */
  controller?: Pick<ControllerWatch, 'seen' | 'onChange'> | undefined;
  /** Default: nobody looks. */
  view?: View | undefined;
  /** How long (ms) no engine works on an application before what waits for approval is void; default a minute. */
  idleMs?: number | undefined;
  /** Applications worked on at the same time; default 10. */
  concurrency?: number;
}

type Held = Parameters<typeof instead>[1];

export interface Engine {
  start(): Promise<void>;
  /** Meets the control plane's own cluster, and recalls what applications hold: all that previews need of a start. */
  recall(): Promise<void>;
  stop(): Promise<void>;
  /** Git may have moved in that repository: applications whose inputs the new commits touch are looked at. */
  onPush(repoUrl: string): Promise<void>;
  /** The comparison that the application's status was last written from; undefined before the first. */
  comparison(application: string): Comparison | undefined;
  /** Fingerprint of what has drifted, as last seen; undefined while nothing has, or that is not known. */
  drift(application: string): string | undefined;
  /** What it was last rendered from; undefined before the first time, and while that is to be done anew. */
  rendered(application: string): { revisions: string[]; inputs: string[][] } | undefined;
  /** What a sync of it would do, as last worked out for its approval; undefined when nothing is asked. */
  effect(application: string): Effect | undefined;
  /**
   * To whom the objects of that cluster belong; `held`: what some applications, by tracking name, would hold instead.
   */
  others(target: Target, tracking: string, held: Held): Others;
  clusters: Clusters;
  /**
   * Where Argo CD syncs: what is left of the newest sync in history by its own comparison or our look; [] until both
   * have been made since. undefined where nothing is, or this engine syncs.
   */
  unverified(app: Application): readonly string[] | undefined;
  /** Where Argo CD syncs: what the gate does not hold of it, and who has gone past it: sentences without a subject. */
  told(app: Application): string[];
  handOver: HandOver;
  /** Whose turn the application is, as of now. */
  turn(app: Application): Turn;
  /** Why nothing is synced, though our engine was chosen: another one works here. */
  readonly held: AppError | undefined;
  /** Told when `held` changes, or may have. */
  onHeld(fn: () => void): () => void;
  /** Applications that wait for a worker, run, or are delayed. */
  readonly pending: number;
}

/** The same; whoever shows them elsewhere hears of the change too. */
function told({ view, store }: EngineOptions, memory: Memory, seen: { server: string; change: LiveChange }): string[] {
  view?.onLive(seen.server, seen.change);
  return touched({ memory, store }, seen.server, seen.change);
}

function reconciling(options: EngineOptions, turns: Turns, deps: ReconcileDeps, signal: AbortSignal): KeyQueue {
  const { clock, log } = options;
  return new KeyQueue({
    clock,
    metrics: options.queues?.('applications'),
    concurrency: options.concurrency ?? 10,
    backoff: { baseMs: 200, maxMs: 60_000 },
    work: (key, stop) => turns.run(key, stop, (own) => reconcile(deps, key, own)),
    onError: (key, error, retryMs) => {
      log.warn({ app: key, err: error, retryMs }, 'reconcile failed');
      if (errorKind(error) !== 'waiting' && (retryMs === undefined || retryMs >= 3000))
        void reportFailure(deps, key, error, signal);
    },
  });
}

/** The application's own pass fetches, with backoff, and tells what is wrong. */
function fetchLater(memory: Memory, key: string, since: number): void {
  const known = memory.get(key);
  if (known) known.wantsSince = since;
}

interface Own {
  memory: Memory;
  holdings: Holdings;
  clusters: Clusters;
  turns: Turns;
  enqueue(key: string): void;
}

function passDeps(options: EngineOptions, { memory, holdings, clusters, turns, enqueue }: Own): ReconcileDeps {
  const { store, clock, log, desiring, worker, authors, standing, sources, view } = options;
  return {
    ...{ store, clock, log, desiring, worker, authors, standing, sources, memory, holdings, enqueue, view },
    targetOf: (app, how) => clusters.targetOf(app, how),
    connectedTo: (app) => clusters.connectedTo(app),
    fetch: (app, since, signal) => sources.fetch(app, since, signal, memory),
    forgetTracking: ({ tracking, server }) => void clusters.forget(server, tracking),
    startedAt: clock.now(),
    turn: (app) => turns.of(app),
    idleSince: (app) => turns.idleSince(app),
    idleMs: options.idleMs ?? 60_000,
    claim: (key) => turns.claim(key),
  };
}

/** Argo CD is told at once of what surely moved; the application's pass makes up for what fails, and for the rest. */
function tellArgo(deps: ReconcileDeps, key: string): void {
  const app = deps.store.applications.get(key);
  const isKnown = deps.memory.readFrom(key) !== undefined && deps.memory.get(key)?.wantsSince === undefined;
  if (!app || !isKnown || deps.turn(app).by !== 'argocd') return;
  askRefresh(deps, app).catch((err: unknown) => deps.log.debug({ app: key, err }, 'Argo CD could not be told'));
}

/** Enqueues the applications whose inputs moved; where nobody can tell, all that use the repository. */
async function pushed(
  { clock, sources }: EngineOptions,
  { deps, queue }: { deps: ReconcileDeps; queue: KeyQueue },
  repoUrl: string,
  signal: AbortSignal,
): Promise<void> {
  const { memory } = deps;
  const since = clock.now();
  const later = (keys: readonly string[]): void => {
    for (const key of keys) {
      fetchLater(memory, key, since);
      queue.add(key);
    }
  };
  const moved = await sources.moved(repoUrl, memory, signal).catch((error: unknown) => {
    later(sources.users(repoUrl, memory));
    throw error;
  });
  for (const key of moved.touched) {
    tellArgo(deps, key);
    memory.forgetDesired(key);
    queue.add(key);
  }
  later(moved.unread);
  if (moved.unread.length > 0) throw moved.fault;
}

/** What nobody tells of: where repositories are, and who is behind a cluster's URL. */
function resync(
  { sources }: EngineOptions,
  { memory, clusters }: Pick<Own, 'memory' | 'clusters'>,
  onPush: (repoUrl: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  sources.resync(memory, onPush, signal);
  return clusters.confirm();
}

/** Nothing runs before `start`. */
export function createEngine(options: EngineOptions): Engine {
  const { store, clock, log, every, jq, threeWay, worker, scripts } = options;
  const memory = new Memory();
  const holdings = new Holdings(store.identities);
  const abort = new AbortController();
  const enqueue = (key: string): void => queue.add(key);
  const clusters = new Clusters({
    ...{ store, clock, log, jq, threeWay, worker, scripts },
    home: options.home,
    permit: options.permit,
    describing: options.view?.describing,
    onChange: (server, change) => told(options, memory, { server, change }).forEach(enqueue),
    onIdentity: (server, id) => holdings.identify(server, id),
    onMoved: (server) => memory.at(server).forEach(enqueue),
    signal: abort.signal,
  });
  const turns = new Turns({ store, chosen: options.mode, controller: options.controller, clock, log });
  const deps = passDeps(options, { memory, holdings, clusters, turns, enqueue });
  const queue = reconciling(options, turns, deps, abort.signal);
  let ends: (() => Promise<void> | void)[] = [];
  const onPush = (repoUrl: string): Promise<void> => pushed(options, { deps, queue }, repoUrl, abort.signal);
  return {
    clusters,
    others: (target, tracking, held) => othersOf({ ...deps, holdings: instead(deps.holdings, held) }, target, tracking),
    onPush,
    comparison: (application) => memory.get(application)?.comparison,
    drift: (application) => memory.get(application)?.drift?.fingerprint,
    rendered: (application) => memory.readFrom(application),
    unverified: (app) => (turns.of(app).by === 'argocd' ? unverifiedOf(store, app) : undefined),
    handOver: (app) =>
      turns.of(app).by === 'argocd' ? (operation) => askedOperation(deps, app, operation, abort.signal) : undefined,
    told: (app) => (turns.of(app).by === 'argocd' ? toldOf(store, app) : []),
    effect: (application) => memory.get(application)?.effect?.effect,
    turn: (app) => turns.of(app),
    get held() {
      return turns.held;
    },
    onHeld: (fn) => turns.onChange(fn),
    get pending() {
      return queue.size;
    },
    recall: () => recall({ clusters, store, holdings }),
    async start() {
      await recall({ clusters, store, holdings });
      ends = [
        ...subscribe(options, { queue, memory, holdings, clusters, turns }),
        every('resync', () => resync(options, { memory, clusters }, onPush, abort.signal)),
        startRetention({ store, every, clock, log }),
      ];
      remembered(store).forEach(enqueue);
      queue.start();
    },
    async stop() {
      for (const end of ends) await end();
      await queue.stop();
      abort.abort(new Error('the engine stops'));
      await clusters.stop();
    },
  };
}

/** Applications that may have gone while nobody looked: what was asked about them ends. */
function remembered({ approvals, episodes, records, reports }: Store): string[] {
  return [approvals, episodes, records, reports].flatMap((each) => each.list().map(({ spec }) => spec.application));
}

async function recall({
  clusters,
  store,
  holdings,
}: Pick<Own, 'clusters' | 'holdings'> & { store: Store }): Promise<void> {
  await clusters.meetHome();
  recallAll({ store, holdings });
}
