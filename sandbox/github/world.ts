// Everything the sandbox GitHub remembers, as plain values; other files read it and change it.
import type { KeyObject } from 'node:crypto';
import type { ChangedFile, Commit } from './git/git.ts';

export interface Account {
  id: number;
  login: string;
  name: string;
  type: 'User' | 'Organization' | 'Bot';
  /** A person's token for git and REST; null for organizations and bots. */
  token: string | null;
}

export type RoleName = 'read' | 'triage' | 'write' | 'maintain' | 'admin';

export interface Team {
  id: number;
  org: string;
  slug: string;
  /** Logins. */
  members: Set<string>;
  /** Slug of the team above. */
  parent?: string;
}

export interface App {
  id: number;
  slug: string;
  name: string;
  owner: Account;
  bot: Account;
  publicKey: KeyObject;
  permissions: Record<string, string>;
  events: string[];
  createdAt: string;
}

export interface Installation {
  id: number;
  account: Account;
  createdAt: string;
}

export interface Token {
  token: string;
  installation: Installation;
  permissions: Record<string, string>;
  /** Repository ids, null for all of the installation. */
  repositories: number[] | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Who does something: a person, or the App as its bot. */
export interface Actor {
  account: Account;
  app: App | null;
}

export type ReactionContent = '+1' | '-1' | 'laugh' | 'confused' | 'heart' | 'hooray' | 'rocket' | 'eyes';

export interface Reaction {
  id: number;
  user: Account;
  content: ReactionContent;
  createdAt: string;
}

export interface Comment {
  id: number;
  pull: number;
  body: string;
  user: Account;
  app: App | null;
  createdAt: string;
  updatedAt: string;
  reactions: Reaction[];
}

export interface Review {
  id: number;
  pull: number;
  user: Account;
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
  body: string;
  commit: string;
  submittedAt: string;
}

export interface Pull {
  id: number;
  number: number;
  title: string;
  body: string | null;
  user: Account;
  draft: boolean;
  state: 'open' | 'closed';
  /** The fork that the head is in; null: this repository. */
  fork: Repository | null;
  /** Branch names. */
  headRef: string;
  baseRef: string;
  headSha: string;
  baseSha: string;
  mergedBy: Account | null;
  mergeCommit: string | null;
  /** The base branch before and after the merge: what came between them, came by it. */
  brought: { from: string; to: string } | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  mergedAt: string | null;
  /** The last test merge and what it was made of; GitHub makes it in the background. */
  tested: { of: string; mergeable: boolean } | null;
  content: PullContent | null;
}

/** What it brings, and between which two commits that was found. */
export interface PullContent {
  of: string;
  commits: Commit[];
  files: ChangedFile[];
}

export interface CheckAction {
  label: string;
  description: string;
  identifier: string;
}

export type CheckStatus = 'queued' | 'in_progress' | 'completed' | 'waiting' | 'requested' | 'pending';
export type CheckConclusion =
  'success' | 'failure' | 'neutral' | 'cancelled' | 'skipped' | 'timed_out' | 'action_required';

export interface CheckRun {
  id: number;
  suite: number;
  name: string;
  headSha: string;
  externalId: string;
  detailsUrl: string | null;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  startedAt: string;
  completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null; annotations: Record<string, unknown>[] };
  actions: CheckAction[];
  /** Somebody asked for another run: its suite is queued until the App writes it. */
  rerequested: boolean;
  app: App;
}

export interface DeploymentStatus {
  id: number;
  state: string;
  description: string;
  environment: string;
  logUrl: string;
  environmentUrl: string;
  creator: Account;
  app: App | null;
  createdAt: string;
}

export interface Deployment {
  id: number;
  sha: string;
  ref: string;
  task: string;
  environment: string;
  description: string | null;
  payload: Record<string, unknown> | string;
  transient: boolean;
  production: boolean;
  creator: Account;
  app: App | null;
  createdAt: string;
  updatedAt: string;
  /** Oldest first. */
  statuses: DeploymentStatus[];
}

export interface Environment {
  id: number;
  name: string;
  /** Logins, or `@org/team`. */
  reviewers: string[];
  preventSelfReview: boolean;
  /** Minutes. */
  waitTimer: number;
  createdAt: string;
}

/** One move of a branch. */
export interface Activity {
  id: number;
  /** `refs/heads/main`. */
  ref: string;
  /** 40 zeros where there was or is none. */
  before: string;
  after: string;
  at: string;
  type: 'push' | 'force_push' | 'branch_creation' | 'branch_deletion' | 'pr_merge';
  actor: Account;
}

export interface Repository {
  id: number;
  owner: Account;
  name: string;
  private: boolean;
  defaultBranch: string;
  /** The bare repository. */
  dir: string;
  /** By login. */
  roles: Map<string, RoleName>;
  environments: Map<string, Environment>;
  createdAt: string;
  pushedAt: string;
  /** By number. */
  pulls: Map<number, Pull>;
  comments: Comment[];
  reviews: Review[];
  checks: CheckRun[];
  deployments: Deployment[];
  /** Oldest first. */
  activities: Activity[];
}

/** One broken rule: an unknown route, or a request, answer or webhook that the published schemas refuse. */
export interface Violation {
  side: 'route' | 'request' | 'answer' | 'webhook';
  /** Route template or webhook name. */
  route: string;
  /** JSON pointer of the fault with what is wrong there. */
  fault: string;
}

export interface World {
  url: string;
  accounts: Map<string, Account>;
  teams: Team[];
  app: App;
  installations: Installation[];
  tokens: Map<string, Token>;
  repositories: Repository[];
  violations: Violation[];
  nextId(): number;
  /** Tells the pages that something changed. */
  changed(): void;
}

/** Now, to the second, as GitHub writes times. */
export function timestamp(at: number = Date.now()): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export function fullName(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

/** GitHub compares owners and names without case. */
export function findRepository(world: World, owner: string, name: string): Repository | undefined {
  const wanted = `${owner}/${name}`.toLowerCase();
  return world.repositories.find((repository) => fullName(repository).toLowerCase() === wanted);
}

export function findAccount(world: World, login: string): Account | undefined {
  return world.accounts.get(login.toLowerCase());
}

export function findTeam(world: World, org: string, slug: string): Team | undefined {
  return world.teams.find((team) => team.org.toLowerCase() === org.toLowerCase() && team.slug === slug);
}

/** Creates the account, or returns the one that has that login. */
export function ensureAccount(world: World, login: string, type: Account['type'] = 'User'): Account {
  const known = findAccount(world, login);
  if (known) return known;
  const id = world.nextId() % 2 ** 31; // GraphQL tells it in 32 bits
  const token = type === 'User' ? `ghp_sandbox${id}${login.replaceAll(/[^A-Za-z0-9]/g, '')}` : null;
  const account: Account = { id, login, name: login, type, token };
  world.accounts.set(login.toLowerCase(), account);
  return account;
}
