// The dashboard and the HTTP API: read-only pages that follow the cluster live, health, readiness and metrics.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Application } from '../model/application.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Turn } from '../policy/engine.ts';
import type { Schedules } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import type { ApplicationView } from './application-page.ts';
import type { DescendantsView } from './descendants.ts';
import type { Html, Page } from './html.ts';
import type { ResourceView } from './resource-view.ts';
import type { SetupPages } from './setup-page.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { systemClock } from '../base/clock.ts';
import { stringifyJson } from '../base/json.ts';
import { applicationKey } from '../model/application.ts';
import { isTurnFault } from '../policy/engine.ts';
import { effectivePolicy } from '../policy/policy.ts';
import { wrongNotice } from './parts.ts';
import { belowIn, keyIn } from './address.ts';
import { applicationPage } from './application-page.ts';
import { descendantsList } from './descendants.ts';
import { html, page } from './html.ts';
import { deletionNotices, listPage } from './list-page.ts';
import { Listeners } from './listeners.ts';
import { shownApplication } from './public-application.ts';
import { answerSetup, installationPage, isSetupPath } from './setup-page.ts';

interface WebOptions {
  store: Store;
  /** The application's resources with their masked differences, as last compared; empty before the first comparison. */
  resources(application: string): Promise<ResourceView[]>;
  /** What controllers made of the object of that uid, read now; undefined if the application has no such object. */
  descendants(application: string, uid: string): Promise<DescendantsView | undefined>;
  /** What an application's gate does not hold, and who has gone past it: sentences without a subject. */
  told?(app: Application): string[];
  /** Prometheus text. */
  metrics(): Promise<{ type: string; body: string }>;
  upcoming: Schedules['upcoming'];
  /** Which engine works on the application now. Default: ours. */
  turn?: (app: Application) => Turn;
  /** Why nothing is synced at all; undefined when it is. Default: it is. */
  held?: () => string | undefined;
  /** Told when `held` changes. */
  onHeld?: (fn: () => void) => () => void;
  /** What it does without while the rest works; undefined: nothing. Default: nothing. */
  lacking?: () => string | undefined;
  /** undefined when ready, else why not. */
  notReady(): string | undefined;
  setup: SetupPages;
  /** Default: the system's. */
  clock?: Clock;
}

export interface Web {
  /** Pages, their data and their events. */
  page(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** /metrics, /healthz and /readyz. */
  health(request: IncomingMessage, response: ServerResponse): Promise<void>;
  stop(): void;
}

/** Nothing runs, loads or is sent anywhere but what this server itself has; no page may frame it. */
const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

interface Answer {
  status: number;
  type: string;
  body: string;
  /** Default `no-store`: what is shown is true now. */
  cache?: string;
}

const zip = promisify(gzip);
const zipFrom = 2048;

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const zipped = answer.body.length >= zipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zipped ? await zip(answer.body, { level: 4 }) : Buffer.from(answer.body);
  response.writeHead(answer.status, {
    ...headers,
    'content-type': answer.type,
    'content-length': body.length,
    'cache-control': answer.cache ?? 'no-store',
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
    ...(answer.status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function asset(file: string, type: string): Answer {
  return { status: 200, type, body: readFileSync(join(import.meta.dirname, file), 'utf8'), cache: 'no-cache' };
}

function shown(status: number, what: Page): Answer {
  return { status, type: 'text/html; charset=utf-8', body: page(what) };
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: stringifyJson(value) };
}

function lost(up: string, what: string): Answer {
  return shown(404, {
    title: 'Not found',
    up,
    body: html`<div class="empty"><h1>${what}</h1><p><a href="${up || './'}">All applications</a></p></div>`,
  });
}

/** Above each page, as long as it is so. */
function heldNotice({ held, lacking }: WebOptions): Html {
  const [why, without] = [held?.(), lacking?.()];
  return html`<div id="held" data-live>
    ${why !== undefined && wrongNotice('Nothing is synced', why)}
    ${without !== undefined && wrongNotice('Something is missing', without)}
  </div>`;
}

/** What somebody must do before it is worked on as they asked; what holds for all stands above the page. */
function turnNote({ turn }: WebOptions, app: Application): string | undefined {
  const found = turn?.(app);
  return found && isTurnFault(found) && found.rule !== 'two-engines' ? found.why : undefined;
}

async function viewOf(options: WebOptions, key: string): Promise<ApplicationView | undefined> {
  const { store, resources, told } = options;
  const found = store.applications.get(key);
  if (!found) return undefined;
  const app = shownApplication(found);
  const compared = await resources(key);
  // Before the first comparison, and where Argo CD compares, the status tells what there is.
  const known = compared.length > 0 ? compared : (app.status?.resources ?? []).map((row) => ({ row, diff: '' }));
  return {
    app,
    resources: known,
    approvals: store.approvals.of(key),
    episodes: store.episodes.of(key),
    policy: policyFor(store, found),
    turn: turnNote(options, found),
    told: told?.(found) ?? [],
  };
}

/** Annotations decide it, which are not shown themselves. */
function policyFor(store: Store, app: Application): EffectivePolicy {
  return effectivePolicy(app, store.projects.get(`${store.namespace}/${app.spec.project || 'default'}`));
}

function frontPage(options: WebOptions): Answer {
  const { store, upcoming, clock = systemClock } = options;
  const listed = store.applications.list().map((app) => {
    const key = applicationKey(app);
    return {
      app: shownApplication(app),
      approvals: store.approvals.of(key),
      episodes: store.episodes.of(key),
      environment: policyFor(store, app).environment,
      turn: turnNote(options, app),
    };
  });
  const deleted = deletionNotices(store.reports.list(), clock.now());
  return shown(200, {
    title: 'Applications',
    up: '',
    follows: '',
    body: html`${heldNotice(options)}${deleted}${listPage(listed, upcoming())}`,
  });
}

async function pageOf(options: WebOptions, key: string): Promise<Answer> {
  const up = '../../';
  const view = await viewOf(options, key);
  if (!view) return lost(up, 'There is no such application.');
  return shown(200, {
    title: view.app.metadata.name,
    up,
    follows: key,
    body: html`${heldNotice(options)}${applicationPage(view, up)}`,
  });
}

async function dataOf(options: WebOptions, key: string): Promise<Answer> {
  const view = await viewOf(options, key);
  return view
    ? json(200, { application: view.app, resources: view.resources })
    : json(404, { error: 'there is no such application' });
}

async function belowOf({ descendants }: WebOptions, { key, uid }: { key: string; uid: string }): Promise<Answer> {
  const found = await descendants(key, uid);
  const body = found ? descendantsList(found) : html`<p class="empty">The object is gone.</p>`;
  return { status: found ? 200 : 404, type: 'text/html; charset=utf-8', body: body.html };
}

type Route = (options: WebOptions) => Answer | Promise<Answer>;

function routes(): Readonly<Record<string, Route>> {
  const style = asset('style.css', 'text/css; charset=utf-8');
  const script = asset('live.js', 'text/javascript; charset=utf-8');
  const icon = asset('icon.svg', 'image/svg+xml');
  return {
    '/': frontPage,
    '/style.css': () => style,
    '/live.js': () => script,
    '/icon.svg': () => icon,
    '/installation': async ({ setup }) =>
      shown(200, { title: 'Installation', up: '', body: installationPage(await setup.installation()) }),
    '/api/installation': async ({ setup }) => json(200, await setup.installation()),
    '/api/applications': ({ store }) => json(200, store.applications.list().map(shownApplication)),
  };
}

/** For the cluster: nothing of it names an application's content. */
function healthRoutes(): Readonly<Record<string, Route>> {
  return {
    '/healthz': () => plain(200, 'ok'),
    '/readyz': ({ notReady, lacking }) => {
      const [why, without] = [notReady(), lacking?.()];
      return plain(why === undefined ? 200 : 503, why ?? (without === undefined ? 'ok' : `ok; but ${without}`));
    },
    '/metrics': async ({ metrics }) => ({ status: 200, ...(await metrics()) }),
  };
}

function answerTo(options: WebOptions, fixed: Readonly<Record<string, Route>>, path: string): Answer | Promise<Answer> {
  const route = Object.hasOwn(fixed, path) ? fixed[path] : undefined;
  if (route) return route(options);
  const shownKey = keyIn(path, '/applications/');
  if (shownKey !== undefined) return pageOf(options, shownKey);
  const below = belowIn(path, '/applications/');
  if (below) return belowOf(options, below);
  const dataKey = keyIn(path, '/api/applications/');
  if (dataKey !== undefined) return dataOf(options, dataKey);
  if (path.startsWith('/api/')) return json(404, { error: 'there is no such resource' });
  return lost('../'.repeat(path.split('/').length - 2), 'There is no such page.');
}

/**
 * Everything that is not a webhook, for two ports. But for the set-up only GET and HEAD are answered, nothing is
 * changed by a request, and nobody is asked who they are: whoever reaches the port may read. Differences are masked,
 * and of Applications only what `shown.ts` lists is told.
 */
export function createWeb(options: WebOptions): Web {
  const listeners = new Listeners(options.store, options.clock ?? systemClock, options.onHeld);
  const [fixed, healthy] = [routes(), healthRoutes()];
  return {
    async health(request, response) {
      const route = healthy[(request.url ?? '/').split('?')[0] ?? '/'];
      return send(
        request,
        response,
        route && (request.method === 'GET' || request.method === 'HEAD')
          ? await route(options)
          : plain(route ? 405 : 404, route ? 'method not allowed' : 'not found'),
      );
    },
    async page(request, response) {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      if (isSetupPath(path)) return answerSetup(options.setup, request, response);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return send(request, response, plain(405, 'method not allowed'));
      if (path !== '/events' || request.method === 'HEAD')
        return send(request, response, await answerTo(options, fixed, path));
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      listeners.add(request, response);
    },
    stop: () => listeners.stop(),
  };
}
