// Ports of their own: what the internet may reach, what people look at, and what the cluster asks.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Address, Config } from './config.ts';
import type { Logger } from '../base/log.ts';
import { AppError, errorMessage } from '../base/errors.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Of each port, once there is one. */
export interface Handlers {
  webhook: () => Handler | undefined;
  page: () => Handler | undefined;
  health: () => Handler | undefined;
}

/** Milliseconds until all of a request must be here; GitHub itself gives up after ten seconds. */
const requestTimeout = 30_000;

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${body}\n`);
}

/** `pick`: the handler of that path, undefined until it is there, null for what this port does not have. */
function serve(
  { host, port }: Address,
  log: Logger,
  starting: { readonly why: string },
  pick: (path: string) => Handler | undefined | null,
): Promise<Server> {
  const server = createServer({ headersTimeout: 15_000, requestTimeout }, (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const handler = pick(path);
    if (handler === null) return text(response, 404, 'not found');
    if (!handler) return text(response, path === '/healthz' ? 200 : 503, path === '/healthz' ? 'ok' : starting.why);
    handler(request, response).catch((error: unknown) => {
      log.error({ path, err: error }, 'a request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('internal error\n');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

const webhooks: ReadonlySet<string> = new Set(['/webhooks/github', '/api/webhook']);
const health: ReadonlySet<string> = new Set(['/metrics', '/healthz', '/readyz']);

export interface Listening {
  log: Logger;
  starting: { readonly why: string };
  handlers: Handlers;
}

/** The first port: it tells what the start waits for. Throws E_CONFIG when it cannot be had. */
export function listenForHealth(
  { metrics }: Config['listen'],
  { log, starting, handlers }: Listening,
): Promise<Server> {
  return opened('COX_LISTEN_METRICS', metrics, () =>
    serve(metrics, log, starting, (path) => (health.has(path) ? handlers.health() : null)),
  );
}

/** Until a handler is there, they answer 503 with what is waited for. Throws E_CONFIG when one cannot be had. */
export async function listenForFaces(
  { public: open, page }: Config['listen'],
  { log, starting, handlers }: Listening,
): Promise<Server[]> {
  const webhook = await opened('COX_LISTEN_PUBLIC', open, () =>
    serve(open, log, starting, (path) => (webhooks.has(path) ? handlers.webhook() : null)),
  );
  try {
    const people = await opened('COX_LISTEN_PAGE', page, () => serve(page, log, starting, () => handlers.page()));
    return [webhook, people];
  } catch (error) {
    await stopServer(webhook);
    throw error;
  }
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
};

async function opened(variable: string, { host, port }: Address, open: () => Promise<Server>): Promise<Server> {
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

export function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
