// Ports of their own: what the internet may reach, what people look at, and what the cluster asks.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Address, Config } from './config.ts';
import type { Logger } from '../base/log.ts';

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

/**
 * Until a handler is there, health is good and everything else answers 503 with what is waited for. Throws when a port
 * cannot be had.
 */
export async function listen(
  { public: open, page, metrics }: Config['listen'],
  log: Logger,
  starting: { readonly why: string },
  handlers: Handlers,
): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    servers.push(await serve(metrics, log, starting, (path) => (health.has(path) ? handlers.health() : null)));
    servers.push(await serve(open, log, starting, (path) => (webhooks.has(path) ? handlers.webhook() : null)));
    servers.push(await serve(page, log, starting, () => handlers.page()));
    return servers;
  } catch (error) {
    await Promise.all(servers.map(stopServer));
    throw error;
  }
}

export function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
