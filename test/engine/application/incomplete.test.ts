// One letter that is lost in Git takes nothing out of the cluster.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, configMap, dataOf, gone, push, synced } from '../manifests.ts';
import { diffCheck } from '../../../src/github/markdown/check-content.ts';
import { preview, rowOf } from '../../change/on-stage.ts';
import { stage } from '../fixture.ts';

const chart = {
  'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
  'web/templates/a.yaml': config('a', '1'),
};

async function uidOf(s: Stage, name: string): Promise<string | undefined> {
  return (await s.cluster.api.get(configMap(s, name)))?.metadata.uid;
}

for (const { what, files, file, faulty } of [
  {
    what: 'a Helm template',
    files: chart,
    file: 'web/templates/b.yaml',
    faulty: config('b', '2').replace('kind', 'knd'),
  },
  {
    what: 'a plain file',
    files: { 'web/a.yaml': config('a', '1') },
    file: 'web/b.yaml',
    faulty: config('b', '2').replace('metadata', 'metdata'),
  },
]) {
  test(`${what} with a misspelt field prunes nothing: the pull request fails, and the push is told`, async (t) => {
    const s = await stage(t, { ...files, [file]: config('b', '1') });
    await s.apply('web', { syncPolicy: automated });
    await synced(s, 'web');
    const uid = await uidOf(s, 'b');
    const found = await preview(s, { [file]: faulty });
    assert.deepEqual(
      [rowOf(found, 'web').error?.code, rowOf(found, 'web').error?.place?.file, rowOf(found, 'web').effect],
      ['E_MANIFEST', file, undefined],
    );
    assert.equal(diffCheck(found, '').conclusion, 'failure');
    await push(s, { [file]: faulty });
    const told = await s.until('web', 'told', (app) => app.status?.sync?.status === 'Unknown');
    assert.match(
      told.status?.conditions?.map(({ type, message }) => `${type} ${message}`).join() ?? '',
      new RegExp(`^ComparisonError ${file}`),
    );
    assert.equal(told.operation, undefined);
    await push(s, { [file]: config('b', '3') });
    await s.until('web', 'mended', (app) => app.status?.history?.length === 2);
    assert.deepEqual([await uidOf(s, 'b'), await dataOf(s, 'b')], [uid, { value: '3' }]);
  });
}

test('an object that Git says to skip stays in the cluster, also when another is pruned', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('a', '1'),
    'web/b.yaml': config('b', '1'),
    'web/c.yaml': config('c', '1'),
  });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const uid = await uidOf(s, 'b');
  const skipped = config('b', '2', 'argocd.argoproj.io/hook: Skip');
  const row = rowOf(await preview(s, { 'web/b.yaml': skipped }), 'web');
  assert.deepEqual(
    row.effect?.change.map(({ notes }) => notes),
    [['stays as it is, and is no longer compared: Git says hook: Skip of it']],
  );
  await push(s, { 'web/b.yaml': skipped, 'web/c.yaml': undefined, 'web/values.yaml': 'image: nginx\n' });
  await gone(s, 'c');
  const app = await s.until(
    'web',
    'synced without it',
    (item) => item.status?.history?.length === 2 && item.status.sync?.status === 'Synced',
  );
  assert.deepEqual([await uidOf(s, 'b'), await dataOf(s, 'b')], [uid, { value: '1' }]);
  assert.deepEqual(
    app.status?.conditions?.map(({ type, message }) => [type, message]),
    [['ExcludedResourceWarning', 'No Kubernetes objects, left out: web/values.yaml']],
  );
});

test('a number that would be stored as another is told with its file and line, and nothing is applied', async (t) => {
  const pod = (name: string, cpu: string, priority: string): string =>
    `${config(`before-${name}`, '1')}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\nspec:\n` +
    `  replicas: ${priority}\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n` +
    `    spec: {containers: [{name: c, image: x, resources: {limits: {cpu: ${cpu}}}}]}\n`;
  const line = config('before-cut', '1').split('\n').length + 1;
  const faulty = { 'web/a.yaml': pod('rounded', '"0.0001"', '0'), 'web/b.yaml': pod('cut', '1', '4294967296') };
  const texts = [
    `spec.replicas: 4294967296 would be stored as 0 (web/b.yaml:${line})`,
    `spec.template.spec.containers[0].resources.limits.cpu: 0.0001 would be stored as 1m (web/a.yaml:${line})`,
  ];
  const s = await stage(t, faulty);
  await s.apply('web', { syncPolicy: { ...automated, retry: { limit: 0 } } });
  const failed = await s.until('web', 'failed', (app) => app.status?.operationState?.phase === 'Failed');
  const messages = failed.status?.operationState?.syncResult?.resources?.flatMap(({ message }) => message ?? []);
  for (const text of texts) assert.ok(messages?.includes(text), `${text} in ${messages?.join()}`);
  assert.equal(await s.cluster.api.get(configMap(s, 'before-cut')), undefined);
  await push(s, { 'web/a.yaml': pod('rounded', '1m', '0'), 'web/b.yaml': pod('cut', '1', '0') });
  await s.until('web', 'synced', (app) => app.status?.history?.length === 1);
  await push(s, faulty);
  const told = await s.until(
    'web',
    'told',
    (app) => app.status?.conditions?.some(({ type }) => type === 'SyncError') ?? false,
  );
  assert.deepEqual(
    told.status?.operationState?.syncResult?.resources?.flatMap(({ message }) => message ?? []).sort(),
    texts,
  );
});

test('a single object whose number would be stored as another one is not made', async (t) => {
  const quota = (pods: string): string =>
    `apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {requests.cpu: ${pods}}}\n`;
  const s = await stage(t, { 'web/a.yaml': quota('"0.0001"') });
  await s.apply('web', { syncPolicy: { ...automated, retry: { limit: 0 } } });
  await s.until('web', 'failed', (app) => app.status?.operationState?.phase === 'Failed');
  assert.equal(await s.cluster.api.get({ ...configMap(s, 'q'), kind: 'ResourceQuota' }), undefined);
});
