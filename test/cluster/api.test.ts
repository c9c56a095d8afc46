// The API client against a real API server.
import type { Api } from '../../src/cluster/api.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiError, isStatus } from '../../src/cluster/api-error.ts';
import { isObject } from '../../src/model/kube.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { configMap, configMapKey, connect, connectThroughProxy, crd } from './connect.ts';

function secret(namespace: string, name: string, data: unknown): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', data };
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  throw new Error('it did not fail');
}

test('an object is created, read, applied, patched and deleted, under its preconditions', async (t) => {
  const c = await testCluster(t);
  const { namespace } = c;
  const { api } = await connect(t, c);
  const key = configMapKey(namespace, 'a');
  assert.equal(await api.get(key), undefined);
  const created = await api.create(configMap(namespace, 'a', { data: { x: '1' } }));
  assert.deepEqual((await api.get(key))?.['data'], { x: '1' });
  const applied = await api.apply(configMap(namespace, 'a', { data: { x: '2' } }));
  assert.deepEqual(applied['data'], { x: '2' });
  assert.equal(
    (await api.apply(configMap(namespace, 'a', { data: { x: '2' } }))).metadata.resourceVersion,
    applied.metadata.resourceVersion,
    'an apply that changes nothing keeps the version',
  );
  const predicted = await api.apply(configMap(namespace, 'a', { data: { x: '3' } }), { dryRun: true });
  assert.deepEqual(predicted['data'], { x: '3' });
  assert.deepEqual((await api.get(key))?.['data'], { x: '2' });
  await api.patch(key, {
    type: 'json',
    patch: [
      { op: 'test', path: '/data/x', value: '2' },
      { op: 'add', path: '/data/y', value: '1' },
    ],
  });
  await api.patch(key, { type: 'merge', patch: { data: { x: null } } });
  const now = await api.get(key);
  assert.deepEqual(now?.['data'], { y: '1' });
  assert.ok(isStatus(await failureOf(api.replace({ ...configMap(namespace, 'a'), metadata: created.metadata })), 409));
  assert.equal((await failureOf(api.delete(key, { uid: 'another' }))).status, 409);
  assert.equal(await api.delete(key, { uid: created.metadata.uid ?? '' }), true);
  assert.equal(await api.delete(key), false);
  const { create, apply, dryRun, patch } = api.counts;
  assert.deepEqual({ create, apply, dryRun, patch }, { create: 1, apply: 2, dryRun: 1, patch: 2 });
});

test('a list of more than one page comes whole, and of metadata alone on request', async (t) => {
  const c = await testCluster(t);
  const { api } = await connect(t, c);
  const names = Array.from({ length: 510 }, (_, i) => `m${i}`);
  await inParallel(names, (name) => api.create(configMap(c.namespace, name, { data: { big: 'x' } })));
  const all = await api.list({ group: '', kind: 'ConfigMap' }, { namespace: c.namespace });
  const found = all.filter((object) => object.metadata.name?.startsWith('m'));
  assert.equal(found.length, 510);
  assert.deepEqual([found[0]?.apiVersion, found[0]?.kind, found[0]?.['data']], ['v1', 'ConfigMap', { big: 'x' }]);
  assert.equal(api.counts.list, 2);
  const [slim] = await api.list({ group: '', kind: 'ConfigMap' }, { namespace: c.namespace, metadataOnly: true });
  assert.equal(slim?.['data'], undefined);
});

async function inParallel<T>(items: T[], fn: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let item = rest.pop(); item !== undefined; item = rest.pop()) await fn(item);
    }),
  );
}

test('a Secret that does not fit the schema is told by field paths, never by a value, and not retried', async (t) => {
  const c = await testCluster(t);
  const { api } = await connect(t, c);
  const value = 'hunter2-value-of-a-secret';
  const wrong: [string, KubeObject, RegExp][] = [
    ['a list for a string', secret(c.namespace, 's', { password: [value] }), /\.data\.password/],
    ['a number', secret(c.namespace, 's', { password: 4711 }), /./],
    ['no base64', secret(c.namespace, 's', { password: value }), /./],
    ['an unknown field', { ...secret(c.namespace, 's', {}), dataa: { password: value } }, /\.dataa/],
  ];
  for (const [what, object, expected] of wrong) {
    const before = api.counts.apply + api.counts.dryRun;
    const error = await failureOf(
      api.apply(object, { dryRun: what !== 'a list for a string', fieldValidation: 'Strict' }),
    );
    assert.equal(error.code, 'E_MANIFEST', `${what}: ${error.status} ${error.message}`);
    assert.equal(error.kind, 'terminal');
    assert.match(error.message, expected, what);
    assert.doesNotMatch(
      JSON.stringify([error, error.message, error.stack, error.causes, error.cause]),
      /hunter2|4711/,
      what,
    );
    // An unknown field hides others, which are looked for.
    if (what !== 'an unknown field')
      assert.equal(api.counts.apply + api.counts.dryRun, before + 1, 'it was asked once');
  }
});

test('a manifest of another kind that cannot be read tells its field and is not retried', async (t) => {
  const c = await testCluster(t);
  const { api } = await connect(t, c);
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: c.namespace },
    spec: { replicas: 'three' },
  };
  const error = await failureOf(api.apply(deployment));
  assert.deepEqual([error.code, error.causes.map((cause) => cause.field)], ['E_MANIFEST', ['.spec.replicas']]);
  const unknown = await failureOf(api.apply({ ...deployment, spec: { replica: 3 } }));
  assert.deepEqual([unknown.code, unknown.causes.map((cause) => cause.field)], ['E_MANIFEST', ['.spec.replica']]);
  const invalid = await failureOf(
    api.apply({
      ...deployment,
      spec: {
        replicas: -1,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    }),
  );
  assert.deepEqual([invalid.status, invalid.kind, invalid.causes[0]?.field], [422, 'terminal', 'spec.replicas']);
});

test('kinds are found in every version, and an unknown one costs one question', async (t) => {
  const c = await testCluster(t);
  const { api, discovery } = await connect(t, c);
  assert.match(discovery.version, /^1\.\d+\./);
  assert.equal(discovery.resourceOf({ group: 'autoscaling', kind: 'HorizontalPodAutoscaler' })?.version, 'v2');
  assert.equal(
    discovery.resourceOf({ group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' })?.version,
    'v1',
  );
  const deployment = discovery.resourceOf({ group: 'apps', kind: 'Deployment' });
  assert.deepEqual(
    [deployment?.plural, deployment?.namespaced, deployment?.hasStatus, deployment?.hasScale, deployment?.shortNames],
    ['deployments', true, true, true, ['deploy']],
  );
  assert.equal(discovery.resourceOf({ group: '', kind: 'ConfigMap' })?.hasStatus, false);
  assert.ok(discovery.apiVersions().includes('apps/v1/Deployment') && discovery.apiVersions().includes('v1'));
  const before = api.counts.discovery;
  await assert.rejects(api.get({ group: 'nobody.example', kind: 'Nothing', namespace: 'x', name: 'y' }), {
    code: 'E_KIND_UNKNOWN',
  });
  assert.equal(api.counts.discovery, before + 1);
  // Other tests of the same cluster define kinds meanwhile.
  await eventually('two looks that find the same', async () => {
    await discovery.refresh();
    const { hash } = discovery;
    await discovery.refresh();
    await discovery.refresh('apps');
    return discovery.hash === hash ? true : undefined;
  });
});

test('a custom resource definition that was just applied can be waited for', async (t) => {
  const c = await testCluster(t);
  const { api, discovery } = await connect(t, c);
  const group = `await-${c.namespace}.example`;
  await api.apply(crd(group, 'Widget'));
  const resource = await discovery.await({ group, version: 'v1', kind: 'Widget' }, AbortSignal.timeout(20_000));
  assert.deepEqual([resource.plural, resource.hasStatus], ['widgets', true]);
  await api.apply({
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'w', namespace: c.namespace },
    spec: { size: 1 },
  });
  await api.delete({
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    namespace: '',
    name: `widgets.${group}`,
  });
});

test('a server that is too busy is asked again, writes too; other failures of writes are not', async (t) => {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c);
  proxy.answer({ status: 429, retryAfter: 1, match: (request) => request.method === 'PATCH' });
  await cluster.api.apply(configMap(c.namespace, 'busy'));
  assert.equal(cluster.api.counts.apply, 2);
  proxy.answer({ status: 503, times: 1, match: (request) => request.method === 'GET' });
  assert.equal((await cluster.api.get(configMapKey(c.namespace, 'busy')))?.metadata.name, 'busy');
  assert.equal(cluster.api.counts.get, 2);
  proxy.answer({ status: 503, times: 1, match: (request) => request.method === 'POST' });
  const error = await failureOf(cluster.api.create(configMap(c.namespace, 'once')));
  assert.deepEqual([error.status, error.kind, cluster.api.counts.create], [503, 'transient', 1]);
});

test('a server that does not answer is unreachable after the limit, and an abort ends a call at once', async (t) => {
  const c = await testCluster(t);
  const { cluster, proxy } = await connectThroughProxy(t, c);
  proxy.pause();
  await assert.rejects(cluster.api.create(configMap(c.namespace, 'x'), { timeoutMs: 100 }), {
    code: 'E_API_UNREACHABLE',
    kind: 'transient',
  });
  const abort = new AbortController();
  const call = cluster.api.get(configMapKey(c.namespace, 'x'), { signal: abort.signal });
  abort.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  proxy.resume();
  proxy.down();
  await assert.rejects(cluster.api.get(configMapKey(c.namespace, 'x')), { code: 'E_API_UNREACHABLE' });
});

test('a token file that changed is read again when the server refuses the old token', async (t) => {
  const c = await testCluster(t);
  const dir = await mkdtemp(join(tmpdir(), 'token-'));
  t.after(() => rm(dir, { recursive: true }));
  const tokenFile = join(dir, 'token');
  await writeFile(tokenFile, `${c.token}\n`);
  const { cluster, proxy } = await connectThroughProxy(t, c);
  const { api } = await connect(t, c, { config: { server: proxy.url, tokenFile } });
  await writeFile(tokenFile, c.tokens.someone);
  await utimes(tokenFile, 1, 1);
  proxy.answer({ status: 401, match: (request) => request.method === 'GET' });
  await api.get(configMapKey(c.namespace, 'x'));
  assert.equal(api.counts.get, 2);
  assert.equal(
    await userOf(api),
    await userOf((await connect(t, c, { config: { server: c.server, ca: c.ca, token: c.tokens.someone } })).api),
  );
  assert.notEqual(await userOf(api), await userOf(cluster.api));
});

test('a call can be made in the name of another', async (t) => {
  const c = await testCluster(t);
  const { api } = await connect(t, c);
  const impersonate = { user: `system:serviceaccount:${c.namespace}:default`, groups: ['system:authenticated'] };
  const error = await failureOf(api.get(configMapKey(c.namespace, 'x'), { impersonate }));
  assert.deepEqual([error.status, error.kind], [403, 'terminal']);
});

async function userOf(api: Api): Promise<unknown> {
  const answer = await api.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return isObject(answer) && isObject(answer['status']) && isObject(answer['status']['userInfo'])
    ? answer['status']['userInfo']['username']
    : undefined;
}
