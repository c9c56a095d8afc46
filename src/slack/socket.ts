// The one connection over which Slack tells of commands and clicks: opened again whenever it is lost, without end.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Logger as SlackLogger } from '@slack/bolt';
import type { Clock } from '../base/clock.ts';
import type { Finding } from '../policy/finding.ts';
import type { Logger } from '../base/log.ts';
import { LogLevel, SocketModeReceiver } from '@slack/bolt';
import { AppError } from '../base/errors.ts';
import { KeyQueue } from '../base/queue.ts';
import { slackError } from './posting.ts';

interface SocketOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  appToken: string;
  apiUrl: string;
  /** Asked once: whether Slack takes the bot token. */
  askBot: () => Promise<unknown>;
  clock: Clock;
  log: Logger;
}

const stopMs = 2_000;
const botKey = 'bot token';

/** Slack's answers that say that the token itself is no good (docs.slack.dev: errors of auth.test). */
const refusals = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
]);

/**
 * Slack's libraries speak through our log; what they tell of every message and every lost socket is not worth a line.
 */
export function slackLogger(log: Logger): SlackLogger {
  const text = (parts: unknown[]): string => parts.map(String).join(' ').slice(0, 2000);
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...parts) => log.debug({ detail: text(parts) }, 'Slack library'),
    error: (...parts) => log.debug({ detail: text(parts) }, 'Slack library'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}

/**
 * The library's own reconnecting is off: it waits as long as its ping timeout, and a request that fails while it
 * reconnects ends the process by an unhandled rejection (@slack/socket-mode 3: delayReconnectAttempt).
 */
export class Socket {
  readonly receiver: SocketModeReceiver;
  readonly #options: SocketOptions;
  readonly #queue: KeyQueue;
  #connected = false;
  readonly #refused = new Map<string, AppError>();

  constructor(options: SocketOptions) {
    const { appToken, apiUrl, clock, log } = options;
    this.#options = options;
    const clientOptions = { slackApiUrl: apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
    this.receiver = new SocketModeReceiver({
      appToken,
      logger: slackLogger(log),
      autoReconnectEnabled: false,
      installerOptions: { clientOptions },
    });
    this.#queue = new KeyQueue({
      clock,
      metrics: options.queues?.('slack_connection'),
      concurrency: 2,
      backoff: { baseMs: 200, maxMs: 30_000 },
      work: (key) => (key === botKey ? this.#askBot() : this.#connect()),
      onError: (key, error, retryMs) => this.#failed(key, error, retryMs),
    });
    this.receiver.client.on('disconnected', () => this.#lost());
  }

  /** The token that Slack does not take, as far as is known. */
  get refused(): AppError | undefined {
    return [...this.#refused.values()][0];
  }

  /** As it is now: Slack is asked nothing, for it opens few sockets a minute. */
  get finding(): Finding {
    const what = 'Slack socket';
    const { refused } = this;
    if (refused) return { what, state: 'bad', detail: refused.message, ...(refused.hint && { next: refused.hint }) };
    return this.#connected
      ? { what, state: 'good', detail: 'is open: commands and clicks arrive' }
      : { what, state: 'waiting', detail: 'is not open at the moment; it is opened again as soon as Slack lets it' };
  }

  /** Begins to connect; cards and the rest of the program do not wait for it. */
  start(): void {
    this.#queue.add('socket');
    this.#queue.add(botKey);
    this.#queue.start();
  }

  async stop(): Promise<void> {
    const { clock } = this.#options;
    const closed = this.receiver.stop().catch(() => undefined); // it never was open
    const end = new AbortController();
    const late = clock.sleep(stopMs, end.signal).catch(() => undefined); // both are over
    await Promise.race([Promise.all([closed, this.#queue.stop(stopMs)]), late]);
    end.abort();
  }

  /** The connection does not wait for it: what is clicked is taken while this one method is in trouble. */
  async #askBot(): Promise<void> {
    try {
      await this.#options.askBot();
      this.#refused.delete('bot-token');
    } catch (error) {
      throw this.#refusal('bot-token', error) ?? error;
    }
  }

  async #connect(): Promise<void> {
    try {
      await this.receiver.start();
      this.#refused.delete('app-token');
    } catch (error) {
      // The library rejects with nothing when the socket closes before Slack said hello.
      throw (
        this.#refusal('app-token', error) ??
        new AppError('E_SLACK', 'no connection to Slack', { kind: 'transient', cause: error })
      );
    }
    this.#connected = true;
  }

  /** Of a token that Slack does not take, told once; other failures pass by themselves. */
  #refusal(token: string, error: unknown): AppError | undefined {
    const answer = slackError(error);
    if (answer === undefined || !refusals.has(answer)) return undefined;
    const refused = new AppError('E_SLACK', `Slack refuses the ${token}: ${answer}`, {
      kind: 'transient',
      cause: error,
      hint:
        `Make it anew in the settings of the Slack app, put it into the Secret coxswain-slack as ${token}, ` +
        'restart.',
    });
    if (!this.#refused.has(token))
      this.#options.log.error({ err: refused, hint: refused.hint }, 'Slack refuses a token');
    this.#refused.set(token, refused);
    return refused;
  }

  /** A refusal is told already. */
  #failed(key: string, error: unknown, retryMs: number | undefined): void {
    const { log } = this.#options;
    const level = key === botKey || [...this.#refused.values()].some((told) => told === error) ? 'debug' : 'warn';
    log[level]({ err: error, retryMs }, 'Slack cannot be reached; commands and clicks wait');
  }

  /** While it is being opened, the attempt itself fails and is repeated with backoff. */
  #lost(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#queue.add('socket');
  }
}
