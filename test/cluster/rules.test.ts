// The pure rules of the cluster room: lines, versions, tracking, fingerprints, errors and paths.
import type { ApiResource } from '../../src/cluster/discovery/discovery.ts';
import type { KubeObject, ObjectMeta } from '../../src/model/kube.ts';
import type { Tracking } from '../../src/model/tracking.ts';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiErrorOf, concernsSecrets } from '../../src/cluster/api-error.ts';
import { parseAggregated, parseResourceList } from '../../src/cluster/discovery/discovery-documents.ts';
import { argoClusterConfig, inClusterConfig } from '../../src/cluster/wire/cluster-config.ts';
import { LineSplitter } from '../../src/cluster/watch/lines.ts';
import { objectPath, withQuery } from '../../src/cluster/paths.ts';
import { fingerprintOf } from '../../src/cluster/watch/record.ts';
import { defaultTracking, trackedBy } from '../../src/model/tracking.ts';
import { ObjectStore, compareVersions } from '../../src/cluster/watch/object-store.ts';

test('lines come out whole wherever the chunks are cut, within characters too', () => {
  const text = '{"a":"größe"}\n\n{"b":"日本"}\n{"c":1}\n';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const lines: string[] = [];
    const splitter = new LineSplitter();
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = Buffer.from(bytes.subarray(at, at + size));
      splitter.push(chunk, (line) => lines.push(line));
      chunk.fill(0); // the reader reuses its memory
    }
    assert.deepEqual(lines, ['{"a":"größe"}', '{"b":"日本"}', '{"c":1}'], `chunks of ${size}`);
  }
});

test('versions compare as integers of any length', () => {
  assert.ok(compareVersions('9', '10') < 0);
  assert.ok(compareVersions('99999999999999999999', '100000000000000000000') < 0);
  assert.equal(compareVersions('7', '7'), 0);
  assert.ok(compareVersions('abc', 'abd') > 0);
});

test('a store keeps what is newer, and a listing removes what it does not name', () => {
  const store = new ObjectStore<string>();
  const put = (name: string, version: string, source: 'list' | 'event' | 'own'): boolean =>
    store.put(name, version, source, () => `${name}@${version}`) !== undefined;
  store.begin();
  put('a', '1', 'list');
  put('b', '2', 'list');
  assert.deepEqual(store.end('5'), []);
  assert.equal(put('a', '9', 'own'), true);
  assert.equal(put('a', '9', 'event'), false, 'the echo of an own write is nothing new');
  assert.equal(put('a', '8', 'event'), false, 'an older event does not undo it');
  assert.equal(
    put('gone', '9', 'own'),
    false,
    'the watch is past that version and knows of no such object: it is deleted',
  );
  store.begin();
  put('b', '2', 'list');
  assert.equal(put('new', '12', 'own'), true);
  put('new', '11', 'list');
  assert.deepEqual(store.end('10'), ['a@9']);
  assert.equal(store.get('new'), 'new@12', 'what was written while listing stays');
  assert.equal(store.remove('b', '13'), 'b@2');
  assert.equal(store.remove('b', '13'), undefined);
});

test('a tracking id counts only on the object that it describes', () => {
  const deployment = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const role = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '', name: 'system:web' };
  const rows: [string | undefined, typeof deployment, string | undefined][] = [
    ['shop:apps/Deployment:shop/web', deployment, 'shop'],
    ['team_shop:apps/Deployment:shop/web', deployment, 'team_shop'],
    ['shop:apps/Deployment:shop/other', deployment, undefined],
    ['shop:apps/Deployment:other/web', deployment, undefined],
    ['shop:apps/ReplicaSet:shop/web', deployment, undefined],
    ['shop:/ConfigMap:shop/web', { ...deployment, group: '', kind: 'ConfigMap' }, 'shop'],
    ['shop:rbac.authorization.k8s.io/ClusterRole:shop/system:web', role, 'shop'],
    ['shop:rbac.authorization.k8s.io/ClusterRole:/system:web', role, 'shop'],
    ['shop', deployment, undefined],
    ['', deployment, undefined],
    [undefined, deployment, undefined],
  ];
  for (const [id, key, application] of rows) {
    const annotations = id === undefined ? {} : { 'argocd.argoproj.io/tracking-id': id };
    assert.equal(trackedBy({ annotations }, key, defaultTracking), application, String(id));
  }
});

test('what another installation has is nobody’s, and a label counts where Argo CD or Coxswain wrote', () => {
  const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'web' };
  const id = (app: string): Record<string, string> => ({
    'argocd.argoproj.io/tracking-id': `${app}:/ConfigMap:shop/web`,
  });
  const installation = (name: string): Record<string, string> => ({ 'argocd.argoproj.io/installation-id': name });
  const ours = { managedFields: [{ manager: 'kubectl-edit' }, { manager: 'argocd-controller' }] };
  const label = { labels: { 'app.kubernetes.io/instance': 'shop' } };
  const own = { ...defaultTracking, installationId: 'one' };
  const byLabel = { ...defaultTracking, method: 'label' as const };
  const both = { ...defaultTracking, method: 'annotation+label' as const };
  const rows: [string, ObjectMeta, Tracking, string | undefined][] = [
    ['ours', { annotations: { ...id('shop'), ...installation('one') } }, own, 'shop'],
    ['of another', { annotations: { ...id('shop'), ...installation('two') } }, own, undefined],
    ['of one without a name', { annotations: id('shop') }, own, undefined],
    [
      'of a named one, where ours has none',
      { annotations: { ...id('shop'), ...installation('two') } },
      both,
      undefined,
    ],
    ['by label', { ...label, ...ours }, byLabel, 'shop'],
    ['by label, with our own id', { ...label, ...ours, annotations: id('shop') }, byLabel, 'shop'],
    ['by label, with the id of another application', { ...label, ...ours, annotations: id('a') }, byLabel, undefined],
    ['by label, of another installation', { ...label, ...ours, annotations: installation('two') }, byLabel, undefined],
    ['by label, where no annotation is written', { ...label, ...ours }, { ...byLabel, installationId: 'one' }, 'shop'],
    ['a label of a chart that others installed', label, byLabel, undefined],
    ['another label', { ...label, ...ours }, { ...byLabel, labelKey: 'example.com/app' }, undefined],
    ['a label that only tells', { ...label, ...ours }, both, undefined],
    ['an id where labels count', { ...ours, annotations: id('shop') }, byLabel, undefined],
  ];
  for (const [name, metadata, tracking, application] of rows)
    assert.equal(trackedBy(metadata, key, tracking), application, name);
});

test('a fingerprint moves with what Git may want and with nothing else', () => {
  const object = (metadata: Partial<ObjectMeta>, rest: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name: 'a', uid: 'u1', resourceVersion: '1', generation: 1, labels: { app: 'a' }, ...metadata },
    spec: { size: 1 },
    ...rest,
  });
  const print = (value: KubeObject, hasStatus: boolean): string => fingerprintOf(value, hasStatus, true);
  for (const hasStatus of [true, false]) {
    const base = print(object({}), hasStatus);
    assert.equal(
      print(object({ resourceVersion: '2', managedFields: [{ manager: 'x' }] }, { status: { ready: 1 } }), hasStatus),
      base,
    );
    const wanted: Partial<ObjectMeta>[] = [
      { labels: { app: 'b' } },
      { annotations: { a: 'b' } },
      { finalizers: ['x'] },
      { uid: 'u2' },
    ];
    for (const metadata of wanted) assert.notEqual(print(object(metadata), hasStatus), base, JSON.stringify(metadata));
  }
  assert.notEqual(print(object({ generation: 2 }), true), print(object({}), true));
  assert.equal(print(object({ generation: 2 }), false), print(object({}), false));
  assert.notEqual(print(object({}, { spec: { size: 2 } }), false), print(object({}), false));
});

test('what only looks like a Secret is one: a misspelt kind of the core group with data', () => {
  const path = '/apis/apps/v1/namespaces/shop/deployments/db';
  const rows: [unknown, boolean][] = [
    [{ apiVersion: 'v1', kind: 'Sekret', stringData: { password: 'x' } }, true],
    [{ apiVersion: 'v1', kind: 'secrets' }, true],
    [{ apiVersion: 'v1', kind: 'Pod', binarydata: {} }, true],
    [{ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'x' } }, false],
    [{ apiVersion: 'apps/v1', kind: 'Deployment', spec: {} }, false],
    [undefined, false],
  ];
  for (const [body, expected] of rows) assert.equal(concernsSecrets(path, body), expected, JSON.stringify(body));
  assert.equal(concernsSecrets('/api/v1/namespaces/shop/secrets/db', undefined), true);
});

test('an answer about a Secret passes on field paths of what was sent, and nothing else', () => {
  const sent = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db', namespace: 'shop' },
    data: { password: ['hunter2'], other: 'x' },
    hunter2: 'a',
  };
  const request = { method: 'PATCH', path: '/api/v1/namespaces/shop/secrets/db?force=true', body: sent, secret: true };
  const status = (code: number, message: string, details: object = {}): object => ({
    kind: 'Status',
    code,
    message,
    reason: 'X',
    details,
  });
  const rows: [number, string, object, RegExp][] = [
    [
      500,
      'failed to create typed patch object (shop/db; /v1, Kind=Secret): .data.password: expected string, ' +
        'got &value.valueUnstructured{Value:[]interface {}{"s3cr3t"}}',
      {},
      /: \.data\.password$/,
    ],
    [500, 'failed to convert something with s3cr3t', {}, /cannot be read/],
    [
      422,
      'Secret "db" is invalid: data[x]: Invalid value: "s3cr3t"',
      { causes: [{ reason: 'FieldValueInvalid', field: 'data[x]', message: 'Invalid value: "s3cr3t"' }] },
      /422 X: data\[x\]$/,
    ],
    [403, 'admission webhook denied: s3cr3t is too weak', {}, /HTTP 403 X$/],
    [400, 'error decoding patch: s3cr3t', {}, /cannot be read/],
  ];
  for (const [code, message, details, expected] of rows) {
    const error = apiErrorOf(request, code, status(code, message, details), undefined);
    assert.match(error.message, expected);
    assert.doesNotMatch(JSON.stringify(error) + error.message + error.stack, /s3cr3t/);
  }
});

test('the kind of an error says what may be done next', () => {
  const request = { method: 'PATCH', path: '/apis/apps/v1/x', secret: false };
  const of = (code: number, message = 'm', details: object = {}): string => {
    const error = apiErrorOf(request, code, { code, message, details }, undefined);
    return `${error.code} ${error.kind}`;
  };
  assert.equal(of(409), 'E_API transient');
  assert.equal(of(404), 'E_API transient');
  assert.equal(of(422), 'E_API terminal');
  assert.equal(of(403), 'E_API terminal');
  assert.equal(of(403, 'm', { causes: [{ reason: 'NamespaceTerminating' }] }), 'E_API transient');
  assert.equal(of(500), 'E_API transient');
  assert.equal(
    of(500, 'failed to create typed patch object (a/b; apps/v1, Kind=X): .spec.y: field not declared in schema'),
    'E_MANIFEST terminal',
  );
  assert.equal(
    apiErrorOf(request, 429, { code: 429, details: { retryAfterSeconds: 3 } }, undefined).retryAfterMs,
    3000,
  );
});

test('no name from a manifest can leave its place in the path', () => {
  const resource: ApiResource = {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    namespaced: true,
    verbs: [],
    shortNames: [],
    hasStatus: true,
    hasScale: true,
  };
  assert.equal(
    objectPath(resource, { namespace: 'shop', name: 'web' }, 'status'),
    '/apis/apps/v1/namespaces/shop/deployments/web/status',
  );
  assert.equal(
    objectPath({ ...resource, namespaced: false }, { namespace: 'x', name: 'a:b' }),
    '/apis/apps/v1/deployments/a%3Ab',
  );
  for (const name of ['..', '.', 'a/b', 'a%2fb', ''])
    assert.throws(() => objectPath(resource, { namespace: 'shop', name }), { code: 'E_MANIFEST' }, name);
  assert.throws(() => objectPath(resource, { namespace: '', name: 'web' }), { code: 'E_MANIFEST' });
  assert.equal(withQuery('/a', { b: true, c: undefined, d: 'x y' }), '/a?b=true&d=x+y');
});

test('discovery documents of both shapes give the same resources', () => {
  const aggregated = parseAggregated({
    kind: 'APIGroupDiscoveryList',
    items: [
      {
        metadata: { name: 'apps' },
        versions: [
          {
            version: 'v1',
            freshness: 'Current',
            resources: [
              {
                resource: 'deployments',
                responseKind: { kind: 'Deployment' },
                scope: 'Namespaced',
                verbs: ['list', 'watch'],
                shortNames: ['deploy'],
                subresources: [{ subresource: 'status' }, { subresource: 'scale' }],
              },
            ],
          },
        ],
      },
    ],
  });
  const plain = parseResourceList(
    {
      resources: [
        { name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['list', 'watch'], shortNames: ['deploy'] },
        { name: 'deployments/status' },
        { name: 'deployments/scale' },
      ],
    },
    'apps',
    'v1',
  );
  assert.deepEqual(aggregated, [{ name: 'apps', versions: [{ version: 'v1', stale: false, resources: plain }] }]);
  assert.equal(plain[0]?.hasStatus, true);
});

test('the pod account and the Secret of an Argo CD cluster give the same shape', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'account-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'ca.crt'), 'CA');
  assert.equal(await inClusterConfig({}, dir), undefined);
  assert.deepEqual(await inClusterConfig({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, dir), {
    server: 'https://[fd00::1]:443',
    ca: 'CA',
    tokenFile: join(dir, 'token'),
  });
  const secret = {
    bearerToken: 't',
    tlsClientConfig: { insecure: false, caData: Buffer.from('CA').toString('base64'), serverName: 'k' },
  };
  assert.deepEqual(await argoClusterConfig('https://x', JSON.stringify(secret)), {
    server: 'https://x',
    token: 't',
    ca: 'CA',
    serverName: 'k',
  });
  const { proxy } = await argoClusterConfig('https://x', '{"proxyUrl": "socks5://p:1080"}');
  assert.equal(proxy, 'socks5://p:1080');
  await assert.rejects(
    argoClusterConfig('https://x', '{"proxyUrl": "p:1080"}'),
    /proxyUrl of cluster https:\/\/x must begin with http:\/\/, https:\/\/ or socks5:\/\//,
  );
  await assert.rejects(
    argoClusterConfig('https://x', '{"bearerToken": s3cr3t'),
    (error: Error) => !error.stack?.includes('s3cr3t'),
  );
});
