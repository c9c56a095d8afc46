// Those who agreed, as they are now: asked where something is written, and again while an approved sync or deletion
// goes on.
import type { StepInput } from '../../sync/sync.ts';
import type { Application } from '../../model/application.ts';
import type { Agreed } from '../../policy/gate.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { Known, Leave } from '../application/memory.ts';
import type { Target } from '../application/assess.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError, describeError, errorKind } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';

/** Within one phase and wave nobody is asked more often (milliseconds). */
const confirmedMs = 60_000;

/**
 * Whoever has left the team, or lost the right, since they agreed does not count when it is applied. Throws E_GITHUB.
 */
export async function peopleNow(
  { standing }: Pick<ReconcileDeps, 'standing'>,
  app: Application,
  { status }: Approval,
): Promise<Agreed[]> {
  try {
    return await Promise.all(
      (status?.approvals ?? []).map(async ({ actor, teams = [] }) => {
        const now = standing ? await standing(actor, app) : { teams };
        return { login: actor.login, id: actor.id, ...now };
      }),
    );
  } catch (cause) {
    const text =
      'whether those who agreed may still approve is not known ' +
      `yet${errorKind(cause) === 'terminal' ? `: ${describeError(cause)}` : ''}`;
    throw new AppError('E_GITHUB', text, { kind: 'waiting', cause });
  }
}

/** The same for a deletion, which is looked at again and again until all is gone. */
export async function peopleLately(
  deps: Pick<ReconcileDeps, 'standing' | 'clock'>,
  { app, known }: { app: Application; known: Known },
  approval: Approval,
): Promise<Agreed[]> {
  const of = [
    approval.metadata.name,
    ...(approval.status?.approvals ?? []).map(({ actor, at }) => `${actor.id} ${at}`),
  ];
  const { rights } = known;
  if (rights && sameJson(rights.of, of) && deps.clock.now() - rights.at < confirmedMs) return rights.people;
  const people = await peopleNow(deps, app, approval);
  known.rights = { of, at: deps.clock.now(), people };
  return people;
}

function changed(before: readonly Agreed[], now: readonly Agreed[]): string | undefined {
  const reasons = now.flatMap(({ id, login, teams = [], refused }) => {
    const then = before.find((person) => person.id === id);
    if (refused !== undefined) return then?.refused === undefined ? [refused] : [];
    return then && !sameJson(then.teams ?? [], teams) ? [`${login} is in other teams than when this was judged`] : [];
  });
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}

/**
 * Asked before each phase and wave: whether the cluster is still the one that was looked at, whatever its URL, and
 * those who agreed. Throws where it is another one, which the next pass looks at.
 */
export function confirmOf(
  deps: Pick<ReconcileDeps, 'standing' | 'clock' | 'store' | 'targetOf'>,
  { app, target }: { app: Application; target: Target },
  leave: Leave | undefined,
): NonNullable<StepInput['confirm']> {
  const people = agreeingStill(deps, app, leave);
  return async (group) => {
    if ((await deps.targetOf(app, { sure: true })) !== target)
      throw new AppError('E_API', `another cluster answers at ${target.server} than before`, { kind: 'transient' });
    return people?.(group);
  };
}

/**
 * Of those who agreed; the gate, which has just asked, stands for the first. Answers why it is to be asked
 * again. Throws while the forge does not tell. undefined where nobody has agreed to anything.
 */
function agreeingStill(
  deps: Pick<ReconcileDeps, 'standing' | 'clock' | 'store'>,
  app: Application,
  leave: Leave | undefined,
): StepInput['confirm'] {
  if (leave?.rule !== 'approved' || !deps.standing) return undefined;
  return async (group) => {
    const { asked, people } = leave;
    const recent = asked !== undefined && deps.clock.now() - asked.at < confirmedMs;
    if (recent && (asked.group ?? group) === group) {
      asked.group = group;
      return undefined;
    }
    const approval = deps.store.approvals
      .of(applicationKey(app))
      .find(({ metadata }) => metadata.name === leave.approval);
    if (!approval) return undefined; // each write is judged by it
    const now = await peopleNow(deps, app, approval);
    const why = changed(people ?? [], now);
    leave.people = now;
    leave.asked = { at: deps.clock.now(), group };
    return why;
  };
}
