// Each fault that the proxy before the API server can make, seen from a client.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { Agent, request } from 'undici';
import { Access } from '../../sandbox/cluster/access.ts';
import { startProxy, type Proxy } from '../../sandbox/cluster/proxy.ts';
import { KillSwitch } from '../../sandbox/mutation-counter.ts';
import { eventually, testCluster, type TestCluster } from '../control-plane.ts';

interface Scene {
  cluster: TestCluster;
  proxy: Proxy;
  /** Through the proxy, as the operator. */
  through: Access;
  killSwitch: KillSwitch;
  configMaps: string;
}

async function scene(t: TestContext): Promise<Scene> {
  const cluster = await testCluster(t);
  const killSwitch = new KillSwitch();
  const proxy = await startProxy({ target: cluster.server, ca: cluster.ca, killSwitch });
  const through = new Access({ server: proxy.url, token: cluster.token });
  t.after(async () => {
    await through.close();
    await proxy.stop();
  });
  return { cluster, proxy, through, killSwitch, configMaps: `/api/v1/namespaces/${cluster.namespace}/configmaps` };
}

function configMap(name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1' } };
}

interface Stream {
  events: { type: string; object: { metadata?: { name?: string }; code?: number } }[];
  /** How it ended. */
  ended: Promise<'end' | 'reset'>;
}

async function watch(t: TestContext, { proxy, cluster, configMaps }: Scene): Promise<Stream> {
  const agent = new Agent();
  t.after(() => agent.destroy());
  const { body } = await request(`${proxy.url}${configMaps}?watch=true`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${cluster.token}` },
  });
  const events: Stream['events'] = [];
  const read = async (): Promise<'end' | 'reset'> => {
    let rest = '';
    try {
      for await (const chunk of body.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        const told = lines.map((line) => JSON.parse(line) as Stream['events'][number]);
        // every namespace gets it, at its own time
        events.push(...told.filter(({ object }) => object.metadata?.name !== 'kube-root-ca.crt'));
      }
      return 'end';
    } catch {
      return 'reset';
    }
  };
  return { events, ended: read() };
}

function sees(stream: Stream, name: string): Promise<true> {
  return eventually(
    `the watch tells ${name}`,
    () => stream.events.some(({ object }) => object.metadata?.name === name) || undefined,
  );
}

test('passes requests, the user and streams through, and remembers what it saw', async (t) => {
  const s = await scene(t);
  const stream = await watch(t, s);
  await s.through.must('POST', s.configMaps, configMap('one'));
  await sees(stream, 'one');
  const review = (await s.through.must('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  })) as { status: { userInfo: { username: string } } };
  assert.equal(review.status.userInfo.username, 'coxswain');
  assert.equal((await s.through.call('GET', '/api/v1/namespaces/nowhere/pods/x')).status, 404);
  assert.deepEqual(
    s.proxy.requests.filter(({ watch: is }) => is).map(({ path }) => path),
    [s.configMaps],
  );
  assert.equal((await new Access({ server: s.proxy.url, token: 'wrong' }).call('GET', s.configMaps)).status, 401);
});

test('counts changes, not dry runs, questions and heartbeats', async (t) => {
  const s = await scene(t);
  await s.through.must('POST', s.configMaps, configMap('one'));
  await s.through.must('POST', `${s.configMaps}?dryRun=All`, configMap('two'));
  await s.through.must('GET', s.configMaps);
  await s.through.must('POST', `/apis/coordination.k8s.io/v1/namespaces/${s.cluster.namespace}/leases`, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'me' },
  });
  await s.through.must('DELETE', `${s.configMaps}/one`);
  assert.deepEqual(s.killSwitch.log, [`POST ${s.configMaps}`, `DELETE ${s.configMaps}/one`]);
});

test('cut resets what is open and serves what comes after', async (t) => {
  const s = await scene(t);
  const stream = await watch(t, s);
  s.proxy.cut();
  assert.equal(await stream.ended, 'reset');
  assert.equal((await s.through.call('GET', s.configMaps)).status, 200);
});

test('down resets everything until up', async (t) => {
  const s = await scene(t);
  s.proxy.down();
  await assert.rejects(s.through.call('GET', s.configMaps));
  s.proxy.up();
  assert.equal((await s.through.call('GET', s.configMaps)).status, 200);
});

test('pause freezes streams and requests without closing anything, resume lets them flow on', async (t) => {
  const s = await scene(t);
  const stream = await watch(t, s);
  s.proxy.pause();
  await s.cluster.access.must('POST', s.configMaps, configMap('unseen'));
  let answered = false;
  const held = s.through.call('GET', s.configMaps).then((answer) => {
    answered = true;
    return answer;
  });
  await eventually(
    'the request has arrived',
    () => s.proxy.requests.some(({ method, watch: is }) => method === 'GET' && !is) || undefined,
  );
  await s.cluster.access.must('GET', s.configMaps); // time enough for an answer to slip through
  assert.equal(answered, false);
  assert.deepEqual(stream.events, []);
  s.proxy.resume();
  assert.equal((await held).status, 200);
  await sees(stream, 'unseen');
});

test('slow makes every request wait', async (t) => {
  const s = await scene(t);
  s.proxy.slow(3_000); // longer than any answer takes on a slow machine
  const slow = s.through.call('GET', s.configMaps).then(() => 'slow');
  const direct = s.cluster.access.call('GET', s.configMaps).then(() => 'direct');
  assert.equal(await Promise.race([slow, direct]), 'direct');
  await slow;
});

for (const { status, reason, retryAfter } of [
  { status: 429, reason: 'TooManyRequests', retryAfter: 7 },
  { status: 410, reason: 'Expired' },
  { status: 403, reason: 'Forbidden' },
  { status: 500, reason: 'InternalError' },
  { status: 503, reason: 'ServiceUnavailable', retryAfter: 1 },
]) {
  test(`answers ${status} to matching requests as often as asked`, async (t) => {
    const s = await scene(t);
    s.proxy.answer({
      status,
      times: 2,
      match: ({ path }) => path === s.configMaps,
      ...(retryAfter !== undefined && { retryAfter }),
    });
    assert.equal((await s.through.call('GET', `/api/v1/namespaces/${s.cluster.namespace}`)).status, 200);
    const { statusCode, headers, body } = await request(`${s.proxy.url}${s.configMaps}`);
    assert.deepEqual([statusCode, headers['retry-after']], [status, retryAfter?.toString()]);
    assert.deepEqual(
      (({ code, reason: why }) => ({ code, why }))((await body.json()) as { code: number; reason: string }),
      { code: status, why: reason },
    );
    assert.equal((await s.through.call('POST', s.configMaps, configMap('one'))).status, status);
    assert.equal((await s.through.call('GET', `${s.configMaps}/one`)).status, 404);
    assert.equal((await s.through.call('GET', s.configMaps)).status, 200);
  });
}

test('expires open watches with an ERROR event', async (t) => {
  const s = await scene(t);
  const stream = await watch(t, s);
  assert.deepEqual(
    s.proxy.watches.map(({ path }) => path),
    [s.configMaps],
  );
  assert.equal(s.proxy.expireWatches(), 1);
  assert.equal(await stream.ended, 'end');
  assert.deepEqual(
    stream.events.map(({ type, object }) => [type, object.code]),
    [['ERROR', 410]],
  );
});

for (const side of ['before', 'after'] as const) {
  test(`kills the client ${side} the API server handles its second change`, async (t) => {
    const s = await scene(t);
    const script = `
      const headers = { authorization: 'Bearer ' + process.env.TOKEN, 'content-type': 'application/json' };
      for (const name of ['one', 'two', 'three']) {
        const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
        await (await fetch(process.env.URL, { method: 'POST', headers, body })).text();
      }`;
    const client = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: 'ignore',
      env: { TOKEN: s.cluster.token, URL: s.proxy.url + s.configMaps },
    });
    const exit = once(client, 'exit');
    s.killSwitch.arm({ n: 2, side, pid: client.pid ?? 0 });
    assert.deepEqual(await exit, [null, 'SIGKILL']);
    const { items } = (await s.cluster.access.must('GET', s.configMaps)) as { items: { metadata: { name: string } }[] };
    const names = items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');
    assert.deepEqual(names, side === 'before' ? ['one'] : ['one', 'two']);
    assert.equal(s.killSwitch.count, 2);
  });
}
