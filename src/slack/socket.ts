// The one connection over which Slack tells of commands and clicks: opened again whenever it is lost, without end.
import type { QueueMetricsOf } from '../base/queue.ts';
import { LogLevel, SocketModeReceiver } from '@slack/bolt';
import type { Logger as SlackLogger } from '@slack/bolt';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { KeyQueue } from '../base/queue.ts';

interface SocketOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  appToken: string;
  apiUrl: string;
  clock: Clock;
  log: Logger;
}

const stopMs = 2_000;

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
 * reconnects ends
 * the process by an unhandled rejection (@slack/socket-mode 3: delayReconnectAttempt).
 */
export class Socket {
  readonly receiver: SocketModeReceiver;
  readonly #options: SocketOptions;
  readonly #queue: KeyQueue;
  #connected = false;

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
      concurrency: 1,
      backoff: { baseMs: 200, maxMs: 30_000 },
      work: () => this.#connect(),
      onError: (_key, error, retryMs) =>
        log.warn({ err: error, retryMs }, 'Slack cannot be reached; commands and clicks wait'),
    });
    this.receiver.client.on('disconnected', () => this.#lost());
  }

  /** Begins to connect; cards and the rest of the program do not wait for it. */
  start(): void {
    this.#queue.add('socket');
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

  async #connect(): Promise<void> {
    try {
      await this.receiver.start();
    } catch (error) {
      // The library rejects with nothing when the socket closes before Slack said hello.
      throw new Error('no connection to Slack', { cause: error });
    }
    this.#connected = true;
  }

  /** While it is being opened, the attempt itself fails and is repeated with backoff. */
  #lost(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#queue.add('socket');
  }
}
