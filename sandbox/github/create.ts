// Makes the sandbox's world: the App, accounts, repositories, teams, environments.
import type { Account, Activity, App, Repository, World } from './world.ts';
import { createPublicKey } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git/git.ts';
import { ensureAccount, findRepository, fullName, timestamp } from './world.ts';
import { ensureInstallation } from './installation.ts';

/** What the App may do and hears of, in the words of its manifest. */
export interface AppManifest {
  slug: string;
  permissions: Record<string, string>;
  events: string[];
}

export const defaultManifest: AppManifest = {
  slug: 'coxswain',
  permissions: {
    metadata: 'read',
    contents: 'write',
    pull_requests: 'write',
    issues: 'write',
    checks: 'write',
    deployments: 'write',
    actions: 'read',
    members: 'read',
  },
  events: [
    'push',
    'pull_request',
    'pull_request_review',
    'issue_comment',
    'check_run',
    'deployment',
    'deployment_status',
  ],
};

interface WorldOptions {
  appId: number;
  privateKey: string;
  manifest: AppManifest;
  changed: () => void;
}

export function createWorld(options: WorldOptions): World {
  let last = Date.now(); // ids of an earlier world do not come again, and a cluster may remember what was done by them
  const nextId = (): number => (last += 1);
  const { slug, permissions, events } = options.manifest;
  const account = (login: string, type: Account['type']): Account => ({
    id: nextId() % 2 ** 31,
    login,
    name: login,
    type,
    token: null,
  });
  const bot = account(`${slug}[bot]`, 'Bot');
  const owner = account('coxswain-maker', 'Organization');
  const app: App = {
    id: options.appId,
    slug,
    name: slug,
    owner,
    bot,
    publicKey: createPublicKey(options.privateKey),
    permissions,
    events,
    createdAt: timestamp(),
  };
  const accounts = new Map([bot, owner].map((each) => [each.login, each]));
  return {
    url: '',
    accounts,
    teams: [],
    app,
    installations: [],
    tokens: new Map(),
    repositories: [],
    violations: [],
    nextId,
    changed: options.changed,
  };
}

export interface NewRepository {
  owner: string;
  name: string;
  /** A folder whose files become the first commit; without it the repository is empty of files but has that commit. */
  from?: string;
  /** Default true: only those with a role see it. */
  private?: boolean;
  defaultBranch?: string;
  /** Default true: the App is installed in its owner's account. */
  installed?: boolean;
  /** Makes it a person's fork of that repository, without the App. */
  forkOf?: string;
}

/**
 * The bare repository with one commit on its default branch; the owner becomes an organization with the App installed.
 */
export async function createRepository(world: World, dir: string, made: NewRepository): Promise<Repository> {
  const [parentOwner = '', parentName = ''] = (made.forkOf ?? '').split('/');
  const parent = findRepository(world, parentOwner, parentName);
  const owner = ensureAccount(world, made.owner, parent ? 'User' : 'Organization');
  const path = join(dir, made.owner, `${made.name}.git`);
  const branch = made.defaultBranch ?? 'main';
  await mkdir(path, { recursive: true });
  await git(path, ['init', '--quiet', '--bare', `--initial-branch=${branch}`]);
  await configure(path);
  const first = parent ? await copyBranch(path, branch, parent) : await firstCommit(path, branch, made.from);
  const now = timestamp();
  const opening: Activity = {
    id: world.nextId(),
    ref: `refs/heads/${branch}`,
    before: '0'.repeat(40),
    after: first,
    at: now,
    type: 'branch_creation',
    actor: owner,
  };
  const repository: Repository = {
    id: world.nextId(),
    owner,
    name: made.name,
    private: made.private ?? true,
    defaultBranch: branch,
    dir: path,
    roles: new Map(),
    environments: new Map(),
    createdAt: now,
    pushedAt: now,
    pulls: new Map(),
    comments: [],
    reviews: [],
    checks: [],
    deployments: [],
    activities: [opening],
  };
  if (world.repositories.some((other) => fullName(other) === fullName(repository)))
    throw new Error(`${fullName(repository)} exists`);
  world.repositories.push(repository);
  if (parent) repository.roles.set(owner.login.toLowerCase(), 'admin');
  else if (made.installed ?? true) ensureInstallation(world, owner);
  world.changed();
  return repository;
}

/**
 * As GitHub serves them: partial clones and fetches by id work, pull references are read-only, nothing is packed behind
 * our back.
 */
async function configure(path: string): Promise<void> {
  const settings: Record<string, string> = {
    'uploadpack.allowFilter': 'true',
    'uploadpack.allowAnySHA1InWant': 'true',
    'receive.hideRefs': 'refs/pull',
    'receive.autogc': 'false',
    'gc.auto': '0',
  };
  for (const [name, value] of Object.entries(settings)) await git(path, ['config', name, value]);
}

async function copyBranch(path: string, branch: string, from: Repository): Promise<string> {
  await git(path, ['fetch', '--quiet', from.dir, `refs/heads/${branch}:refs/heads/${branch}`]);
  return (await git(path, ['rev-parse', `refs/heads/${branch}`])).trim();
}

async function firstCommit(path: string, branch: string, from: string | undefined): Promise<string> {
  const who = {
    GIT_AUTHOR_NAME: 'GitHub',
    GIT_AUTHOR_EMAIL: 'noreply@github.com',
    GIT_COMMITTER_NAME: 'GitHub',
    GIT_COMMITTER_EMAIL: 'noreply@github.com',
  };
  const env = { ...who, GIT_INDEX_FILE: join(path, 'index-first') };
  if (from !== undefined)
    await git(from, ['add', '--force', '--all', '.'], { env: { ...env, GIT_DIR: path, GIT_WORK_TREE: from } });
  const tree = (await git(path, ['write-tree'], { env })).trim();
  const sha = (await git(path, ['commit-tree', tree], { env, input: 'Initial commit\n' })).trim();
  await git(path, ['update-ref', `refs/heads/${branch}`, sha]);
  await rm(env.GIT_INDEX_FILE, { force: true });
  return sha;
}
