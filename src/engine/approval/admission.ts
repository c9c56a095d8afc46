// The gate at the start of an operation, whoever wrote it, and once more when a restarted process finds one half done
// (docs/security/gate.md).
import type { Application } from '../../model/application.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { Effect, EffectOperation } from '../../model/effect.ts';
import type { GateDecision } from '../../policy/gate.ts';
import type { Assessment } from '../application/assess.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Verdict } from './gate-input.ts';
import type { GateDeps } from './gate-subject.ts';
import type { Leave } from '../application/memory.ts';
import type { Clock } from '../../base/clock.ts';
import { sameJson } from '../../base/canonical.ts';
import { effectDeletes } from '../../compare/effect/effect.ts';
import { destinationOf } from '../../compare/object/digest.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey, syncOptions } from '../../model/application.ts';
import { keyText } from '../../model/kube.ts';
import { approvalRequired } from '../../policy/gate.ts';
import { effectOf } from '../application/assess.ts';
import { metGates } from '../application/met-gates.ts';
import { isApprovalOf } from './approval.ts';
import { askGate, askPeople, isGated } from './gate-input.ts';

export interface AdmissionDeps extends GateDeps {
  clock: Clock;
}

/** What an operation would apply, that the gate is asked about. */
export interface Admission extends Assessment {
  /** The branch head: only that can be asked for. undefined when it cannot be looked at. */
  head: DesiredState | undefined;
  /** Why an operation that was let pass is asked about again. */
  because?: string;
}

/**
 * What an operation that the gate lets pass would do beyond what the gate judged: nothing, the last synced state, or
 * the approved effect.
 */
function beyondGate({ spec, operation }: Application, rule: GateDecision['rule'], effect: Effect): string | undefined {
  if (rule !== 'last-synced' && rule !== 'approved' && rule !== 'nothing') return undefined;
  const { sync = {} } = operation ?? {};
  const [own, asked] = [spec.syncPolicy?.syncOptions ?? [], sync.syncOptions ?? []];
  const more = asked.filter((option) => !own.includes(option));
  const less = own.filter((option) => !asked.includes(option));
  if (more.length > 0) return `sync options that the application does not have (${more.join(', ')})`;
  if (sync.syncStrategy?.apply?.force || sync.syncStrategy?.hook?.force) return 'force';
  // Without it ignored fields are written as Git has them, which nobody was shown.
  const unrespected = syncOptions(less).get('RespectIgnoreDifferences') === 'true';
  if (less.length > 0 && (rule === 'approved' || sync.prune || unrespected))
    return `without the application's sync options (${less.join(', ')})`;
  if (rule !== 'approved') return undefined;
  if ((sync.resources ?? []).length > 0) return 'only a part of what is approved';
  if (sync.syncStrategy?.apply && effect.hooks.some(({ action }) => action === 'hook')) return 'without its hooks';
  return effectDeletes(effect.operations) && !sync.prune ? 'without the approved deletions' : undefined;
}

interface Refusal {
  /** The message with which the operation ends. */
  refused: string;
  /** Name of the Approval that it waits for, where that is all that is missing. */
  approval?: string;
}

type Admitted = Leave | Refusal;

/**
 * The gate's yes, unless the operation does more or less than what the gate judged. `at`: when it was asked (clock ms).
 */
function passed(app: Application, { rule, approval, by }: Verdict, effect: Effect, at: number): Admitted {
  const beyond = beyondGate(app, rule, effect);
  if (beyond) return { refused: `approval required: this operation would sync ${beyond}` };
  const { unwritten, beside = [] } = effect;
  const along = new Set(beside.map(({ key }) => keyText(key)));
  const isBesideAlone = beside.length > 0 && effect.operations.length === 0;
  const unapproved = [...beside, ...unwritten.filter(({ key }) => !along.has(keyText(key)))];
  return {
    rule,
    approval,
    ...(by && { people: by, asked: { at } }),
    ...((rule === 'nothing' || isBesideAlone) && unapproved.length > 0 && { unapproved }),
  };
}

/** Asked before the first step. */
export async function admit(deps: AdmissionDeps, input: Admission, signal: AbortSignal): Promise<Admitted> {
  const { subject, desired, comparison, head } = input;
  const { app } = subject;
  if (!isGated(deps, input)) return { rule: 'not-gated' };
  const effect = await effectOf(input, signal);
  const verdict = await askGate(deps, input, effect, {
    dryRun: app.operation?.sync?.dryRun,
    moment: 'write',
    signal,
  });
  if (verdict.unknown && verdict.agreed) throw verdict.unknown;
  if (verdict.do === 'go') return passed(app, verdict, effect, deps.clock.now());
  if (verdict.do === 'refuse' || !verdict.approval) return { refused: verdict.why };
  // Anything else than the branch head would push the Approval aside that people are asked about.
  if (desired.key !== head?.key)
    return {
      refused:
        `approval required${metGates(app, comparison).length > 0 ? `, for ${verdict.why}` : ''}: ` +
        'only what the branch head says can be approved; make it the head, for instance by a revert',
    };
  await askPeople(deps, input, effect, { ...verdict, because: input.because });
  return { refused: approvalRequired(verdict.approval), approval: verdict.approval };
}

/** Whether what is left is part of what was approved. */
export function covers(approved: EffectOperation, left: EffectOperation): boolean {
  if (keyText(approved.key) !== keyText(left.key)) return false;
  if (approved.op === 'change' && left.op === 'change') {
    return left.fields.every((field) => approved.fields.some((known) => sameJson(known, field)));
  }
  // What was deleted to be created anew is only created by now.
  if (approved.op === 'recreate' && left.op === 'create') return approved.mac === left.mac;
  return sameJson(approved, left);
}

/** What people agreed to for one place says nothing of another. */
function coversAll(
  { spec }: Approval,
  { destination }: Pick<Effect, 'destination'>,
  left: readonly EffectOperation[],
): boolean {
  return (
    sameJson(spec.destination, destination) &&
    left.every((operation) => spec.operations.some((item) => covers(item, operation)))
  );
}

/** The Approval that lets an operation which is cut off at its end, when nothing is left that it could be asked for. */
function begunUnder({ store }: AdmissionDeps, { subject, desired }: Admission): string | undefined {
  const { app, target } = subject;
  const { sync, info } = app.operation ?? {};
  if ((sync?.resources ?? []).length > 0) return undefined;
  const name = info?.find((item) => item.name === cox.approvalInfo)?.value;
  const found = store.approvals
    .of(applicationKey(app))
    .find((item) => item.metadata.name === name && isApprovalOf(item, app));
  return found?.status?.phase === 'Approved' &&
    found.spec.revision === desired.revisions[0] &&
    sameJson(found.spec.destination, destinationOf(app, target))
    ? name
    : undefined;
}

/** Asked when an operation goes on that this process has not seen begin, or after a failed attempt. */
export async function admitAgain(deps: AdmissionDeps, input: Admission, signal: AbortSignal): Promise<Admitted> {
  const found = await admitRest(deps, input, signal);
  const approval = !('refused' in found) && found.approval === undefined ? begunUnder(deps, input) : undefined;
  return approval === undefined ? found : { rule: 'approved', approval };
}

/** What is left of it must be part of something approved. */
async function admitRest(deps: AdmissionDeps, input: Admission, signal: AbortSignal): Promise<Admitted> {
  const { app } = input.subject;
  if (!isGated(deps, input)) return { rule: 'not-gated' };
  const effect = await effectOf(input, signal);
  const candidates = [
    effect.digest,
    ...deps.store.approvals
      .of(applicationKey(app))
      .filter((item) => coversAll(item, effect, effect.operations))
      .map((item) => item.spec.digest),
  ];
  for (const digest of new Set(candidates)) {
    const verdict = await askGate(
      deps,
      input,
      { ...effect, digest },
      { dryRun: app.operation?.sync?.dryRun, moment: 'write', signal },
    );
    if (verdict.unknown && verdict.agreed) throw verdict.unknown;
    const admitted = verdict.do === 'go' ? passed(app, verdict, effect, deps.clock.now()) : undefined;
    if (admitted && !('refused' in admitted)) return admitted;
  }
  return admit(deps, input, signal);
}
