// Another cluster behind the same URL: what was approved, synced or agreed to for the former one says nothing of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { AddressInfo } from 'node:net';
import type { TestCluster } from '../control-plane.ts';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { test } from 'node:test';
import { approvalIn, approvalsOf, automated, config, operate, push, synced } from './manifests.ts';
import { ownCluster, testCluster } from '../control-plane.ts';
import { stage } from './fixture.ts';
import { agree, agreeTo, bob, carol, closed, gate } from './approval/fixture.ts';

/** A URL that leads to one cluster, then to another: requests are passed on as its operator. */
class Front {
  to: TestCluster;
  url = '';
  /** Nobody may read kube-system there. */
  hidesIdentity = false;
  /** Called when a request has been answered. */
  answered: (method: string, path: string) => void = () => undefined;
  readonly #server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  readonly #open = new Set<ServerResponse>();

  constructor(to: TestCluster) {
    this.to = to;
  }

  async start(t: TestContext): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    t.after(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
  }

  /** `breaks`: watches end with it, as where a load balancer is switched over. */
  move(to: TestCluster, { breaks }: { breaks: boolean }): void {
    this.to = to;
    if (breaks) for (const response of this.#open) response.destroy();
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/' } = incoming;
    if (this.hidesIdentity && url.startsWith('/api/v1/namespaces/kube-system')) {
      outgoing.writeHead(403, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 }));
      return;
    }
    const { server, ca, token } = this.to;
    this.#open.add(outgoing);
    outgoing.on('close', () => this.#open.delete(outgoing));
    const headers = { ...incoming.headers, authorization: `Bearer ${token}`, host: new URL(server).host };
    const onward = secureRequest(new URL(url, server), { method, ca, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('end', () => this.answered(method, url));
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}

/** An HTTP proxy that leads every connection to the cluster behind it, whatever is asked for. */
async function proxyTo(t: TestContext, { server }: TestCluster): Promise<string> {
  const proxy = createServer();
  proxy.on('connect', (_request, client) => {
    const onward = connect(Number(new URL(server).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    for (const [one, other] of [
      [onward, client],
      [client, onward],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    t.after(() => onward.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function register(s: Stage, server: string, config: Record<string, unknown>): Promise<void> {
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'cluster-far',
        namespace: s.namespace,
        labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
      },
      stringData: { name: 'far', server, config: JSON.stringify(config) },
    },
    { manager: 'test' },
  );
}

interface Two {
  s: Stage;
  /** The cluster that is there at first; it runs nothing else. */
  one: TestCluster;
  /** The one that comes to be behind its URL. */
  two: TestCluster;
  namespace: string;
  valueAt: (cluster: TestCluster, name?: string) => Promise<unknown>;
}

async function clusters(
  t: TestContext,
  files: Record<string, string>,
  argocd: Record<string, string> = {},
): Promise<Two> {
  const [s, one, two] = await Promise.all([stage(t, files, { argocd }), ownCluster(t), testCluster(t)]);
  s.authors.list = [{ login: 'ana', id: 1 }];
  const { namespace } = one;
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { manager: 'test' },
  );
  t.after(() => two.access.call('DELETE', `/api/v1/namespaces/${namespace}`).catch(() => undefined));
  const valueAt = async ({ access }: TestCluster, name = 'far'): Promise<unknown> => {
    const { status, body } = await access.call('GET', `/api/v1/namespaces/${namespace}/configmaps/${name}`);
    return status === 200 ? (body as { data: { value: string } }).data.value : undefined;
  };
  return { s, one, two, namespace, valueAt };
}

interface Moving extends Two {
  front: Front;
  /** Of the clusters, as an Approval names them. */
  is: (cluster: TestCluster) => Promise<string>;
}

/** `prod`, gated, on the cluster behind a URL that can be led elsewhere. */
async function moving(
  t: TestContext,
  {
    files = { 'prod/a.yaml': config('far', '1') },
    project = {},
    spec = {},
    metadata = {},
    hidden = false,
    argocd = {},
  } = {},
): Promise<Moving> {
  const both = await clusters(t, files, argocd);
  const { s, one, namespace } = both;
  const front = new Front(one);
  front.hidesIdentity = hidden;
  await front.start(t);
  await register(s, front.url, { bearerToken: 'any' });
  await s.project('gated', gate, { destinations: [{ server: '*', namespace }], ...project });
  await s.apply('prod', { project: 'gated', destination: { name: 'far', namespace }, ...spec }, metadata);
  const is = async ({ access }: TestCluster): Promise<string> =>
    ((await access.must('GET', '/api/v1/namespaces/kube-system')) as { metadata: { uid: string } }).metadata.uid;
  return { ...both, front, is };
}

test('what was agreed to for one cluster is not applied to another one that answers at its URL', async (t) => {
  const { s, front, one, two, namespace, valueAt, is } = await moving(t, { project: closed });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(asked.spec.destination, { server: front.url, namespace, cluster: await is(one) });
  await agreeTo(s, 'prod');
  await approvalIn(s, 'prod', 'Approved');
  front.move(two, { breaks: false }); // nothing of what is watched tells of it
  await s.project('gated', gate, { destinations: [{ server: '*', namespace }] });
  const anew = await approvalIn(s, 'prod', 'Pending');
  assert.deepEqual(anew.spec.destination, { server: front.url, namespace, cluster: await is(two) });
  assert.equal(
    (await approvalIn(s, 'prod', 'Superseded')).status?.message,
    `it was asked for another cluster than the one that answers at ${front.url} now`,
  );
  assert.deepEqual([await valueAt(one), await valueAt(two)], [undefined, undefined]);
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  assert.deepEqual([await valueAt(one), await valueAt(two)], [undefined, '1']);
});

test('what was synced to one cluster is neither put back nor synced again in another one at its URL', async (t) => {
  const { s, front, one, two, valueAt, is } = await moving(t, {
    spec: { syncPolicy: automated },
    argocd: { 'timeout.reconciliation': '1s' },
  });
  await agreeTo(s, 'prod');
  const app = await synced(s, 'prod');
  front.move(two, { breaks: true });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal(asked.spec.destination?.cluster, await is(two));
  await operate(s, 'prod', { sync: { revision: app.status?.history?.at(-1)?.revision ?? '' } });
  await s.until(
    'prod',
    'refused',
    ({ operation, status }) =>
      operation === undefined &&
      status?.operationState?.message === `approval required: Approval/${asked.metadata.name}`,
  );
  assert.equal(await valueAt(two), undefined);
  front.move(one, { breaks: true });
  await approvalIn(s, 'prod', 'Superseded', ({ metadata }) => metadata.name === asked.metadata.name);
  await synced(s, 'prod');
  assert.deepEqual(
    approvalsOf(s, 'prod').filter(({ status }) => status?.phase === 'Pending'),
    [],
  );
});

test('a sync whose URL leads to another cluster before its next wave stops there', async (t) => {
  const wave = (name: string, at: number): string => config(name, '1', `argocd.argoproj.io/sync-wave: "${at}"`);
  const files = { 'prod/a.yaml': wave('far', 0), 'prod/b.yaml': wave('next', 1) };
  const { s, front, one, two, valueAt, is } = await moving(t, { files });
  await approvalIn(s, 'prod', 'Pending');
  front.answered = (method, path) => {
    if (method === 'PATCH' && path.includes('/configmaps/far?') && !path.includes('dryRun'))
      front.move(two, { breaks: false });
  };
  await agreeTo(s, 'prod');
  const asked = await approvalIn(s, 'prod', 'Pending', ({ metadata }) => metadata.name !== '');
  assert.equal(asked.spec.destination?.cluster, await is(two));
  await s.until('prod', 'stopped', ({ operation, status }) => !operation && status?.operationState?.phase === 'Failed');
  assert.deepEqual(
    [await valueAt(one), await valueAt(one, 'next'), await valueAt(two), await valueAt(two, 'next')],
    ['1', undefined, undefined, undefined],
  );
});

/** As where the second cluster is made anew from a backup of the first. */
async function restore({ one, two, namespace }: Two): Promise<void> {
  const { metadata, ...kept } = (await one.access.must('GET', `/api/v1/namespaces/${namespace}/configmaps/far`)) as {
    metadata: { annotations: Record<string, string> };
  };
  const copy = { ...kept, metadata: { name: 'far', annotations: metadata.annotations } };
  await two.access.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, copy);
}

const finalizers = ['resources-finalizer.argocd.argoproj.io'];

test('a deletion that was agreed to in one cluster deletes nothing in another one at its URL', async (t) => {
  const m = await moving(t, { metadata: { finalizers } });
  const { s, front, one, two, valueAt, is } = m;
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  await restore(m);
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' });
  await approvalIn(s, 'prod', 'Pending');
  assert.equal((await agree(s, bob)).done, true);
  front.move(two, { breaks: false });
  assert.equal((await agree(s, carol)).done, true);
  const other = await is(two);
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.destination?.cluster === other);
  assert.deepEqual([await valueAt(one), await valueAt(two)], ['1', '1']);
});

test('nor does the end of an Application that was agreed to with its parent', async (t) => {
  const m = await moving(t, { metadata: { finalizers } });
  const { s, front, one, two, namespace, valueAt, is } = m;
  const source = `{repoURL: "${s.url}", path: prod, targetRevision: main}`;
  const manifest =
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' +
    `metadata: {name: prod, finalizers: [${finalizers.join()}]}\n` +
    `spec: {project: gated, destination: {name: far, namespace: ${namespace}}, source: ${source}}\n`;
  await push(s, { 'root/prod.yaml': manifest, 'root/kept.yaml': config('kept', '1') });
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  await s.apply('root', { syncPolicy: automated });
  await synced(s, 'root');
  await restore(m);
  await push(s, { 'root/prod.yaml': undefined });
  await approvalIn(s, 'root', 'Pending');
  front.move(two, { breaks: false });
  await agreeTo(s, 'root');
  const other = await is(two);
  await approvalIn(s, 'prod', 'Pending', ({ spec }) => spec.destination?.cluster === other);
  assert.deepEqual([await valueAt(one), await valueAt(two)], ['1', '1']);
});

test('a cluster that hides who it is, and did not before, is not taken for the former one', async (t) => {
  const { s, front, two, valueAt } = await moving(t);
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  front.hidesIdentity = true;
  front.move(two, { breaks: false });
  await operate(s, 'prod', { sync: {} });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.match(asked.spec.destination?.cluster ?? '', /^[0-9a-f]{64}$/);
  assert.equal(await valueAt(two), undefined);
});

test('a URL that a proxy leads to another cluster is another destination', async (t) => {
  const { s, one, two, namespace, valueAt } = await clusters(t, { 'prod/a.yaml': config('far', '1') });
  const access = (cluster: TestCluster): Record<string, unknown> => ({
    bearerToken: cluster.token,
    tlsClientConfig: { caData: Buffer.from(cluster.ca).toString('base64') },
  });
  await register(s, one.server, { ...access(one), proxyUrl: await proxyTo(t, one) });
  await s.project('gated', gate, { destinations: [{ server: '*', namespace }] });
  await s.apply('prod', { project: 'gated', destination: { name: 'far', namespace } });
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  assert.equal(await valueAt(one), '1');
  await register(s, one.server, { ...access(two), proxyUrl: await proxyTo(t, two) });
  const asked = await approvalIn(s, 'prod', 'Pending');
  assert.equal(asked.spec.destination?.server, one.server);
  assert.equal(await valueAt(two), undefined);
});

test('where nobody may read who a cluster is, another way counts as another one, another login does not', async (t) => {
  const { s, front, one, valueAt } = await moving(t, { hidden: true });
  await agreeTo(s, 'prod');
  await synced(s, 'prod');
  await register(s, front.url, { bearerToken: 'renewed' });
  await s.untilStore('the login', () => {
    const entry = s.store.settings().clusters.find(({ server }) => server === front.url);
    return entry?.config['bearerToken'] === 'renewed' ? true : undefined;
  });
  const path = `/api/v1/namespaces/${one.namespace}/configmaps/far`;
  await one.access.must('DELETE', path);
  await s.until('prod', 'missing', ({ status }) => status?.sync?.status === 'OutOfSync');
  await operate(s, 'prod', { sync: {} });
  await synced(s, 'prod');
  assert.deepEqual([await valueAt(one), approvalsOf(s, 'prod').length], ['1', 1], 'nobody is asked anew');
  await register(s, front.url, { bearerToken: 'renewed', tlsClientConfig: { serverName: 'other' } });
  await one.access.must('DELETE', path);
  await approvalIn(s, 'prod', 'Pending');
  assert.equal(await valueAt(one), undefined);
});
