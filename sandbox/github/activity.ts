// What moved the branches and who did it: GitHub's record of a repository's activity.
import type { Activity, Actor, Repository, World } from './world.ts';
import { git } from './git/git.ts';
import { timestamp } from './world.ts';

const none = '0'.repeat(40);

interface Move {
  name: string;
  before: string | null;
  after: string | null;
}

async function typeOf({ dir }: Repository, { before, after }: Move, merging: boolean): Promise<Activity['type']> {
  if (before === null) return 'branch_creation';
  if (after === null) return 'branch_deletion';
  if (merging) return 'pr_merge';
  return (await git(dir, ['rev-list', '--max-count=1', `${after}..${before}`])) === '' ? 'push' : 'force_push';
}

/** `merging`: somebody pressed the button of a pull request. */
export async function recordActivity(
  world: World,
  at: { repository: Repository; actor: Actor; merging?: boolean },
  move: Move,
): Promise<void> {
  if (!move.name.startsWith('refs/heads/')) return;
  at.repository.activities.push({
    id: world.nextId(),
    ref: move.name,
    before: move.before ?? none,
    after: move.after ?? none,
    at: timestamp(),
    type: await typeOf(at.repository, move, at.merging ?? false),
    actor: at.actor.account,
  });
}
