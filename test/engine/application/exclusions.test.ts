// Kinds that argocd-cm leaves out: not watched, not compared, not pruned, and back as soon as it says otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argoSettings, automated, config, configMap, operate, push, quiet, synced, syncedTo } from '../manifests.ts';
import { stage } from '../fixture.ts';

const account = (name: string): string => `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}}\n`;
const excluded = '- apiGroups: [""]\n  kinds: [ServiceAccount]\n';

const accounts = { group: '', kind: 'ServiceAccount' };

test('what is excluded is named, neither compared nor pruned, and known again when it is not', async (t) => {
  const s = await stage(t, {
    'web/a.yaml': config('one', '1'),
    'web/b.yaml': account('kept'),
    'web/c.yaml': account('given-up'),
  });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await argoSettings(s, { 'resource.exclusions': excluded });
  const app = await s.until('web', 'excluded', (item) => (item.status?.conditions ?? []).length === 2);
  assert.deepEqual(
    app.status?.conditions?.map(({ type, message }) => [type, message]),
    ['given-up', 'kept'].map((name) => [
      'ExcludedResourceWarning',
      `Resource /ServiceAccount ${name} is excluded in the settings`,
    ]),
  );
  assert.deepEqual(
    app.status?.resources?.map(({ name }) => name),
    ['one'],
  );
  assert.equal([...s.cluster.live.records(accounts)].length, 0, 'not watched');
  const sha = await push(s, { 'web/a.yaml': config('one', '2'), 'web/c.yaml': undefined });
  await syncedTo(s, 'web', sha);
  await operate(s, 'web', { sync: { prune: true } });
  await synced(s, 'web');
  await quiet(s);
  const live = async (name: string): Promise<boolean> =>
    (await s.cluster.api.get({ ...accounts, namespace: s.namespace, name })) !== undefined;
  assert.deepEqual([await live('kept'), await live('given-up')], [true, true]);
  await argoSettings(s, { 'resource.exclusions': '' });
  await s.untilStore('what Git gave up is pruned', () => {
    const key = { ...accounts, namespace: s.namespace };
    return s.cluster.live.get({ ...key, name: 'kept' }) && !s.cluster.live.get({ ...key, name: 'given-up' })
      ? true
      : undefined;
  });
  await s.until('web', 'both', (item) => item.status?.resources?.length === 2 && !item.status.conditions?.length);
});

test('included kinds leave out all others, an exclusion goes first, and clusters are told apart', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('one', '1'), 'web/b.yaml': account('kept') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const rows: [Record<string, string>, string[]][] = [
    [{ 'resource.inclusions': '- kinds: [ConfigMap]' }, ['one']],
    [{ 'resource.inclusions': '- kinds: [ConfigMap]\n  clusters: ["https://elsewhere*"]' }, ['one', 'kept']],
    [{ 'resource.inclusions': '- kinds: [ConfigMap]\n  clusters: ["https://kubernetes.default.*"]' }, ['one']],
    [{ 'resource.exclusions': '- kinds: ["Config*"]' }, ['one', 'kept']],
    [{ 'resource.exclusions': '- kinds: ["*"]\n  clusters: ["https://elsewhere"]' }, ['one', 'kept']],
    [{ 'resource.inclusions': '- apiGroups: ["*"]', 'resource.exclusions': excluded }, ['one']],
  ];
  for (const [data, names] of rows) {
    await argoSettings(s, data);
    await s.until(
      'web',
      JSON.stringify(data),
      ({ status }) =>
        JSON.stringify(status?.resources?.map(({ name }) => name)) === JSON.stringify(names) &&
        status?.sync?.status === 'Synced' &&
        (status.conditions ?? []).length === 2 - names.length,
    );
  }
});

test('exclusions that cannot be read leave everything as it is, and say so', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('one', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await argoSettings(s, { 'resource.exclusions': 'kinds: [ServiceAccount]' });
  const app = await s.until('web', 'Unknown', (item) => item.status?.sync?.status === 'Unknown');
  assert.match(app.status?.conditions?.[0]?.message ?? '', /resource\.exclusions of argocd-cm must be a list in YAML/);
  await push(s, { 'web/a.yaml': config('one', '2') });
  await quiet(s);
  assert.deepEqual((await s.cluster.api.get(configMap(s, 'one')))?.['data'], { value: '1' });
  await argoSettings(s, {});
  await s.untilStore(
    'synced when mended',
    () => (s.cluster.live.get(configMap(s, 'one'))?.object?.['data'] as { value?: string })?.value === '2' || undefined,
  );
});
