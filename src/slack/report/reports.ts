// Which deploys and failures there are to tell: Reports are opened and ended as Applications change, and told once.
import type { QueueMetricsOf } from '../../base/queue.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Application, ResourceStatus } from '../../model/application.ts';
import type { Report, ReportPhase } from '../../model/report.ts';
import type { Store } from '../../store/store.ts';
import type { Deploy } from './deploy.ts';
import type { Trouble } from './trouble.ts';
import { hashOf, sameJson } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { applicationLabel, hashedName } from '../../base/name.ts';
import { KeyQueue } from '../../base/queue.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey, shortRevision } from '../../model/application.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { deploysOf, isLive, newsMs, revisionOf } from './deploy.ts';
import { stuckAt, troubleOf } from './trouble.ts';
import { isHeld, tellsDeploy, tellsTrouble } from './told-by-approval.ts';

interface ReportsOptions {
  store: Store;
  /** Objects that are not well; undefined: not known yet. */
  illOf(application: string): Promise<ResourceStatus[] | undefined>;
  /** Whether each deploy of it is told, or failures alone. */
  tellsDeploys(application: string): boolean;
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  clock: Clock;
  log: Logger;
}

/** What fails again so soon is the same failure: its card says so, and nobody is told anew. */
const calmMs = 10 * 60_000;

function keyOf({ metadata }: Report): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function isOpen({ status }: Report): boolean {
  return status === undefined || status.phase === 'Open';
}

type Deps = Pick<ReportsOptions, 'store' | 'clock' | 'tellsDeploys' | 'illOf'>;

async function open({ store }: Deps, app: Application, spec: Omit<Report['spec'], 'application'>): Promise<void> {
  const { namespace, name: application, uid } = app.metadata;
  const name = hashedName(application, hashOf([uid, spec.about, spec.since]));
  if (store.reports.get(`${namespace}/${name}`)) return; // it was told, and has ended
  await store.reports.create({
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Report',
    metadata: {
      name,
      namespace,
      labels: { [cox.application]: applicationLabel(app.metadata) },
    },
    spec: { application: applicationKey(app), ...spec },
  });
}

async function end({ store, clock }: Deps, report: Report, phase: ReportPhase, message: string): Promise<void> {
  const status = { phase, message, endedAt: rfc3339(clock.now()) };
  await store.reports.patch(keyOf(report), { status }, { subresource: 'status' });
}

function isInHistory({ status }: Application, { since }: Deploy): boolean {
  return status?.history?.some((entry) => (entry.deployStartedAt ?? entry.deployedAt) === since) ?? false;
}

/** Its Approval tells of it, or does not let it through. */
function isApprovals({ store }: Deps, app: Application, deploy: Deploy): boolean {
  const { revision } = deploy;
  return store.approvals
    .of(applicationKey(app))
    .some((each) => tellsDeploy(each, revision) || (isHeld(each, revision) && !isInHistory(app, deploy)));
}

function isTold({ store }: Deps, app: Application, { revision, since }: Deploy): boolean {
  return store.reports
    .of(applicationKey(app))
    .some(
      (report) =>
        report.spec.about === 'deploy' &&
        report.spec.revision === revision &&
        Date.parse(report.spec.since) <= Date.parse(since) &&
        (isOpen(report) || Date.parse(report.status?.endedAt ?? '') >= Date.parse(since)),
    );
}

function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A deploy has ended when it is live and healthy; until then its card tells how far it has come. */
async function followDeploys(deps: Deps, app: Application): Promise<void> {
  const deploys = deploysOf(app, deps.clock.now());
  for (const deploy of deps.tellsDeploys(applicationKey(app)) ? deploys : [])
    if (!isApprovals(deps, app, deploy) && !isTold(deps, app, deploy))
      await open(deps, app, { about: 'deploy', ...deploy });
  const newest = deploys.at(-1);
  for (const report of deps.store.reports.of(applicationKey(app))) {
    if (report.spec.about !== 'deploy' || !isOpen(report)) continue;
    const { revision = '', since } = report.spec;
    const live = isLive(app, { revision, since });
    if (live) await end(deps, report, 'Live', `took ${spanText(Date.parse(live.at) - Date.parse(since))}`);
    else if (newest && newest.revision !== revision && Date.parse(newest.since) >= Date.parse(since))
      await end(deps, report, 'Superseded', `the deploy of ${shortRevision(newest.revision)} followed`);
    else if (!app.operation && app.status?.sync?.status === 'Synced' && revisionOf(app.status.sync) !== revision)
      await end(deps, report, 'Superseded', 'Git says something else by now');
  }
}

/** Who tells of it already: the card of a deploy or of an approval. */
function isToldElsewhere(deps: Deps, app: Application, trouble: Trouble): boolean {
  const key = applicationKey(app);
  if (deps.store.reports.of(key).some((report) => report.spec.about === 'deploy' && isOpen(report))) return true;
  const approvals = deps.store.approvals.of(key);
  const last = revisionOf(app.status?.history?.at(-1) ?? {});
  if (approvals.some((each) => tellsTrouble(each, last))) return true;
  if (trouble.kind !== 'sync') return false;
  const tried = revisionOf(app.status?.operationState?.syncResult ?? {});
  return approvals.some((each) => each.status?.phase === 'Pending' || isHeld(each, tried));
}

async function beginFailure(deps: Deps, app: Application, trouble: Trouble): Promise<void> {
  const { store, clock } = deps;
  const [last] = store.reports
    .of(applicationKey(app))
    .filter(({ spec, status }) => spec.about === 'failure' && clock.now() - Date.parse(status?.endedAt ?? '') < calmMs);
  if (!last) {
    const revision = revisionOf(app.status?.operationState?.syncResult ?? app.status?.sync ?? {});
    return open(deps, app, {
      about: 'failure',
      since: trouble.since || rfc3339(clock.now()),
      ...(revision && { revision }),
    });
  }
  const status = { phase: 'Open', message: null, endedAt: null, again: (last.status?.again ?? 0) + 1 };
  await store.reports.patch(keyOf(last), { status }, { subresource: 'status' });
}

/** Healthy and at rest: a sync that has just begun, or what is still coming up, proves nothing. */
function isWell({ operation, status }: Application): boolean {
  const health = status?.health?.status;
  return !operation && status?.sync?.status !== 'Unknown' && health !== 'Progressing' && health !== 'Degraded';
}

/** That some objects were synced proves nothing of the sync that failed. */
function isPartial({ status }: Application, failure: Report): boolean {
  const resources = status?.operationState?.operation.sync?.resources ?? [];
  return failure.status?.trouble?.kind === 'sync' && resources.length > 0 && status?.sync?.status !== 'Synced';
}

/** How long it must go on before it is told (ms): what is ill for a moment is no news. */
function settlesIn({ store, clock }: Deps, { kind, since }: Trouble): number {
  if (kind !== 'degraded' && kind !== 'unknown') return 0;
  const left = Date.parse(since) + store.settings().failureSettleMs - clock.now();
  return left > 0 ? left : 0;
}

/** A sync that failed long ago is nothing to tell of only now. */
function isOld({ status }: Application, { kind }: Trouble, now: number): boolean {
  return kind === 'sync' && now - Date.parse(status?.operationState?.finishedAt ?? '') > newsMs;
}

/** Answers when to look again (ms from now). */
async function followFailure(deps: Deps, app: Application): Promise<number | undefined> {
  const now = deps.clock.now();
  const trouble = troubleOf(app, now);
  const standing = deps.store.reports
    .of(applicationKey(app))
    .find((report) => report.spec.about === 'failure' && isOpen(report));
  if (standing) {
    if (!trouble && isWell(app) && !isPartial(app, standing)) await end(deps, standing, 'Recovered', 'is well again');
  } else if (trouble && !isOld(app, trouble, now) && !isToldElsewhere(deps, app, trouble)) {
    const left = settlesIn(deps, trouble);
    if (left > 0) return left;
    await beginFailure(deps, app, trouble);
  }
  const at = stuckAt(app);
  return at === undefined || at <= now ? undefined : at - now;
}

/** What is wrong stands in each open Report, so that its card follows. Answers when to look again (ms from now). */
async function tellTrouble(deps: Deps, app: Application): Promise<number | undefined> {
  const { store, clock, illOf } = deps;
  const key = applicationKey(app);
  const open = store.reports.of(key).filter((each) => isOpen(each) && each.spec.about !== 'deletion');
  if (open.length === 0) return undefined;
  const ill = await illOf(key);
  const found = troubleOf(app, clock.now(), ill);
  const trouble = found && { kind: found.kind, says: found.says, cause: found.cause };
  const left = found ? settlesIn(deps, found) : 0;
  for (const report of open) {
    const { phase, trouble: told } = report.status ?? {};
    // A failure goes on telling of itself until it is over.
    const next =
      report.spec.about === 'failure'
        ? (trouble ?? told)
        : left > 0 && told?.kind !== found?.kind
          ? undefined
          : trouble;
    // After a restart the cause is not known again at once.
    const known = sameJson(told ?? null, next ?? null) || (ill === undefined && told?.kind === next?.kind);
    if (phase === 'Open' && known) continue;
    const status = { phase: 'Open', trouble: next ?? null };
    await store.reports.patch(keyOf(report), { status }, { subresource: 'status' });
  }
  return left > 0 ? left : undefined;
}

async function follow(deps: Deps, key: string): Promise<number | undefined> {
  const app = deps.store.applications.get(key);
  if (!app) {
    for (const report of deps.store.reports.of(key).filter((each) => isOpen(each) && each.spec.about !== 'deletion'))
      await end(deps, report, 'Superseded', 'the application is gone');
    return undefined;
  }
  await followDeploys(deps, app);
  const after = await followFailure(deps, app);
  const settled = await tellTrouble(deps, app);
  return after === undefined || settled === undefined ? (after ?? settled) : Math.min(after, settled);
}

/** Level-triggered: what an Application says now decides, whatever was missed. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #queue: KeyQueue;
  readonly #abort = new AbortController();
  #ends: (() => void)[] = [];
  #begun: Promise<void> = Promise.resolve();

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#queue = new KeyQueue({
      clock: options.clock,
      metrics: options.queues?.('slack_reports'),
      concurrency: 2,
      backoff: { baseMs: 300, maxMs: 60_000 },
      work: async (key) => {
        const after = await follow(options, key);
        return after === undefined ? undefined : { after };
      },
      onError: (key, error, retryMs) =>
        options.log.warn(
          { app: key, err: error, retryMs },
          'a deploy or failure could not be noted; it is tried again',
        ),
    });
  }

  start(): void {
    const { store } = this.#options;
    this.#ends = [store.applications.onChange((key) => this.#queue.add(key)), store.onSettings(() => this.#addAll())];
    this.#begun = this.#begin();
  }

  /** Before it is known what was told, nothing is: the cluster may not have the kind yet. */
  async #begin(): Promise<void> {
    try {
      await this.#options.store.reports.read(this.#abort.signal);
    } catch {
      return; // it stops
    }
    this.#addAll();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    this.#abort.abort(new Error('the reports stop'));
    await this.#begun;
    await this.#queue.stop();
  }

  #addAll(): void {
    const { store } = this.#options;
    for (const app of store.applications.list()) this.#queue.add(applicationKey(app));
    for (const report of store.reports.list().filter(isOpen)) this.#queue.add(report.spec.application);
  }
}
