// The web server over a running engine: what it answers, what it never shows, and how it tells of changes.
import type { TestContext } from 'node:test';
import type { Stage } from '../engine/fixture.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createWeb } from '../../src/web/web.ts';
import { stage } from '../engine/fixture.ts';
import { toldMetrics } from '../told-metrics.ts';
import { serve } from './serve.ts';

const config = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: "${value}"\n`;
const secret = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  password: ${value}\n`;
const pages = (s: Stage, name: string): string[] => [
  '/',
  `/applications/${s.namespace}/${name}`,
  '/api/applications',
  `/api/applications/${s.namespace}/${name}`,
  '/metrics',
];

test('when repositories and what ended are looked at next stands on the page and in the metrics', async (t) => {
  const s = await stage(
    t,
    { 'web/a.yaml': config('web', '1') },
    { settings: { 'schedule.resync': '30 4 * * *', 'schedule.timeZone': 'Asia/Kolkata' } },
  );
  const web = await serve(t, s);
  const [resync] = s.schedules.upcoming();
  const at = resync?.next.toISOString() ?? '';
  assert.match(at, /T23:00:00\.000Z$/);
  const { text } = await web.get('/');
  assert.match(
    text,
    /Next looks: <span title="30 4 \* \* \* Asia\/Kolkata">repositories <time datetime="[^"]*T23:00:00.000Z"/,
  );
  assert.match(text, / · <span title="0 \*\/1 \* \* \* UTC">what ended long ago <time /);
  const metrics = (await web.get('/metrics')).text;
  const line = `coxswain_schedule_next_run_timestamp_seconds{schedule="resync"} ${Date.parse(at) / 1000}`;
  assert.ok(metrics.split('\n').includes(line), line);
});

test('what is missing while the rest works stands on each page and at /readyz, ready all the same', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const { get, ready } = await serve(t, s);
  assert.doesNotMatch((await get('/')).text, /Something is missing/);
  ready.without = 'Report is <missing>';
  assert.match((await get('/')).text, /Something is missing[^]*Report is &#60;missing&#62;/);
  const { status, text } = await get('/readyz');
  assert.deepEqual([status, text], [200, 'ok; but Report is <missing>\n']);
});

test('pages, data, health and metrics tell of the applications, with the headers that keep them safe', async (t) => {
  const s = await stage(t, { 'page-web/a.yaml': config('page-a', '1'), 'page-api/b.yaml': config('page-b', '1') });
  const { get, ready } = await serve(t, s);
  assert.match((await get('/')).text, /No applications yet/);
  await s.apply('page-web', { syncPolicy: { automated: {} } });
  await s.apply('page-api');
  await s.until(
    'page-web',
    'Synced',
    (app) => app.status?.sync?.status === 'Synced' && app.status.health?.status === 'Healthy' && !app.operation,
  );
  await s.until('page-api', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');

  const front = await get('/');
  assert.match(
    front.text,
    new RegExp(`<tr id="app-${s.namespace}/page-api"[^]*OutOfSync[^]*<tr id="app-${s.namespace}/page-web"[^]*Synced`),
  );
  const one = await get(`/applications/${s.namespace}/page-api`);
  assert.match(one.text, /<h1>page-api<\/h1>[^]*<span class="add">\+kind: ConfigMap<\/span>/);
  const all = JSON.parse((await get('/api/applications')).text) as { metadata: { name: string } }[];
  assert.deepEqual(all.map((app) => app.metadata.name).toSorted(), ['page-api', 'page-web']);
  const data = JSON.parse((await get(`/api/applications/${s.namespace}/page-web`)).text) as {
    application: { status: { sync: { status: string } } };
    resources: { row: { name: string; status: string }; diff: string }[];
  };
  assert.equal(data.application.status.sync.status, 'Synced');
  assert.deepEqual(
    data.resources.map(({ row, diff }) => [row.name, row.status, diff]),
    [['page-a', 'Synced', '']],
  );

  const metrics = await get('/metrics');
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(
    metrics.text,
    new RegExp(
      `^argocd_app_info\\{namespace="${s.namespace}` +
        '",name="page-web",project="default",autosync_enabled="true",repo="[^"]*",' +
        'dest_server="https://kubernetes\\.default\\.svc",dest_namespace="' +
        `${s.namespace}",sync_status="Synced",health_status="Healthy",operation=""\\} 1$`,
      'm',
    ),
  );
  assert.match(metrics.text, /^coxswain_api_requests_total\{verb="patch"\} [1-9]/m);
  assert.match(
    metrics.text,
    new RegExp(
      `^argocd_app_sync_total\\{namespace="${s.namespace}",name="page-web",project="default",` +
        'dest_server="https://kubernetes\\.default\\.svc",phase="Succeeded",dry_run="false"\\} 1$',
      'm',
    ),
  );
  assert.deepEqual(
    [...metrics.text.matchAll(/^# TYPE ((?:argocd|coxswain|workqueue)_\w+) (\w+)$/gm)]
      .map(([, name, kind]) => ({ name, kind }))
      .sort((one, other) => (one.name ?? '').localeCompare(other.name ?? '')),
    toldMetrics()
      .map(({ name, kind }) => ({ name, kind }))
      .sort((one, other) => one.name.localeCompare(other.name)),
    'docs/reference/metrics.md tells of each',
  );

  assert.deepEqual([(await get('/healthz')).text, (await get('/readyz')).status], ['ok\n', 200]);
  ready.why = 'the live cache is not complete yet';
  const starting = await get('/readyz');
  assert.deepEqual([starting.status, starting.text], [503, 'the live cache is not complete yet\n']);

  const nothing = [
    '/applications/nowhere/web',
    '/applications/a',
    '/applications/a/b/c',
    '/applications/%zz/%',
    '/wp-login.php',
    '/constructor',
    '//evil.example/x',
    '/api/applications/a/b',
    '/api/other',
  ];
  for (const path of nothing) assert.equal((await get(path)).status, 404, path);
  for (const path of [
    ...pages(s, 'page-web'),
    ...nothing,
    '/style.css',
    '/live.js',
    '/icon.svg',
    '/healthz',
    '/readyz',
  ]) {
    const { headers } = await get(path);
    assert.match(
      headers.get('content-security-policy') ?? '',
      /^default-src 'none'; style-src 'self'; script-src 'self';.*frame-ancestors 'none'$/,
      path,
    );
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('access-control-allow-origin'), null, path);
  }
});

test('nothing can be changed by a request, and HEAD answers without a body', async (t) => {
  const s = await stage(t, { 'page-ro/a.yaml': config('page-ro', '1') });
  const { get } = await serve(t, s);
  await s.apply('page-ro');
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await get(`/api/applications/${s.namespace}/page-ro`, { method });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], method);
  }
  const head = await get('/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.ok(Number(head.headers.get('content-length')) > 0 || head.headers.get('content-encoding') === 'gzip');
});

test('no value of a Secret is on any page, in any data or metric: synced, in Git, or edited by hand', async (t) => {
  const s = await stage(t, { 'page-secret/login.yaml': secret('hunter1') });
  const { get } = await serve(t, s);
  await s.apply('page-secret', { syncPolicy: { automated: {} } });
  const login = { group: '', kind: 'Secret', namespace: s.namespace, name: 'login' };
  const values = ['hunter1', 'hunter2', 'hunter3'].flatMap((value) => [value, Buffer.from(value).toString('base64')]);
  const isMasked = async (): Promise<string[]> => {
    const texts = await Promise.all(pages(s, 'page-secret').map(async (path) => (await get(path)).text));
    for (const text of texts) for (const value of values) assert.ok(!text.includes(value), `${value} is shown`);
    return texts;
  };
  await s.until('page-secret', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  await isMasked();
  await s.cluster.api.patch(login, {
    type: 'merge',
    patch: { data: { password: Buffer.from('hunter3').toString('base64') } },
    manager: 'kubectl-edit',
  });
  await s.untilStore('an episode', () =>
    s.store.episodes.list().find((item) => item.status?.phase === 'Open' && item.status.objects.length > 0),
  );
  const [, edited = ''] = await isMasked();
  assert.match(edited, /Changed in the cluster, not in Git[^]*data\.password/);
  s.commit({ 'page-secret/login.yaml': secret('hunter2') });
  await s.store.applications.patch(`${s.namespace}/page-secret`, { spec: { syncPolicy: null } });
  await s.engine.onPush(s.url);
  await s.until('page-secret', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  const [, changed = ''] = await isMasked();
  assert.match(changed, /<span class="add">\+ {2}password: \++<\/span>/);
});

test('what an Application says in confidence is on no page: parameters, annotations, credentials', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const { get } = await serve(t, s);
  await s.project('narrow', {}, { sourceRepos: ['https://elsewhere.example/*'] });
  const source = {
    repoURL: 'https://bot:hunter1@git.example/acme/infra.git',
    path: 'web',
    helm: { parameters: [{ name: 'password', value: 'hunter2' }], values: 'password: hunter3' },
  };
  await s.apply(
    'page-told',
    { project: 'narrow', sources: [source], info: [{ name: 'note', value: 'hunter4' }] },
    { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"password":"hunter5"}' } },
  );
  await s.until('page-told', 'not permitted', (app) =>
    JSON.stringify(app.status?.conditions ?? []).includes('hunter1'),
  );
  await s.store.applications.patch(`${s.namespace}/page-told`, {
    status: {
      history: [
        {
          id: 0,
          revision: 'a'.repeat(40),
          deployedAt: '2026-01-01T00:00:00Z',
          deployStartedAt: '2026-01-01T00:00:00Z',
          source,
        },
      ],
      operationState: {
        phase: 'Failed',
        message: 'https://bot:hunter1@git.example refused',
        startedAt: '2026-01-01T00:00:00Z',
        operation: { sync: { source } },
        syncResult: { revision: 'a'.repeat(40), source },
      },
    },
  });
  const texts = await Promise.all(pages(s, 'page-told').map(async (path) => (await get(path)).text));
  for (const text of texts) assert.doesNotMatch(text, /hunter/);
  const [, page = '', list = '[]'] = texts;
  assert.match(
    page,
    /application repo https:\/\/\*\*\*@git\.example\/acme\/infra\.git is not permitted in project &#39;narrow&#39;/,
  );
  const [told] = JSON.parse(list) as { spec: unknown; status: { history: unknown } }[];
  assert.deepEqual(told?.spec, {
    project: 'narrow',
    destination: { server: 'https://kubernetes.default.svc', namespace: s.namespace },
    source: { repoURL: s.url, path: 'page-told', targetRevision: 'main' },
    sources: [{ path: 'web', repoURL: 'https://git.example/acme/infra.git' }],
  });
});

/** Reads a stream of events; `until` resolves with all messages as soon as one of them fits. */
async function listen(
  t: TestContext,
  url: string,
): Promise<{ until(test: (keys: string[]) => boolean): Promise<string[][]>; done: Promise<void> }> {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const answer = await fetch(`${url}/events`, { signal: abort.signal });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const messages: string[][] = [];
  const waiting = new Set<() => void>();
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) if (block.startsWith('data: ')) messages.push(JSON.parse(block.slice(6)) as string[]);
      for (const look of waiting) look();
    }
  };
  const done = read().catch(() => undefined);
  return {
    done,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no such message in ${JSON.stringify(messages)}`)), 10_000);
        const look = (): void => {
          if (!messages.some(fits)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(messages);
        };
        waiting.add(look);
        look();
      }),
  };
}

test('an open page is told which applications changed, many changes in few messages', async (t) => {
  const s = await stage(t, { 'page-live/a.yaml': config('page-live', '1') });
  const { url } = await serve(t, s);
  const one = await listen(t, url);
  const two = await listen(t, url);
  await s.apply('page-live', { syncPolicy: { automated: {} } });
  const key = `${s.namespace}/page-live`;
  await one.until((keys) => keys.includes(key));
  await two.until((keys) => keys.includes(key));
  await s.until('page-live', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  let changes = 0;
  s.store.applications.onChange(() => void (changes += 1));
  const many = Array.from({ length: 60 }, (_, index) => `page-many-${index}`);
  await Promise.all(
    many.map((name) => s.apply(name, {}, { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } })),
  );
  // Where very many come at once, `*` stands for all of them.
  const messages = await one.until((keys) => keys.includes('*') || keys.includes(`${s.namespace}/page-many-59`));
  assert.ok(changes >= 60);
  assert.ok(messages.length < changes, `${messages.length} messages for ${changes} changes`);
});

test('the server ends its streams when it stops, and forgets pages that are closed', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const web = createWeb({
    setup: {
      setup: undefined,
      status: undefined,
      publicUrl: '',
      onSetUp: () => undefined,
      installation: async () => [],
    },
    store: s.store,
    resources: () => Promise.resolve([]),
    descendants: () => Promise.resolve(undefined),
    upcoming: () => [],
    metrics: () => Promise.resolve({ type: '', body: '' }),
    notReady: () => undefined,
  });
  const server = createServer((request, response) => void web.page(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const { done } = await listen(t, `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
  web.stop();
  await done;
  await new Promise((resolve) => server.close(resolve));
});
