// Health by kind: one row for every rule of Argo CD's built-in checks, and for the generic rule by conditions.
import type { KubeObject, ObjectMeta } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from '../../src/health/health.ts';

type Fields = { metadata?: ObjectMeta; spec?: unknown; status?: unknown };

function object(apiVersion: string, kind: string, { metadata, ...fields }: Fields): KubeObject {
  return { apiVersion, kind, ...fields, metadata: { name: 'x', namespace: 'n', generation: 2, ...metadata } };
}

const deployment = (spec: object, status: object): KubeObject =>
  object('apps/v1', 'Deployment', {
    spec: { replicas: 3, ...spec },
    status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3, ...status },
  });
const statefulSet = (spec: object, status: object): KubeObject =>
  object('apps/v1', 'StatefulSet', {
    spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate' }, ...spec },
    status: {
      observedGeneration: 2,
      readyReplicas: 3,
      updatedReplicas: 3,
      currentReplicas: 3,
      currentRevision: 'a',
      updateRevision: 'a',
      ...status,
    },
  });
const daemonSet = (spec: object, status: object): KubeObject =>
  object('apps/v1', 'DaemonSet', {
    spec,
    status: {
      observedGeneration: 2,
      desiredNumberScheduled: 3,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
      ...status,
    },
  });
const replicaSet = (status: object): KubeObject =>
  object('apps/v1', 'ReplicaSet', {
    spec: { replicas: 2 },
    status: { observedGeneration: 2, availableReplicas: 2, ...status },
  });
const pod = (restartPolicy: string, status: object, annotations: Record<string, string> = {}): KubeObject =>
  object('v1', 'Pod', { metadata: { annotations }, spec: { restartPolicy }, status });
const conditions = (
  ...list: [type: string, status: string, reason?: string, message?: string][]
): { conditions: object[] } => ({
  conditions: list.map(([type, status, reason = '', message = '']) => ({ type, status, reason, message })),
});
const waiting = (reason: string): object => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'c', state: { waiting: { reason, message: 'why' } } }],
});
const ended = (terminated: object): object => ({
  phase: 'Failed',
  containerStatuses: [{ name: 'c', state: { terminated } }],
});
const custom = (status: object): KubeObject => object('example.com/v1', 'Boat', { status });
const hpaV1 = (annotation?: string): KubeObject =>
  object('autoscaling/v1', 'HorizontalPodAutoscaler', {
    metadata: {
      annotations: annotation === undefined ? {} : { 'autoscaling.alpha.kubernetes.io/conditions': annotation },
    },
  });

const rows: [name: string, object: KubeObject, expected: string][] = [
  ['Deployment paused', deployment({ paused: true }, {}), 'Suspended Deployment is paused'],
  [
    'Deployment not observed',
    deployment({}, { observedGeneration: 1 }),
    'Progressing Waiting for rollout to finish: observed deployment generation less than desired generation',
  ],
  [
    'Deployment past its deadline',
    deployment({}, conditions(['Progressing', 'False', 'ProgressDeadlineExceeded'])),
    'Degraded Deployment "x" exceeded its progress deadline',
  ],
  [
    'Deployment with old pods',
    deployment({}, { updatedReplicas: 1 }),
    'Progressing Waiting for rollout to finish: 1 out of 3 new replicas have been updated...',
  ],
  [
    'Deployment with pods to end',
    deployment({}, { replicas: 5 }),
    'Progressing Waiting for rollout to finish: 2 old replicas are pending termination...',
  ],
  [
    'Deployment with pods not available',
    deployment({}, { availableReplicas: 2 }),
    'Progressing Waiting for rollout to finish: 2 of 3 updated replicas are available...',
  ],
  ['Deployment rolled out', deployment({}, {}), 'Healthy'],
  ['Deployment without replicas in its spec', deployment({ replicas: null }, { updatedReplicas: 3 }), 'Healthy'],
  [
    'Deployment of another version',
    object('apps/v1beta1', 'Deployment', {}),
    'Unknown unsupported Deployment version: apps/v1beta1',
  ],
  [
    'StatefulSet never observed',
    statefulSet({}, { observedGeneration: 0 }),
    'Progressing Waiting for statefulset spec update to be observed...',
  ],
  [
    'StatefulSet not observed',
    statefulSet({}, { observedGeneration: 1 }),
    'Progressing Waiting for statefulset spec update to be observed...',
  ],
  ['StatefulSet not ready', statefulSet({}, { readyReplicas: 1 }), 'Progressing Waiting for 2 pods to be ready...'],
  [
    'StatefulSet with a partition to go',
    statefulSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }, { updatedReplicas: 1 }),
    'Progressing Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...',
  ],
  [
    'StatefulSet with the block compares no revisions',
    statefulSet(
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
      { updateRevision: 'b' },
    ),
    'Healthy partitioned roll out complete: 3 new pods have been updated...',
  ],
  [
    'StatefulSet OnDelete',
    statefulSet({ updateStrategy: { type: 'OnDelete' } }, { updateRevision: 'b' }),
    'Healthy statefulset has 3 ready pods',
  ],
  [
    'StatefulSet rolling',
    statefulSet({}, { updateRevision: 'b', updatedReplicas: 1 }),
    'Progressing waiting for statefulset rolling update to complete 1 pods at revision b...',
  ],
  [
    'StatefulSet rolled out',
    statefulSet({}, {}),
    'Healthy statefulset rolling update complete 3 pods at revision a...',
  ],
  [
    'DaemonSet not observed',
    daemonSet({}, { observedGeneration: 1 }),
    'Progressing Waiting for rollout to finish: observed daemon set generation less than desired generation',
  ],
  [
    'DaemonSet OnDelete',
    daemonSet({ updateStrategy: { type: 'OnDelete' } }, { updatedNumberScheduled: 1 }),
    'Healthy daemon set 1 out of 3 new pods have been updated',
  ],
  [
    'DaemonSet updating',
    daemonSet({}, { updatedNumberScheduled: 1 }),
    'Progressing Waiting for daemon set "x" rollout to finish: 1 out of 3 new pods have been updated...',
  ],
  [
    'DaemonSet not available',
    daemonSet({}, { numberAvailable: 1 }),
    'Progressing Waiting for daemon set "x" rollout to finish: 1 of 3 updated pods are available...',
  ],
  ['DaemonSet rolled out', daemonSet({}, {}), 'Healthy'],
  [
    'ReplicaSet not observed',
    replicaSet({ observedGeneration: 1 }),
    'Progressing Waiting for rollout to finish: observed replica set generation less than desired generation',
  ],
  ['ReplicaSet failing', replicaSet(conditions(['ReplicaFailure', 'True', '', 'quota'])), 'Degraded quota'],
  [
    'ReplicaSet not available',
    replicaSet({ availableReplicas: 1 }),
    'Progressing Waiting for rollout to finish: 1 out of 2 new replicas are available...',
  ],
  ['ReplicaSet available', replicaSet({}), 'Healthy'],
  ['Pod that cannot pull', pod('Always', waiting('ImagePullBackOff')), 'Degraded why'],
  ['Pod with an error', pod('Always', waiting('CreateContainerConfigError')), 'Degraded why'],
  ['Pod with an Err reason', pod('Always', waiting('ErrImagePull')), 'Degraded why'],
  ['Pod that is being made', pod('Always', waiting('ContainerCreating')), 'Progressing'],
  ['Pod that cannot pull and never restarts', pod('Never', waiting('ImagePullBackOff')), 'Progressing'],
  [
    'Pod judged as if it restarted',
    pod('Never', waiting('ImagePullBackOff'), { 'argocd.argoproj.io/ignore-restart-policy': 'true' }),
    'Degraded why',
  ],
  ['Pod succeeded', pod('Never', { phase: 'Succeeded' }), 'Healthy'],
  ['Pod failed with a message', pod('Never', { phase: 'Failed', message: 'evicted' }), 'Degraded evicted'],
  ['Pod out of memory', pod('Never', ended({ reason: 'OOMKilled', exitCode: 137 })), 'Degraded OOMKilled'],
  ['Pod with an exit code', pod('Never', ended({ exitCode: 3 })), 'Degraded container "c" failed with exit code 3'],
  ['Pod running and ready', pod('Always', { phase: 'Running', ...conditions(['Ready', 'True']) }), 'Healthy'],
  [
    'Pod running and restarted',
    pod('Always', { phase: 'Running', containerStatuses: [{ name: 'c', lastState: { terminated: {} } }] }),
    'Degraded',
  ],
  ['Pod running and not ready yet', pod('Always', { phase: 'Running' }), 'Progressing'],
  ['Pod running once', pod('OnFailure', { phase: 'Running', ...conditions(['Ready', 'True']) }), 'Progressing'],
  ['Pod without phase', pod('Always', {}), 'Unknown'],
  [
    'Job failed, whatever the status of the condition',
    object('batch/v1', 'Job', { status: conditions(['Failed', 'False', '', 'limit']) }),
    'Degraded limit',
  ],
  ['Job running', object('batch/v1', 'Job', { status: { active: 1 } }), 'Progressing'],
  [
    'Job suspended',
    object('batch/v1', 'Job', { status: conditions(['Suspended', 'True', '', 'held']) }),
    'Suspended held',
  ],
  ['Job complete', object('batch/v1', 'Job', { status: conditions(['Complete', 'True', '', 'done']) }), 'Healthy done'],
  ['CronJob suspended', object('batch/v1', 'CronJob', { spec: { suspend: true } }), 'Healthy CronJob is Suspended'],
  ['CronJob new', object('batch/v1', 'CronJob', {}), 'Progressing Waiting for CronJob'],
  [
    'CronJob whose last run failed',
    object('batch/v1', 'CronJob', {
      status: { lastScheduleTime: '2026-01-02T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:00:00Z' },
    }),
    'Degraded CronJob has not completed its last execution successfully',
  ],
  [
    'CronJob that runs',
    object('batch/v1', 'CronJob', {
      status: { active: [{}], lastScheduleTime: '2026-01-02T00:00:00Z', lastSuccessfulTime: '2026-01-01T00:00:00Z' },
    }),
    'Healthy',
  ],
  ['HPA v1 without conditions', hpaV1(), 'Progressing Waiting to Autoscale'],
  [
    'HPA v1 able to scale',
    hpaV1('[{"type":"AbleToScale","status":"True","reason":"SucceededGetScale","message":"ok"}]'),
    'Healthy ok',
  ],
  ['HPA v1 with conditions that are no JSON', hpaV1('{'), 'Unknown'],
  [
    'HPA v2 without metrics',
    object('autoscaling/v2', 'HorizontalPodAutoscaler', {
      status: conditions(['ScalingActive', 'False', 'FailedGetResourceMetric', 'no metrics']),
    }),
    'Degraded no metrics',
  ],
  [
    'HPA v2 that may scale, but lacks a metric',
    object('autoscaling/v2', 'HorizontalPodAutoscaler', {
      status: conditions(
        ['AbleToScale', 'True', 'SucceededGetScale', 'got it'],
        ['ScalingActive', 'False', 'FailedGetResourceMetric', 'no metrics'],
      ),
    }),
    'Degraded no metrics',
  ],
  [
    'HPA v2 limited',
    object('autoscaling/v2', 'HorizontalPodAutoscaler', {
      status: conditions(['ScalingLimited', 'True', 'TooFew', 'at least 2']),
    }),
    'Healthy at least 2',
  ],
  [
    'HPA v2 without conditions',
    object('autoscaling/v2', 'HorizontalPodAutoscaler', {}),
    'Progressing Waiting to Autoscale',
  ],
  [
    'HPA of an old version',
    object('autoscaling/v2beta2', 'HorizontalPodAutoscaler', {}),
    'Unknown unsupported HorizontalPodAutoscaler version: autoscaling/v2beta2',
  ],
  ['Service', object('v1', 'Service', { spec: { type: 'ClusterIP' } }), 'Healthy'],
  [
    'Service waiting for its load balancer',
    object('v1', 'Service', { spec: { type: 'LoadBalancer' }, status: { loadBalancer: {} } }),
    'Progressing',
  ],
  [
    'Service with its load balancer',
    object('v1', 'Service', { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{}] } } }),
    'Healthy',
  ],
  ['Ingress without address', object('networking.k8s.io/v1', 'Ingress', {}), 'Progressing'],
  [
    'Ingress with address',
    object('networking.k8s.io/v1', 'Ingress', { status: { loadBalancer: { ingress: [{}] } } }),
    'Healthy',
  ],
  ['PVC bound', object('v1', 'PersistentVolumeClaim', { status: { phase: 'Bound' } }), 'Healthy'],
  ['PVC pending', object('v1', 'PersistentVolumeClaim', { status: { phase: 'Pending' } }), 'Progressing'],
  ['PVC lost', object('v1', 'PersistentVolumeClaim', { status: { phase: 'Lost' } }), 'Degraded'],
  ['PVC new', object('v1', 'PersistentVolumeClaim', {}), 'Unknown'],
  [
    'APIService available',
    object('apiregistration.k8s.io/v1', 'APIService', { status: conditions(['Available', 'True', 'Passed', 'ok']) }),
    'Healthy Passed: ok',
  ],
  [
    'APIService down is never degraded',
    object('apiregistration.k8s.io/v1', 'APIService', { status: conditions(['Available', 'False', 'Missing', 'no']) }),
    'Progressing Missing: no',
  ],
  ['Workflow running', object('argoproj.io/v1alpha1', 'Workflow', {}), 'Progressing'],
  [
    'Workflow failed',
    object('argoproj.io/v1alpha1', 'Workflow', { status: { phase: 'Error', message: 'm' } }),
    'Degraded m',
  ],
  ['PDB without status', object('policy/v1', 'PodDisruptionBudget', {}), 'Progressing Waiting for status'],
  [
    'PDB with too few pods',
    object('policy/v1', 'PodDisruptionBudget', {
      status: conditions(['DisruptionAllowed', 'False', 'InsufficientPods']),
    }),
    'Healthy',
  ],
  [
    'PDB that failed',
    object('policy/v1', 'PodDisruptionBudget', {
      status: conditions(['DisruptionAllowed', 'False', 'SyncFailed', 'm']),
    }),
    'Degraded m',
  ],
  [
    'CRD established',
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: conditions(['NamesAccepted', 'True'], ['Established', 'True']),
    }),
    'Healthy CRD is healthy',
  ],
  [
    'CRD installing',
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: conditions(['NamesAccepted', 'True'], ['Established', 'False', 'Installing']),
    }),
    'Progressing CRD is being installed',
  ],
  [
    'CRD ending',
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { status: conditions(['Terminating', 'True']) }),
    'Progressing CRD is being terminated',
  ],
  [
    'CRD with taken names',
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
      status: conditions(['NamesAccepted', 'False', 'x', 'taken']),
    }),
    'Degraded CRD names have not been accepted: taken',
  ],
  [
    'CRD not established',
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { status: conditions(['NamesAccepted', 'True']) }),
    'Degraded CRD is not established',
  ],
  ['ConfigMap has no health', object('v1', 'ConfigMap', {}), 'none'],
  [
    'Application has no health',
    object('argoproj.io/v1alpha1', 'Application', { status: { health: { status: 'Degraded' } } }),
    'none',
  ],
  ['custom resource without such conditions has no health', custom(conditions(['Painted', 'False'])), 'none'],
  [
    'custom resource ready',
    custom({ observedGeneration: 2, ...conditions(['Ready', 'True', '', 'afloat']) }),
    'Healthy afloat',
  ],
  ['custom resource not ready', custom(conditions(['Ready', 'False', '', 'leaks'])), 'Degraded leaks'],
  [
    'custom resource not observed',
    custom({ observedGeneration: 1, ...conditions(['Ready', 'True']) }),
    'Progressing generation is 2, but the latest observed generation is 1',
  ],
  [
    'custom resource stalled',
    custom(conditions(['Ready', 'False'], ['Stalled', 'True', '', 'no wind'])),
    'Degraded no wind',
  ],
  [
    'custom resource reconciling',
    custom(conditions(['Ready', 'True'], ['Reconciling', 'True', '', 'tacking'])),
    'Progressing tacking',
  ],
  [
    'anything being deleted',
    object('v1', 'ConfigMap', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    'Progressing is being deleted since 2026-01-01T00:00:00Z',
  ],
  [
    'anything held by a finalizer',
    object('v1', 'ConfigMap', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['probe.example/hold'] },
    }),
    'Progressing is being deleted since 2026-01-01T00:00:00Z, waits for the finalizer probe.example/hold',
  ],
  [
    'a namespace whose content goes',
    object('v1', 'Namespace', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.example/b'] },
      spec: { finalizers: ['kubernetes'] },
    }),
    'Progressing is being deleted since 2026-01-01T00:00:00Z, waits for the finalizers a.example/b, kubernetes',
  ],
  [
    'a hook being deleted is judged by its kind',
    object('batch/v1', 'Job', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['argocd.argoproj.io/hook-finalizer'] },
      status: conditions(['Complete', 'True']),
    }),
    'Healthy',
  ],
];

for (const [name, value, expected] of rows) {
  test(name, () => {
    const health = healthOf(value);
    const text = health ? `${health.status}${health.message ? ` ${health.message}` : ''}` : 'none';
    if (name.includes('no JSON')) assert.ok(text.startsWith(expected), text);
    else assert.equal(text, expected);
  });
}
