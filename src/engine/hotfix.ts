// Live edits while an admitted operation waits: what it has still to write is judged again once it is no longer as the gate saw it.
import type { OperationState } from '../model/application.ts';
import type { EffectOperation } from '../model/effect.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { Admission, AdmissionDeps } from './admission.ts';
import type { Target } from './assess.ts';
import { applicationKey } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { coversAll } from './admission.ts';
import { effectOf } from './assess.ts';
import { isGated } from './gating.ts';
import { isMarkedUnchanged } from '../sync/task.ts';

/** '' where nothing is live. */
function printOf({ cluster }: Target, key: ResourceKey): string {
  return cluster.live.get(key)?.fingerprint ?? '';
}

/** Fingerprints of the live objects, by key text; undefined where no gate asks. */
export function livePrints(deps: AdmissionDeps, { subject, comparison }: Admission): Map<string, string> | undefined {
  const { app, project, target } = subject;
  if (!isGated(deps, { app, project, comparison })) return undefined;
  return new Map(comparison.objects.map(({ key }) => [keyText(key), printOf(target, key)]));
}

function leftOf(state: OperationState | undefined): Set<string> {
  const rows = state?.syncResult?.resources ?? [];
  return new Set(rows.filter((row) => row.hookPhase === undefined && row.hookType === undefined && !isMarkedUnchanged(row)).map((row) => keyText(row)));
}

/** Whether anything that is left to do looks otherwise than when the gate judged it. What is done is not written again. */
export function isEdited({ subject: { target }, comparison }: Admission, state: OperationState | undefined, seen: Map<string, string> | undefined): boolean {
  if (!seen) return false;
  const left = leftOf(state);
  return comparison.objects.some(({ key }) => left.has(keyText(key)) && printOf(target, key) !== (seen.get(keyText(key)) ?? ''));
}

/** Whether the Approval under which the operation began agrees to what is left of it, too. */
export async function coversRest(deps: AdmissionDeps, input: Admission, { state, approval }: { state: OperationState | undefined; approval: string | undefined }, signal: AbortSignal): Promise<boolean> {
  const { subject, wanted, comparison, last } = input;
  const found = deps.store.approvals.of(applicationKey(subject.app)).find((item) => item.metadata.name === approval);
  if (found?.status?.phase !== 'Approved') return false;
  const left = leftOf(state);
  const effect = await effectOf(subject, { comparison, desired: wanted, last }, signal);
  const rest: EffectOperation[] = effect.operations.filter(({ op, key }) => op !== 'hook' && left.has(keyText(key)));
  return coversAll(found, effect, rest);
}
