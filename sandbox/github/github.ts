// The sandbox GitHub: a stateful GitHub on loopback, held to the published API description, with a page to drive it by
// hand.
import type { KillSwitch } from '../mutation-counter.ts';
import type { AppManifest, NewRepository } from './create.ts';
import type { Dump } from './dump.ts';
import type { ArmedFaults, Faults } from './faults.ts';
import type { Scenario } from './page/list.ts';
import type { Person } from './person.ts';
import type { Schema } from './schema/schema.ts';
import type { Site } from './site.ts';
import type { Delivery } from './webhook.ts';
import type { Repository, RoleName, Violation, World } from './world.ts';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, createWorld, defaultManifest } from './create.ts';
import { dump } from './dump.ts';
import { createFaults } from './faults.ts';
import { createGitHttp, gitRequestOf } from './git/http.ts';
import { createPage } from './page/page.ts';
import { createPerson } from './person.ts';
import { createRest } from './routes/rest.ts';
import { loadSchema } from './schema/schema.ts';
import { createLocks } from './site.ts';
import { expireTokens } from './tokens.ts';
import { createHooks } from './webhook.ts';
import { ensureAccount, findRepository, findTeam, timestamp } from './world.ts';

export interface GitHubOptions {
  /** Holds the bare repositories. */
  dir: string;
  /** Default: a free one. */
  port?: number;
  killSwitch?: Pick<KillSwitch, 'before' | 'after'>;
  appId?: number;
  /** PEM; default: generated. */
  appPrivateKey?: string;
  /** Default: random. */
  webhookSecret?: string;
  webhookUrl?: string;
  /** Permissions and events of the App; default: those of Coxswain. */
  manifest?: AppManifest;
  /** Changes that the page offers to make; more can be added later. */
  scenarios?: Scenario[];
}

export interface SandboxGitHub {
  /** Of the pages; git lives at `<url>/<owner>/<name>.git`. */
  url: string;
  /** Octokit's baseUrl. */
  apiUrl: string;
  app: { id: number; slug: string; privateKey: string; webhookSecret: string };
  /** How many routes and webhooks are held to the published schemas, and of which version. */
  coverage: { version: string; routes: number; webhooks: number };
  /** Broken rules so far; a test that ends with one has failed. */
  violations: Violation[];
  world: World;
  faults: Faults;
  gitUrl(repo: string): string;
  createRepository(made: NewRepository): Promise<Repository>;
  /** Makes the account when needed. */
  user(login: string, roles?: Record<string, RoleName>): Person;
  /** Replaces the members, logins; `parent`: slug of the team above. */
  team(org: string, slug: string, members: readonly string[], parent?: string): void;
  /** `reviewers` are logins or `@org/team`. */
  environment(
    repo: string,
    name: string,
    rules: { reviewers?: readonly string[]; preventSelfReview?: boolean; waitTimer?: number },
  ): void;
  actAs(login: string): Person;
  /** Adds a change that the page offers to make. */
  offer(scenario: Scenario): void;
  setWebhookUrl(url: string | null): void;
  /** Newest first. */
  deliveries(): Delivery[];
  redeliver(delivery: Delivery): void;
  /** Resolves when no webhook is under way. */
  settled(): Promise<void>;
  /** Ends every installation token now. */
  expireTokens(): void;
  dump(): Promise<Dump>;
  stop(): Promise<void>;
}

interface Parts {
  site: Site;
  schema: Schema;
  faults: ArmedFaults;
  server: Server;
  dir: string;
  scenarios: Scenario[];
  app: SandboxGitHub['app'];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** One server for REST (`/api`), git (`/<owner>/<name>.git`) and pages (the rest). */
function createHandler(
  parts: Pick<Parts, 'site' | 'schema' | 'faults'>,
  killSwitch: GitHubOptions['killSwitch'],
  page: Handler,
): Handler {
  const options = { ...parts, killSwitch: killSwitch ?? null };
  const rest = createRest(options);
  const gitHttp = createGitHttp(options);
  return async (request, response) => {
    const url = new URL(request.url ?? '/', parts.site.world.url);
    if (url.pathname.startsWith('/api/') || url.pathname === '/api') return rest(request, response);
    const wanted = gitRequestOf(url);
    return wanted ? gitHttp(wanted, request, response) : page(request, response);
  };
}

function repositoryNamed(world: World, name: string): Repository {
  const [owner = '', repo = ''] = name.split('/');
  const found = findRepository(world, owner, repo);
  if (!found) throw new Error(`no repository ${name}`);
  return found;
}

function setEnvironment(
  world: World,
  repo: string,
  name: string,
  rules: Parameters<SandboxGitHub['environment']>[2],
): void {
  const repository = repositoryNamed(world, repo);
  const known = repository.environments.get(name);
  // The two rules of an environment have the ids after its own.
  const id = known?.id ?? [world.nextId(), world.nextId(), world.nextId()][0] ?? 0;
  repository.environments.set(name, {
    id,
    name,
    reviewers: [...(rules.reviewers ?? [])],
    preventSelfReview: rules.preventSelfReview ?? false,
    waitTimer: rules.waitTimer ?? 0,
    createdAt: known?.createdAt ?? timestamp(),
  });
}

function setTeam(
  world: World,
  { org, slug, members, parent }: { org: string; slug: string; members: readonly string[]; parent: string | undefined },
): void {
  const logins = members.map((login) => ensureAccount(world, login).login);
  const known = findTeam(world, org, slug);
  if (known) known.members = new Set(logins);
  else
    world.teams.push({
      id: world.nextId(),
      org,
      slug,
      members: new Set(logins),
      ...(parent !== undefined && { parent }),
    });
}

function handle(parts: Parts): SandboxGitHub {
  const { site, schema, faults, server, dir, scenarios, app } = parts;
  const { world, hooks } = site;
  const person = (login: string): Person => createPerson(site, ensureAccount(world, login));
  return {
    url: world.url,
    apiUrl: `${world.url}/api`,
    app,
    coverage: { version: schema.version, routes: schema.routes.length, webhooks: schema.webhooks.length },
    violations: world.violations,
    world,
    faults,
    gitUrl: (repo) => `${world.url}/${repo}.git`,
    createRepository: (made) => createRepository(world, dir, made),
    user: (login, roles = {}) => {
      const made = person(login);
      for (const [repo, role] of Object.entries(roles))
        repositoryNamed(world, repo).roles.set(login.toLowerCase(), role);
      return made;
    },
    team: (org, slug, members, parent) => setTeam(world, { org, slug, members, parent }),
    environment: (repo, name, rules) => setEnvironment(world, repo, name, rules),
    actAs: person,
    offer: (scenario) => void scenarios.push(scenario),
    setWebhookUrl: (url) => hooks.setUrl(url),
    deliveries: () => hooks.deliveries(),
    redeliver: (delivery) => void hooks.redeliver(delivery),
    settled: () => hooks.settled(),
    expireTokens: () => expireTokens(world),
    dump: () => dump(world),
    stop: async () => {
      hooks.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function watchWith(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Starts it on loopback. Its memory ends with the process; the repositories stay in `dir`. */
export async function startGitHub(options: GitHubOptions): Promise<SandboxGitHub> {
  const dir = join(options.dir, 'repositories');
  await mkdir(dir, { recursive: true });
  const privateKey =
    options.appPrivateKey ??
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const secret = options.webhookSecret ?? randomBytes(20).toString('hex');
  const manifest = options.manifest ?? defaultManifest;
  const listeners = new Set<() => void>();
  const scenarios = [...(options.scenarios ?? [])];
  const world = createWorld({
    appId: options.appId ?? 4711,
    privateKey,
    manifest,
    changed: () => listeners.forEach((listener) => listener()),
  });
  const schema = loadSchema();
  const faults = createFaults();
  const hooks = createHooks({ world, schema, faults, secret, url: options.webhookUrl ?? null });
  const making = { privateKey, webhookSecret: secret, codes: new Set<string>(), setupUrl: '' };
  const site: Site = { world, hooks, making, alone: createLocks() };
  const handler = createHandler(
    { site, schema, faults },
    options.killSwitch,
    createPage({ site, scenarios, watch: (listener) => watchWith(listeners, listener) }),
  );
  const server = createServer((request, response) => void handler(request, response));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  world.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return handle({
    site,
    schema,
    faults,
    server,
    dir,
    scenarios,
    app: { id: world.app.id, slug: manifest.slug, privateKey, webhookSecret: secret },
  });
}
