// The dashboard and the HTTP API: read-only pages that follow the cluster live, health, readiness and metrics.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Application } from '../model/application.ts';
import type { PullRef } from '../model/coxswain.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Turn } from '../policy/engine.ts';
import type { Schedules } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import type { ApplicationView } from './application-page.ts';
import type { Answer } from './answer.ts';
import type { DescendantsView } from './descendants.ts';
import type { Html } from './html.ts';
import type { PullRecord } from './pull-page.ts';
import type { ResourceView } from './resource-view.ts';
import type { SetupPages } from './setup-page.ts';
import { systemClock } from '../base/clock.ts';
import { applicationKey } from '../model/application.ts';
import { describeError } from '../base/errors.ts';
import { isTurnFault } from '../policy/engine.ts';
import { effectivePolicy } from '../policy/policy.ts';
import { wrongNotice } from './parts.ts';
import { belowIn, keyIn, pullIn } from './address.ts';
import { applicationPage } from './application-page.ts';
import { descendantsList } from './descendants.ts';
import { asset, headers, json, lost, plain, send, shown } from './answer.ts';
import { html } from './html.ts';
import { deletionNotices, listPage } from './list-page.ts';
import { Listeners } from './listeners.ts';
import { pullPage } from './pull-page.ts';
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
  /** Objects in its namespace that belong to no application. Default: nobody looks. */
  orphans?(app: Application): ResourceKey[];
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
  /** All that a pull request showed; undefined where there is none that we may see. Default: there is no App. */
  record?: ((pull: PullRef) => Promise<PullRecord | undefined>) | undefined;
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
    orphans: options.orphans?.(found) ?? [],
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

async function recordPage({ record }: WebOptions, pull: PullRef): Promise<Answer> {
  const up = '../../../';
  const name = `${pull.owner}/${pull.repo}#${pull.number}`;
  try {
    const found = await record?.(pull);
    if (!found) return lost(up, 'There is no such pull request where the GitHub App is installed.');
    return shown(200, { title: name, up, body: pullPage(name, found) });
  } catch (error) {
    const why = wrongNotice('What it showed cannot be read from GitHub now', describeError(error));
    return shown(503, { title: name, up, body: html`<h1>${name}</h1>${why}` });
  }
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
  const pull = pullIn(path);
  if (pull) return recordPage(options, pull);
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
