// One command language for pull requests, Slack and the command line: authorise, carry out, answer — from the Request
// alone.
import type { Outcome } from '../base/queue.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Answer, Chat, ChatopsOptions } from './ports.ts';
import type { AskerDeps } from './identity.ts';
import type { Found, Sees } from './target.ts';
import type { CarryOutDeps } from './task.ts';
import { rfc3339 } from '../base/clock.ts';
import { describeError, errorKind } from '../base/errors.ts';
import { KeyQueue } from '../base/queue.ts';
import { authorisers } from '../policy/rbac.ts';
import { createAsker } from './identity.ts';
import { carryOut, rights } from './carry-out.ts';
import { endAnswer, endedAt, follow, isFollowing, watchSyncs } from './follow.ts';
import { findApplication, seen } from './target.ts';
import { asLinked } from './terminal.ts';

type Act = keyof typeof rights;

export interface Chatops {
  /**
   * For the moment of a click on what shows the application: why this person may not, undefined when they may. It is
   * asked again at the act.
   */
  refusal(actor: Actor, verb: Act, application: string): Promise<string | undefined>;
  /** Among the applications that may be named to this person: the one of that name, or all without a name. */
  find(actor: Actor, verb: Act, text: string): Promise<Found>;
  /** `chat`: where people who asked there are answered. */
  start(chat?: Chat): void;
  stop(): Promise<void>;
}

function isWaiting(request: Request): boolean {
  return (request.status?.phase ?? 'Pending') === 'Pending';
}

/** After that an answer in Slack is no news to anybody: its response address has expired twice over. */
const newsMs = 3_600_000;

/** Ended, but the person in Slack was not told yet. Comments tell their own answers. */
function isUntold(request: Request, now: number): boolean {
  const { finishedAt, told } = request.status ?? {};
  return (
    !isWaiting(request) && request.spec.origin.kind === 'slack' && !told && now - Date.parse(finishedAt ?? '') < newsMs
  );
}

/** Whoever asked for a sync in Slack is told how it ended; of decisions and drift that is told on the cards. */
/** Their ends are told where they were asked; of what is approved or healed the cards tell. */
const followed: readonly string[] = ['sync', 'retry', 'rollback'];

function isEndUntold(request: Request, now: number): boolean {
  const { spec, status } = request;
  if (!followed.includes(spec.verb) || spec.origin.kind !== 'slack' || status?.told !== true) return false;
  return endAnswer(request) !== undefined && now - endedAt(request) < newsMs;
}

async function tellEnd({ chat, store }: CarryOutDeps, key: string, request: Request): Promise<void> {
  const answer = endAnswer(request);
  if (!chat || !answer) return;
  await chat.answer(request, answer);
  await store.requests.patch(key, { status: { told: 'end' } }, { subresource: 'status' });
}

/** A request's outcome is stored before it is told, so that a crash between the two repeats only the telling. */
async function finish(options: ChatopsOptions, key: string, answer: Answer, failed: boolean): Promise<Request> {
  const phase = failed ? 'Failed' : answer.ok ? 'Done' : 'Refused';
  const status = {
    phase,
    message: answer.text,
    finishedAt: rfc3339(options.clock.now()),
    ...(answer.result && { result: answer.result }),
    ...(answer.syncs && { syncs: answer.syncs }),
  };
  return options.store.requests.patch(key, { status }, { subresource: 'status' });
}

async function tell(options: CarryOutDeps, key: string, request: Request): Promise<void> {
  const answer: Answer = {
    ok: request.status?.phase === 'Done',
    text: request.status?.message ?? '',
    ...(request.status?.result && { result: request.status.result }),
  };
  const { chat } = options;
  if (request.spec.origin.kind === 'comment') await options.forge?.answer(request, answer);
  else if (request.spec.origin.kind === 'slack' && chat) {
    await chat.answer(request, answer);
    await options.store.requests.patch(key, { status: { told: true } }, { subresource: 'status' });
  }
}

/**
 * After that nobody knows whether it still holds: what was asked before an outage is not done behind the person's back.
 */
const heardMs = 3_600_000;

/** By the API server's time, whoever made it. */
function isStale({ spec, metadata }: Request, now: number): boolean {
  const changes = spec.verb !== 'help' && rights[spec.verb] !== 'get';
  return changes && now - Date.parse(metadata.creationTimestamp ?? '') > heardMs;
}

async function outcome(deps: CarryOutDeps, request: Request): Promise<{ answer: Answer; failed: boolean }> {
  if (isStale(request, deps.clock.now()))
    return {
      answer: {
        ok: false,
        text: 'this was asked more than an hour ago, and nothing more is done for it; ask again if it still holds',
      },
      failed: false,
    };
  try {
    const asked = await asLinked(deps, request);
    return { answer: 'refused' in asked ? asked.refused : await carryOut(deps, asked.request), failed: false };
  } catch (error) {
    if (errorKind(error) !== 'terminal') throw error; // the queue tries again; what was done is found by its key
    return { answer: { ok: false, text: describeError(error) }, failed: true };
  }
}

/** A sync that has ended may leave something that never becomes healthy: then no event comes. */
const lookMs = 600_000;

async function work(options: CarryOutDeps, key: string): Promise<Outcome | void> {
  const request = options.store.requests.get(key);
  if (!request) return;
  if (isUntold(request, options.clock.now())) await tell(options, key, request);
  else if (isFollowing(request)) return (await follow(options, key, request)) ? { after: lookMs } : undefined;
  else if (isEndUntold(request, options.clock.now())) return tellEnd(options, key, request);
  if (!isWaiting(request)) return;
  const { answer, failed } = await outcome(options, request);
  await tell(options, key, await finish(options, key, answer, failed));
}

/** One that may be named to the person, or all of them. */
async function find(deps: AskerDeps, { actor, verb, text }: { actor: Actor; verb: Act; text: string }): Promise<Found> {
  const asker = await createAsker(deps, { actor });
  const sees: Sees = (app) => asker.sees(rights[verb], app);
  return text === ''
    ? { ok: true, apps: await seen(deps.store.applications.list(), sees) }
    : findApplication(deps.store, text, sees);
}

async function refusalOf(
  deps: AskerDeps,
  { actor, verb, application }: { actor: Actor; verb: Act; application: string },
): Promise<string | undefined> {
  const app = deps.store.applications.get(application);
  return app
    ? (await createAsker(deps, { actor })).refusal(rights[verb], app)
    : `there is no application ${application}`;
}

/** Works on nothing before `start`; Requests that came before are found then. */
export function createChatops(options: ChatopsOptions): Chatops {
  const { store, clock, log } = options;
  const authorise = authorisers();
  let chat: Chat | undefined;
  const queue = new KeyQueue({
    clock,
    metrics: options.queues?.('requests'),
    concurrency: 4,
    backoff: { baseMs: 250, maxMs: 30_000 },
    work: (key, signal) => work({ ...options, authorise, signal, chat }, key),
    onError: (key, error, retryMs) =>
      log.warn({ request: key, err: error, retryMs }, 'request failed; it is tried again'),
  });
  let end: () => void = () => undefined;
  return {
    refusal: (actor, verb, application) => refusalOf({ ...options, authorise }, { actor, verb, application }),
    find: (actor, verb, text) => find({ ...options, authorise }, { actor, verb, text }),
    start(connected) {
      chat = connected;
      const wants = (request: Request): boolean =>
        isWaiting(request) ||
        isUntold(request, clock.now()) ||
        isFollowing(request) ||
        isEndUntold(request, clock.now());
      const endWatch = watchSyncs(store, (key) => queue.add(key));
      const endRequests = store.requests.onChange((key, now) => {
        if (now && wants(now)) queue.add(key);
      });
      end = () => {
        endWatch();
        endRequests();
      };
      for (const request of store.requests.list().filter(wants))
        queue.add(`${request.metadata.namespace}/${request.metadata.name}`);
      queue.start();
    },
    async stop() {
      end();
      await queue.stop();
    },
  };
}
