// The dashboard and the HTTP API: read-only pages that follow the cluster live, health, readiness and metrics.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Store } from '../store/store.ts';
import type { ApplicationView, ResourceView } from './pages.ts';
import { applicationPage, applicationsPage } from './pages.ts';
import { assets, html, page } from './html.ts';

export interface WebOptions {
  store: Store;
  /** The application's resources with their masked differences, as last compared. */
  resources(application: string): ResourceView[];
  /** Prometheus text. */
  metrics(): Promise<{ type: string; body: string }>;
  /** undefined when ready, else why not. */
  notReady(): string | undefined;
}

export interface Web {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  stop(): void;
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  response.end(body);
}

function sendPage(response: ServerResponse, status: number, title: string, body: ReturnType<typeof html>): void {
  send(response, status, 'text/html; charset=utf-8', page(title, body));
}

/** Server-sent events: one nameless message whenever an application, approval or episode changes. */
class Listeners {
  readonly #open = new Set<ServerResponse>();
  readonly #ends: (() => void)[];

  constructor(store: Store) {
    const tell = (): void => {
      for (const response of this.#open) response.write('data: changed\n\n');
    };
    this.#ends = [store.applications.onChange(tell), store.approvals.onChange(tell), store.episodes.onChange(tell)];
  }

  add(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': open\n\n');
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
  }

  stop(): void {
    for (const end of this.#ends) end();
    for (const response of this.#open) response.end();
  }
}

function viewOf(options: WebOptions, key: string): ApplicationView | undefined {
  const app = options.store.applications.get(key);
  if (!app) return undefined;
  return { app, resources: options.resources(key), approvals: options.store.approvals.of(key), episodes: options.store.episodes.of(key) };
}

function applicationRoute(options: WebOptions, response: ServerResponse, match: RegExpExecArray): void {
  const view = viewOf(options, `${decodeURIComponent(match[2] ?? '')}/${decodeURIComponent(match[3] ?? '')}`);
  const json = match[1] === '/api';
  if (!view) return json ? send(response, 404, 'application/json', '{"error":"no such application"}') : sendPage(response, 404, 'Not found', html`<h1>There is no such application.</h1>`);
  if (json) return send(response, 200, 'application/json', JSON.stringify({ application: view.app, resources: view.resources }));
  return sendPage(response, 200, view.app.metadata.name, applicationPage(view));
}

/** Everything that is not a webhook. Only GET and HEAD are answered. */
export function createWeb(options: WebOptions): Web {
  const listeners = new Listeners(options.store);
  async function route(path: string, response: ServerResponse): Promise<void> {
    const asset = assets[path];
    const application = /^(\/api)?\/applications\/([^/]+)\/([^/]+)$/.exec(path);
    if (asset) return send(response, 200, asset.type, asset.body);
    if (application) return applicationRoute(options, response, application);
    if (path === '/') return sendPage(response, 200, 'Applications', applicationsPage(options.store.applications.list()));
    if (path === '/api/applications') return send(response, 200, 'application/json', JSON.stringify(options.store.applications.list()));
    if (path === '/events') return listeners.add(response);
    if (path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
    if (path === '/readyz') {
      const why = options.notReady();
      return send(response, why ? 503 : 200, 'text/plain', `${why ?? 'ok'}\n`);
    }
    if (path === '/metrics') {
      const { type, body } = await options.metrics();
      return send(response, 200, type, body);
    }
    return sendPage(response, 404, 'Not found', html`<h1>There is no such page.</h1>`);
  }
  return {
    async handle(request, response) {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'method not allowed\n');
      await route(pathname, response);
    },
    stop: () => listeners.stop(),
  };
}
