// What an Approval's own card tells of a deploy, so that no Report does.
import type { Approval } from '../../model/coxswain.ts';

/** An Approval's own card tells what becomes of it, where it has one. */
export function tellsDeploy({ spec, status }: Approval, revision: string): boolean {
  const cards = Object.values(status?.cards ?? {});
  return (
    ['Approved', 'Applied'].includes(status?.phase ?? '') &&
    spec.revision === revision &&
    cards.some((card) => card.ts !== undefined)
  );
}

/** A card of it stands and still changes: what goes wrong now is told there. */
export function tellsTrouble({ spec, status }: Approval, revision: string): boolean {
  const follows = status?.phase === 'Approved' || (status?.phase === 'Applied' && spec.revision === revision);
  return follows && Object.values(status.cards ?? {}).some((card) => card.ts !== undefined && card.final !== true);
}

/** The gate holds it: nothing of that revision is being deployed. */
export function isHeld({ spec, status }: Approval, revision: string): boolean {
  return ['Pending', 'Rejected', 'Expired'].includes(status?.phase ?? 'Pending') && spec.revision === revision;
}
