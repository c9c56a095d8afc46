// Over what client-side tools applied: their annotation is renewed, so that their next apply removes what Git removed.
import type { Application } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { trackingId } from '../../../src/render/document/tracking.ts';
import { binaries } from '../../../tools/binaries.ts';
import { config, configMap, dataOf, editByHand, ended, operate, push, quiet, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

const { kubectl } = await binaries(['kubectl']);

/** On the client's side, as Argo CD does. */
function apply(s: Stage, manifest: string, ...options: string[]): string {
  const args = ['--kubeconfig', s.kubeconfig, '--namespace', s.namespace, 'apply', ...options, '-f', '-'];
  return execFileSync(kubectl ?? '', args, { input: manifest, encoding: 'utf8' }).trim();
}

/** As it is applied, with the annotation that tells whose it is. */
function tracked(s: Stage, name: string, value: string): string {
  const id = trackingId(name, configMap(s, name));
  return config(name, value, `"argocd.argoproj.io/tracking-id": "${id}"`);
}

async function metadataOf(s: Stage, name: string): Promise<{ version: string; annotation: string | undefined }> {
  const { metadata } = (await s.cluster.api.get(configMap(s, name))) ?? assert.fail(`no ConfigMap ${name}`);
  return { version: metadata.resourceVersion ?? '', annotation: metadata.annotations?.[lastApplied] };
}

async function statusOf(s: Stage, name: string): Promise<unknown> {
  const ref = { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name };
  return ((await s.cluster.api.get(ref)) as Application | undefined)?.status?.sync?.status;
}

/** A sync that somebody asks for, to its end. */
async function sync(s: Stage, name: string, syncOptions: string[] = []): Promise<void> {
  await operate(s, name, { sync: { syncOptions } });
  await ended(s, name, 'Succeeded');
  await synced(s, name);
}

test('what a sync added over a client-side apply goes with the next client-side apply that lacks it', async (t) => {
  const s = await stage(t, { 'handed/a.yaml': `${config('handed', '2')}  added: x\n` });
  apply(s, `${config('handed', '1')}  other: x\n`);
  await s.apply('handed');
  await sync(s, 'handed');
  assert.deepEqual(await dataOf(s, 'handed'), { value: '2', added: 'x' });
  const { version, annotation } = await metadataOf(s, 'handed');
  await sync(s, 'handed');
  assert.deepEqual(await metadataOf(s, 'handed'), { version, annotation }, 'nothing is written a second time');
  assert.equal(apply(s, `${tracked(s, 'handed', '2')}  added: x\n`), 'configmap/handed unchanged');
  assert.deepEqual(await metadataOf(s, 'handed'), { version, annotation }, 'both write one text');
  assert.equal(apply(s, tracked(s, 'handed', '2')), 'configmap/handed configured');
  assert.deepEqual(await dataOf(s, 'handed'), { value: '2' });
});

test('an annotation that both tools hold with one value is no drift, and is renewed by the next sync', async (t) => {
  const s = await stage(t, { 'both/a.yaml': config('both', '<1> & \\u2028') });
  apply(s, tracked(s, 'both', '<1> & \\u2028'), '--field-manager=argocd-controller');
  const before = await metadataOf(s, 'both');
  await s.apply('both');
  await s.until('both', 'Synced', (app) => app.status?.sync?.status === 'Synced');
  await editByHand(s, 'both', { value: 'hand' });
  await s.until('both', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await sync(s, 'both');
  const back = await metadataOf(s, 'both');
  assert.equal(back.annotation, before.annotation);
  await sync(s, 'both');
  assert.deepEqual(await metadataOf(s, 'both'), back);
  // Nothing is known of the object any more: the API server is asked.
  await s.restart();
  await quiet(s);
  assert.equal(await statusOf(s, 'both'), 'Synced');
  await push(s, { 'both/a.yaml': config('both', '2') });
  await s.until('both', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await sync(s, 'both');
  assert.equal(apply(s, tracked(s, 'both', '2')), 'configmap/both unchanged');
});

test('the annotation comes to no object that lacks it, and not back to one that lost it', async (t) => {
  const s = await stage(t, { 'lost/a.yaml': config('lost', '1'), 'lost/b.yaml': config('never', '1') });
  apply(s, config('lost', '0'));
  await s.apply('lost');
  await sync(s, 'lost');
  assert.match((await metadataOf(s, 'lost')).annotation ?? '', /"value":"1"/);
  const away = await s.cluster.api.patch(configMap(s, 'lost'), {
    type: 'merge',
    patch: { metadata: { annotations: { [lastApplied]: null } } },
  });
  const seen = AbortSignal.timeout(30_000);
  await s.cluster.live.waitFor(configMap(s, 'lost'), away.metadata.resourceVersion ?? '', seen);
  await push(s, { 'lost/a.yaml': config('lost', '2'), 'lost/b.yaml': config('never', '2') });
  await s.until('lost', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await sync(s, 'lost');
  assert.deepEqual(await dataOf(s, 'lost'), { value: '2' });
  for (const name of ['lost', 'never']) assert.equal((await metadataOf(s, name)).annotation, undefined);
});

test('with ServerSideApply=true, and where it would be too large, the annotation is left as it was', async (t) => {
  const server = config('server', '1', 'argocd.argoproj.io/sync-options: ServerSideApply=true');
  const large = 'x'.repeat(262_144);
  const s = await stage(t, { 'left/a.yaml': server, 'left/b.yaml': config('large', large) });
  apply(s, config('server', '0'));
  apply(s, config('large', '0'));
  const before = [await metadataOf(s, 'server'), await metadataOf(s, 'large')].map(({ annotation }) => annotation);
  await s.apply('left');
  await sync(s, 'left');
  assert.deepEqual([await dataOf(s, 'server'), await dataOf(s, 'large')], [{ value: '1' }, { value: large }]);
  const after = [await metadataOf(s, 'server'), await metadataOf(s, 'large')].map(({ annotation }) => annotation);
  assert.deepEqual(after, before);
});
