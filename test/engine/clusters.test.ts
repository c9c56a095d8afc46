// Destinations: a second cluster through its Secret, and everything that can be wrong with one.
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, configMap, dataOf, isSynced, synced } from './manifests.ts';
import { ownCluster } from '../control-plane.ts';
import { stage } from './fixture.ts';

async function clusterSecret(s: Stage, name: string, server: string, config: Record<string, unknown>): Promise<void> {
  const data = Object.fromEntries(
    Object.entries({ name, server, config: JSON.stringify(config) }).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]),
  );
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: `cluster-${name}`,
        namespace: s.namespace,
        labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
      },
      data,
    },
    { manager: 'test' },
  );
}

test('an application goes to the cluster of its destination; wrong credentials are told', async (t) => {
  const [s, other] = await Promise.all([stage(t, { 'web/a.yaml': config('far', '1') }), ownCluster(t)]);
  const tls = { tlsClientConfig: { caData: Buffer.from(other.ca).toString('base64') } };
  await s.project('wide', {}, { destinations: [{ name: 'other', server: '*', namespace: other.namespace }] });
  const spec = { project: 'wide', destination: { name: 'other', namespace: other.namespace }, syncPolicy: automated };
  await s.apply('web', spec);
  const unknown = await s.until(
    'web',
    'no such cluster',
    (app) => app.status?.conditions?.[0]?.type === 'InvalidSpecError',
  );
  assert.equal(
    unknown.status?.conditions?.[0]?.message,
    'unable to find destination server: there are no clusters with this name: other',
  );
  assert.deepEqual([unknown.status?.sync?.status, unknown.status?.health?.status], ['Unknown', 'Unknown']);

  await clusterSecret(s, 'other', other.server, { bearerToken: 'wrong', ...tls });
  const refused = await s.until(
    'web',
    'refused',
    (app) => app.status?.conditions?.some((item) => item.type === 'ComparisonError') ?? false,
  );
  assert.match(
    refused.status?.conditions?.find((item) => item.type === 'ComparisonError')?.message ?? '',
    /401|Unauthorized/,
  );
  assert.doesNotMatch(JSON.stringify(refused.status), /bearerToken|wrong/);

  await clusterSecret(s, 'other', other.server, { bearerToken: other.token, ...tls });
  const app = await synced(s, 'web');
  assert.deepEqual(app.status?.conditions, []);
  const there = (await other.access.must('GET', `/api/v1/namespaces/${other.namespace}/configmaps/far`)) as {
    data: unknown;
  };
  assert.deepEqual(there.data, { value: '1' });
  assert.equal(await dataOf(s, 'far'), undefined, 'nothing is made here');
  // The other cluster's events count as well.
  await other.access.must('DELETE', `/api/v1/namespaces/${other.namespace}/configmaps/far`);
  await s.until(
    'web',
    'healed there',
    (item) => isSynced(item) && item.status?.operationState?.operation.sync?.autoHealAttemptsCount === 1,
  );
  await other.access.must('GET', `/api/v1/namespaces/${other.namespace}/configmaps/far`);

  const [far] = (await s.engine.clusters.all()).filter((item) => item.name === 'other');
  await s.cluster.api.delete({ group: '', kind: 'Secret', namespace: s.namespace, name: 'cluster-other' });
  await s.until('web', 'no such cluster any more', (item) => item.status?.conditions?.[0]?.type === 'InvalidSpecError');
  assert.deepEqual(
    (await s.engine.clusters.all()).map((item) => item.name),
    ['in-cluster'],
  );
  // Its watches have ended: nothing is told any more, and what waits for them is told so.
  await assert.rejects(
    async () => far?.cluster.live.ensureKinds([{ group: 'batch', kind: 'CronJob' }]),
    /ended|aborted|stop/,
  );
});

test("what the project does not permit is an InvalidSpecError in Argo CD's words, and no sync", async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.project(
    'narrow',
    {},
    { destinations: [{ server: '*', namespace: 'elsewhere' }], sourceRepos: ['https://example.com/*'] },
  );
  await s.apply('web', { project: 'narrow', syncPolicy: automated });
  const app = await s.until('web', 'not permitted', (item) => (item.status?.conditions?.length ?? 0) > 0);
  assert.deepEqual(
    app.status?.conditions?.map(({ type, message }) => [type, message]),
    [
      [
        'InvalidSpecError',
        `application destination server 'https://kubernetes.default.svc' and namespace '${s.namespace}' do not ` +
          "match any of the allowed destinations in project 'narrow'",
      ],
      ['InvalidSpecError', `application repo ${s.url} is not permitted in project 'narrow'`],
    ],
  );
  await s.project('narrow');
  assert.deepEqual((await synced(s, 'web')).status?.conditions, []);
});

test('a project that does not exist is told, and the application goes on when it comes', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  await s.apply('web', { project: 'later', syncPolicy: automated });
  const app = await s.until('web', 'no project', (item) => (item.status?.conditions?.length ?? 0) > 0);
  assert.equal(app.status?.conditions?.[0]?.message, 'Application referencing project later which does not exist');
  await s.project('later');
  await synced(s, 'web');
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'AppProject', namespace: s.namespace, name: 'later' });
  await s.until('web', 'no project again', (item) => item.status?.conditions?.[0]?.type === 'InvalidSpecError');
});

test('a kind that the project forbids fails the operation before anything is applied', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('web', '1'),
    'web/b.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n',
  });
  await s.project('plain', {}, { namespaceResourceBlacklist: [{ group: '', kind: 'Secret' }] });
  await s.apply('web', { project: 'plain', syncPolicy: { ...automated, retry: { limit: 0 } } });
  const app = await s.until(
    'web',
    'failed',
    (item) =>
      item.operation === undefined &&
      item.status?.operationState?.phase === 'Failed' &&
      (item.status.conditions?.length ?? 0) > 0,
  );
  assert.equal(
    app.status?.operationState?.message,
    'one or more synchronization tasks are not valid: resource :Secret is not permitted in project plain',
  );
  assert.match(app.status?.conditions?.[0]?.message ?? '', /^Failed last sync attempt to [0-9a-f]{40}: one or more/);
  assert.equal(await s.cluster.api.get(configMap(s, 'web')), undefined);
  assert.equal(app.status?.sync?.status, 'OutOfSync');
  assert.deepEqual(
    app.status?.resources?.map(({ kind, status }) => [kind, status]),
    [
      ['ConfigMap', 'OutOfSync'],
      ['Secret', 'Unknown'],
    ],
  );
});

test('a forbidden kind alone is tried and told as well', async (t) => {
  const s = await stage(t, { 'web/b.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n' });
  await s.project('plain', {}, { namespaceResourceBlacklist: [{ group: '', kind: 'Secret' }] });
  await s.apply('web', { project: 'plain', syncPolicy: { automated: {}, retry: { limit: 0 } } });
  const app = await s.until(
    'web',
    'failed',
    (item) => item.operation === undefined && item.status?.operationState?.phase === 'Failed',
  );
  assert.match(app.status?.operationState?.message ?? '', /resource :Secret is not permitted in project plain/);
});

test('nothing is shown of a live object that the project does not permit: it is as if missing', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1') });
  const other = `${s.namespace}-other`;
  t.after(() =>
    s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: other }).catch(() => undefined),
  );
  await s.cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } }, { manager: 'test' });
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: other }, data: { value: 'theirs' } },
    { manager: 'test' },
  );
  s.commit({
    'web/b.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ${other}}\ndata: {value: ours}\n`,
  });
  await s.apply('web');
  const app = await s.until('web', 'compared', (item) => item.status?.resources?.length === 2);
  assert.deepEqual(app.status?.resources?.map(({ name, status }) => [name, status]).sort(), [
    ['web', 'OutOfSync'],
    ['x', 'OutOfSync'],
  ]);
  const objects = s.engine.comparison(`${s.namespace}/web`)?.objects ?? [];
  assert.deepEqual(objects.map(({ key, live }) => [key.name, live]).sort(), [
    ['web', undefined],
    ['x', undefined],
  ]);
  assert.doesNotMatch(JSON.stringify(objects), /theirs/);
});
