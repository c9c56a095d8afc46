// The Slack app: cards out, commands and clicks in; it only writes Requests, the engine acts on them.
import type { AuthorRange, Beside } from './card-context.ts';
import type { QueueMetricsOf } from '../base/queue.ts';
import type { RespondFn } from '@slack/bolt';
import type { WebClientOptions } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Answer, Chat } from '../chatops/ports.ts';
import type { ResourceStatus } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Effect } from '../model/effect.ts';
import type { Store } from '../store/store.ts';
import type { Finding } from '../policy/finding.ts';
import type { InboxContext } from './inbox.ts';
import type { Permit } from '../base/permit.ts';
import { App } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { listenToClicks } from './clicks.ts';
import { tellAlone, whisper } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { Places } from './card-context.ts';
import { Reports } from './report/reports.ts';
import { listenToSilence } from './silence/submit.ts';
import { slackError } from './posting.ts';
import { listenToCommands } from './slash.ts';
import { Socket, slackLogger } from './socket.ts';
import { escapeMrkdwn, link } from './text.ts';

interface SlackOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  config: { botToken: string; appToken: string; apiUrl: string };
  store: Store;
  /** The effect behind an application's waiting approval, as last worked out. */
  effectOf(application: string): Effect | undefined;
  /** What is asked at the click; chatops asks again at the act. */
  refusal: InboxContext['refusal'];
  find: InboxContext['find'];
  /** Of applications that Argo CD syncs. Default: there are none. */
  beside?: Beside | undefined;
  /** Rejects when it cannot be read. */
  commitMessage(repoUrl: string, revision: string): Promise<string>;
  /** Fingerprint of the drift as it was last seen; undefined while that is not known. */
  driftNow: InboxContext['driftNow'];
  /** Objects that are not well; undefined: not known yet. Default: as the Application's status says. */
  illOf?: ((application: string) => Promise<ResourceStatus[] | undefined>) | undefined;
  /** See `Places`. */
  commitAuthors?: ((repoUrl: string, range: AuthorRange) => Promise<string[]>) | undefined;
  publicUrl: string;
  clock: Clock;
  log: Logger;
  /** Asked before each call; default: nobody is asked. */
  permit?: Permit | undefined;
}

export interface Slack extends Chat {
  /** Why Slack does not take one of the tokens, as far as is known. */
  readonly refused: AppError | undefined;
  /** Of the socket, as it is now. */
  readonly finding: Finding;
  /** Begins to connect and to post; nobody waits for Slack. */
  start(): void;
  stop(): Promise<void>;
}

class PermittedClient extends WebClient {
  readonly #permit: Permit | undefined;

  constructor(token: string, options: WebClientOptions, permit: Permit | undefined) {
    super(token, options);
    this.#permit = permit;
  }

  override async apiCall(...call: Parameters<WebClient['apiCall']>): ReturnType<WebClient['apiCall']> {
    await this.#permit?.();
    return super.apiCall(...call);
  }
}

function answerText(request: Request, { ok, text, result = {}, ended }: Answer): string {
  const links = Object.entries(result).flatMap(([name, value]) =>
    /^https?:\/\//.test(value) ? [link(value, name === 'pull' ? 'Open the pull request' : value)] : [],
  );
  const icon = !ok ? (ended ? '❌ ' : '🚫 ') : request.spec.verb === 'status' ? '' : '✅ ';
  return [`${icon}${escapeMrkdwn(text.replaceAll('`', '')).slice(0, 3500)}`, ...links].join('\n');
}

/**
 * Ephemeral: it concerns the person who asked; what concerns the channel is on the cards. Throws what passes by itself.
 */
async function answer(
  { responses, log }: InboxContext,
  client: WebClient,
  request: Request,
  given: Answer,
): Promise<void> {
  const text = answerText(request, given);
  const { name } = request.metadata;
  const respond: RespondFn | undefined = responses.get(name);
  responses.delete(name);
  const { origin, actor } = request.spec;
  try {
    if (respond) return await whisper(respond, text);
  } catch (error) {
    log.debug({ request: name, err: error }, 'the response address did not take the answer');
  }
  try {
    if (origin.kind === 'slack' && actor.slackUser) await tellAlone(client, origin.channel, actor.slackUser, text);
  } catch (error) {
    if (slackError(error) === undefined) throw error;
    log.warn({ request: name, err: error }, 'reply in Slack failed'); // it stands in the Request
  }
}

function boltApp({ config, log }: SlackOptions, socket: Socket, clientOptions: WebClientOptions): App {
  // With a token alone Bolt asks auth.test before it hands on the first event, and drops the event when that fails; we
  // listen to no messages of our own.
  const authorize = (): Promise<{ botToken: string }> => Promise.resolve({ botToken: config.botToken });
  const app = new App({
    authorize,
    receiver: socket.receiver,
    ignoreSelf: false,
    convoStore: false,
    clientOptions,
    logger: slackLogger(log),
  });
  app.error((error) => {
    log.error({ err: error }, 'Slack event handler failed');
    return Promise.resolve();
  });
  return app;
}

/** Connects at `start`; while Slack is away cards wait. */
export function createSlack(options: SlackOptions): Slack {
  const { config, store, clock, log } = options;
  const clientOptions = { slackApiUrl: config.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  const client = new PermittedClient(config.botToken, { ...clientOptions, logger: slackLogger(log) }, options.permit);
  const socket = new Socket({
    appToken: config.appToken,
    apiUrl: config.apiUrl,
    askBot: () => client.auth.test(),
    queues: options.queues,
    clock,
    log,
  });
  const app = boltApp(options, socket, clientOptions);
  const places = new Places(options);
  const context: InboxContext = {
    store,
    places,
    effectOf: options.effectOf,
    driftNow: options.driftNow,
    refusal: options.refusal,
    find: options.find,
    clock,
    log,
    responses: new Map(),
  };
  const forget = store.requests.onChange((key, now) => {
    if (!now) context.responses.delete(key.slice(key.indexOf('/') + 1));
  });
  const reports = new Reports({
    store,
    illOf: (application) => places.illOf(application),
    tellsDeploys: (application) => places.tellsDeploys(application),
    queues: options.queues,
    clock,
    log,
  });
  const outbox = new Outbox({ places, client, queues: options.queues, clock, log });
  for (const listen of [listenToCommands, listenToClicks, listenToSilence]) listen(app, context);
  return {
    get refused() {
      return socket.refused;
    },
    get finding() {
      return socket.finding;
    },
    answer: (request, given) => answer(context, client, request, given),
    start() {
      socket.start();
      reports.start();
      outbox.start();
    },
    async stop() {
      forget();
      await reports.stop();
      await outbox.stop();
      await socket.stop();
    },
  };
}
