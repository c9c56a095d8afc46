// docs/beside-argocd.md: its commands are run in their order, and the names in it exist.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { argo, cox } from '../../src/model/annotations.ts';
import { variables } from '../../src/operator/config.ts';
import { shardMap } from '../../src/store/controller-sightings.ts';
import { binaries } from '../../tools/binaries.ts';
import { testCluster } from '../control-plane.ts';
import { workload } from '../engine/controller-workload.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/beside-argocd.md'), 'utf8');

function application(namespace: string): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace },
    spec: {
      project: 'default',
      destination: { name: 'in-cluster', namespace },
      source: { repoURL: 'https://x.example' },
    },
  };
}

test('each command of moving over and back does what the page says', async (t) => {
  const { namespace, access, kubeconfigs } = await testCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const shop = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applications`;
  const coxswain = { kind: 'Deployment', name: 'coxswain', labels: {}, args: [], namespace, replicas: 0 } as const;
  await access.must('POST', `${apps}/statefulsets`, workload({ namespace }));
  await access.must('POST', `${apps}/deployments`, workload({ ...coxswain, args: ['src/main.ts'] }));
  await access.must('POST', shop, application(namespace));
  const seen: unknown[] = [];
  for (const [, block = ''] of page.matchAll(/```sh\n([^]*?)```/g)) {
    for (const command of block.trim().split('\n')) {
      assert.match(command, /^kubectl -n argocd /);
      const own = command.replace(
        'kubectl -n argocd',
        `'${kubectl}' --kubeconfig '${kubeconfigs.admin}' -n ${namespace}`,
      );
      execFileSync('bash', ['-euc', own], { stdio: ['ignore', 'pipe', 'pipe'] });
    }
    const app = (await access.must('GET', `${shop}/shop`)) as KubeObject;
    const controller = (await access.must('GET', `${apps}/statefulsets/argocd-application-controller`)) as {
      spec: { replicas: number };
    };
    const deployment = JSON.stringify(await access.must('GET', `${apps}/deployments/coxswain`));
    seen.push({
      annotations: app.metadata.annotations ?? {},
      replicas: controller.spec.replicas,
      engine: /"name":"COX_ENGINE","value":"(\w+)"/.exec(deployment)?.[1],
      operation: app['operation'],
      redis: /"COX_ARGOCD_REDIS","value":"([^"]+)"/.exec(deployment)?.[1],
    });
  }
  const handed = { [argo.skipReconcile]: 'true', [cox.engine]: 'coxswain' };
  const [beside, instead] = [
    { engine: 'argocd', replicas: 1 },
    { engine: 'coxswain', replicas: 0 },
  ];
  const nothing = { operation: undefined, redis: undefined };
  const kept = { operation: undefined, redis: 'argocd-redis:6379' };
  assert.deepEqual(seen, [
    { ...nothing, annotations: handed, replicas: 1, engine: undefined },
    { ...nothing, annotations: handed, ...instead },
    { ...kept, annotations: handed, ...instead },
    { ...kept, annotations: handed, ...beside },
    { ...kept, annotations: {}, ...beside },
    { ...kept, annotations: {}, ...beside, operation: { sync: {} } },
  ]);
});

test('annotations, variables and objects that it names exist', () => {
  const names = [...page.matchAll(/`((?:argocd\.argoproj\.io|coxswain\.dev)\/[\w-]+)/g)].map(([, name = '']) => name);
  assert.ok(names.length > 3);
  for (const name of names)
    assert.ok(
      Object.values({ ...argo, ...cox }).some((known) => known === name),
      name,
    );
  for (const [, name = ''] of page.matchAll(/\b(COX_[A-Z_]+)/g)) assert.ok(Object.hasOwn(variables, name), name);
  assert.ok(page.includes(shardMap));
  assert.ok(page.includes(argo.lastApplied));
});
