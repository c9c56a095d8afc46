// What others ask of the forge, answered by the App's installations.
import { pullKey } from '../change/pull.ts';
import { isGitHub } from './client/api.ts';
import { userId, teamsFrom } from './client/people.ts';
import { authorMemory, authorsOf, moversOf } from './client/authors.ts';
import { readPull } from './client/read-pull.ts';
import { reviewersOf } from './client/reviewers.ts';
import type { GitHubForge, OpenPull } from './forge.ts';
import type { Parts } from './parts.ts';
import { AppError } from '../base/errors.ts';

function openPull({ installations }: Parts): GitHubForge['openPull'] {
  return async ({ owner, repo, base, head, title, body }: OpenPull) => {
    const { octokit } = installations.client(owner, repo);
    const find = async (): Promise<{ number: number; url: string; created: boolean } | undefined> => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        head: `${owner}:${head}`,
        base,
        state: 'all',
        per_page: 30,
      });
      // One that somebody closed was answered: asking again is a new proposal.
      const standing = data.find((pull) => pull.state === 'open' || pull.merged_at !== null);
      return standing && { number: standing.number, url: standing.html_url, created: false };
    };
    const found = await find();
    if (found) return found;
    try {
      const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        base,
        head,
        title,
        body,
      });
      return { number: data.number, url: data.html_url, created: true };
    } catch (error) {
      const made = isGitHub(error, 422) ? await find() : undefined; // another pass was faster
      if (made) return made;
      throw error;
    }
  };
}

function mergeOf({ installations, change }: Parts): GitHubForge['mergeOf'] {
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
function touchedBy({ installations, change }: Parts): GitHubForge['touchedBy'] {
  return async ({ owner, repo, number }, signal) => {
    const { pull, state } = await readPull(installations.client(owner, repo), number, signal);
    return pull.merged || (state === 'open' && !pull.fork) ? change.touched(pull, signal) : [];
  };
}

export function forgeOf(parts: Parts): GitHubForge {
  const { installations, store, pulls, intake, clock } = parts;
  const memory = authorMemory(clock);
  const teams = teamsFrom(installations, store);
  const ready = async (): Promise<void> => {
    if (!installations.loaded) await installations.load();
  };
  const at = async (repoUrl: string) => {
    await ready();
    const found = installations.at(repoUrl);
    return found && { client: installations.client(found.owner, found.repo), defaultBranch: found.defaultBranch };
  };
  return {
    ready,
    userId: async (login) => {
      await ready();
      return userId(installations, login);
    },
    teams: async (login, owner) => {
      await ready();
      return teams(login, owner);
    },
    repositoryOf: (repoUrl) => {
      const found = installations.at(repoUrl);
      return found && { owner: found.owner, repo: found.repo };
    },
    refreshPull: (pull) => pulls.add(pullKey(pull)),
    mergeOf: async (pull) => {
      await ready();
      return mergeOf(parts)(pull);
    },
    touchedBy: async (pull, signal) => {
      await ready();
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
      await ready();
      return openPull(parts)(pull);
    },
    async authorsOf(repoUrl, commits, history) {
      const found = await at(repoUrl);
      return found && authorsOf(found.client, memory, commits, history);
    },
    async moversOf(repoUrl, { ref, from, to }, history) {
      const found = await at(repoUrl);
      return found && moversOf(found.client, { ref: ref === 'HEAD' ? found.defaultBranch : ref, from, to }, history);
    },
    async reviewersOf(repoUrl, environment) {
      const found = await at(repoUrl);
      return found && reviewersOf(found.client, environment);
    },
  };
}

function noApp(): AppError {
  return new AppError('E_GITHUB', 'no GitHub App is configured', { hint: 'Set COX_GITHUB_APP_ID and its key.' });
}

export const noForge: GitHubForge = {
  ready: () => Promise.resolve(),
  userId: () => Promise.resolve(undefined),
  teams: () => Promise.resolve([]),
  repositoryOf: () => undefined,
  refreshPull: () => undefined,
  mergeOf: () => Promise.reject(noApp()),
  touchedBy: () => Promise.resolve([]),
  answer: () => Promise.resolve(),
  openPull: () => Promise.reject(noApp()),
  authorsOf: () => Promise.resolve(undefined),
  moversOf: () => Promise.resolve(undefined),
  reviewersOf: () => Promise.resolve(undefined),
};
