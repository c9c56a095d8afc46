// What merging a pull request would do to every application that it touches.
import type { Application } from '../model/application.ts';
import type { Affected, Range } from './affected.ts';
import type { AppPreview, PreviewError, PullInput, PullPreview } from './pull.ts';
import type { ChangeDeps, Desired, Held } from './deps.ts';
import type { Effect } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Place } from '../base/errors.ts';
import { applicationAt } from '../model/history.ts';
import { AppError, errorKind, firstPlace } from '../base/errors.ts';
import { redactText } from '../base/log.ts';
import { Semaphore } from '../base/semaphore.ts';
import { argo, inClusterServer } from '../model/annotations.ts';
import { isAutomated } from '../model/application.ts';
import { withAuthors } from './authors.ts';
import { affectedBy } from './affected.ts';
import { gateOf, policyFor, toldOf, lockTextOf } from './gate.ts';
import { placedAtFields } from './field-place.ts';
import { heldAfter } from './held.ts';
import { lostTool } from './lost-tool.ts';
import { denialOf } from './permission.ts';
import { openRange } from './touched.ts';

function shownError(error: unknown): PreviewError {
  if (!(error instanceof AppError))
    return { code: 'E_INTERNAL', message: redactText(error instanceof Error ? error.message : String(error)) };
  const { code, hint, place } = error;
  return {
    code,
    message: redactText(error.message),
    ...(hint && { hint }),
    ...(place && { place: { file: place.file, ...(place.line && { line: place.line }) } }),
  };
}

function destinationText({ destination }: Application['spec']): string {
  const server = (destination.server ?? '').replace(/^https?:\/\//, '');
  const own = destination.server === inClusterServer || destination.name === 'in-cluster';
  return [own ? '' : (destination.name ?? server), destination.namespace].filter(Boolean).join(' · ');
}

/**
 * R0: the newest sync, or what Git and the cluster were found to agree on since, in the versions of then. An entry that
 * cannot be rendered any more, or is not permitted any more, is gone; what fails for now is thrown.
 */
async function lastSynced(
  deps: ChangeDeps,
  app: Application,
  signal: AbortSignal,
): Promise<{ last: Desired | undefined; lastGone: boolean }> {
  const entry = deps.lastSynced(app);
  if (!entry) return { last: undefined, lastGone: false };
  const past = applicationAt(app, entry);
  if (denialOf(deps, past.app)) return { last: undefined, lastGone: true };
  try {
    return { last: await deps.desired(past.app, past.revisions, signal, { pinned: entry.fetched }), lastGone: false };
  } catch (error) {
    signal.throwIfAborted();
    if (errorKind(error) !== 'terminal') throw error;
    return { last: undefined, lastGone: true };
  }
}

function rendered(desired: Desired | Error | undefined): Desired | undefined {
  return desired instanceof Error ? undefined : desired;
}

/** What Git no longer has stood somewhere too: its place is told by the rendering that still had it. */
function placesIn(...states: (Desired | undefined)[]): (manifest: KubeObject) => Place | undefined {
  return firstPlace(...states.map((state) => state?.placeOf));
}

/**
 * Removing an Application deletes its objects only if it carries the finalizer (Argo CD:
 * docs/user-guide/app_deletion.md).
 */
async function removalEffect(
  deps: ChangeDeps,
  item: Affected,
  { app, held }: { app: Application; held: Held },
  signal: AbortSignal,
): Promise<Effect | undefined> {
  if (!app.metadata.finalizers?.some((name) => name.startsWith(argo.resourcesFinalizer))) return undefined;
  const denial = denialOf(deps, app);
  if (denial) throw denial;
  const { last, lastGone } = await lastSynced(deps, app, signal);
  const base = rendered(item.base);
  return deps.effect(
    {
      app,
      last: last?.manifests,
      lastGone,
      branch: base?.manifests ?? [],
      target: [],
      prune: true,
      held,
      placeOf: placesIn(base, last),
    },
    signal,
  );
}

async function effectOf(
  deps: ChangeDeps,
  item: Affected,
  held: Held,
  signal: AbortSignal,
): Promise<Effect | undefined> {
  const { before, after, result } = item;
  if (!after) return before && removalEffect(deps, item, { app: before, held }, signal);
  if (result instanceof Error) throw result;
  if (!result) return undefined;
  const { last, lastGone } = await lastSynced(deps, after, signal);
  const base = rendered(item.base);
  const prune = policyFor(deps, after).gated || after.spec.syncPolicy?.automated?.prune === true;
  const branch = before ? (base ?? last)?.manifests : [];
  const known = base?.warnings ?? [];
  const warnings = (result.warnings ?? []).filter(({ message }) => !known.some((before) => before.message === message));
  return deps.effect(
    {
      app: after,
      last: last?.manifests,
      lastGone,
      branch,
      target: result.manifests,
      prune,
      held,
      warnings,
      placeOf: placesIn(result, base, last),
    },
    signal,
  );
}

function statusOf(item: Affected, effect: Effect | undefined): AppPreview['status'] {
  if (!item.before) return 'new';
  if (!item.after) return 'removed';
  return effect && effect.change.length === 0 && effect.errors.length === 0 ? 'unchanged' : 'changed';
}

interface Looked {
  pull: PullInput;
  range: Range;
  item: Affected;
  held: Held;
}

/** What is refused is told by its cause, and by the line of its field. */
async function explainedEffect(
  deps: ChangeDeps,
  { pull, range, item, held }: Looked,
  signal: AbortSignal,
): Promise<Effect | undefined> {
  if (item.result instanceof Error) throw (await lostTool(deps, pull, range, item)) ?? item.result;
  const effect = await effectOf(deps, item, held, signal);
  if (!effect || effect.errors.length === 0) return effect;
  const lost = await lostTool(deps, pull, range, item);
  if (lost) throw lost;
  const errors = await placedAtFields(deps.git.repository(pull.repoUrl), range.result, effect.errors);
  return { ...effect, errors };
}

async function previewApp(deps: ChangeDeps, looked: Looked, signal: AbortSignal): Promise<AppPreview> {
  const { item } = looked;
  const app = item.after ?? item.before;
  if (!app) throw new AppError('E_INTERNAL', `${item.key} is on neither side of the pull request`);
  const policy = policyFor(deps, app);
  const lock = lockTextOf(deps, deps.applications.get(item.key));
  let effect: Effect | undefined;
  let error: PreviewError | undefined;
  try {
    effect = await explainedEffect(deps, looked, signal);
  } catch (cause) {
    signal.throwIfAborted();
    error = shownError(cause);
  }
  return {
    application: item.key,
    name: app.metadata.name,
    project: app.spec.project,
    environment: policy.environment,
    destination: destinationText(app.spec),
    ...gateOf(deps, item, effect),
    automated: isAutomated(app.spec),
    ...toldOf(deps, app),
    ...(lock !== undefined && { lock }),
    status: statusOf(item, effect),
    ...(effect && { effect }),
    ...(error && { error }),
    sync: app.status?.sync?.status ?? 'Unknown',
    health: app.status?.health?.status ?? 'Unknown',
    revision: app.status?.history?.at(-1)?.revision ?? '',
    ...(item.parent && { parent: item.parent }),
  };
}

/**
 * Rejects with the signal's reason when superseded, and with transient errors of Git; an application's own failure is
 * in its row.
 */
export async function previewPull(
  deps: ChangeDeps,
  pull: PullInput,
  signal: AbortSignal,
  onTouched?: () => void,
): Promise<PullPreview> {
  const started = deps.clock.now();
  const range = await openRange(deps, pull);
  signal.throwIfAborted();
  const empty = { pull, base: range.base, conflicts: [], apps: [], errors: [], considered: 0 };
  if ('conflicts' in range) return { ...empty, conflicts: range.conflicts, tookMs: deps.clock.now() - started };
  const { affected, considered } = await affectedBy(deps, pull, range, signal);
  if (affected.length > 0) onTouched?.();
  const held = await heldAfter(deps, affected);
  const turns = new Semaphore(deps.concurrency ?? 8);
  const apps = await Promise.all(
    affected.map(async (item) => {
      const giveBack = await turns.take(signal);
      try {
        return await previewApp(deps, { pull, range, item, held }, signal);
      } finally {
        giveBack();
      }
    }),
  );
  const told = await withAuthors(deps, { pull, range, affected }, apps, signal);
  return { ...empty, mergeCommit: range.result, apps: told, considered, tookMs: deps.clock.now() - started };
}
