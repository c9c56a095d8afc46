// The REST side of the sandbox: one request from bytes to bytes, checked on both sides.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KillSwitch } from '../../mutation-counter.ts';
import type { Answer, ArmedFaults } from '../faults.ts';
import type { Call, Match, Reply } from './router.ts';
import type { Schema } from '../schema/schema.ts';
import type { Site } from '../site.ts';
import type { Caller } from '../tokens.ts';
import type { Violation } from '../world.ts';
import { createHash } from 'node:crypto';
import { activityRoutes } from './activity-routes.ts';
import { appSetupRoutes } from './app-setup-routes.ts';
import { Failure } from '../failure.ts';
import { answerGraphql } from './graphql.ts';
import { createRouter } from './router.ts';
import { appRoutes } from './app-routes.ts';
import { checkRoutes } from './check-routes.ts';
import { gitRoutes } from './git-routes.ts';
import { pullRoutes } from './pull-routes.ts';
import { actorOf, callerOf, repositoryFor, requirePermission } from '../tokens.ts';

export interface RestOptions {
  site: Site;
  schema: Schema;
  faults: ArmedFaults;
  killSwitch: Pick<KillSwitch, 'before' | 'after'> | null;
}

interface Incoming {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Without the API prefix. */
  path: string;
  method: string;
}

const docs = 'https://docs.github.com/rest';
const limitMessage = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Answers one request under `/api`; cut connections are destroyed without an answer. */
export function createRest(
  options: RestOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const find = createRouter([
    ...appRoutes,
    ...appSetupRoutes,
    ...pullRoutes,
    ...checkRoutes,
    ...gitRoutes,
    ...activityRoutes,
  ]);
  const used = new Map<string, number>();
  return async (request, response) => {
    const url = new URL(request.url ?? '/', options.site.world.url);
    const incoming = {
      request,
      response,
      url,
      path: url.pathname.slice('/api'.length),
      method: request.method ?? 'GET',
    };
    const body = await readBody(request);
    const fault = options.faults.takeRequest({ method: incoming.method, path: incoming.path + url.search });
    if (fault && (await faulty(incoming, fault)) === 'answered') return;
    let reply: Reply;
    try {
      reply = await answer(options, find, incoming, body);
    } catch {
      // The client died at this request: nothing more may reach it.
      request.socket.destroy();
      return;
    }
    if (fault && 'cut' in fault) request.socket.destroy();
    else write(incoming, reply, used);
  };
}

async function faulty(incoming: Incoming, fault: Answer): Promise<'answered' | 'go on'> {
  if ('until' in fault) {
    await fault.until;
    return 'go on';
  }
  if ('cut' in fault) {
    if (fault.cut === 'after') return 'go on';
    incoming.request.socket.destroy();
    return 'answered';
  }
  if ('pushRule' in fault) return 'go on'; // git's alone
  const limited = 'limit' in fault;
  const status = limited ? fault.limit : fault.status;
  const headers: Record<string, string> = !limited
    ? {}
    : 'remaining' in fault
      ? { 'x-ratelimit-remaining': '0' }
      : { 'retry-after': String(fault.retryAfter) };
  incoming.response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  incoming.response.end(
    JSON.stringify({
      message: limited && !('remaining' in fault) ? limitMessage : 'Server Error',
      documentation_url: docs,
    }),
  );
  return 'answered';
}

/** Throws only when the kill switch fires. */
async function answer(
  options: RestOptions,
  find: ReturnType<typeof createRouter>,
  incoming: Incoming,
  body: Buffer,
): Promise<Reply> {
  if (incoming.method === 'POST' && incoming.path === '/graphql') return queried(options, incoming, body);
  const match = find(incoming.method, incoming.path);
  if (!match) {
    return violated(
      options,
      [{ side: 'route', route: `${incoming.method} ${incoming.path}`, fault: 'the sandbox does not know this route' }],
      404,
    );
  }
  const label = `${incoming.method} ${incoming.path}`;
  // Minting a token changes nothing that outlives it, so it is not a request at which being killed could matter.
  const counted = incoming.method !== 'GET' && fromApp(options, incoming) && !incoming.path.endsWith('/access_tokens');
  if (counted) await options.killSwitch?.before(label);
  const reply = await handled(options, match, incoming, body);
  if (counted) await options.killSwitch?.after(label);
  return reply;
}

/** Nobody here sends mutations: a query changes nothing, and being killed at it is nothing. */
async function queried(options: RestOptions, incoming: Incoming, bytes: Buffer): Promise<Reply> {
  const route = 'POST /graphql';
  try {
    const { world } = options.site;
    const { faults, body } = await answerGraphql(
      world,
      callerOf(world, incoming.request.headers.authorization),
      Object(parse(bytes)) as { query?: string; variables?: Record<string, unknown> },
    );
    if (faults.length > 0)
      return violated(
        options,
        faults.map((fault) => ({ side: 'request', route, fault })),
        500,
      );
    return { status: 200, body };
  } catch (error) {
    if (error instanceof Failure) return refusal(error);
    return violated(
      options,
      [{ side: 'answer', route, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }],
      500,
    );
  }
}

function fromApp(options: RestOptions, incoming: Incoming): boolean {
  try {
    return ['app', 'installation'].includes(callerOf(options.site.world, incoming.request.headers.authorization).kind);
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

async function handled(options: RestOptions, match: Match, incoming: Incoming, body: Buffer): Promise<Reply> {
  try {
    return await routed(options, match, incoming, body);
  } catch (error) {
    if (error instanceof Failure) return refusal(error);
    // A fault of the sandbox itself: shown loudly instead of guessed at.
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return violated(options, [{ side: 'answer', route: match.route.route, fault }], 500);
  }
}

function refusal(failure: Failure): Reply {
  const errors = failure.errors ? { errors: failure.errors } : {};
  return {
    status: failure.status,
    headers: failure.headers,
    body: { message: failure.message, ...errors, documentation_url: docs, status: String(failure.status) },
  };
}

function violated(options: RestOptions, violations: Violation[], status: number): Reply {
  options.site.world.violations.push(...violations);
  const message = violations.map((each) => `${each.side} ${each.route}: ${each.fault}`).join('; ');
  return { status, body: { message, documentation_url: docs, status: String(status) } };
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Failure(400, 'Problems parsing JSON');
  }
}

async function routed(options: RestOptions, match: Match, incoming: Incoming, bytes: Buffer): Promise<Reply> {
  const { site, schema } = options;
  const route = match.route.route;
  const caller = callerOf(site.world, incoming.request.headers.authorization);
  const body = parse(bytes);
  const query = Object.fromEntries(incoming.url.searchParams);
  const call: Call = {
    site,
    caller,
    url: incoming.url.href,
    path: match.path,
    query,
    body: typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
    repository: () =>
      repositoryFor(site.world, caller, { owner: match.path['owner'] ?? '', repo: match.path['repo'] ?? '' }),
    actor: () => actorOf(site.world, caller),
  };
  authorise(match, call, caller);
  const wrong = schema.request(route, query, body);
  if (wrong.length > 0)
    return violated(
      options,
      wrong.map((fault) => ({ side: 'request', route, fault })),
      500,
    );
  const reply = await match.route.handle(call);
  if (reply.body === undefined) return reply;
  const fitted = schema.fitAnswer(route, reply.status, reply.body);
  const broken = schema.answer(route, reply.status, fitted);
  if (broken.length > 0)
    return violated(
      options,
      broken.map((fault) => ({ side: 'answer', route, fault })),
      500,
    );
  return { ...reply, body: fitted };
}

function authorise(match: Match, call: Call, caller: Caller): void {
  const { needs } = match.route;
  if (needs === 'jwt') {
    if (caller.kind !== 'app') throw new Failure(401, 'A JSON web token could not be decoded');
    return;
  }
  if (caller.kind === 'app') throw new Failure(401, 'Bad credentials');
  if (needs !== null) requirePermission(caller, needs, match.path['repo'] === undefined ? null : call.repository());
}

function write(incoming: Incoming, reply: Reply, used: Map<string, number>): void {
  const { request, response } = incoming;
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
  const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
  const unchanged = incoming.method === 'GET' && reply.status === 200 && request.headers['if-none-match'] === etag;
  const who = request.headers.authorization ?? 'anonymous';
  // 304 answers are free (GitHub: conditional requests).
  const count = (used.get(who) ?? 0) + (unchanged ? 0 : 1);
  used.set(who, count);
  response.writeHead(unchanged ? 304 : reply.status, {
    ...(text === '' || unchanged ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(incoming.method === 'GET' ? { etag } : {}),
    'x-github-media-type': 'github.v3; format=json',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(Math.max(5000 - count, 1)),
    'x-ratelimit-used': String(count),
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600),
    'x-ratelimit-resource': 'core',
    ...reply.headers,
  });
  response.end(unchanged ? '' : text);
}
