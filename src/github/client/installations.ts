// Where the App is installed: its own name, and the repositories by name and by clone URL.
import type { Octokit } from '@octokit/core';
import type { Host } from './probot.ts';
import type { Logger } from '../../base/log.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { AppError, errorKind } from '../../base/errors.ts';
import { isGitHub, paginating } from './api.ts';
import { normaliseRepo } from '../../model/repository.ts';

/** Everything a projection needs to speak with one repository. */
export interface RepositoryClient {
  owner: string;
  repo: string;
  octokit: Octokit;
}

interface InstalledRepository extends RepositoryClient {
  installation: number;
  cloneUrl: string;
  defaultBranch: string;
}

interface Known {
  slug: string;
  byName: Map<string, InstalledRepository>;
  byUrl: Map<string, InstalledRepository>;
  /** Canonical JSON of its permissions, by installation. */
  granted: Map<number, string>;
}

/** Empty until `load`; a reading that fails leaves what was known. */
export class Installations {
  readonly #api: Host;
  readonly #log: Logger;
  #known: Known | undefined;
  #loading: Promise<Known> | undefined;
  #refused: AppError | undefined;

  constructor(api: Host, log: Logger) {
    this.#api = api;
    this.#log = log;
  }

  /** Reads the list anew; concurrent callers share one reading. */
  load(): Promise<Known> {
    this.#loading ??= this.#read().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #read(): Promise<Known> {
    const app = await this.#ownApp();
    const installations = await paginating(this.#api.app)('GET /app/installations', { per_page: 100 });
    const byName: Known['byName'] = new Map();
    const byUrl: Known['byUrl'] = new Map();
    const grants: Known['granted'] = new Map();
    for (const { id, suspended_at: suspended, permissions } of installations) {
      if (suspended) continue;
      const granted = canonicalJson(permissions);
      if (this.#known && this.#known.granted.get(id) !== granted) this.#api.renewToken(id);
      grants.set(id, granted);
      for (const { found, urls } of await this.#repositories(id)) {
        byName.set(`${found.owner}/${found.repo}`.toLowerCase(), found);
        for (const url of urls) byUrl.set(normaliseRepo(url), found);
      }
    }
    for (const id of this.#known?.granted.keys() ?? []) if (!grants.has(id)) this.#api.forget(id);
    this.#known = { slug: app.data?.slug ?? '', byName, byUrl, granted: grants };
    return this.#known;
  }

  /** Why GitHub does not take us for the App; undefined while it does, or cannot be reached. */
  get refused(): AppError | undefined {
    return this.#refused;
  }

  /** An id that no App has is answered 404, a key of another App 401. */
  async #ownApp(): Promise<{ data: { slug?: string } | null }> {
    try {
      const app = await this.#api.app.request('GET /app');
      this.#refused = undefined;
      return app;
    } catch (error) {
      if (isGitHub(error, 401) || isGitHub(error, 404))
        this.#refused = new AppError('E_GITHUB', `GitHub refuses the App: ${error.message}`, {
          cause: error,
          hint: 'Check app-id and private-key of the Secret coxswain-github, then restart. See the clock too.',
        });
      throw this.#refused ?? error;
    }
  }

  /** One installation that refuses us must not hide the others. */
  async #repositories(id: number): Promise<{ found: InstalledRepository; urls: string[] }[]> {
    const octokit = await this.#api.installation(id);
    try {
      const repositories = await paginating(octokit)('GET /installation/repositories', { per_page: 100 });
      return repositories.map((each) => ({
        found: {
          owner: each.owner.login,
          repo: each.name,
          installation: id,
          octokit,
          cloneUrl: each.clone_url,
          defaultBranch: each.default_branch,
        },
        urls: [each.clone_url, each.ssh_url],
      }));
    } catch (error) {
      if (errorKind(error) !== 'terminal') throw error;
      this.#log.warn({ installation: id, err: error }, 'the repositories of an installation cannot be read');
      return [];
    }
  }

  /** Login of our bot; '' before the first reading. */
  get bot(): string {
    return this.#known ? `${this.#known.slug}[bot]` : '';
  }

  get repositories(): InstalledRepository[] {
    return [...(this.#known?.byName.values() ?? [])];
  }

  get loaded(): boolean {
    return this.#known !== undefined;
  }

  named(owner: string, repo: string): InstalledRepository | undefined {
    return this.#known?.byName.get(`${owner}/${repo}`.toLowerCase());
  }

  at(repoUrl: string): InstalledRepository | undefined {
    return this.#known?.byUrl.get(normaliseRepo(repoUrl));
  }

  /** Throws E_GITHUB when the App is not installed there. */
  client(owner: string, repo: string): RepositoryClient {
    const found = this.named(owner, repo);
    if (!found)
      throw new AppError('E_GITHUB', `the GitHub App is not installed on ${owner}/${repo}`, {
        hint: 'Install it there, or remove the repository from the request.',
      });
    return found;
  }
}
