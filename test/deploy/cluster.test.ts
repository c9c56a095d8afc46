// What deploy/ holds is taken by a real API server, and grants what the source needs and no more.
import type { KubeObject } from '../../src/model/kube.ts';
import type { TestCluster } from '../control-plane.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { readConfig, variables } from '../../src/operator/config.ts';
import { eventually, ownCluster } from '../control-plane.ts';

const root = join(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');

async function may(
  cluster: TestCluster,
  what: { verb: string; group: string; resource: string; subresource?: string; namespace?: string; name?: string },
): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'system:serviceaccount:argocd:coxswain',
      groups: ['system:serviceaccounts', 'system:authenticated'],
      resourceAttributes: { namespace: 'argocd', ...what },
    },
  };
  const answer = (await cluster.access.must('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)) as {
    status: { allowed: boolean };
  };
  return answer.status.allowed;
}

test("everything is applied, twice without a change, and the operator's pod is admitted", async (t) => {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const apply = (...what: string[]): string =>
    execFileSync(kubectl, ['--kubeconfig', cluster.kubeconfigs.admin, 'apply', '--validate=strict', ...what], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  apply('-f', join(deploy, 'crds'), '-f', join(deploy, 'settings.yaml'));
  assert.match(apply('-k', deploy), /deployment\.apps\/coxswain created/);
  assert.ok(
    apply('-k', deploy)
      .trim()
      .split('\n')
      .every((line) => line.endsWith('unchanged')),
  );
  execFileSync(kubectl, [
    '--kubeconfig',
    cluster.kubeconfigs.admin,
    'wait',
    '--for=condition=Established',
    '--timeout=20s',
    'crd',
    '--all',
  ]);
  apply('-f', join(deploy, 'default-project.yaml'));
  await eventually('a pod of the operator', async () => {
    const pods = (await cluster.access.must(
      'GET',
      '/api/v1/namespaces/argocd/pods?labelSelector=app.kubernetes.io/name=coxswain',
    )) as { items: unknown[] };
    return pods.items.length === 1 ? true : undefined;
  });
  await cluster.access.must('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/coxswain-managed');
  const own = [
    ['argoproj.io', 'applications', 'get list watch patch'],
    ['argoproj.io', 'appprojects', 'list watch'],
    ['coxswain.dev', 'approvals', 'get list watch create patch delete'],
    ['coxswain.dev', 'driftepisodes', 'get list watch create patch delete'],
    ['coxswain.dev', 'reports', 'get list watch create patch delete'],
    ['coxswain.dev', 'requests', 'get list watch create patch delete'],
    ['coxswain.dev', 'syncrecords', 'get list watch create patch delete'],
    ['', 'configmaps', 'list watch'],
    ['', 'secrets', 'get list watch create'],
    ['apps', 'statefulsets', 'list watch'],
    ['apps', 'deployments', 'list watch'],
    ['coordination.k8s.io', 'leases', 'get create update'],
  ];
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  await eventually('the binding is gone', async () =>
    (await may(cluster, { verb: 'delete', group: '', resource: 'secrets' })) ? undefined : true,
  );
  for (const [group = '', resource = '', granted = ''] of own) {
    for (const verb of verbs)
      assert.equal(
        await may(cluster, { verb, group, resource }),
        granted.split(' ').includes(verb),
        `${verb} ${resource}`,
      );
    assert.equal(
      await may(cluster, { verb: 'get', group, resource, namespace: 'default' }),
      false,
      `${resource} of another namespace`,
    );
  }
  for (const name of ['coxswain-github', 'coxswain-mac', 'other'])
    for (const verb of ['update', 'delete'])
      assert.equal(
        await may(cluster, { verb, group: '', resource: 'secrets', name }),
        name === 'coxswain-github' && verb === 'update',
        `${verb} secrets ${name}`,
      );
  for (const resource of ['approvals', 'driftepisodes', 'reports', 'requests'])
    assert.equal(await may(cluster, { verb: 'patch', group: 'coxswain.dev', resource, subresource: 'status' }), true);
});

test('credentials that are stored in the Secret of the App stay there when a new version is applied', async (t) => {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const file = join(deploy, 'github-secret.yaml');
  const apply = (...more: string[]): string =>
    execFileSync(kubectl, ['--kubeconfig', cluster.kubeconfigs.admin, 'apply', '-f', file, ...more], {
      encoding: 'utf8',
    });
  await cluster.access.must('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'argocd' },
  });
  apply();
  const path = '/api/v1/namespaces/argocd/secrets/coxswain-github';
  const secret = (await cluster.access.must('GET', path)) as object;
  const data = { 'app-id': Buffer.from('7').toString('base64') };
  await cluster.access.must('PUT', path, { ...secret, data });
  apply();
  apply('--server-side', '--force-conflicts');
  assert.deepEqual(((await cluster.access.must('GET', path)) as { data?: unknown }).data, data);
});

test("what every new version applies holds nothing that is Argo CD's", async () => {
  const { kubectl } = await binaries(['kubectl']);
  const objects = parseAllDocuments(execFileSync(kubectl, ['kustomize', deploy], { encoding: 'utf8' })).map(
    (document) => document.toJS() as KubeObject,
  );
  assert.ok(objects.length > 8);
  for (const { apiVersion, kind, metadata } of objects) {
    assert.match(metadata.name ?? '', /coxswain/, `${kind} ${metadata.name ?? ''}`);
    assert.doesNotMatch(apiVersion, /argoproj/);
  }
});

test('every rule names files that exist', () => {
  const files = [...readFileSync(join(deploy, 'rbac.yaml'), 'utf8').matchAll(/src\/[\w/-]+\.ts/g)].map(
    (match) => match[0],
  );
  assert.ok(files.length > 8);
  for (const file of files) assert.ok(existsSync(join(root, file)), file);
});

test('the Deployment sets variables that exist, and what it sets is a valid configuration', () => {
  const text = readFileSync(join(deploy, 'deployment.yaml'), 'utf8');
  const names = [...text.matchAll(/name: (COX_\w+)/g)].map((match) => match[1] ?? '');
  for (const name of names) assert.ok(Object.hasOwn(variables, name), name);
  const config = readConfig({
    COX_NAMESPACE: 'argocd',
    COX_DATA_DIR: '/var/lib/coxswain',
    COX_PUBLIC_URL: 'http://localhost:8080',
  });
  const ports = [...text.matchAll(/name: (\w+), containerPort: (\d+)/g)].map((match) => [match[1], Number(match[2])]);
  assert.deepEqual(
    ports,
    Object.entries(config.listen).map(([name, { port }]) => [name, port]),
  );
});
