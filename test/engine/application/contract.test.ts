// A setting that is not built is a condition that names it, and nothing is synced as if it were not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automated, config, dataOf, patchApp, push, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

test('a setting that would change what is deployed refuses until it is gone; one that would not is told', async (t) => {
  const s = await stage(t, { 'web/kustomization.yaml': 'resources: [a.yaml]\n', 'web/a.yaml': config('web', '1') });
  const source = { repoURL: s.url, path: 'web', targetRevision: 'main' };
  await s.apply('web', { source: { ...source, kustomize: { version: 'v4.5.7' } }, syncPolicy: automated });
  const refused = await s.until('web', 'refused', (app) => app.status?.conditions !== undefined);
  assert.deepEqual(
    refused.status?.conditions?.map(({ type, message }) => [type, message]),
    [
      [
        'InvalidSpecError',
        'spec.source.kustomize.version is not supported: one version of Kustomize builds everything. Remove the field',
      ],
    ],
  );
  assert.deepEqual([refused.status?.sync?.status, await dataOf(s, 'web')], ['Unknown', undefined]);
  await patchApp(s, 'web', { spec: { source: { kustomize: null, name: 'ours' } } });
  const told = await synced(s, 'web');
  assert.deepEqual(
    told.status?.conditions?.map(({ type, message }) => [type, message]),
    [['IgnoredFieldWarning', 'spec.source.name has no effect: sources go by their position']],
  );
  await patchApp(s, 'web', { spec: { source: { name: null } } });
  await s.until(
    'web',
    'nothing is left to tell',
    (app) => app.status?.conditions === undefined || app.status.conditions.length === 0,
  );
  await push(s, { 'web/.argocd-source.yaml': 'kustomize: {version: v4.5.7}\n' });
  const overridden = await s.until('web', 'the override is refused', (app) => app.status?.sync?.status === 'Unknown');
  assert.match(
    overridden.status?.conditions?.[0]?.message ?? '',
    /^web\/.argocd-source.yaml: source.kustomize.version is not supported: /,
  );
});
