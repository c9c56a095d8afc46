// The web server over a running engine, and a page of it with its script, as a browser would have it open.
import type { TestContext } from 'node:test';
import type { Stage } from '../engine/fixture.ts';
import { scripts } from '../worker.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createContext, runInContext } from 'node:vm';
import { type Document, Window } from 'happy-dom';
import { EventSource } from 'undici';
import { createMetrics } from '../../src/web/metrics.ts';
import { createWeb } from '../../src/web/web.ts';
import { resourceViewing } from '../../src/engine/resource-view.ts';

interface Served {
  url: string;
  ready: { why: string | undefined; without?: string };
  get(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string }>;
  /** Requests so far for that path. */
  asked(path: string): number;
  /** Ends the server and its streams; `start` begins anew at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function serve(
  t: TestContext,
  { store, engine, cluster, schedules, queues }: Stage,
  more: Pick<Parameters<typeof createWeb>[0], 'record'> = {},
): Promise<Served> {
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
  const ended = new AbortController();
  t.after(() => ended.abort());
  const paths: string[] = [];
  let port = 0;
  let running: { web: ReturnType<typeof createWeb>; server: Server } | undefined;
  const start = async (): Promise<void> => {
    const web = createWeb({
      setup: {
        setup: undefined,
        status: undefined,
        publicUrl: '',
        onSetUp: () => undefined,
        installation: async () => [],
      },
      store,
      ...resourceViewing(store, engine, scripts.healthOf, ended.signal),
      metrics: metrics.text,
      upcoming: schedules.upcoming,
      lacking: () => ready.without,
      notReady: () => ready.why,
      ...more,
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

const voidTags = new Set(['meta', 'link', 'input', 'img', 'br', 'hr']);

/** A browser mends what is left open; of ours nothing is. */
function assertClosed(html: string): void {
  const open: string[] = [];
  for (const [, closing, tag = '', closed] of html.matchAll(/<(\/?)([a-z][a-z0-9-]*)(?:[^>"]|"[^"]*")*?(\/?)>/g)) {
    if (closing) assert.equal(open.pop(), tag, html);
    else if (!closed && !voidTags.has(tag)) open.push(tag);
  }
  assert.deepEqual(open, [], html);
}

/** Scripts and style sheets that the page names are not fetched: its script runs here, where events reach it. */
const settings = {
  disableJavaScriptFileLoading: true,
  disableCSSFileLoading: true,
  handleDisabledFileLoadingAsSuccess: true,
};

/** Opens the page and runs its script. */
export async function open(t: TestContext, { url, get }: Served, path: string): Promise<OpenPage> {
  const at = new URL(path, url);
  const window = new Window({ url: at.href, settings });
  const { text } = await get(path);
  assertClosed(text);
  window.document.write(text);
  const streams: EventSource[] = [];
  const timers: NodeJS.Timeout[] = [];
  t.after(async () => {
    for (const stream of streams) stream.close();
    for (const timer of timers) clearInterval(timer);
    await window.happyDOM.close();
  });
  const { document, location, history, DOMParser } = window;
  const context = createContext({
    document,
    location,
    history,
    DOMParser,
    EventSource: class extends EventSource {
      constructor(to: string) {
        super(new URL(to, at));
        streams.push(this);
      }
    },
    fetch: (to: string, init: RequestInit) => fetch(new URL(to, at), init),
    setInterval: (fn: () => void, ms: number) => timers.push(setInterval(fn, ms)),
    setTimeout,
    URLSearchParams,
  });
  runInContext(readFileSync(new URL('../../src/web/live.js', import.meta.url), 'utf8'), context, {
    filename: 'live.js',
  });
  return { document, search: () => location.search };
}
