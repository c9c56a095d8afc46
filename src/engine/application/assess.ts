// Looking at one application: its manifests, its live objects, its health, and what a sync of it would do.
import type { Logger } from '../../base/log.ts';
import type { ComparedObject, Comparer, Comparison, EffectInput, Others } from '../../compare/compare.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Application, Condition, Health } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { AppProject } from '../../model/project.ts';
import type { DesiredState } from './desired.ts';
import type { Known } from './memory.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import { hashOf } from '../../base/canonical.ts';
import { firstPlace } from '../../base/errors.ts';
import { argo } from '../../model/annotations.ts';
import { keyText } from '../../model/kube.ts';
import { stampOf } from './met-gates.ts';
import { diffBase } from './history.ts';
import { kindDenied, resourceDenied } from '../../policy/project.ts';

/** A connected cluster with the comparer that keeps its verdicts. */
export interface Target {
  cluster: Cluster;
  comparer: Comparer;
  name: string;
  server: string;
  /** Which cluster it is, whatever its URL. */
  identity: string;
  /** Scripts of argocd-cm go first. */
  healthOf(object: KubeObject): Promise<Health | undefined>;
}

export interface Subject {
  app: Application;
  project: AppProject | undefined;
  target: Target;
  known: Known;
  others: Others;
  /** Argo CD syncs it. */
  byArgo: boolean;
  log: Logger;
}

function denied({ project, target }: Subject): NonNullable<Parameters<Comparer['effect']>[0]['denied']> {
  return (key, namespaced) => project && resourceDenied(project, key, namespaced, target);
}

/** Of all kinds of objects: whether the project permits them here. */
function permitted(subject: Subject): (key: ResourceKey, namespaced: boolean) => boolean {
  return (key, namespaced) => denied(subject)(key, namespaced) === undefined;
}

/** Everything besides manifests and live objects on which a verdict depends. */
export function basisOf({ app, project, target, byArgo }: Subject): string {
  return hashOf([
    byArgo && (app.metadata.annotations?.[argo.migrationManager] ?? ''),
    app.spec.destination,
    target.server,
    target.comparer.basis,
    target.identity,
    app.spec.ignoreDifferences ?? [],
    app.spec.syncPolicy?.syncOptions ?? [],
    app.metadata.annotations?.[argo.compareOptions] ?? '',
    project?.spec ?? {},
  ]);
}

/** `syncOptions`: of the operation; default the spec's. */
export function compareTo(
  subject: Subject,
  desired: DesiredState,
  { previous, syncOptions }: { previous: DesiredState | undefined; syncOptions?: readonly string[] },
  signal: AbortSignal,
): Promise<Comparison> {
  const { app, target, known } = subject;
  return target.comparer.compare(
    {
      app,
      tracking: known.tracking,
      manifests: desired.manifests,
      warnings: desired.warnings,
      placeOf: firstPlace(desired.placeOf, previous?.placeOf),
      ...(syncOptions && { syncOptions }),
      permitted: permitted(subject),
      forbidden: (key, namespaced) => subject.project !== undefined && kindDenied(subject.project, key, namespaced),
      others: subject.others,
      byArgo: subject.byArgo,
      ...(previous && previous.key !== desired.key && { previous: previous.manifests }),
    },
    signal,
  );
}

/**
 * The comparison of the branch head, as little of it afresh as possible: everything when manifests or basis changed,
 * else only the live objects that changed since.
 */
export async function assess(
  subject: Subject,
  desired: DesiredState,
  previous: () => Promise<DesiredState | undefined>,
  signal: AbortSignal,
): Promise<Comparison> {
  const { known, target } = subject;
  const basis = basisOf(subject);
  const dirty = [...known.dirty.values()];
  known.dirty.clear();
  try {
    // Another connection, after its Secret changed, knows nothing of the comparison.
    if (
      known.comparison &&
      known.comparison.input.manifests === desired.manifests &&
      known.basis === basis &&
      known.comparer === target.comparer
    ) {
      known.comparison = await target.comparer.compareObjects(known.comparison, dirty, signal);
    } else {
      known.comparison = await compareTo(subject, desired, { previous: await previous() }, signal);
      known.basis = basis;
      known.comparer = target.comparer;
    }
  } catch (error) {
    known.comparison = undefined; // what was dirty is looked at again with everything else
    throw error;
  }
  return known.comparison;
}

/** What Git gave up and is being deleted: nobody has to do anything but who holds it by a finalizer. */
export function isGoing({ live, target }: Pick<ComparedObject, 'live' | 'target'>): boolean {
  return target === undefined && live?.metadata.deletionTimestamp !== undefined;
}

/** What was found of an application: what would be applied to it, how that compares with live, and what was before. */
export interface Assessment {
  subject: Subject;
  /** The branch head, or what its operation names. */
  desired: DesiredState;
  comparison: Comparison;
  /** What was last synced; 'gone' when Git no longer has it. */
  last: DesiredState | 'gone' | undefined;
}

/** Equal as long as the effect is: a status that moves changes nothing of it. */
function effectKey({ subject, comparison, desired, last: synced }: Assessment): string {
  const { app, known, target, others } = subject;
  const last = diffBase(known, synced);
  const { destination, syncPolicy } = app.spec;
  const namespace = {
    target: undefined,
    requiresPruning: false,
    key: { group: '', kind: 'Namespace', namespace: '', name: destination.namespace ?? '' },
  };
  const live = [...comparison.objects, namespace].map((item) => [
    keyText(item.key),
    target.cluster.live.get(item.key)?.fingerprint ?? '',
    stampOf(others, item),
  ]);
  return hashOf([
    desired.key,
    last === 'gone' ? 'gone' : (last?.key ?? ''),
    known.basis,
    syncPolicy?.managedNamespaceMetadata ?? '',
    live,
  ]);
}

/** The effect as it was worked out for what the pass found; undefined when nobody has asked for it. */
export function knownEffect(found: Assessment): Effect | undefined {
  const { effect } = found.subject.known;
  return effect && effect.key === effectKey(found) ? effect.effect : undefined;
}

/** What was so before is told by a condition alone. */
function newWarnings({ warnings }: DesiredState, before: DesiredState | undefined): Condition[] {
  return warnings.filter(({ message }) => !before?.warnings.some((known) => known.message === message));
}

/** What the effect is worked out from; `syncOptions` are those of the spec. */
export function effectInput({ subject, desired, last: synced }: Omit<Assessment, 'comparison'>): EffectInput {
  const { app, known } = subject;
  const last = diffBase(known, synced);
  return {
    app,
    tracking: known.tracking,
    target: desired.manifests,
    prune: true,
    warnings: newWarnings(desired, last === 'gone' ? undefined : last),
    placeOf: firstPlace(desired.placeOf, last === 'gone' ? undefined : last?.placeOf),
    denied: denied(subject),
    others: subject.others,
    byArgo: subject.byArgo,
    ...(last === 'gone' ? { lastGone: true } : { last: last?.manifests }),
  };
}

/** The effect of syncing `desired`, worked out once for what Git says and what is live. */
export async function effectOf(found: Assessment, signal: AbortSignal): Promise<Effect> {
  const { target, known } = found.subject;
  const last = knownEffect(found);
  if (last) return last;
  const key = effectKey(found);
  const effect = await target.comparer.effect(effectInput(found), signal);
  known.effect = { key, effect };
  return effect;
}

/**
 * Argo CD's message for every object that the project does not permit; such an object fails the sync before anything is
 * applied.
 */
export function deniedTargets({ project, target }: Subject, comparison: Comparison): Map<string, string> {
  const denied = new Map<string, string>();
  for (const item of comparison.objects) {
    if (!project || !item.target) continue;
    const resource = target.cluster.discovery.resourceOf({ group: item.key.group, kind: item.key.kind });
    const why = resourceDenied(project, item.key, resource?.namespaced ?? true, target);
    if (why) denied.set(`${item.key.group}/${item.key.kind}/${item.key.namespace}/${item.key.name}`, why);
  }
  return denied;
}
