// The web server over a running engine, and a page of it with its script, as a browser would have it open.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { TestContext } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { EventSource } from 'undici';
import { createMetrics } from '../../src/web/metrics.ts';
import { createWeb } from '../../src/web/web.ts';
import { resourceViews } from '../../src/engine/resource-view.ts';
import type { Stage } from '../engine/fixture.ts';
import { Document } from './dom.ts';

interface Served {
  url: string;
  ready: { why: string | undefined };
  get(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string }>;
  /** Requests so far for that path. */
  asked(path: string): number;
  /** Ends the server and its streams; `start` begins anew at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function serve(t: TestContext, { store, engine, cluster, schedules, queues }: Stage): Promise<Served> {
  const ready: Served['ready'] = { why: undefined };
  const metrics = createMetrics({
    store,
    api: cluster.api,
    live: cluster.live,
    pending: () => engine.pending,
    forgeable: () => false,
    upcoming: schedules.upcoming,
    queues,
  });
  const paths: string[] = [];
  let port = 0;
  let running: { web: ReturnType<typeof createWeb>; server: Server } | undefined;
  const start = async (): Promise<void> => {
    const web = createWeb({
      setup: { setup: undefined, status: undefined, publicUrl: '', onSetUp: () => undefined },
      store,
      resources: (application) => resourceViews(engine.comparison(application)),
      metrics: metrics.text,
      upcoming: schedules.upcoming,
      notReady: () => ready.why,
    });
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      const isHealth = /^\/(?:metrics|healthz|readyz)$/.test(request.url ?? '');
      (isHealth ? web.health(request, response) : web.page(request, response)).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
    running = { web, server };
  };
  const stop = async (): Promise<void> => {
    const now = running;
    running = undefined;
    now?.web.stop();
    const closed = new Promise((resolve) => (now ? now.server.close(resolve) : resolve(undefined)));
    now?.server.closeAllConnections();
    await closed;
  };
  await start();
  t.after(stop);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    ready,
    start,
    stop,
    asked: (path) => paths.filter((each) => each === path).length,
    async get(path, init = {}) {
      const answer = await fetch(`${url}${path}`, init);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
  };
}

interface OpenPage {
  document: Document;
  /** Of the address, as the script changes it. */
  search(): string;
}

/** Opens the page and runs its script. */
export async function open(t: TestContext, { url, get }: Served, path: string): Promise<OpenPage> {
  const at = new URL(path, url);
  const document = new Document((await get(path)).text);
  const streams: EventSource[] = [];
  const timers: NodeJS.Timeout[] = [];
  const location = { pathname: at.pathname, search: at.search };
  t.after(() => {
    for (const stream of streams) stream.close();
    for (const timer of timers) clearInterval(timer);
  });
  const context = createContext({
    document,
    location,
    DOMParser: class {
      parseFromString = (html: string): Document => new Document(html);
    },
    EventSource: class extends EventSource {
      constructor(to: string) {
        super(new URL(to, at));
        streams.push(this);
      }
    },
    fetch: (to: string, init: RequestInit) => fetch(new URL(to, at), init),
    history: {
      replaceState: (_state: unknown, _title: string, to: string) => void (location.search = new URL(to, at).search),
    },
    setInterval: (fn: () => void, ms: number) => timers.push(setInterval(fn, ms)),
    setTimeout,
    URLSearchParams,
  });
  runInContext(readFileSync(new URL('../../src/web/live.js', import.meta.url), 'utf8'), context, {
    filename: 'live.js',
  });
  return { document, search: () => location.search };
}
