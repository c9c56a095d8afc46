// What the cluster itself tells of a history, and of what Git came to say since, without a sync (docs/decisions/0021).
import type { Comparison } from '../../compare/compare.ts';
import type { Look } from './refresh.ts';
import type { ReconcileDeps } from './pass.ts';
import type { KubeObject } from '../../model/kube.ts';
import { isRecorded, rememberBase, rememberSync } from './sync-record.ts';
import { isProven } from './gate-record.ts';
import { diffBase, keyThen } from './history.ts';
import { effectOf } from './assess.ts';
import { hookOf } from '../../model/hooks.ts';
import { isSettled } from '../../compare/summary.ts';
import { sameJson } from '../../base/canonical.ts';

function generatedIn(manifests: readonly KubeObject[]): KubeObject[] {
  return manifests.filter((manifest) => !manifest.metadata.name && !hookOf(manifest).isHook);
}

/** As compared with what was last synced no more: removals are judged by the head alone. */
function withoutPrevious({ input: { previous: _previous, ...input }, objects, ...comparison }: Comparison): Comparison {
  return {
    ...comparison,
    input,
    objects: objects.map((item) => (item.previous ? { ...item, previous: undefined } : item)),
  };
}

/**
 * A history that is not ours, such as Argo CD's, is believed once the cluster is as its newest entry says and nothing
 * is left out, neither a hook nor what each sync makes anew: whether those ran nobody can tell.
 */
export async function confirmHistory(deps: ReconcileDeps, found: Look, signal: AbortSignal): Promise<void> {
  const { subject, desired, comparison } = found;
  const { app } = subject;
  const entry = app.status?.history?.at(-1);
  if (
    !entry ||
    comparison.status !== 'Synced' ||
    comparison.objects.some((item) => item.hook.isHook) ||
    isProven(deps.store, subject)
  )
    return;
  if ((await keyThen(deps.desiring, app, entry, { desired, signal })) !== desired.key) return;
  // Where it was synced before, an entry that nobody can prove may stand for ignored fields that nobody has approved.
  if (isRecorded(deps.store, app) && (await effectOf(found, signal)).unwritten.length > 0) return;
  await rememberSync(deps.store, subject, entry, desired.fetched);
}

/**
 * Where Git has caught up with live, drift and changes are told against that from now on. What the gate knows as last
 * synced stays.
 */
export async function followLive({ store, clock }: ReconcileDeps, found: Look, signal: AbortSignal): Promise<void> {
  const { subject, desired, comparison, last } = found;
  const { app, known } = subject;
  if (!isSettled(comparison) || last === undefined || app.operation || known.agreed === desired) return;
  const before = diffBase(known, last);
  // Another one that a sync would make is no state that live could have come to.
  const former = before === 'gone' ? [] : generatedIn(before?.manifests ?? []);
  if (comparison.status !== 'Synced' && !sameJson(former, generatedIn(desired.manifests))) return;
  const moved = before === 'gone' || (before?.key !== desired.key && !sameJson(before?.manifests, desired.manifests));
  if (moved) {
    const back = last !== 'gone' && last.key === desired.key;
    // Ignored fields that Git gave other values are not live: they are told, and asked about, until a sync writes them.
    if (!back && (await effectOf(found, signal)).unwritten.length > 0) return;
    await rememberBase(
      store,
      subject,
      back ? undefined : { revisions: desired.revisions, fetched: desired.fetched, at: clock.now() },
    );
    known.comparison = withoutPrevious(comparison);
  }
  known.agreed = desired;
}
