// Health by scripts of argocd-cm, through the engine.
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from '../fixture.ts';
import { config, operate, synced } from '../manifests.ts';

const key = 'resource.customizations.health.ConfigMap';
const byValue = `
  if obj.data.value == "bad" then return {status = "Degraded", message = "the value is bad"} end
  return {status = "Healthy"}`;

async function judgeBy(s: Stage, script: string): Promise<void> {
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: s.namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: { [key]: script },
  });
}

test('a script of argocd-cm judges what is live, and another one judges it anew', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', 'bad') }, { argocd: { [key]: byValue } });
  await s.apply('web', { syncPolicy: { automated: {} } });
  await s.until('web', 'Degraded', (app) => app.status?.health?.status === 'Degraded');
  await judgeBy(s, 'return {status = "Suspended"}');
  await s.until('web', 'Suspended', (app) => app.status?.health?.status === 'Suspended');
  await judgeBy(s, 'return status.of.nothing');
  await s.until('web', 'Unknown', (app) => app.status?.health?.status === 'Unknown');
});

test('a wave waits for what a script calls healthy', async (t) => {
  const wave = "argocd.argoproj.io/sync-wave: '1'";
  const s = await stage(
    t,
    { 'web/a.yaml': config('first', 'bad'), 'web/b.yaml': config('second', '1', wave) },
    { argocd: { [key]: byValue } },
  );
  await s.apply('web', {});
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', { sync: {} });
  const failed = await s.until('web', 'ended', (app) => app.status?.operationState?.finishedAt !== undefined);
  assert.equal(failed.status?.operationState?.phase, 'Failed');
  const live = await s.cluster.api.get({ group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'second' });
  assert.equal(live, undefined);
  await judgeBy(s, 'return {status = "Healthy"}');
  await s.until('web', 'the new script counts', (app) => app.status?.health?.status === 'Healthy');
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
});
