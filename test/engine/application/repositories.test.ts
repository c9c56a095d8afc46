// One repository under several names and in several sources: whichever way an application reads it, new commits reach
// it.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { automated, config, dataOf, isSynced, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const chart = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
  'chart/templates/a.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {{ .Values.data | toJson }}\n',
  'values/prod.yaml': 'data: {value: "1"}\n',
  'extra/b.yaml': config('extra', '1'),
};

async function valuesOf(s: Stage, lender: { path?: string }): Promise<void> {
  const source = { repoURL: s.url, targetRevision: 'main' };
  const helm = {
    valueFiles: ['$values/values/prod.yaml', '$values/values/more/*.yaml', '$values/values/later.yaml'],
    ignoreMissingValueFiles: true,
  };
  await s.cluster.api.apply(
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'web', namespace: s.namespace },
      spec: {
        project: 'default',
        destination: { server: 'https://kubernetes.default.svc', namespace: s.namespace },
        syncPolicy: automated,
        sources: [
          { ...source, path: 'chart', helm },
          { ...source, ref: 'values', ...lender },
        ],
      },
    },
    { manager: 'test' },
  );
  await synced(s, 'web');
}

for (const [what, lender] of Object.entries({
  'and nothing else': {},
  'and manifests of its own': { path: 'extra' },
})) {
  test(`a source that lends value files ${what} is followed where it is read`, async (t) => {
    const s = await stage(t, chart);
    await valuesOf(s, lender);
    const rows: [Record<string, string>, Record<string, string>][] = [
      [{ 'values/prod.yaml': 'data: {value: "2"}\n' }, { value: '2' }],
      [{ 'values/more/x.yaml': 'data: {more: "1"}\n' }, { value: '2', more: '1' }],
      [{ 'values/later.yaml': 'data: {later: "1"}\n' }, { value: '2', more: '1', later: '1' }],
    ];
    for (const [files, expected] of rows) {
      const sha = await push(s, files);
      await s.until(
        'web',
        `Synced to ${JSON.stringify(files)}`,
        (app) => isSynced(app) && app.status?.sync?.revisions?.every((revision) => revision === sha) === true,
      );
      assert.deepEqual(await dataOf(s, 'web'), expected);
    }
    const elsewhere = await push(s, { 'values/test.yaml': 'data: {}\n', 'README.md': 'x' });
    assert.deepEqual(
      s.engine.rendered(`${s.namespace}/web`)?.revisions,
      [elsewhere, elsewhere],
      'what nobody reads is no reason to look again',
    );
  });
}

test('two spellings of one repository are one: a push reaches the applications of both', async (t) => {
  const s = await stage(t, { 'a/a.yaml': config('a', '1'), 'b/b.yaml': config('b', '1') });
  const other = s.url.replace(/[^/]+$/, (name) => name.toUpperCase().replace('.GIT', '.git'));
  symlinkSync(fileURLToPath(s.url), fileURLToPath(other));
  await s.apply('a', { syncPolicy: automated });
  await synced(s, 'a');
  await s.apply('b', { source: { repoURL: other, path: 'b', targetRevision: 'main' }, syncPolicy: automated });
  await synced(s, 'b');
  const sha = await push(s, { 'a/a.yaml': config('a', '2'), 'b/b.yaml': config('b', '2') });
  for (const name of ['a', 'b'])
    await s.until(name, 'Synced to the push', (app) => isSynced(app) && app.status?.sync?.revision === sha);
  assert.deepEqual([await dataOf(s, 'a'), await dataOf(s, 'b')], [{ value: '2' }, { value: '2' }]);
});
