// Ports of their own: what the internet may reach, what people look at, and what the cluster asks.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Address, Config } from './config.ts';
import type { Logger } from '../base/log.ts';
import { createServer } from 'node:http';
import { AppError, errorMessage } from '../base/errors.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An open port: it answers 503 with what the start waits for until it is given its handler. */
export interface Port {
  server: Server;
  serve(handler: Handler): void;
}

/** Milliseconds until all of a request must be here; GitHub itself gives up after ten seconds. */
const requestTimeout = 30_000;

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${body}\n`);
}

interface Listening {
  log: Logger;
  starting: { readonly why: string };
}

/** `has`: whether there is such a path on this port. */
function listen({ host, port }: Address, { log, starting }: Listening, has: (path: string) => boolean): Promise<Port> {
  let handler: Handler | undefined;
  const server = createServer({ headersTimeout: 15_000, requestTimeout }, (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (!has(path)) return text(response, 404, 'not found');
    if (!handler) return text(response, path === '/healthz' ? 200 : 503, path === '/healthz' ? 'ok' : starting.why);
    handler(request, response).catch((error: unknown) => {
      log.error({ path, err: error }, 'a request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('internal error\n');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve({ server, serve: (given) => (handler = given) }));
  });
}

const webhooks: ReadonlySet<string> = new Set(['/webhooks/github', '/api/webhook']);
const health: ReadonlySet<string> = new Set(['/metrics', '/healthz', '/readyz']);

/** The first port: it tells what the start waits for. Throws E_CONFIG when it cannot be had. */
export function listenForHealth({ metrics }: Config['listen'], listening: Listening): Promise<Port> {
  return opened('COX_LISTEN_METRICS', metrics, () => listen(metrics, listening, (path) => health.has(path)));
}

/** What the internet may reach, and the page. Throws E_CONFIG when one cannot be had. */
export async function listenForPeople(
  { public: open, page }: Config['listen'],
  listening: Listening,
): Promise<{ webhook: Port; page: Port }> {
  const webhook = await opened('COX_LISTEN_PUBLIC', open, () => listen(open, listening, (path) => webhooks.has(path)));
  try {
    return { webhook, page: await opened('COX_LISTEN_PAGE', page, () => listen(page, listening, () => true)) };
  } catch (error) {
    await stopPort(webhook);
    throw error;
  }
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
};

async function opened(variable: string, { host, port }: Address, open: () => Promise<Port>): Promise<Port> {
  try {
    return await open();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why = refusals[code] ?? errorMessage(cause);
    throw new AppError('E_CONFIG', `${host}:${port} cannot be opened: ${why}`, {
      cause,
      hint: `End what listens there, or name another address in ${variable}.`,
    });
  }
}

/** Connections that are open are cut. */
export function stopPort({ server }: Port): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
