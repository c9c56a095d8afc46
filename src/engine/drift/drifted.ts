// Which live objects differ from what was last synced: the drift alone, without what merely waits on the branch.
import type { Application } from '../../model/application.ts';
import type { Comparison } from '../../compare/compare.ts';
import type { DriftedObject } from '../../model/coxswain.ts';
import type { Effect, ObjectDiff } from '../../model/effect.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Look } from '../application/refresh.ts';
import type { MacScope } from '../../compare/object/digest.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { effectOf, isGoing, knownEffect } from '../application/assess.ts';
import { diffBase } from '../application/history.ts';
import { macOf } from '../../compare/object/digest.ts';
import { withoutNoise } from '../../diff/diff.ts';
import { valueAt, withoutPaths } from '../../diff/path.ts';
import { applicationKey, isAutomated } from '../../model/application.ts';
import { followDrift } from './drift.ts';
import { fieldManager } from '../../model/annotations.ts';
import { keyText, mayHoldSecrets } from '../../model/kube.ts';

/** The newest manager of the object that is not us and not a status writer: the likely tool, not the person. */
function changedBy(live: KubeObject | undefined): { manager: string; at?: string } | undefined {
  const entries = (live?.metadata.managedFields ?? []).filter(
    (entry) => entry.manager && entry.manager !== fieldManager && !entry.subresource,
  );
  const newest = entries.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))[0];
  return newest?.manager ? { manager: newest.manager, ...(newest.time && { at: newest.time }) } : undefined;
}

type Scope = Omit<MacScope, 'key'>;

interface Drifted {
  shown: DriftedObject;
  /** Of what is live there and `shown` does not tell: another value is another drift. */
  mac?: string;
}

/** Without what an autoscaler sets: each of its steps would be another drift. */
function unscaled(live: KubeObject): KubeObject {
  const scaled = live.metadata.managedFields?.some(({ subresource }) => subresource === 'scale');
  return withoutPaths(live, scaled ? [['spec', 'replicas']] : []);
}

/** A Secret's values are masked, and of what Git lacks nothing is told but that it is there. */
function unshownMac(
  scope: Scope,
  { key, kind, changes }: DriftedObject,
  live: KubeObject | undefined,
): string | undefined {
  if (!live || (kind !== 'extra' && !mayHoldSecrets(live))) return undefined;
  const values =
    kind === 'extra'
      ? withoutNoise(unscaled(live))
      : changes.map(({ path, text }) => [text, valueAt(live, path) ?? null]);
  return macOf({ ...scope, key }, `drift ${kind}`, values);
}

/** Comparison and effect go from live to Git; a card tells what Git says first. */
function drifted(
  kind: DriftedObject['kind'],
  { key, changes }: Pick<ObjectDiff, 'key' | 'changes'>,
  { live, scope }: { live: KubeObject | undefined; scope: Scope },
): Drifted {
  const by = changedBy(live);
  const shown = {
    key,
    kind,
    changes: changes.map((change) => ({ ...change, before: change.after, after: change.before })),
    ...(by && { by }),
  };
  const mac = unshownMac(scope, shown, live);
  return { shown, ...(mac !== undefined && { mac }) };
}

function fromEffect(diff: ObjectDiff, comparison: Comparison, scope: Scope): Drifted {
  const live = comparison.objects.find((item) => keyText(item.key) === keyText(diff.key))?.live;
  const kind = diff.action === 'delete' ? 'extra' : diff.action === 'create' ? 'missing' : 'changed';
  return drifted(kind, diff, { live, scope });
}

function fromComparison(comparison: Comparison, scope: Scope): Drifted[] {
  return comparison.objects
    .filter(
      (item) => item.status === 'OutOfSync' && !item.hook.isHook && !item.generated && !item.ignored && !isGoing(item),
    )
    .map((item) =>
      drifted(item.requiresPruning ? 'extra' : item.live ? 'changed' : 'missing', item, { live: item.live, scope }),
    );
}

/** Empty when nothing was ever synced, or when Git moved and the effect that tells the two apart was not worked out. */
function driftedObjects(
  scope: Scope,
  { desired, comparison }: Look,
  last: DesiredState | 'gone' | undefined,
  effect: Effect | undefined,
): Drifted[] {
  if (comparison.status !== 'OutOfSync' || last === undefined || last === 'gone') return [];
  if (last.key === desired.key) return fromComparison(comparison, scope);
  return (effect?.drift ?? []).map((diff) => fromEffect(diff, comparison, scope));
}

/** Tells drift from what waits on the branch; where a sync is about to come, nobody needs it. */
async function driftEffect(app: Application, found: Look, signal: AbortSignal): Promise<Effect | undefined> {
  const { subject, desired, comparison } = found;
  const last = diffBase(subject.known, found.last);
  const mixed = comparison.status === 'OutOfSync' && last !== undefined && last !== 'gone' && last.key !== desired.key;
  return mixed && !isAutomated(app.spec) ? effectOf(found, signal) : knownEffect(found);
}

/**
 * Brings the episodes in line with what the pass found; milliseconds until a drift will have outlived its settle time.
 */
export async function settleDrift(
  deps: ReconcileDeps,
  app: Application,
  found: Look,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { known } = found.subject;
  const effect = await driftEffect(app, found, signal);
  const scope = { macKey: deps.store.macKey, application: applicationKey(app) };
  const all = driftedObjects(scope, found, diffBase(known, found.last), effect);
  const objects = all.map(({ shown }) => shown);
  const macs = all.flatMap(({ mac }) => mac ?? []);
  const followed = await followDrift(deps, app, { objects, macs }, known.drift);
  known.drift = followed.seen;
  return followed.after;
}
