// One connection to Argo CD's Redis. While it is away nothing waits for it and nothing is kept for it.
import type { RedisClientOptions } from '@redis/client';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { createClient } from '@redis/client';
import { AppError } from '../base/errors.ts';

/** As Argo CD's own processes are told it. */
export interface RedisAddress {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  database: number;
  /** PEM; undefined: not encrypted. */
  tls: { ca?: string; cert?: string; key?: string; insecure: boolean } | undefined;
}

export interface Redis {
  /** It can be asked now. */
  readonly ready: boolean;
  /** Why not; undefined until that is known. */
  readonly fault: AppError | undefined;
  /** These throw E_REDIS (transient) where it is away, refuses, or does not answer in time. */
  set(key: string, value: Buffer, seconds: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** False: it has the key no more. */
  expire(key: string, seconds: number): Promise<boolean>;
  publish(channel: string): Promise<void>;
  stop(): void;
}

interface RedisOptions {
  address: RedisAddress;
  clock: Clock;
  log: Logger;
  /** It is there, for the first time or again: what it has, nobody knows. */
  onReady(): void;
}

const answerMs = 5_000;
/** A connection that is dead without a word is noticed by this. */
const pingMs = 10_000;
const silentMs = 25_000;
const mostWaitMs = 10_000;
/** Of ours that are under way; more than this and something is wrong. */
const mostCommands = 1_000;

function failure(cause: unknown): AppError {
  return new AppError('E_REDIS', cause instanceof Error ? cause.message : 'Redis does not answer', {
    kind: 'transient',
    cause,
    hint: 'Check COX_ARGOCD_REDIS, its password and its network policy. Only what Argo CD’s server shows waits for it.',
  });
}

function socketOf({ host, port, tls }: RedisAddress): NonNullable<RedisClientOptions['socket']> {
  const common = {
    host,
    port,
    connectTimeout: answerMs,
    socketTimeout: silentMs,
    reconnectStrategy: (tries: number) => Math.min(mostWaitMs, 100 * 2 ** Math.min(tries, 10)),
  };
  if (!tls) return common;
  const { ca, cert, key, insecure } = tls;
  return {
    ...common,
    tls: true,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

/** Answers at once; it connects by itself, and again whenever it has to. */
export function openRedis({ address, clock, log, onReady }: RedisOptions): Redis {
  const { username, password, database } = address;
  let ready = false;
  let fault: AppError | undefined;
  const client = createClient({
    socket: socketOf(address),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    database,
    RESP: 2,
    maintNotifications: 'disabled',
    disableClientInfo: true,
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostCommands,
    pingInterval: pingMs,
  });
  client.on('error', (error: unknown) => {
    ready = false;
    const told = fault !== undefined;
    fault = failure(error);
    if (told) return;
    log.warn({ err: fault }, 'Redis of Argo CD is away; its server shows what it last had until it is back');
  });
  client.on('ready', () => {
    ready = true;
    fault = undefined;
    log.info({}, 'Redis of Argo CD is there; what its server shows is written');
    onReady();
  });
  client.connect().catch(() => undefined); // told by `error`
  const ask = async <T>(command: () => Promise<T>): Promise<T> => {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(answerMs, () => reject(failure(undefined)));
    });
    try {
      return await Promise.race([command(), late]);
    } catch (error) {
      throw error instanceof AppError ? error : failure(error);
    } finally {
      cancel();
    }
  };
  return {
    get ready() {
      return ready;
    },
    get fault() {
      return fault;
    },
    set: async (key, value, seconds) => void (await ask(() => client.set(key, value, { EX: seconds }))),
    delete: async (key) => void (await ask(() => client.del(key))),
    expire: async (key, seconds) => (await ask(() => client.expire(key, seconds))) === 1,
    publish: async (channel) => void (await ask(() => client.publish(channel, ''))),
    stop: () => client.destroy(),
  };
}
