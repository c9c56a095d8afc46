// What a watch makes of what comes over the wire, from a server that says exactly what the test wants.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import type { ApiResource } from '../../src/cluster/discovery/discovery.ts';
import type { WatchSink } from '../../src/cluster/watch/watch-options.ts';
import type { WatchTiming } from '../../src/cluster/watch/watch-timing.ts';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { SteppedClock, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Semaphore } from '../../src/base/semaphore.ts';
import { ObjectStore } from '../../src/cluster/watch/object-store.ts';
import { Transport } from '../../src/cluster/wire/transport.ts';
import { Reflector } from '../../src/cluster/watch/reflector.ts';
import { defaultTiming } from '../../src/cluster/watch/watch-timing.ts';
import { quick } from './connect.ts';

const resource: ApiResource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: ['list', 'watch'],
  shortNames: [],
  hasStatus: false,
  hasScale: false,
};

type Answer = (response: ServerResponse, query: URLSearchParams) => void;

interface Told {
  store: ObjectStore<string>;
  log: string[];
  queries: URLSearchParams[];
  /** Resolves when this line has been told; `asked <n>`: when the n-th request is there. */
  until(line: string): Promise<void>;
}

/** Each request gets the next answer; the last one serves all further requests. */
async function watchOf(
  t: TestContext,
  answers: Answer[],
  timing: Partial<WatchTiming> = {},
  clock: Clock = systemClock,
): Promise<Told> {
  const queries: URLSearchParams[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://x');
    queries.push(searchParams);
    for (const look of waiting) look();
    (answers[queries.length - 1] ?? answers.at(-1))?.(response, searchParams);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const transport = new Transport({
    config: { server: `http://127.0.0.1:${port}` },
    clock: systemClock,
    log: silentLogger(),
    random: Math.random,
    connections: 4,
  });
  const store = new ObjectStore<string>();
  const log: string[] = [];
  const tell = (line: string): void => {
    log.push(line);
    for (const look of waiting) look();
  };
  const sink: WatchSink = {
    listing: () => (store.begin(), tell('listing')),
    listed: ({ metadata: { name = '', resourceVersion = '' } }) =>
      void store.put(name, resourceVersion, 'list', () => resourceVersion),
    complete: (version) => {
      const gone = store.end(version);
      tell(`complete ${version}, gone ${gone.length}`);
    },
    changed: ({ metadata: { name = '', resourceVersion = '' } }, json) => (
      store.put(name, resourceVersion, 'event', () => resourceVersion),
      tell(`changed ${name} ${JSON.stringify(JSON.parse(json()).metadata.name)}`)
    ),
    gone: ({ metadata: { name = '', resourceVersion = '' } }) => (
      store.remove(name, resourceVersion),
      tell(`gone ${name}`)
    ),
    reached: (version) => (store.advance(version), tell(`reached ${version}`)),
    problem: (error) => tell(error ? `problem ${error.message}` : 'works'),
  };
  const options = {
    transport,
    resource,
    metadataOnly: false,
    sink,
    clock,
    random: Math.random,
    timing: { ...defaultTiming, ...quick, ...timing },
    log: silentLogger(),
    turns: new Semaphore(1),
  };
  const watch = new Reflector(options);
  watch.start();
  t.after(async () => {
    await watch.stop();
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  const until = (line: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!log.includes(line) && !queries.some((_, index) => line === `asked ${index + 1}`)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { store, log, queries, until };
}

function event(type: string, name: string, version: number): string {
  return (
    JSON.stringify({
      type,
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'a', uid: name, resourceVersion: String(version) },
      },
    }) + '\n'
  );
}

function bookmark(version: number, end = false): string {
  const annotations = end ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return (
    JSON.stringify({
      type: 'BOOKMARK',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion: String(version), ...annotations } },
    }) + '\n'
  );
}

function status(code: number, message = 'no'): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'X',
    message,
    code,
  });
}

function stream(...lines: string[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const line of lines) response.write(line);
  };
}

function ending(...lines: string[]): Answer {
  return (response) => response.writeHead(200).end(lines.join(''));
}

test('a streamed list goes over into the watch on the same connection', async (t) => {
  const w = await watchOf(t, [
    stream(
      event('ADDED', 'a', 1),
      event('ADDED', 'b', 2),
      bookmark(5, true),
      event('MODIFIED', 'a', 6),
      event('DELETED', 'b', 7),
      bookmark(9),
    ),
  ]);
  await w.until('reached 9');
  assert.deepEqual(w.log, ['listing', 'complete 5, gone 0', 'works', 'changed a "a"', 'gone b', 'reached 9']);
  assert.deepEqual([...w.store.entries()], ['6']);
  const query = w.queries[0];
  assert.deepEqual(
    [
      query?.get('sendInitialEvents'),
      query?.get('resourceVersionMatch'),
      query?.get('allowWatchBookmarks'),
      query?.get('resourceVersion'),
    ],
    ['true', 'NotOlderThan', 'true', null],
  );
  assert.equal(w.queries.length, 1);
});

test('what happened since an old state may be told within the listing', async (t) => {
  const w = await watchOf(t, [
    stream(
      event('ADDED', 'a', 1),
      event('ADDED', 'b', 2),
      event('MODIFIED', 'a', 3),
      event('DELETED', 'b', 4),
      bookmark(5, true),
    ),
  ]);
  await w.until('complete 5, gone 0');
  assert.deepEqual([...w.store.entries()], ['3']);
});

test('after an end in good order the watch goes on from the last bookmark or event', async (t) => {
  const w = await watchOf(t, [
    ending(bookmark(5, true), event('ADDED', 'a', 6)),
    ending(bookmark(8)),
    stream(event('ADDED', 'z', 9)),
  ]);
  await w.until('changed z "z"');
  assert.deepEqual(w.queries.map((query) => query.get('resourceVersion')).slice(0, 3), [null, '6', '8']);
  assert.equal(w.log.filter((line) => line === 'listing').length, 1);
});

for (const [what, expire] of [
  ['as an ERROR event', ending(`{"type":"ERROR","object":${status(410)}}\n`)],
  [
    'as a status',
    ((response) => response.writeHead(410, { 'content-type': 'application/json' }).end(status(410))) satisfies Answer,
  ],
] as const) {
  test(`410 ${what} lists anew, and what vanished meanwhile is told as gone`, async (t) => {
    const w = await watchOf(t, [
      ending(event('ADDED', 'a', 1), event('ADDED', 'b', 2), bookmark(5, true)),
      expire,
      stream(event('ADDED', 'b', 8), bookmark(9, true)),
    ]);
    await w.until('complete 9, gone 1');
    assert.deepEqual([...w.store.entries()], ['8']);
    assert.ok(!w.log.some((line) => line.startsWith('problem')));
  });
}

test('a line that cannot be read lists anew', async (t) => {
  const w = await watchOf(t, [
    stream(event('ADDED', 'a', 1), bookmark(5, true), '{"type":"MODIFIED","object":{"metad\n'),
    stream(event('ADDED', 'a', 7), bookmark(9, true)),
  ]);
  await w.until('complete 9, gone 0');
  assert.deepEqual([...w.store.entries()], ['7']);
});

test('a listing that breaks off begins again, and nothing is told as gone before one is complete', async (t) => {
  const cutOff: Answer = (response) => {
    response.writeHead(200);
    response.write(event('ADDED', 'a', 1), () => response.socket?.resetAndDestroy());
  };
  const w = await watchOf(t, [cutOff, stream(event('ADDED', 'b', 2), bookmark(5, true))]);
  await w.until('complete 5, gone 1');
  assert.equal(w.log.filter((line) => line === 'listing').length, 2);
});

test('a server without streamed lists is listed in pages, and then watched', async (t) => {
  const refuse: Answer = (response) => response.writeHead(422).end(status(422, 'sendInitialEvents: Forbidden'));
  const page =
    (names: string[], next?: string): Answer =>
    (response) =>
      response.writeHead(200).end(
        JSON.stringify({
          kind: 'ConfigMapList',
          metadata: { resourceVersion: '5', continue: next },
          items: names.map((name) => ({ metadata: { name, uid: name, resourceVersion: '1' } })),
        }),
      );
  const w = await watchOf(t, [refuse, page(['a', 'b'], 'more'), page(['c']), stream(event('DELETED', 'c', 6))]);
  await w.until('gone c');
  assert.deepEqual(
    w.queries.map((query) => [query.get('limit'), query.get('continue'), query.get('resourceVersion')]),
    [
      [null, null, null],
      ['500', null, null],
      ['500', 'more', null],
      [null, null, '5'],
    ],
  );
  assert.equal(w.store.size, 2);
  assert.ok(!w.log.some((line) => line.startsWith('problem')));
});

test('a page list whose continuation expired begins again', async (t) => {
  const refuse: Answer = (response) => response.writeHead(400).end(status(400));
  const page =
    (name: string, next?: string): Answer =>
    (response) =>
      response.writeHead(200).end(
        JSON.stringify({
          metadata: { resourceVersion: '5', continue: next },
          items: [{ metadata: { name, uid: name, resourceVersion: '1' } }],
        }),
      );
  const expired: Answer = (response) => response.writeHead(410).end(status(410));
  const w = await watchOf(t, [refuse, page('a', 'more'), expired, page('b'), stream(bookmark(6))]);
  await w.until('reached 6');
  assert.equal(w.store.get('b'), '1');
  assert.equal(w.store.get('a'), undefined);
});

test('a connection that says nothing is given up and made anew', async (t) => {
  const w = await watchOf(t, [stream(bookmark(5, true)), stream(event('ADDED', 'a', 6))], { idleMs: 100 });
  await w.until('changed a "a"');
  assert.equal(w.queries[1]?.get('resourceVersion'), '5');
});

test('where nothing is ever said, a connection is given up ever more rarely, until something is', async (t) => {
  const clock = new SteppedClock();
  const silent: Answer = (response) => response.writeHead(200).flushHeaders();
  const w = await watchOf(
    t,
    [stream(bookmark(5, true)), silent, silent, silent, stream(event('ADDED', 'a', 6)), silent],
    { idleMs: 100, maxLifeMs: 300 },
    clock,
  );
  const said: Record<number, string> = { 1: 'complete 5, gone 0', 5: 'changed a "a"' };
  for (const [index, patienceMs] of [100, 200, 300, 300, 300, 200].entries()) {
    await w.until(said[index + 1] ?? `asked ${index + 1}`);
    clock.step(patienceMs - 1);
    assert.equal(w.queries.length, index + 1, `connection ${index + 1} has ${patienceMs} ms`);
    clock.step(1);
    await w.until(`asked ${index + 2}`);
  }
});

test('failures are told once there are any, and are over when the watch works again', async (t) => {
  const broken: Answer = (response) => response.writeHead(500).end(status(500, 'conversion webhook failed'));
  const w = await watchOf(t, [broken, broken, stream(bookmark(5, true))]);
  await w.until('works');
  assert.equal(w.log.filter((line) => line === 'problem conversion webhook failed').length, 2);
});

test('a version that the server cannot serve any more is given up after a few failures', async (t) => {
  const tooLarge: Answer = (response) => response.writeHead(504).end(status(504, 'Too large resource version'));
  const w = await watchOf(t, [
    ending(event('ADDED', 'a', 99), bookmark(100, true)),
    tooLarge,
    tooLarge,
    tooLarge,
    tooLarge,
    stream(event('ADDED', 'a', 7), bookmark(9, true)),
  ]);
  await w.until('complete 9, gone 0');
  assert.deepEqual([...w.store.entries()], ['7'], 'a restored server begins at a lower version');
});
