// PreDelete and PostDelete hooks: created once for the deletion of their Application, wave after wave, judged by their
// health, made anew after a failure, and cleared away by their policy (Argo CD: controller/hook.go).
import type { PreparedObject } from '../../compare/compare.ts';
import type { Target } from '../application/assess.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Application } from '../../model/application.ts';
import type { DeletePhase } from '../../model/hooks.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { AppProject } from '../../model/project.ts';
import type { Waiting } from './cascade.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { isApplication, isProject } from '../../model/argo-kinds.ts';
import { hookOf, kindOrder, policiesOf } from '../../model/hooks.ts';
import { keyOf, keyText, keyTitle } from '../../model/kube.ts';
import { resourceDenied } from '../../policy/project.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { dropHookFinalizer, hasHookFinalizer } from '../../sync/hooks.ts';
import { madeHook } from '../../sync/plan.ts';
import { guardOf } from '../application/met-gates.ts';
import { othersOf } from '../application/others.ts';

/** One hook in one phase, as it is created. */
export interface DeleteHook {
  phase: DeletePhase;
  key: ResourceKey;
  version: string;
  wave: number;
  object: KubeObject;
  /** As Git has it, without the mark of this deletion. */
  manifest: KubeObject;
  served: boolean;
}

/** What the hooks of a deletion are run with. */
interface Hooking {
  deps: ReconcileDeps;
  app: Application;
  project: AppProject;
  target: Target;
  signal: AbortSignal;
}

/** Milliseconds after which hooks whose events do not reach us are looked at again. */
const unseenMs = 2_000;

/** Milliseconds for which a hook that failed stays where people can read its logs, before it is made anew. */
const failedMs = 10_000;

/** Of this very Application, which is deleted once. */
function markOf({ metadata }: Application, phase: DeletePhase): string {
  return `${metadata.uid ?? ''}/${phase}`;
}

/** Whether the deletion made it. The mark alone says little: whoever may write the object can write the mark. */
function isMadeBy(app: Application, phase: DeletePhase, object: KubeObject): boolean {
  return hookOf(object).onDelete.includes(phase) && object.metadata.annotations?.[cox.operation] === markOf(app, phase);
}

/** Whether the deletion made it, and has not let go of it yet. */
function isOfRun(app: Application, phase: DeletePhase, object: KubeObject): boolean {
  const isHeld = hasHookFinalizer(object) || object.metadata.deletionTimestamp !== undefined;
  return isHeld && isMadeBy(app, phase, object);
}

/** By `keyText`: what the deletion has made there as a hook, in whichever phase. */
export async function ownHooksIn(
  { store }: Pick<ReconcileDeps, 'store'>,
  app: Application,
  { live, api }: Target['cluster'],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const made = new Set<string>();
  for (const key of live.keysOf(trackingName(app, store.namespace))) {
    const object = live.get(key)?.object ?? (await api.get(key, { signal }));
    if (object && hookOf(object).onDelete.some((phase) => isMadeBy(app, phase, object))) made.add(keyText(key));
  }
  return made;
}

function hookIn(
  app: Application,
  phase: DeletePhase,
  { key, version, target, wave, served }: PreparedObject,
): DeleteHook {
  const { name: own, generateName = '' } = target.metadata;
  const began = Math.floor(Date.parse(app.metadata.deletionTimestamp ?? '') / 1000);
  const name = own ?? `${generateName}${phase}-${began}`.toLowerCase();
  const object = madeHook(target, name, markOf(app, phase));
  return { phase, key: { ...key, name }, version, wave, object, manifest: target, served };
}

/** All that the branch head has, by wave, kind and name. Throws when it cannot be read. */
export async function deleteHooksOf(
  deps: ReconcileDeps,
  app: Application,
  target: Target,
  signal: AbortSignal,
): Promise<DeleteHook[]> {
  const tracking = trackingName(app, deps.store.namespace);
  const known = deps.memory.of(applicationKey(app), tracking);
  if (!known.desired) await deps.fetch(app, deps.startedAt, signal);
  const { manifests, placeOf } =
    known.desired ??
    (await deps.desiring.at(
      app,
      sourcesOf(app.spec).map(() => undefined),
      signal,
    ));
  return target.comparer
    .deleteHooks({ app, tracking, manifests, placeOf })
    .flatMap((each) => each.hook.onDelete.map((phase) => hookIn(app, phase, each)))
    .sort(
      (a, b) =>
        a.wave - b.wave || kindOrder(a.key.kind) - kindOrder(b.key.kind) || (keyText(a.key) < keyText(b.key) ? -1 : 1),
    );
}

/** Why it is not created: by the project, by the cluster, or by the gate of another application. */
function faultOf({ deps, app, project, target }: Hooking, { key, served, phase }: DeleteHook): string | undefined {
  const title = `${phase} hook ${keyTitle(key)}`;
  if (!served) return `${title} cannot be created: the cluster does not serve ${key.kind}. Install its definition.`;
  if (isApplication(key) || isProject(key)) return `${title} is not created: hooks at a deletion make no ${key.kind}s.`;
  const namespaced = target.cluster.discovery.resourceOf(key)?.namespaced ?? true;
  const denied = resourceDenied(project, key, namespaced, target);
  if (denied !== undefined) return `${title} is not created: ${denied}.`;
  const others = othersOf(deps, target, trackingName(app, deps.store.namespace));
  const guarded = guardOf(others, key, { deletes: false, met: [] });
  return guarded === undefined ? undefined : `${title} is not created: ${guarded}.`;
}

/** What stands where the hook belongs: an earlier hook of the application goes, if it says so; anything else stays. */
async function clearPlace(
  { deps, app, target, signal }: Hooking,
  { phase, key, manifest }: DeleteHook,
  found: KubeObject,
): Promise<Waiting> {
  const tracking = trackingName(app, deps.store.namespace);
  const title = `${phase} hook ${keyTitle(key)} is not created: an object of that name exists`;
  const next = 'Delete it, or give the hook another name.';
  if (!hookOf(found).isHook || target.cluster.live.get(key)?.application !== tracking)
    return { error: `${title} that is no hook of this application. ${next}`, after: failedMs };
  if (!hookOf(manifest).deletePolicies.includes('BeforeHookCreation'))
    return { error: `${title}, and the hook has no policy BeforeHookCreation. ${next}`, after: failedMs };
  await removeHook({ target, signal }, key, found);
  return { after: unseenMs };
}

async function removeHook(
  { target, signal }: Pick<Hooking, 'target' | 'signal'>,
  key: ResourceKey,
  found: KubeObject,
): Promise<void> {
  const { api } = target.cluster;
  const { uid, deletionTimestamp } = found.metadata;
  if (deletionTimestamp === undefined)
    await api.delete(key, { ...(uid && { uid }), propagationPolicy: 'Foreground', signal });
  const rest = hasHookFinalizer(found) ? await api.get(key, { signal }) : undefined;
  if (rest && rest.metadata.uid === uid) await dropHookFinalizer(api, key, rest, signal);
}

/** `failed`: why. The API server is asked, not the cache: a hook must not run twice. */
type Seen =
  | { is: 'done'; object: KubeObject }
  | { is: 'failed'; object: KubeObject; why: string }
  | { is: 'waiting'; for: Waiting };

async function see(hooking: Hooking, hook: DeleteHook): Promise<Seen> {
  const { deps, app, target, signal } = hooking;
  const { api, live } = target.cluster;
  const ref = { ...hook.key, version: hook.version };
  const found = await api.get(ref, { signal });
  if (!found) {
    const error = faultOf(hooking, hook);
    if (error !== undefined) return { is: 'waiting', for: { error, after: failedMs } };
    deps.claim(applicationKey(app));
    await api.create(hook.object, { signal }).catch((error: unknown) => {
      // Its answer was lost, or somebody was quicker: it is looked at anew.
      if (!isStatus(error, 409)) throw error;
    });
    return { is: 'waiting', for: { after: unseenMs } };
  }
  if (!isMadeBy(app, hook.phase, found)) return { is: 'waiting', for: await clearPlace(hooking, hook, found) };
  const health = await target.healthOf(found);
  const status = health?.status ?? 'Healthy';
  // What has been seen live is found again when it is to be cleared away.
  if (status === 'Healthy' && live.get(hook.key)) return { is: 'done', object: found };
  if (status === 'Degraded' || status === 'Unknown')
    return {
      is: 'failed',
      object: found,
      why: `${keyTitle(hook.key)}${health?.message ? ` (${health.message})` : ''}`,
    };
  if (found.metadata.deletionTimestamp !== undefined) await dropHookFinalizer(api, ref, found, signal);
  return { is: 'waiting', for: { after: unseenMs } };
}

/** They stay a while, where people can read why; then they go, to be made anew as Git has them by then. */
async function retry(
  hooking: Hooking,
  phase: DeletePhase,
  failed: readonly (Seen & { is: 'failed' })[],
): Promise<Waiting> {
  const { deps, app } = hooking;
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  const now = deps.clock.now();
  known.hooksGo ??= now + failedMs;
  if (now >= known.hooksGo) {
    for (const { object } of failed) await removeHook(hooking, keyOf(object), object);
    known.hooksGo = undefined;
  }
  return {
    error:
      `${phase} hook(s) failed: ${failed.map(({ why }) => why).join(', ')}. They are made anew until they succeed: ` +
      'correct them in Git, or remove the finalizer of these hooks from the application to go on without them.',
    after: Math.max(0, (known.hooksGo ?? now + unseenMs) - now),
  };
}

/** undefined when all of that phase have succeeded. */
export async function runHooks(
  hooking: Hooking,
  phase: DeletePhase,
  hooks: readonly DeleteHook[],
): Promise<Waiting | undefined> {
  const own = hooks.filter((hook) => hook.phase === phase);
  if (own.length === 0) return undefined;
  await hooking.target.cluster.live.start(hooking.signal);
  for (const wave of new Set(own.map((hook) => hook.wave))) {
    const seen: Seen[] = [];
    for (const hook of own.filter((each) => each.wave === wave)) seen.push(await see(hooking, hook));
    const failed = seen.filter((each) => each.is === 'failed');
    if (failed.length > 0) return retry(hooking, phase, failed);
    const waiting = seen.flatMap((each) => (each.is === 'waiting' ? [each.for] : []));
    if (waiting.length > 0) return waiting.find(({ error }) => error !== undefined) ?? waiting[0];
  }
  return undefined;
}

/** What the policies leave stays, without our finalizer; what says nothing goes, as Argo CD's documents have it. */
function goes(object: KubeObject): boolean {
  const policies = policiesOf(object);
  return policies.length === 0 || policies.includes('HookSucceeded');
}

/** At the end of a phase, all of which have succeeded. undefined when nothing of them is left that may go. */
export async function clearHooks(hooking: Omit<Hooking, 'project'>, phase: DeletePhase): Promise<Waiting | undefined> {
  const { deps, app, target, signal } = hooking;
  const { api, live } = target.cluster;
  await live.start(signal);
  let left = false;
  for (const key of live.keysOf(trackingName(app, deps.store.namespace))) {
    const object = live.get(key)?.object ?? (await api.get(key, { signal }));
    if (!object || !isOfRun(app, phase, object)) continue;
    if (goes(object)) {
      left = true;
      await removeHook(hooking, key, object);
    } else await dropHookFinalizer(api, key, object, signal);
  }
  return left ? { after: unseenMs } : undefined;
}
