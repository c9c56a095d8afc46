// The gate as an operation meets it: asked by whoever has not seen this very operation pass.
import type { OperationState } from '../../model/application.ts';
import type { Assessment } from '../application/assess.ts';
import type { OperationDeps, OperationInput } from './wanted.ts';
import { canonicalJson, hashOf, sameJson } from '../../base/canonical.ts';
import { admit, admitAgain } from '../approval/admission.ts';
import { basisOf } from '../application/assess.ts';
import { isGated } from '../approval/gate-input.ts';
import { idOfGate, metGates } from '../application/met-gates.ts';
import { policyInForce } from '../application/gate-record.ts';

/**
 * Why it ends, and for which Approval where it waits for one alone; undefined: it passes. A process that has not seen
 * the operation pass asks again: whoever can write an operation can write its state too.
 */
export async function gateRefusal(
  deps: OperationDeps,
  input: OperationInput,
  { state, wanted }: { state: OperationState | undefined; wanted: Assessment },
  signal: AbortSignal,
): Promise<{ refused: string; approval?: string } | undefined> {
  const { subject } = input;
  const { known } = subject;
  const operation = canonicalJson(subject.app.operation);
  // Only a first step writes syncResult: an operation that waits for its sync window has not passed the gate yet.
  const begun = state?.syncResult !== undefined;
  const now = {
    operation,
    manifests: wanted.desired.key,
    basis: basisOf(subject),
    gated: isGated(deps, wanted),
    policy: hashOf(policyInForce(deps.store, subject.app, subject.project)),
  };
  const { admitted } = known;
  if (begun && admitted && sameJson({ ...admitted, ...now }, admitted)) return undefined;
  const answer = await (begun ? admitAgain : admit)(deps, { ...wanted, head: input.head?.desired }, signal);
  const met = metGates(subject.app, wanted.comparison).map(idOfGate);
  known.admitted = 'refused' in answer ? undefined : { ...now, ...answer, met };
  return 'refused' in answer ? answer : undefined;
}
