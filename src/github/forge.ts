// What the command language asks of GitHub: pull requests, people and answers.
import type { Forge } from '../chatops/ports.ts';
import type { Parts } from './parts.ts';
import { pullKey } from '../change/pull.ts';
import { openPull } from './publish/open-pull.ts';
import { readPull } from './pull/read-pull.ts';

function mergeOf({ client: { installations }, change }: Parts): Forge['mergeOf'] {
  return async ({ owner, repo, number }) => {
    const { pull, state } = await readPull(installations.client(owner, repo), number);
    if (pull.merged) {
      const base = await change.before(pull, pull.merged.sha);
      return { state: 'merged', sha: pull.merged.sha, ...(base !== undefined && { base }) };
    }
    return { state: state === 'open' ? 'open' : 'closed' };
  };
}

/** Branches of forks are a stranger's: nothing of them is rendered. */
function touchedBy({ client: { installations }, change }: Parts): Forge['touchedBy'] {
  return async ({ owner, repo, number }, signal) => {
    const { pull, state } = await readPull(installations.client(owner, repo), number, signal);
    return pull.merged || (state === 'open' && !pull.fork) ? change.touched(pull, signal) : [];
  };
}

/**
 * Its answers are those of GitHub now or of some minutes ago; what is asked while GitHub cannot be read waits until
 * it can.
 */
export function forgeOf(parts: Parts): Forge {
  const { client, pulls, intake } = parts;
  return {
    ready: () => client.ready(),
    userId: (login) => client.userId(login),
    teams: (login, owner) => client.teams(login, owner),
    repositoryOf: (repoUrl) => client.repositoryOf(repoUrl),
    refreshPull: (pull) => pulls.add(pullKey(pull)),
    mergeOf: async (pull) => {
      await client.ready();
      return mergeOf(parts)(pull);
    },
    touchedBy: async (pull, signal) => {
      await client.ready();
      return touchedBy(parts)(pull, signal);
    },
    // The comment is looked at again, finds its Request ended, and gets its reaction: a crash in between loses nothing.
    answer({ spec }) {
      const { pull, origin } = spec;
      if (pull && origin.kind === 'comment') intake.comment(pull, origin.commentId);
      if (pull) pulls.add(pullKey(pull));
      return Promise.resolve();
    },
    openPull: async (pull) => {
      await client.ready();
      return openPull(client.installations.client(pull.owner, pull.repo).octokit, pull);
    },
  };
}
