// Socket Mode: tickets, sockets, and envelopes that must be acknowledged within three seconds.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FaultPlan } from '../fault-plan.ts';
import type { SlackState } from '../workspace/state.ts';
import { WebSocketServer, type WebSocket } from 'ws';
import { isObject, parseJson, stringOf, type JsonObject } from '../workspace/json.ts';

type EnvelopeType = 'slash_commands' | 'interactive' | 'events_api';

/** What became of one payload. */
export interface Delivery {
  acked: boolean;
  /** `no_socket`, `operation_timeout` (no acknowledgement) or `socket_lost`. */
  error?: 'no_socket' | 'operation_timeout' | 'socket_lost';
  /** What the app sent back with its acknowledgement; empty for a plain one. */
  response: JsonObject;
  envelopeId: string;
}

interface Retry {
  attempt: number;
  reason: string;
}

/** Slack: an app acknowledges within three seconds. */
const ackMs = 3_000;
/** Slack: at most ten sockets an app. */
const socketLimit = 10;
const pingMs = 10_000;

interface Waiting {
  socket: WebSocket;
  resolve(delivery: Delivery): void;
  cancel(): void;
}

export class SocketMode {
  readonly #state: SlackState;
  readonly #faults: FaultPlan;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #sent = new Set<string>();
  #sockets: WebSocket[] = [];
  #turn = 0;
  #cancelPing: () => void = () => undefined;

  constructor(state: SlackState, faults: FaultPlan) {
    this.#state = state;
    this.#faults = faults;
  }

  listen(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#ping();
  }

  newTicket(): string {
    const ticket = crypto.randomUUID();
    this.#tickets.add(ticket);
    return ticket;
  }

  get connected(): number {
    return this.#sockets.length;
  }

  /** Sends a payload to one of the sockets and waits for its acknowledgement. */
  deliver(type: EnvelopeType, payload: JsonObject, retry?: Retry): Promise<Delivery> {
    const envelopeId = crypto.randomUUID();
    const socket = this.#pick();
    if (!socket) return Promise.resolve({ acked: false, error: 'no_socket', response: {}, envelopeId });
    const envelope = {
      envelope_id: envelopeId,
      type,
      payload,
      accepts_response_payload: type !== 'events_api',
      ...(type === 'events_api' && { retry_attempt: retry?.attempt ?? 0, retry_reason: retry?.reason ?? '' }),
    };
    return new Promise((resolve) => {
      const cancel = this.#state.clock.after(ackMs, () =>
        this.#settle(envelopeId, { acked: false, error: 'operation_timeout', response: {}, envelopeId }),
      );
      this.#waiting.set(envelopeId, { socket, resolve, cancel });
      this.#sent.add(envelopeId);
      socket.send(JSON.stringify(envelope));
      if (this.#faults.takeDuplicate()) this.#pick()?.send(JSON.stringify(envelope));
    });
  }

  /** Cuts every socket without a close frame. */
  drop(): void {
    for (const socket of [...this.#sockets]) socket.terminate();
  }

  /** Asks the app to connect anew, as Slack does every few hours. */
  recycle(): void {
    for (const socket of this.#sockets)
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: { host: 'sandbox' } }));
  }

  stop(): void {
    this.#cancelPing();
    this.drop();
    this.#server.close();
  }

  #pick(): WebSocket | undefined {
    const open = this.#sockets.filter((socket) => socket.readyState === socket.OPEN);
    this.#turn += 1;
    return open[this.#turn % Math.max(open.length, 1)];
  }

  #ping(): void {
    this.#cancelPing = this.#state.clock.after(pingMs, () => {
      for (const socket of this.#sockets) if (socket.readyState === socket.OPEN) socket.ping();
      this.#ping();
    });
  }

  #upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const ticket = url.searchParams.get('ticket') ?? '';
    if (url.pathname !== '/link/' || !this.#tickets.delete(ticket) || this.#sockets.length >= socketLimit) {
      raw.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, raw, head, (socket) => this.#accept(socket));
  }

  #accept(socket: WebSocket): void {
    this.#sockets.push(socket);
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('error', () => socket.terminate()); // the close event that follows does the rest
    socket.on('close', () => this.#closed(socket));
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#sockets.length,
        debug_info: { host: 'sandbox', build_number: 1, approximate_connection_time: 18_060 },
        connection_info: { app_id: this.#state.appId },
      }),
    );
    this.#state.changed();
  }

  #closed(socket: WebSocket): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket);
    for (const [envelopeId, waiting] of [...this.#waiting]) {
      if (waiting.socket === socket)
        this.#settle(envelopeId, { acked: false, error: 'socket_lost', response: {}, envelopeId });
    }
    this.#state.changed();
  }

  #receive(text: string): void {
    const message = parseJson(text);
    const envelopeId = isObject(message) ? stringOf(message['envelope_id']) : '';
    if (!isObject(message) || !this.#sent.has(envelopeId))
      return this.#state.violate('socket', 'unknown_envelope', [text.slice(0, 200)]);
    // a second or late acknowledgement changes nothing
    if (!this.#waiting.has(envelopeId) || this.#faults.takeLostAck()) return;
    const payload = message['payload'];
    this.#settle(envelopeId, { acked: true, response: isObject(payload) ? payload : {}, envelopeId });
  }

  #settle(envelopeId: string, delivery: Delivery): void {
    const waiting = this.#waiting.get(envelopeId);
    if (!waiting) return;
    this.#waiting.delete(envelopeId);
    waiting.cancel();
    waiting.resolve(delivery);
  }
}
