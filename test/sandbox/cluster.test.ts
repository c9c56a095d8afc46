// The sandbox cluster: real objects come alive in it, it restarts, and it never outlives its parent.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { test } from 'node:test';
import { binaries } from '../../tools/binaries.ts';
import { eventually, ownCluster, testCluster, type TestCluster } from '../control-plane.ts';

type Pods = {
  items: { status: { phase: string; containerStatuses?: { state: { waiting?: { reason: string } } }[] } }[];
};

function template(image: string, annotations: Record<string, string> = {}): object {
  return {
    metadata: { labels: { app: 'web' }, annotations },
    spec: { restartPolicy: 'Always', containers: [{ name: 'web', image }] },
  };
}

function job(annotations: Record<string, string> = {}): object {
  const pod = {
    metadata: { annotations },
    spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: 'migrate:1' }] },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate' },
    spec: { backoffLimit: 0, template: pod },
  };
}

async function deploy({ access, namespace }: TestCluster, image: string): Promise<string> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  await access.must('POST', path, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template(image) },
  });
  return `${path}/web`;
}

async function jobCondition({ access, namespace }: TestCluster, annotations: Record<string, string>): Promise<string> {
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  await access.must('POST', path, job(annotations));
  return eventually('the Job ends', async () => {
    const { status } = (await access.must('GET', `${path}/migrate`)) as {
      status: { conditions?: { type: string; status: string }[] };
    };
    return status.conditions?.find(({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True')
      ?.type;
  });
}

test('a Deployment becomes ready', async (t) => {
  const cluster = await testCluster(t);
  const path = await deploy(cluster, 'web:1');
  await eventually('two replicas are ready', async () => {
    const { status } = (await cluster.access.must('GET', path)) as { status: { readyReplicas?: number } };
    return status.readyReplicas === 2 || undefined;
  });
});

test('a Deployment with the image tag "broken" waits for its image', async (t) => {
  const cluster = await testCluster(t);
  await deploy(cluster, 'web:broken');
  await eventually('both pods wait', async () => {
    const { items } = (await cluster.access.must('GET', `/api/v1/namespaces/${cluster.namespace}/pods`)) as Pods;
    return (
      (items.length === 2 &&
        items.every(({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'ImagePullBackOff')) ||
      undefined
    );
  });
});

test('what containers have written can be read', async (t) => {
  const cluster = await testCluster(t);
  await deploy(cluster, 'web:1');
  const pods = `/api/v1/namespaces/${cluster.namespace}/pods`;
  const text = await eventually('a pod has its log', async () => {
    const { items } = (await cluster.access.must('GET', pods)) as { items: { metadata: { name: string } }[] };
    const name = items[0]?.metadata.name;
    if (name === undefined) return undefined;
    const { status, body } = await cluster.access.call('GET', `${pods}/${name}/log?tailLines=1`);
    return status === 200 && body !== '' ? body : undefined;
  });
  assert.equal(text, 'the third line\n');
});

test('a Job completes', async (t) => assert.equal(await jobCondition(await testCluster(t), {}), 'Complete'));

test('a Job told to fail fails', async (t) =>
  assert.equal(await jobCondition(await testCluster(t), { 'sandbox.coxswain.dev/outcome': 'fail' }), 'Failed'));

test('a person edits with kubectl and their field manager shows', async (t) => {
  const cluster = await testCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const asPerson = ['--kubeconfig', cluster.kubeconfigs.someone, '-n', cluster.namespace];
  execFileSync(kubectl, [...asPerson, 'create', 'configmap', 'settings', '--from-literal=a=1'], { stdio: 'pipe' });
  const { metadata } = (await cluster.access.must(
    'GET',
    `/api/v1/namespaces/${cluster.namespace}/configmaps/settings`,
  )) as { metadata: { managedFields: { manager: string }[] } };
  assert.deepEqual(
    metadata.managedFields.map(({ manager }) => manager),
    ['kubectl-create'],
  );
  const who = execFileSync(kubectl, [...asPerson, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
    encoding: 'utf8',
  });
  assert.equal(who, 'someone');
});

test('a restarted API server has kept data, certificate and users, and two clusters run side by side', async (t) => {
  const [first, second] = await Promise.all([ownCluster(t), ownCluster(t)]);
  assert.notEqual(first.server, second.server);
  const before = first.pids;
  await first.restart('apiserver');
  assert.notEqual(first.pids['apiserver'], before['apiserver']);
  assert.equal(first.pids['etcd'], before['etcd']);
  assert.equal((await first.access.call('GET', `/api/v1/namespaces/${first.namespace}`)).status, 200);
  assert.equal((await second.access.call('GET', `/api/v1/namespaces/${first.namespace}`)).status, 404);
});

test('its processes and its data go when the process that started it is killed', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-cluster.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { value: line } = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()) as {
    value: string;
  };
  const { pids, dir } = JSON.parse(line) as { pids: Record<string, number>; dir: string };
  assert.equal(Object.keys(pids).length, 5);
  child.kill('SIGKILL');
  await eventually('all processes are gone', () => Object.values(pids).every((pid) => !isAlive(pid)) || undefined);
  await eventually('the data is gone', () => !existsSync(dir) || undefined);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
