// From what a pass found to what is done about it: asks the gate and the sync windows, and keeps the Approvals as they
// must be.
import type { Comparison } from '../../compare/compare.ts';
import type { ResourceStatus, SyncResourceRef } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { Assessment, Target } from '../application/assess.ts';
import type { Approved, Decision } from './decide.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Past } from '../../model/history.ts';
import { applicationKey } from '../../model/application.ts';
import { keyText, keyTitle } from '../../model/kube.ts';
import { effectDeletes } from '../../compare/effect/effect.ts';
import { approvalRequired } from '../../policy/gate.ts';
import { metText } from '../../policy/gate-text.ts';
import { lockWindow } from '../../policy/lock.ts';
import { syncWindow } from '../../policy/window.ts';
import { supersedeOthers } from '../approval/round.ts';
import { agreedAtOf } from '../approval/decision.ts';
import { effectOf, isGoing } from '../application/assess.ts';
import { decide } from './decide.ts';
import { askGate, askPeople, isGated, isWaiting } from '../approval/gate-input.ts';
import { isLastSynced } from '../approval/gate-subject.ts';
import { unknownTold } from '../approval/gate-people.ts';
import { provenEntry } from '../application/gate-record.ts';
import { fetchedThen } from '../application/sync-record.ts';
import { metGates } from '../application/met-gates.ts';
import { unread, waitsFor } from '../application/others.ts';
import {
  agreedAttempt,
  appliedApproval,
  formerSources,
  historyAttempt,
  keyThen,
  lastAttempt,
} from '../application/history.ts';

/** `unknown`: to be thrown when all else is done, so that the forge is asked again with backoff. */
type Asked = Approved & { unknown?: Error };

/** Asks the gate about the branch head; opens the Approval when one is wanted. */
async function askFor(deps: ReconcileDeps, found: Assessment, signal: AbortSignal): Promise<Asked> {
  const { subject, comparison } = found;
  const { app } = subject;
  const effect = await effectOf(found, signal);
  const behind = effectDeletes(effect.operations) ? await unread(deps, app, subject.target, signal) : [];
  if (behind.length > 0) return { go: false, why: 'others may hold what it deletes', unknown: waitsFor(behind) };
  const verdict = await askGate(deps, found, effect, { moment: 'look', signal });
  // It would write nothing, end nothing and be asked for again.
  if (verdict.do === 'go' && verdict.rule === 'nothing') {
    if (effect.unwritten.length > 0) return { go: false, why: 'only ignored fields differ from what was approved' };
    if (healableRefs(comparison).length === 0) return { go: false, why: 'only what is being deleted is left' };
  }
  if (verdict.do === 'go') {
    const name = verdict.approval ?? '';
    const agreedAt = agreedAtOf(deps.store, app, name);
    return { go: true, name, agreedAt, deletes: effectDeletes(effect.operations) };
  }
  const { unknown } = verdict;
  const told = unknownTold(unknown);
  if (unknown && verdict.agreed)
    return { go: false, why: unknown.message, unknown, ...(told !== undefined && { error: told }) };
  if (verdict.do === 'refuse' || !effect.digest) {
    if (verdict.rule !== 'no-digest')
      await supersedeOthers(deps, applicationKey(app), { keep: verdict.approval, operations: effect.operations });
    const [error] = effect.errors;
    const told = error
      ? `${verdict.why}: ${keyTitle(error.key)}: ${error.message}`
      : verdict.rule === 'too-large'
        ? verdict.why
        : undefined;
    return { go: false, why: verdict.why, ...(told !== undefined && { error: told }) };
  }
  await askPeople(deps, found, effect, verdict);
  // Nothing of its own tells why it waits.
  const met = metGates(app, comparison);
  return {
    go: false,
    why: verdict.why,
    ...(unknown && { unknown }),
    ...(met.length > 0 && { error: `${approvalRequired(verdict.approval ?? '')}: it would ${metText(met)}` }),
  };
}

function refOf({ group, kind, namespace, name }: ResourceKey): SyncResourceRef {
  return { ...(group && { group }), kind, name, ...(namespace && { namespace }) };
}

function driftedRefs(effect: Effect | undefined): SyncResourceRef[] {
  return (effect?.drift ?? []).map(({ key }) => refOf(key));
}

function healableRefs({ objects }: Comparison): SyncResourceRef[] {
  return objects
    .filter((item) => item.status === 'OutOfSync' && !item.hook.isHook && !item.generated && !isGoing(item))
    .map(({ key }) => refOf(key));
}

/** Rows of all that a sync may touch. */
function syncable({ resources, objects }: Comparison): ResourceStatus[] {
  const left = new Set(objects.filter(({ unruled }) => unruled).map(({ key }) => keyText(key)));
  return resources.filter(
    ({ group = '', kind, namespace = '', name }) => !left.has(keyText({ group, kind, namespace, name })),
  );
}

function vanishingNamespace({ cluster }: Target, { objects }: Comparison): string | undefined {
  const missing = objects.filter(
    (item) => item.target !== undefined && item.live === undefined && !item.unruled && !item.hook.isHook,
  );
  return missing
    .map(({ key }) => key.namespace)
    .find(
      (name) =>
        name !== '' && cluster.live.get({ group: '', kind: 'Namespace', namespace: '', name })?.deleting === true,
    );
}

/** What to do about the application as it was just found. `unknown`: what to throw when that is done. */
export async function decideOn(
  deps: ReconcileDeps,
  found: Assessment,
  signal: AbortSignal,
): Promise<{ decided: Decision; unknown: Error | undefined }> {
  const { subject, comparison, desired, last } = found;
  const { app, project } = subject;
  const outOfSync = comparison.status === 'OutOfSync';
  const busy = app.operation !== undefined;
  const gated = outOfSync && !busy && isGated(deps, found);
  const waiting = gated && isWaiting(deps, found);
  const approved = waiting ? await askFor(deps, found, signal) : undefined;
  if (!busy && !waiting && comparison.status !== 'Unknown')
    await supersedeOthers(deps, applicationKey(app), {
      keep: appliedApproval(app),
      synced: app.status?.history?.at(-1)?.revision,
    });
  const key =
    outOfSync && !busy ? await keyThen(deps.desiring, app, lastResult(deps, subject), { desired, signal }) : undefined;
  // What Git and the cluster came to agree on since the last sync has nobody's approval, and what was synced before is
  // not to come back.
  const unapproved = gated && subject.known.base !== undefined && !isLastSynced(found);
  const decided = decide({
    app,
    resources: syncable(comparison),
    outOfSync,
    healable: healableRefs(comparison),
    vanishing: vanishingNamespace(subject.target, comparison),
    desired: { revisions: desired.revisions, manifests: desired.key },
    attempt:
      (gated ? undefined : agreedAttempt(deps.store, subject)) ?? lastAttempt(app, key) ?? historyAttempt(app, last),
    synced:
      last === undefined || last === 'gone' || unapproved
        ? undefined
        : {
            revisions: last.revisions,
            manifests: last.key,
            sources: formerSources(app, provenEntry(deps.store, subject) ?? {}),
          },
    gated,
    // Where the last synced state itself would loosen a gate, nothing is put back without approval.
    drifted: waiting && !unapproved && !isLastSynced(found) ? driftedRefs(subject.known.effect?.effect) : [],
    approved,
    window:
      lockWindow(app, deps.clock.now()) ??
      (await syncWindow(deps.worker, {
        windows: project?.spec.syncWindows ?? [],
        application: app.metadata.name,
        destination: app.spec.destination,
        manual: false,
        at: deps.clock.now(),
      })),
    now: deps.clock.now(),
  });
  return { decided, unknown: approved?.unknown };
}

/** What the last operation synced, with what it fetched. */
function lastResult({ store }: Pick<ReconcileDeps, 'store'>, subject: Assessment['subject']): Past | undefined {
  const result = subject.app.status?.operationState?.syncResult;
  const fetched = fetchedThen(store, subject, result);
  return result && { ...result, ...(fetched && { fetched }) };
}
