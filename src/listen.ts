// One port for everything: webhooks, page, health and metrics.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from './base/log.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Milliseconds until all of a request must be here; GitHub itself gives up after ten seconds. */
const requestTimeout = 30_000;

/** Until a handler is there, health is good and everything else answers 503 with what is waited for. */
export function serve(config: { host: string; port: number }, log: Logger, routes: { webhook: () => Handler | undefined; rest: () => Handler | undefined; starting: { readonly why: string } }): Promise<Server> {
  const server = createServer({ headersTimeout: 15_000, requestTimeout }, (request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    const webhook = path === '/webhooks/github' || path === '/api/webhook';
    const handler = webhook ? routes.webhook() : routes.rest();
    if (!handler) {
      response.writeHead(path === '/healthz' ? 200 : 503, { 'content-type': 'text/plain' }).end(path === '/healthz' ? 'ok\n' : `${routes.starting.why}\n`);
      return;
    }
    handler(request, response).catch((error: unknown) => {
      log.error({ path, err: error }, 'a request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('internal error\n');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => resolve(server));
  });
}

export function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
