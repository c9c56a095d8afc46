// The people of a gate: who made the change, and who has agreed to it, as far as is known now.
import type { Application } from '../../model/application.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { EffectivePolicy } from '../../policy/policy.ts';
import type { Change } from '../application/pass.ts';
import type { Assessment } from '../application/assess.ts';
import type { GateDeps, Moment } from './gate-subject.ts';
import { sameJson } from '../../base/canonical.ts';
import { errorKind, describeError, AppError } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';
import { unknownAuthors } from '../../policy/gate.ts';
import { stricter, effectivePolicy } from '../../policy/policy.ts';
import { loosenedBy } from './gate-subject.ts';
import { isOpen, isApprovalOf } from './approval.ts';
import { policyInForce } from '../application/gate-record.ts';
import { withReviewers } from './authors.ts';
import { changeOf } from './changed-range.ts';

/** Who made the change. */
export interface People {
  change?: Change;
  /**
   * Undefined while they are not known, or where nobody has agreed yet and it is told already what cannot be known of
   * them.
   */
  authors: GateAuthors | undefined;
  /** What its Approval tells of them, and what nobody can ever tell; undefined while that is not known. */
  told?: GateAuthors;
  policy: EffectivePolicy;
  /**
   * Why nobody's agreement counts yet: throw it to ask again later. Its cause is terminal if people must do something
   * about it.
   */
  unknown?: AppError;
}

const unknownText = 'the authors of the change are not known yet';

/** What an Approval of the same commits tells already: while nobody has agreed, the forge need not be asked again. */
function toldOf(
  { store }: GateDeps,
  app: Application,
  { digest, change }: { digest: string; change: Change },
): GateAuthors | undefined {
  const found = store.approvals.of(applicationKey(app)).find(({ spec }) => spec.digest === digest);
  if (!found || !isOpen(found) || !isApprovalOf(found, app) || !sameJson(found.spec.ranges, change.ranges))
    return undefined;
  const { authors, unknown } = found.spec;
  return authors && unknown && change.unknown.every((why) => unknown.includes(why))
    ? { people: authors, unknown }
    : undefined;
}

/** The reviewers are asked for only when somebody has agreed, and something is about to be written. */
export async function peopleOf(
  deps: GateDeps,
  found: Assessment,
  { digest, agreed, moment, signal }: { digest: string; agreed: boolean; moment: Moment; signal: AbortSignal },
): Promise<People> {
  const { app, project } = found.subject;
  // Whoever former gates, and those that it would loosen, ask for must agree too.
  const gates = [policyInForce(deps.store, app, project), ...loosenedBy(deps.store, found).map(({ before }) => before)];
  const { reviewers = [] } = gates.reduce((all, each) => (each.gated ? stricter(all, each) : all));
  const policy = { ...effectivePolicy(app, project), reviewers };
  let change: Change | undefined;
  try {
    change = await changeOf(deps, found, signal);
    const told = agreed ? undefined : toldOf(deps, app, { digest, change });
    if (told) return { change, authors: undefined, told, policy };
    const authors = await deps.authors.authorsOf(change, app);
    return {
      change,
      authors,
      told: { ...authors, unknown: unknownAuthors(authors) },
      policy: agreed && moment === 'write' ? await withReviewers(deps.authors, app, policy) : policy,
    };
  } catch (cause) {
    if (signal.aborted) throw cause;
    const text =
      errorKind(cause) === 'terminal'
        ? 'no approval counts, for the authors of the change, or its reviewers, cannot be known: ' +
          describeError(cause)
        : unknownText;
    return {
      ...(change && { change }),
      authors: undefined,
      policy,
      unknown: new AppError('E_GITHUB', text, { kind: 'waiting', cause }),
    };
  }
}

/** What people should be told of it; undefined when it may pass by itself. */
export function unknownTold(error: unknown): string | undefined {
  return error instanceof AppError &&
    error.kind === 'waiting' &&
    error.cause !== undefined &&
    errorKind(error.cause) === 'terminal'
    ? error.message
    : undefined;
}
