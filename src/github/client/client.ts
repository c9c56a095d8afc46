// The client of the GitHub App: as whom it speaks, where it is installed, and what GitHub tells of people and commits.
import type { AppError } from '../../base/errors.ts';
import type { GateAuthors } from '../../policy/gate.ts';
import type { Host, HostOptions } from './probot.ts';
import type { Policies } from './people.ts';
import type { History } from './pushes.ts';
import { authorMemory, authorsOf, moversOf } from './authors.ts';
import { Installations } from './installations.ts';
import { teamsFrom, userId } from './people.ts';
import { reviewersOf } from './reviewers.ts';

interface ClientOptions extends Omit<HostOptions, 'random'> {
  /** Which teams matter: no others are asked about. */
  policies: Policies;
  /** Default Math.random. */
  random?: () => number;
}

/**
 * What is asked by clone URL answers undefined where the App is not installed. All reject while GitHub does not answer.
 */
export interface GitHubClient {
  appId: number;
  host: Host;
  installations: Installations;
  /** Why GitHub does not take us for the App, as far as is known. */
  readonly refused: AppError | undefined;
  /** Resolves when it is known where the App is installed; until then `repositoryOf` knows nothing. */
  ready(): Promise<void>;
  repositoryOf(repoUrl: string): { owner: string; repo: string } | undefined;
  /** Installation token for git. */
  credentials(repoUrl: string): Promise<{ username: string; password: string } | undefined>;
  /** Undefined when GitHub has no such account. */
  userId(login: string): Promise<number | undefined>;
  /** `org:team` of the teams that policy or annotations name and that the person is an active member of. */
  teams(login: string, owner: string): Promise<string[]>;
  authorsOf(repoUrl: string, commits: readonly string[], history: History): Promise<GateAuthors | undefined>;
  /** Who moved the ref, named as a source names it, away from a commit. */
  moversOf(
    repoUrl: string,
    move: { ref: string; from: string; to: string },
    history: History,
  ): Promise<GateAuthors | undefined>;
  /** Logins of the required reviewers of that repository's environment; undefined when nobody is asked. */
  reviewersOf(repoUrl: string, environment: string): Promise<string[] | undefined>;
}

/** Probot is only loaded where there is an App: it costs memory. Throws E_CONFIG without a webhook secret. */
export async function openClient({ policies, random = Math.random, ...options }: ClientOptions): Promise<GitHubClient> {
  const { appId, clock, log } = options;
  const { openHost } = await import('./probot.ts');
  const host = await openHost({ ...options, random });
  const installations = new Installations(host, log);
  const memory = authorMemory(clock);
  const teams = teamsFrom(installations, policies);
  const ready = async (): Promise<void> => {
    if (!installations.loaded) await installations.load();
  };
  const at = async (repoUrl: string) => {
    await ready();
    const found = installations.at(repoUrl);
    return found && { client: installations.client(found.owner, found.repo), defaultBranch: found.defaultBranch };
  };
  return {
    appId,
    host,
    installations,
    get refused() {
      return installations.refused;
    },
    ready,
    repositoryOf(repoUrl) {
      const found = installations.at(repoUrl);
      return found && { owner: found.owner, repo: found.repo };
    },
    async credentials(repoUrl) {
      // Repositories elsewhere must not wait for GitHub: while it cannot be read, nobody has credentials of it.
      await ready().catch((error: unknown) =>
        log.warn({ err: error }, 'the installations of the GitHub App could not be read'),
      );
      const found = installations.at(repoUrl);
      return found && { username: 'x-access-token', password: await host.installationToken(found.installation) };
    },
    async userId(login) {
      await ready();
      return userId(installations, login);
    },
    async teams(login, owner) {
      await ready();
      return teams(login, owner);
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
