// A proxy on loopback in front of the API server: plain http in, https out, streaming both ways, faulty on demand.
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Killed, type KillSwitch } from '../mutation-counter.ts';
import { CannedAnswers, isMutating, parseRequest, statusBody, type CannedAnswer, type SeenRequest } from './faults.ts';

interface ProxyOptions {
  /** `https://127.0.0.1:<port>` */
  target: string;
  /** PEM of the target's certificate. */
  ca: string;
  /** Asked around every request that counts. */
  killSwitch?: KillSwitch;
  /** What counts; default `isMutating` of faults.ts. */
  counts?: (request: SeenRequest) => boolean;
}

interface Watch {
  request: SeenRequest;
  response: ServerResponse;
  source: Transform;
}

/** So many requests are remembered; older ones are forgotten by halves. */
const remembered = 100_000;

/** One proxy. Authorization passes through untouched; every fault acts until it is taken back. */
export class Proxy {
  /** `http://127.0.0.1:<port>`, for kubeconfigs without a CA. */
  url = '';
  /** Every request that came, canned answers included, in order; clear it by `requests.length = 0`. */
  readonly requests: SeenRequest[] = [];

  readonly #options: ProxyOptions;
  readonly #agent: Agent;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<Watch>();
  readonly #canned = new CannedAnswers();
  #delayMs = 0;
  #down = false;
  /** Pending while paused. */
  #gate: { open: Promise<void>; release: () => void } | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.ca });
    this.#server.on('connection', (socket) => this.#accept(socket));
    this.#server.requestTimeout = 0; // a paused request may stand for as long as the test likes
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const { port: bound } = this.#server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${bound}`;
    return this;
  }

  /** Ends every connection at once, mid-stream (a reset); new ones are served. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Like `cut`, and new connections are reset too, until `up`. */
  down(): void {
    this.#down = true;
    this.cut();
  }

  up(): void {
    this.#down = false;
  }

  /** Half-open: connections are accepted and stay open, but nothing moves in either direction until `resume`. */
  pause(): void {
    if (this.#gate) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { open: promise, release: resolve };
  }

  /** What was held flows on, in order. */
  resume(): void {
    this.#gate?.release();
    this.#gate = undefined;
  }

  /** Every request waits so long before it is forwarded; 0 takes it back. */
  slow(ms: number): void {
    this.#delayMs = ms;
  }

  /** Matching requests get this instead of the API server's answer, which they never reach. */
  answer(answer: CannedAnswer): void {
    this.#canned.add(answer);
  }

  /**
   * Open watches whose request matches get an ERROR event with 410 Expired and end, as when etcd was compacted. Answers
   * how many.
   */
  expireWatches(match: (request: SeenRequest) => boolean = () => true): number {
    const event = `${JSON.stringify({ type: 'ERROR', object: statusBody(410, 'too old resource version') })}\n`;
    const expired = [...this.#watches].filter(({ request }) => match(request));
    for (const { response, source } of expired) {
      source.unpipe(response);
      response.end(event);
    }
    return expired.length;
  }

  /** Open watches, for waiting until a client has (again) one. */
  get watches(): SeenRequest[] {
    return [...this.#watches].map(({ request }) => request);
  }

  /** Takes back every fault; counters stay. */
  heal(): void {
    this.#canned.clear();
    this.slow(0);
    this.up();
    this.resume();
  }

  async stop(): Promise<void> {
    this.heal();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    this.#agent.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#down) return void socket.resetAndDestroy();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = parseRequest(request);
    if (this.requests.push(seen) > remembered) this.requests.splice(0, remembered / 2);
    response.on('error', () => undefined); // its reader is gone; `close` follows
    try {
      if (this.#delayMs > 0) await sleep(this.#delayMs);
      await this.#gate?.open;
      const canned = this.#canned.take(seen);
      if (canned) sendCanned(request, response, canned);
      else await this.#forward(seen, request, response);
    } catch (error) {
      if (!(error instanceof Killed) && !response.destroyed && !response.headersSent) {
        response.writeHead(502, { 'content-type': 'text/plain' }).end(`proxy: ${String(error)}`);
      } else response.socket?.resetAndDestroy();
    }
  }

  async #forward(seen: SeenRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { killSwitch, counts = isMutating } = this.#options;
    const label = killSwitch && counts(seen) ? `${seen.method} ${seen.path}` : undefined;
    if (label !== undefined) await killSwitch?.before(label);
    if (request.destroyed && !request.complete) return; // its sender is gone
    const answer = await this.#ask(request, response);
    if (label !== undefined) await killSwitch?.after(label); // an answer has begun, so what it answers is done
    await this.#gate?.open;
    const source = this.#gated();
    if (seen.watch) this.#follow({ request: seen, response, source });
    response.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
    response.flushHeaders();
    answer.on('error', () => response.socket?.resetAndDestroy());
    answer.pipe(source).pipe(response);
  }

  #ask(request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
    const { target } = this.#options;
    const url = new URL(request.url ?? '/', target);
    return new Promise((resolve, reject) => {
      const headers = { ...withoutConnection(request.headers), host: url.host };
      const onward = httpsRequest(url, { method: request.method, headers, agent: this.#agent }, resolve);
      onward.on('error', reject);
      response.on('close', () => onward.destroy());
      request.pipe(this.#gated()).pipe(onward);
    });
  }

  #follow(watch: Watch): void {
    this.#watches.add(watch);
    watch.response.on('close', () => this.#watches.delete(watch));
  }

  /** Lets bytes through while the proxy is not paused. */
  #gated(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (!this.#gate) return done(null, chunk);
        void this.#gate.open.then(() => done(null, chunk));
      },
    });
  }
}

export async function startProxy(options: ProxyOptions & { port?: number }): Promise<Proxy> {
  return new Proxy(options).start(options.port);
}

function sendCanned(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message, retryAfter, text }: CannedAnswer,
): void {
  request.resume();
  response.writeHead(status, {
    'content-type': text === undefined ? 'application/json' : 'text/plain',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
  response.end(text ?? JSON.stringify(statusBody(status, message, retryAfter)));
}

/** Connections are ours on either side. */
function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['connection', 'keep-alive'].includes(name)));
}
