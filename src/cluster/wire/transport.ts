// The wire to one API server: connections, credentials, time limits, and the few retries that are always safe.
import type { Dispatcher } from 'undici';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ApiVerb, Impersonation } from '../api.ts';
import type { ClusterConfig } from './cluster-config.ts';
import type { Permit } from '../../base/permit.ts';
import { AppError } from '../../base/errors.ts';
import { backoffDelay, retryAfterMs } from '../../base/retry.ts';
import { stringifyJson } from '../../base/json.ts';
import { applyBody, applyType } from '../apply-body.ts';
import { ApiError, apiErrorOf } from '../api-error.ts';
import { connectionsTo } from './connections.ts';
import { Credentials } from './credentials.ts';
import { waitBeforeRetry } from './resend.ts';
import { failed, parseBody, toError, unreachable } from './response.ts';

interface TransportOptions {
  config: ClusterConfig;
  clock: Clock;
  log: Logger;
  random: () => number;
  /** Connections for requests; watches have as many of their own as there are watches. */
  connections: number;
  /** Asked before each request that writes. Default: nobody is asked. */
  permit?: Permit | undefined;
}

/** One request. */
interface Call {
  verb: ApiVerb;
  method: string;
  /** With the query. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  /** Further request headers, e.g. if-none-match. */
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  impersonate?: Impersonation | undefined;
  timeoutMs?: number | undefined;
  /** It asks nobody's leave although it writes, and has a connection although others wait for one. */
  forLease?: boolean | undefined;
  /** Repeating it does no harm: true for reads and dry runs. */
  safe: boolean;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Parsed JSON; undefined if the body is empty, the text if it is not JSON. */
  body: unknown;
  text: string;
}

interface StreamCall {
  path: string;
  accept: string;
  signal: AbortSignal;
  headersMs: number;
  onStart: () => void;
  /** The chunk is valid during the call only. */
  onData: (chunk: Buffer) => void;
}

const maxAttempts = 4;
const defaultTimeoutMs = 60_000;

/**
 * Throws ApiError for answers of 400 and above, E_API_UNREACHABLE (transient) where there is none. `counts`: requests
 * so far.
 */
export class Transport {
  readonly counts: Record<ApiVerb, number> = {
    get: 0,
    list: 0,
    watch: 0,
    create: 0,
    update: 0,
    patch: 0,
    apply: 0,
    delete: 0,
    dryRun: 0,
    discovery: 0,
    raw: 0,
  };
  readonly #options: TransportOptions;
  readonly #credentials: Credentials;
  readonly #url: URL;
  #certificate: string | undefined;
  #requests: Dispatcher;
  #watches: Dispatcher;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#credentials = new Credentials(options.config, options.clock);
    const { config } = options;
    this.#url = serverUrl(config.server);
    this.#certificate = config.cert;
    this.#requests = connectionsTo(config, options.connections);
    this.#watches = connectionsTo(config, null);
  }

  /**
   * Throws ApiError for every answer from 400 on, E_API_UNREACHABLE without an answer, the signal's reason when
   * aborted.
   */
  async call(call: Call): Promise<Answer> {
    const { clock, random } = this.#options;
    const deadline = clock.now() + (call.timeoutMs ?? defaultTimeoutMs);
    let refreshed = false;
    for (let attempt = 0; ; attempt += 1) {
      call.signal?.throwIfAborted();
      try {
        return await this.#attempt(call, deadline);
      } catch (error) {
        if (call.signal?.aborted) throw error;
        const stale: boolean = error instanceof ApiError && error.status === 401 && !refreshed;
        refreshed ||= stale;
        if (stale && (await this.#refreshed())) continue;
        const wait = waitBeforeRetry(error, call.safe, () =>
          backoffDelay(attempt, random, { baseMs: 200, maxMs: 5000 }),
        );
        if (wait === undefined || attempt + 1 >= maxAttempts || clock.now() + wait >= deadline) throw error;
        await clock.sleep(wait, call.signal);
      }
    }
  }

  /** An endless answer, as long as the server likes; resolves at its end, rejects like `call`. */
  async stream(call: StreamCall): Promise<void> {
    const refused = await this.#streamOnce(call);
    if (refused?.status === 401 && (await this.#refreshed())) {
      const again = await this.#streamOnce(call);
      if (again) throw again;
    } else if (refused) throw refused;
  }

  /** Ends all connections at once; what is under way fails. */
  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches.destroy()]);
  }

  /** Connections are made anew for another certificate; what goes over the old ones may end. */
  async #refreshed(): Promise<boolean> {
    if (!(await this.#credentials.refresh())) return false;
    const { cert, key } = await this.#credentials.certificate();
    if (cert === this.#certificate) return true;
    const { config, connections, log } = this.#options;
    const old = [this.#requests, this.#watches];
    const known = { ...config, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
    this.#certificate = cert;
    this.#requests = connectionsTo(known, connections);
    this.#watches = connectionsTo(known, null);
    for (const each of old) each.close().catch((err: unknown) => log.debug({ err }, 'an old connection did not close'));
    return true;
  }

  async #attempt(call: Call, deadline: number): Promise<Answer> {
    const { clock } = this.#options;
    const limit = new AbortController();
    const abort = (): void => limit.abort(call.signal?.reason);
    call.signal?.addEventListener('abort', abort, { once: true });
    const cancel = clock.after(Math.max(1, deadline - clock.now()), () =>
      limit.abort(unreachable(call, new Error('no answer in time'))),
    );
    try {
      const headers: Record<string, string | string[]> = {
        ...(await this.#credentials.headers(call.impersonate)),
        ...call.headers,
        accept: call.accept ?? 'application/json',
      };
      if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
      const sent = bodyText(call);
      if (call.method !== 'GET' && call.verb !== 'dryRun' && !call.forLease) await this.#options.permit?.();
      this.counts[call.verb] += 1;
      const response = await (call.forLease ? this.#watches : this.#requests).request({
        origin: this.#url.origin,
        method: call.method,
        path: this.#pathOf(call),
        headers,
        body: sent,
        signal: limit.signal,
        headersTimeout: 0,
      });
      const text = await response.body.text();
      const body = parseBody(text);
      if (response.statusCode < 400) return { status: response.statusCode, headers: response.headers, body, text };
      throw apiErrorOf(
        failed(call),
        response.statusCode,
        body,
        retryAfterMs(response.headers['retry-after'], clock.now()),
      );
    } catch (error) {
      if (limit.signal.aborted) throw limit.signal.reason;
      throw error instanceof AppError ? error : unreachable(call, error);
    } finally {
      cancel();
      call.signal?.removeEventListener('abort', abort);
    }
  }

  /** Behind a gateway such as Rancher's the API has a path of its own. */
  #pathOf({ path }: { path: string }): string {
    return this.#url.pathname.replace(/\/$/, '') + path;
  }

  async #streamOnce(call: StreamCall): Promise<ApiError | undefined> {
    call.signal.throwIfAborted();
    const headers = { ...(await this.#credentials.headers()), accept: call.accept };
    this.counts.watch += 1;
    const asked = { method: 'GET', path: call.path };
    return new Promise((resolve, reject) => {
      let status = 0;
      let errorBody: Buffer[] | undefined;
      let retryAfter: number | undefined;
      let controller: { abort(reason: Error): void } | undefined;
      // While the connection is being made there is nothing to abort yet; whoever stops must not wait for it.
      const abort = (): void => {
        controller?.abort(toError(call.signal.reason));
        reject(call.signal.reason);
      };
      const settle = (finish: () => void): void => {
        call.signal.removeEventListener('abort', abort);
        finish();
      };
      call.signal.addEventListener('abort', abort, { once: true });
      this.#watches.dispatch(
        {
          origin: this.#url.origin,
          method: 'GET',
          path: this.#pathOf(call),
          headers,
          headersTimeout: call.headersMs,
          bodyTimeout: 0,
        },
        {
          onRequestStart: (begun) => {
            controller = begun;
            if (call.signal.aborted) abort();
          },
          onResponseStart: (_controller, statusCode, responseHeaders) => {
            status = statusCode;
            if (status < 400) return call.onStart();
            errorBody = [];
            retryAfter = retryAfterMs(responseHeaders['retry-after'], this.#options.clock.now());
          },
          onResponseData: (_controller, chunk) => {
            if (errorBody) errorBody.push(Buffer.from(chunk));
            else call.onData(chunk);
          },
          onResponseEnd: () =>
            settle(() =>
              resolve(
                errorBody
                  ? apiErrorOf(failed(asked), status, parseBody(Buffer.concat(errorBody).toString('utf8')), retryAfter)
                  : undefined,
              ),
            ),
          onResponseError: (_controller, error) =>
            settle(() => reject(call.signal.aborted ? call.signal.reason : unreachable(asked, error))),
        },
      );
    });
  }
}

function bodyText({ body, contentType }: Call): string | null {
  if (body === undefined) return null;
  return contentType === applyType ? applyBody(body) : stringifyJson(body);
}

function serverUrl(server: string): URL {
  try {
    return new URL(server);
  } catch (cause) {
    throw new AppError('E_CONFIG', `the cluster's server ${JSON.stringify(server)} is not a URL`, { cause });
  }
}
