// `cox app actions` and `logs`: what is done to objects beside Git, and what their containers wrote.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from '../../sandbox/cluster/proxy.ts';
import { writeKubeconfig } from '../../sandbox/cluster/access.ts';
import { at } from '../../src/model/read.ts';
import { eventually } from '../control-plane.ts';
import { bed, runCox } from './fixture.ts';

const template = 'template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: nginx}]}}';
const files = {
  'web/web.yaml':
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n' +
    `spec: {selector: {matchLabels: {app: web}}, ${template}}\n`,
  'web/night.yaml':
    'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night}\nspec:\n  schedule: "0 0 1 1 *"\n  jobTemplate:\n' +
    '    spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: nginx}]}}}\n',
};
const lines = (text: string): string[] => text.trimEnd().split('\n');

async function synced(t: Parameters<typeof bed>[0]): ReturnType<typeof bed> {
  const made = await bed(t, files);
  await made.stage.apply('web', { source: { repoURL: made.url, path: 'web', targetRevision: 'main' } });
  await made.stage.until('web', 'OutOfSync', ({ status }) => status?.sync?.status === 'OutOfSync');
  const ran = await made.cox('app', 'sync', 'web');
  assert.equal(ran.code, 0, ran.err);
  return made;
}

test('actions are listed for what they are for, tried, and carried out once', async (t) => {
  const { stage, cox } = await synced(t);
  const { api } = stage.cluster;
  const read = (group: string, kind: string, name: string): Promise<KubeObject | undefined> =>
    api.get({ group, kind, namespace: stage.namespace, name });
  const rows = lines((await cox('app', 'actions', 'web')).out).map((line) => line.split(/ {2,}/).slice(3));
  assert.deepEqual(
    rows
      .slice(1)
      .map((row) => row.join(' '))
      .sort(),
    [
      'night create-job yes',
      'night resume no',
      'night suspend yes',
      'web pause yes',
      'web restart yes',
      'web resume no',
    ],
  );
  assert.match((await cox('app', 'actions', 'web', 'restart', '--dry-run')).out, /^Deployment web: restart \(tried/);
  const annotations = async (): Promise<unknown> =>
    at(await read('apps', 'Deployment', 'web'), 'spec', 'template', 'metadata', 'annotations');
  assert.equal(await annotations(), undefined);
  assert.equal((await cox('app', 'actions', 'web', 'restart')).out, 'Deployment web: restart done\n');
  assert.match(JSON.stringify(await annotations()), /restartedAt":"\d{4}-/);
  assert.equal((await cox('app', 'actions', 'web', 'pause', '--resource', 'apps:Deployment:web')).code, 0);
  assert.equal(at(await read('apps', 'Deployment', 'web'), 'spec', 'paused'), true);
  const again = await cox('app', 'actions', 'web', 'pause');
  assert.match(again.err, /web needs no pause as it is \(E_APPLICATION\)/);
  assert.equal((await cox('app', 'actions', 'web', 'suspend')).code, 0);
  const both = await cox('app', 'actions', 'web', 'resume');
  assert.deepEqual([both.code, both.out], [2, '']);
  assert.match(both.err, /CronJob night.*--resource names one, --all means them/);
  assert.equal(lines((await cox('app', 'actions', 'web', 'resume', '--all')).out).length, 2);
  assert.equal((await cox('app', 'actions', 'web', 'create-job')).code, 0);
  const jobs = await api.list({ group: 'batch', kind: 'Job' }, { namespace: stage.namespace });
  assert.deepEqual(
    jobs.map(({ metadata }) => metadata.ownerReferences?.[0]?.name),
    ['night'],
  );
  assert.match((await cox('app', 'actions', 'web', 'fly')).err, /"fly" is not an action; there is restart, pause/);
});

test('logs are those of the pods of the application, masked, and what has none is told', async (t) => {
  const { stage, plane, env } = await synced(t);
  const { api } = stage.cluster;
  const pod = await eventually('a pod of the Deployment', async () => {
    const pods = await api.list({ group: '', kind: 'Pod' }, { namespace: stage.namespace });
    return pods.find(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'ReplicaSet')?.metadata.name;
  });
  await api.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'stranger', namespace: stage.namespace },
    spec: { containers: [{ name: 'main', image: 'nginx' }] },
  });
  const proxy = await startProxy({ target: plane.server, ca: plane.ca });
  t.after(() => proxy.stop());
  const asked: string[] = [];
  // The sandbox has no kubelet that keeps logs.
  proxy.answer({
    status: 200,
    times: 1,
    match: ({ path, query }) => path.endsWith(`/${pod}/log`) && asked.push(query.toString()) > 0,
    text: '{"level":"info"}\nconnect https://me:hunter2@db.example/\n\u001b[31mred\n',
  });
  const kubeconfig = writeKubeconfig(`${plane.dir}/${stage.namespace}-logs`, {
    server: proxy.url,
    token: plane.tokens.admin,
    user: 'admin',
  });
  const own = { ...env, KUBECONFIG: kubeconfig };
  const ran = await runCox(['app', 'logs', 'web', '--tail', '5', '--since', '10m', '-c', 'main'], { env: own });
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(lines(ran.out).length, 3);
  assert.match(ran.out, /^\{"level":"info"\}\n/);
  assert.doesNotMatch(ran.out, /hunter2|\u001b/);
  assert.deepEqual(asked, ['container=main&tailLines=5&sinceSeconds=600']);
  const none = await runCox(['app', 'logs', 'web', '-c', 'other'], { env: own });
  assert.equal(none.code, 3);
  assert.match(none.err, /web has no pods with a container other/);
  assert.match((await runCox(['app', 'logs', 'web', '--since', 'x'], { env: own })).err, /--since is "x", but must be/);
});
