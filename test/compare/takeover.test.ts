// What Git gives up or changes in objects that kubectl or Argo CD applied client-side: the defaults in it belong to the
// manifest that named it.
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argo } from '../../src/model/annotations.ts';
import { leftBehind } from '../../src/diff/given-up.ts';
import { keyOf } from '../../src/model/kube.ts';
import { withoutNoise } from '../../src/diff/diff.ts';
import { takeover } from '../../src/diff/takeover.ts';
import { eventually } from '../control-plane.ts';
import { deployment, mustGet, world } from './fixture.ts';

const http = { httpGet: { path: '/', port: 80 } };
const mounted = (volume: Record<string, unknown>): Record<string, unknown> => ({
  volumes: [
    { name: 'data', ...volume },
    { name: 'other', emptyDir: {} },
  ],
});

/** A Deployment whose container, pod and own spec have these fields beside the usual. */
function workload({
  container = {},
  pod = {},
  spec = {},
}: {
  container?: Record<string, unknown>;
  pod?: Record<string, unknown>;
  spec?: Record<string, unknown>;
} = {}): KubeObject {
  const whole = deployment('app', { extra: container });
  const own = whole['spec'] as { template: { spec: Record<string, unknown> } };
  return { ...whole, spec: { ...own, ...spec, template: { ...own.template, spec: { ...own.template.spec, ...pod } } } };
}

function service(spec: Record<string, unknown>): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'app' }, spec: { selector: { app: 'app' }, ...spec } };
}

function statefulSet(updateStrategy: Record<string, unknown>): KubeObject {
  return {
    ...workload(),
    kind: 'StatefulSet',
    spec: { ...(workload()['spec'] as object), serviceName: 'app', updateStrategy },
  };
}

function ingress(backend: Record<string, unknown>): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'app' },
    spec: { rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  };
}

function scaler(metrics: Record<string, unknown>[]): KubeObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'app' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' }, maxReplicas: 3, metrics },
  };
}

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const memory = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
};
const sidecar = { name: 'side', image: 'side:1', livenessProbe: http };
const containers = (...more: unknown[]): Record<string, unknown> => ({
  containers: [{ name: 'api', image: 'example/api:1' }, ...more],
});

const rows: { name: string; before: KubeObject; after: KubeObject }[] = [
  { name: 'a probe goes', before: workload({ container: { livenessProbe: http } }), after: workload() },
  {
    name: 'a probe becomes another kind of probe',
    before: workload({ container: { livenessProbe: http } }),
    after: workload({ container: { livenessProbe: { tcpSocket: { port: 80 } } } }),
  },
  {
    name: 'a probe becomes another kind with new times',
    before: workload({ container: { livenessProbe: { ...http, timeoutSeconds: 3 } } }),
    after: workload({ container: { livenessProbe: { exec: { command: ['true'] }, periodSeconds: 7 } } }),
  },
  {
    name: 'a lifecycle hook goes',
    before: workload({ container: { lifecycle: { preStop: http, postStart: http } } }),
    after: workload({ container: { lifecycle: { postStart: http } } }),
  },
  {
    name: 'a lifecycle hook becomes another kind',
    before: workload({ container: { lifecycle: { preStop: http } } }),
    after: workload({ container: { lifecycle: { preStop: { exec: { command: ['true'] } } } } }),
  },
  {
    name: 'valueFrom becomes value',
    before: workload({ container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] } }),
    after: workload({ container: { env: [{ name: 'A', value: 'x' }] } }),
  },
  {
    name: 'a variable with valueFrom goes',
    before: workload({
      container: {
        env: [
          { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'B', value: '1' },
        ],
      },
    }),
    after: workload({ container: { env: [{ name: 'B', value: '2' }] } }),
  },
  {
    name: 'emptyDir becomes configMap',
    before: workload({ pod: mounted({ emptyDir: {} }) }),
    after: workload({ pod: mounted({ configMap: { name: 'c' } }) }),
  },
  {
    name: 'hostPath becomes secret',
    before: workload({ pod: mounted({ hostPath: { path: '/x' } }) }),
    after: workload({ pod: mounted({ secret: { secretName: 's' } }) }),
  },
  {
    name: 'a volume with a default mode goes',
    before: workload({ pod: mounted({ configMap: { name: 'c' } }) }),
    after: workload({ pod: { volumes: [{ name: 'other', emptyDir: {} }] } }),
  },
  { name: 'a container goes', before: workload({ pod: containers(sidecar) }), after: workload({ pod: containers() }) },
  {
    name: 'a container gives way to another',
    before: workload({ pod: containers(sidecar) }),
    after: workload({ pod: containers({ name: 'new', image: 'new:1' }) }),
  },
  {
    name: 'an init container goes',
    before: workload({ pod: { initContainers: [sidecar].map(({ name, image }) => ({ name, image })) } }),
    after: workload(),
  },
  {
    name: 'RollingUpdate becomes Recreate',
    before: workload({ spec: { strategy: { type: 'RollingUpdate' } } }),
    after: workload({ spec: { strategy: { type: 'Recreate' } } }),
  },
  {
    name: 'RollingUpdate with a surge of its own becomes Recreate',
    before: workload({ spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }),
    after: workload({ spec: { strategy: { type: 'Recreate' } } }),
  },
  {
    name: 'the default strategy becomes Recreate',
    before: workload(),
    after: workload({ spec: { strategy: { type: 'Recreate' } } }),
  },
  {
    name: 'a StatefulSet is updated on delete',
    before: statefulSet({ type: 'RollingUpdate' }),
    after: statefulSet({ type: 'OnDelete' }),
  },
  {
    name: 'a port of a Service goes',
    before: service({
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    }),
    after: service({ ports: [{ name: 'a', port: 80 }] }),
  },
  {
    name: 'a port of a Service gets another number',
    before: service({
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    }),
    after: service({
      ports: [
        { name: 'a', port: 8080 },
        { name: 'b', port: 81 },
      ],
    }),
  },
  {
    name: 'a node port goes',
    before: service({ type: 'NodePort', ports: [{ name: 'a', port: 80 }] }),
    after: service({ type: 'ClusterIP', ports: [{ name: 'a', port: 80 }] }),
  },
  {
    name: 'a session affinity goes',
    before: service({ sessionAffinity: 'ClientIP', ports: [{ port: 80 }] }),
    after: service({ sessionAffinity: 'None', ports: [{ port: 80 }] }),
  },
  {
    name: 'a backend becomes another kind',
    before: ingress({ service: { name: 's', port: { number: 80 } } }),
    after: ingress({ resource: { kind: 'Bucket', name: 'b' } }),
  },
  { name: 'metrics of an autoscaler change', before: scaler([cpu]), after: scaler([memory]) },
];

function asKubectl(object: KubeObject, namespace: string): KubeObject {
  const applied = { ...object, metadata: { ...object.metadata, namespace, annotations: {} } };
  return { ...object, metadata: { ...object.metadata, annotations: { [argo.lastApplied]: JSON.stringify(applied) } } };
}

/** As the server makes it of nothing but this manifest. */
async function anew(w: World, object: KubeObject): Promise<unknown> {
  return (
    await w.cluster.api.create(
      { ...object, metadata: { generateName: 'anew-', namespace: w.namespace } },
      { dryRun: true },
    )
  )['spec'];
}

/** Without what the server chooses, and in an order of its own. */
function comparable(spec: unknown): unknown {
  const { clusterIP: _ip, clusterIPs: _ips, ports, template, ...rest } = spec as Record<string, unknown>;
  const plain = (Array.isArray(ports) ? ports : []).map(
    ({ nodePort: _node, ...port }: Record<string, unknown>) => port,
  );
  return { ...rest, template, ports: plain.sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1)) };
}

async function specOf(w: World, object: KubeObject): Promise<unknown> {
  return (await mustGet(w.cluster, { ...keyOf(object), namespace: w.namespace }))['spec'];
}

/** The preview says what the sync then does, and the sync leaves what Git alone would make. */
async function changes(w: World, before: KubeObject, after: KubeObject): Promise<void> {
  const effect = await w.effect({ last: [before], target: [after] });
  assert.deepEqual(effect.errors, []);
  assert.equal(effect.operations.length, 1);
  await w.sync([after], [before]);
  const spec = await specOf(w, after);
  assert.deepEqual(comparable(spec), comparable(await anew(w, after)));
  assert.deepEqual(
    comparable(withoutNoise(effect.total[0]?.after ?? assert.fail())['spec']),
    comparable(spec),
    'as predicted',
  );
  assert.equal((await w.compare([after])).status, 'Synced');
}

function called(object: KubeObject, name: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, name } };
}

/** Every row in turn; the sync of the next one takes its object away. */
async function eachRow(
  w: World,
  some: typeof rows,
  work: (before: KubeObject, after: KubeObject) => Promise<void>,
): Promise<void> {
  for (const [at, { name, before, after }] of some.entries()) {
    await work(called(before, `app-${at}`), called(after, `app-${at}`)).catch((cause: unknown) =>
      assert.fail(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`),
    );
    await w.sync([]);
  }
}

test('what kubectl applied is changed in kind at the first sync', async (t) => {
  const w = await world(t);
  await eachRow(w, rows, async (before, after) => {
    await w.create(asKubectl(before, w.namespace), 'kubectl-client-side-apply');
    await changes(w, before, after);
  });
});

test('what Argo CD applied client-side is changed in kind at a later sync', async (t) => {
  const w = await world(t);
  await eachRow(w, rows, async (before, after) => {
    await w.create(asKubectl(before, w.namespace), 'argocd-controller');
    await w.sync([before]);
    await changes(w, before, after);
  });
});

test('an object that was never applied client-side changes its kinds as well', async (t) => {
  const w = await world(t);
  await eachRow(w, rows, async (before, after) => {
    await w.sync([before]);
    await changes(w, before, after);
  });
});

test('an edit by hand goes with the struct that cannot be without it, and every other edit stays', async (t) => {
  const w = await world(t);
  const [before, after] = [
    workload({ container: { livenessProbe: http, readinessProbe: http } }),
    workload({ container: { readinessProbe: { tcpSocket: { port: 80 } } } }),
  ];
  await w.create(asKubectl(before, w.namespace), 'kubectl-client-side-apply');
  const container = (fields: object): Record<string, unknown> => ({
    spec: { template: { spec: { containers: [{ name: 'api', image: 'example/api:1', ...fields }] } } },
  });
  await w.edit(before, {
    spec: { paused: true, template: { metadata: { annotations: { 'by-hand': 'x' } } } },
    metadata: { labels: { mine: 'y' } },
  });
  await w.edit(before, {
    ...container({
      livenessProbe: { ...http, timeoutSeconds: 5 },
      readinessProbe: { ...http, timeoutSeconds: 6 },
      stdin: true,
    }),
  });
  const effect = await w.effect({ last: [before], target: [after] });
  assert.deepEqual(effect.errors, []);
  await w.sync([after], [before]);
  const live = await mustGet(w.cluster, { ...keyOf(after), namespace: w.namespace });
  const spec = live['spec'] as {
    paused: boolean;
    template: { metadata: { annotations: unknown }; spec: { containers: Record<string, unknown>[] } };
  };
  const [found] = spec.template.spec.containers;
  assert.deepEqual(
    [spec.paused, spec.template.metadata.annotations, live.metadata.labels, found?.['stdin'], found?.['livenessProbe']],
    [true, { 'by-hand': 'x' }, { mine: 'y' }, true, undefined],
  );
  assert.deepEqual(found?.['readinessProbe'], {
    tcpSocket: { port: 80 },
    timeoutSeconds: 6,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
});

test('what another applier holds of a struct stays, and that is told', async (t) => {
  const w = await world(t);
  const [before, after] = [workload({ container: { livenessProbe: http } }), workload()];
  await w.create(asKubectl(before, w.namespace), 'kubectl-client-side-apply');
  await w.applyAs(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'app' },
      spec: { template: { spec: { containers: [{ name: 'api', livenessProbe: { ...http, timeoutSeconds: 9 } }] } } },
    },
    'somebody',
  );
  const effect = await w.effect({ last: [before], target: [after] });
  assert.deepEqual(effect.errors, []);
  assert.ok(
    effect.total[0]?.notes.some((note) => note.includes('is no longer managed, stays')),
    JSON.stringify(effect.total[0]?.notes),
  );
  await w.sync([after], [before]);
  const live = (await specOf(w, after)) as { template: { spec: { containers: Record<string, unknown>[] } } };
  assert.deepEqual(
    (live.template.spec.containers[0]?.['livenessProbe'] as Record<string, unknown>)['timeoutSeconds'],
    9,
  );
});

test('being killed between taking over and applying changes neither the effect nor its digest', async (t) => {
  const w = await world(t);
  await eachRow(
    w,
    rows.filter(({ before: { kind } }) => kind === 'Deployment'),
    async (before, after) => {
      await w.create(asKubectl(before, w.namespace), 'kubectl-client-side-apply');
      await w.sync([before]);
      const effect = await w.effect({ last: [before], target: [after] });
      const [object] = (await w.compare([after], [before])).objects;
      assert.ok(object?.target);
      const { target, previous, key } = object;
      await eventually('taken over', async () => {
        // A status may come in between, which the owners of fields do not depend on.
        const live = await mustGet(w.cluster, key);
        const refused = JSON.stringify(target).includes('Recreate') ? ['spec.strategy.rollingUpdate'] : [];
        const patch = takeover(live, { target, previous, named: leftBehind(refused, live, target) });
        if (patch)
          await w.edit(before, patch as unknown as Record<string, unknown>, {
            type: 'json',
            manager: 'argocd-controller',
          });
        return true;
      });
      const again = await w.effect({ last: [before], target: [after] });
      assert.deepEqual([again.errors, again.operations], [[], effect.operations]);
      await changes(w, before, after);
    },
  );
});
