// How an application controller of Argo CD is recognised in a real API server, and when it counts as gone.
import type { TestContext } from 'node:test';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { ControllerWatch } from '../../src/store/argocd-controller.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { watchController } from '../../src/store/argocd-controller.ts';
import { openStore } from '../../src/store/store.ts';
import { connect } from '../cluster/connect.ts';
import { eventually, testCluster, type TestCluster } from '../control-plane.ts';
import { workload } from '../engine/controller-workload.ts';

interface Scene {
  plane: TestCluster;
  cluster: Cluster;
  clock: SteppedClock;
  lines: string[];
  watch(): Promise<ControllerWatch>;
  put(object: KubeObject, manager?: string): Promise<unknown>;
  until(what: string, watch: ControllerWatch, seen: RegExp | undefined): Promise<void>;
}

async function scene(t: TestContext): Promise<Scene> {
  const plane = await testCluster(t);
  const cluster = await connect(t, plane);
  const clock = new SteppedClock(Date.now());
  const lines: string[] = [];
  const log = createLogger({ level: 'info', write: (line) => lines.push(line) });
  const store = await openStore(cluster, plane.namespace);
  return {
    plane,
    cluster,
    clock,
    lines,
    async watch() {
      const { namespace } = plane;
      const watch = watchController({ cluster, applications: store.applications, namespace, clock, log });
      t.after(() => watch.stop());
      await watch.start(AbortSignal.timeout(30_000));
      return watch;
    },
    put: (object, manager = 'test') => cluster.api.apply(object, { manager }),
    async until(what, watch, seen) {
      await eventually(what, () => {
        const now = watch.seen()?.what;
        return (seen === undefined ? now === undefined : seen.test(now ?? '')) || undefined;
      });
    },
  };
}

const other = { 'app.kubernetes.io/part-of': 'argocd' };

test('a controller is seen by name, label or program while pods of it are wanted or left', async (t) => {
  const { plane, cluster, watch, put, until } = await scene(t);
  const { namespace } = plane;
  const seen = await watch();
  assert.equal(seen.seen(), undefined);
  const shapes = [
    workload({ namespace }),
    workload({ namespace, labels: other, args: [] }),
    workload({
      namespace,
      name: 'gitops-engine-a',
      labels: { 'app.kubernetes.io/component': 'application-controller' },
    }),
    workload({ namespace, kind: 'Deployment', name: 'renamed', labels: {} }),
  ];
  for (const shape of shapes) {
    const { kind } = shape;
    const { name = '' } = shape.metadata;
    await put(shape);
    await until(`${kind} ${name} is seen`, seen, new RegExp(`^${kind} ${name}$`));
    assert.equal(seen.seen()?.command, `kubectl -n ${namespace} scale ${kind.toLowerCase()} ${name} --replicas=0`);
    const ref = { group: 'apps', kind, namespace, name };
    await cluster.api.patch(ref, { type: 'merge', patch: { spec: { replicas: 0 } } });
    await until(`${kind} ${name} has no pods`, seen, undefined);
    await cluster.api.delete(ref);
  }
});

test("Argo CD's other parts, its ApplicationSet controller among them, are no second engine", async (t) => {
  const { plane, watch, put, until } = await scene(t);
  const { namespace } = plane;
  const part = (name: string, component: string): KubeObject =>
    workload({
      namespace,
      kind: 'Deployment',
      name,
      labels: { ...other, 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': component },
      args: [`/usr/local/bin/${name}`],
    });
  const seen = await watch();
  await put(part('argocd-applicationset-controller', 'applicationset-controller'));
  await put(part('argocd-server', 'server'));
  await put(part('argocd-repo-server', 'repo-server'));
  await put(part('argocd-notifications-controller', 'notifications-controller'));
  await put(workload({ namespace }));
  await until('what came last is seen', seen, /^StatefulSet argocd-application-controller$/);
});

function shards(namespace: string, at: number, name = 'argocd-application-controller-7f'): KubeObject {
  const mapping = [
    { ShardNumber: 0, ControllerName: name, HeartbeatTime: new Date(at).toISOString() },
    { ShardNumber: 1, ControllerName: '', HeartbeatTime: null },
  ];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-app-controller-shard-cm', namespace },
    data: { shardControllerMapping: JSON.stringify(mapping) },
  };
}

test('one that runs elsewhere is seen by its heartbeat in the shard map, until that is old', async (t) => {
  const { plane, clock, watch, put, until } = await scene(t);
  await put(shards(plane.namespace, clock.now() - 600_000));
  const seen = await watch();
  assert.equal(seen.seen(), undefined);
  await put(shards(plane.namespace, clock.now()));
  await until('the heartbeat is seen', seen, /^its heartbeat in ConfigMap argocd-app-controller-shard-cm, last at /);
  assert.equal(seen.seen()?.command, undefined);
  clock.step(200_000);
  assert.ok(seen.seen());
  clock.step(100_002);
  assert.equal(seen.seen(), undefined);
});

async function writeStatus({ cluster, plane }: Scene, manager: string): Promise<void> {
  const ref = { group: 'argoproj.io', kind: 'Application', namespace: plane.namespace, name: 'web' };
  const status = { sync: { status: 'Synced' }, reconciledAt: new Date().toISOString() };
  await cluster.api.patch(ref, { type: 'merge', patch: { status }, manager });
}

function application(namespace: string): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace },
    spec: {
      project: 'default',
      destination: { name: 'in-cluster', namespace },
      source: { repoURL: 'https://x.example' },
    },
  };
}

test('one that runs elsewhere is seen by the statuses that it writes, not by those of others', async (t) => {
  const made = await scene(t);
  const { plane, clock, watch, put, until } = made;
  await put(application(plane.namespace));
  for (const manager of ['argocd-controller', 'argocd-server', 'kubectl-edit']) await writeStatus(made, manager);
  const seen = await watch();
  assert.equal(seen.seen(), undefined);
  await writeStatus(made, 'argocd-application-controller');
  await until('the status is seen', seen, /^it writes the status of Applications, last at /);
  const later = await watch();
  assert.match(later.seen()?.what ?? '', /^it writes the status/, 'also by who comes later');
  clock.step(302_000);
  assert.deepEqual([seen.seen(), later.seen()], [undefined, undefined]);
});

test('what a controller wrote before it was scaled to 0 keeps nobody waiting', async (t) => {
  const made = await scene(t);
  const { plane, cluster, clock, watch, put, until } = made;
  const { namespace } = plane;
  await put(application(namespace));
  await put(workload({ namespace }));
  const seen = await watch();
  await until('it is seen', seen, /^StatefulSet/);
  await put(shards(namespace, clock.now() - 1_000));
  await writeStatus(made, 'argocd-application-controller');
  clock.step(10_000);
  const ref = { group: 'apps', kind: 'StatefulSet', namespace, name: 'argocd-application-controller' };
  await cluster.api.patch(ref, { type: 'merge', patch: { spec: { replicas: 0 } } });
  await until('it is gone at once', seen, undefined);
  // Its first list may be a little old.
  await until('nor who comes later', await watch(), undefined);
});

/** Of an account with this right in the namespace and no other. */
async function tokenWith({ access, namespace }: TestCluster, rule: Record<string, string[]>): Promise<string> {
  const name = 'narrow';
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await access.must('POST', accounts, { metadata: { name } });
  await access.must('POST', `${rbac}/roles`, { metadata: { name }, rules: [rule] });
  await access.must('POST', `${rbac}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { status } = (await access.must('POST', `${accounts}/${name}/token`, asked)) as { status: { token: string } };
  return status.token;
}

test('without the right to list workloads a warning names it, and the rest is followed all the same', async (t) => {
  const made = await scene(t);
  const { plane, lines, clock } = made;
  const { namespace } = plane;
  const token = await tokenWith(plane, { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] });
  const cluster = await connect(t, { ...plane, token });
  const applications = { list: () => [], onChange: () => () => undefined };
  const log = createLogger({ level: 'info', write: (line) => lines.push(line) });
  const watch = watchController({ cluster, applications, namespace, clock, log });
  t.after(() => watch.stop());
  await watch.start(AbortSignal.timeout(30_000));
  const told = lines
    .map((line) => JSON.parse(line) as { level: string; msg: string; kind?: string; hint?: string })
    .filter(({ msg }) => msg.startsWith('whether an application controller'));
  assert.deepEqual(told.map(({ level, kind }) => `${level} ${kind ?? ''}`).sort(), [
    'warn Deployment',
    'warn StatefulSet',
  ]);
  assert.match(told[0]?.hint ?? '', /deploy\/rbac\.yaml/);
  await made.put(shards(namespace, clock.now()));
  await made.until('the heartbeat is seen', watch, /heartbeat/);
});
