// What we keep in Redis is what Argo CD's own controller keeps there of the same application, as it was recorded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readValue } from '../../sandbox/beside/viewed/steady.ts';
import { playViewed, viewedOptions } from '../../sandbox/beside/viewed/viewed.ts';
import { isObject } from '../../src/model/kube.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { stage, type Stage } from '../engine/fixture.ts';
import { openView } from './fixture.ts';

const file = join(import.meta.dirname, 'recorded.json');
const { values: recorded } = JSON.parse(readFileSync(file, 'utf8')) as { values: Record<string, unknown> };
const tree = 'app|resources-tree|viewed|1.8.3.gz';
const managed = 'app|managed-resources|viewed|1.8.3.gz';
const cluster = 'cluster|info|https://kubernetes.default.svc|1.8.3.gz';

async function play(s: Stage, namespace: string): Promise<void> {
  const api = s.cluster.api;
  await playViewed({
    async commit(files) {
      const texts = Object.entries(files).map(([name, text]): [string, string] => [`viewed/${name}`, text]);
      const left = ['account.yaml'].filter((name) => s.store.applications.list().length > 0 && !(name in files));
      s.commit({
        ...Object.fromEntries(texts),
        ...Object.fromEntries(left.map((name) => [`viewed/${name}`, undefined])),
      });
      await s.engine.onPush(s.url);
    },
    async synced() {
      const destination = { server: 'https://kubernetes.default.svc', namespace };
      await s.apply('viewed', {
        project: 'viewed',
        destination,
        syncPolicy: { syncOptions: [...viewedOptions.syncOptions] },
      });
      const { metadata } = await s.until('viewed', 'compared', ({ status }) => status?.sync?.status === 'OutOfSync');
      await s.store.applications.patch(`${metadata.namespace}/viewed`, { operation: { sync: {} } });
      await s.until(
        'viewed',
        'synced and running',
        ({ status }) => status?.operationState?.phase === 'Succeeded' && status.sync?.status === 'Synced',
      );
    },
    async edit(kind, name, data) {
      await api.patch(
        { group: '', kind, namespace, name },
        { type: 'merge', patch: { data }, manager: 'kubectl-edit' },
      );
    },
  });
}

test('tree, managed resources and cluster are kept as Argo CD’s controller keeps them', async (t) => {
  const { redis, view } = await openView(t);
  const { namespace, access } = await testCluster(t);
  const s = await stage(t, { 'readme.md': 'nothing yet' }, { view });
  await s.project('viewed', {}, { destinations: [{ server: '*', namespace }], orphanedResources: {} });
  await access.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'orphan' }, data: {} },
  });
  await play(s, namespace);
  const now = (key: string): unknown => {
    const found = redis.values.get(key);
    return found && readValue(found.value, namespace);
  };
  const become = async (key: string): Promise<void> => {
    await eventually(
      `${key} is as recorded`,
      () => {
        try {
          assert.deepEqual(now(key), recorded[key]);
          return true;
        } catch {
          return undefined;
        }
      },
      { withinMs: 15_000, everyMs: 100 },
    ).catch(() => undefined);
    assert.deepEqual(now(key), recorded[key]);
  };
  await become(tree);
  await become(managed);
  assert.deepEqual(
    [tree, managed, cluster].map((key) => redis.values.get(key)?.seconds),
    [3600, 3600, 600],
  );
  const [ours, theirs] = [now(cluster), recorded[cluster]];
  assert.ok(isObject(ours) && isObject(theirs));
  assert.deepEqual(ours['connectionState'], theirs['connectionState']);
  assert.deepEqual(ours['serverVersion'], theirs['serverVersion']);
  assert.deepEqual(Object.keys(ours), Object.keys(theirs));
  const kinds = new Set(ours['apiVersions'] as string[]);
  assert.deepEqual(
    (theirs['apiVersions'] as string[]).filter((kind) => !kinds.has(kind)),
    [],
  );
  const texts = [...redis.values.values()].map(({ value }) => JSON.stringify(readValue(value, namespace)));
  for (const secret of ['first', 'second'])
    for (const form of [secret, Buffer.from(secret).toString('base64')])
      assert.ok(!texts.some((text) => text.includes(`"${form}"`)), `${form} does not leave`);
});
