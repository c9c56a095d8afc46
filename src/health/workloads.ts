// Health of what runs: Deployment, StatefulSet, DaemonSet, ReplicaSet, Pod, Job and CronJob (Argo CD:
// gitops-engine/pkg/health).
import type { Health } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { hookOf } from '../model/hooks.ts';
import { at, listAt, numberAt, textAt } from '../model/read.ts';
import { conditionsOf } from './conditions.ts';

const healthy: Health = { status: 'Healthy' };

function progressing(message: string): Health {
  return message === '' ? { status: 'Progressing' } : { status: 'Progressing', message };
}

function judged(status: Health['status'], message: string): Health {
  return message === '' ? { status } : { status, message };
}

function unobserved(object: KubeObject): boolean {
  return (object.metadata.generation ?? 0) > (numberAt(object, 'status', 'observedGeneration') ?? 0);
}

/** Argo CD: gitops-engine/pkg/health/health_deployment.go. */
export function deploymentHealth(object: KubeObject): Health {
  if (at(object, 'spec', 'paused') === true) return { status: 'Suspended', message: 'Deployment is paused' };
  if (unobserved(object))
    return progressing('Waiting for rollout to finish: observed deployment generation less than desired generation');
  const progress = conditionsOf(object).find((condition) => condition.type === 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded') {
    return { status: 'Degraded', message: `Deployment "${object.metadata.name ?? ''}" exceeded its progress deadline` };
  }
  const wanted = numberAt(object, 'spec', 'replicas');
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0;
  const replicas = numberAt(object, 'status', 'replicas') ?? 0;
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0;
  if (wanted !== undefined && updated < wanted)
    return progressing(`Waiting for rollout to finish: ${updated} out of ${wanted} new replicas have been updated...`);
  if (replicas > updated)
    return progressing(`Waiting for rollout to finish: ${replicas - updated} old replicas are pending termination...`);
  if (available < updated)
    return progressing(`Waiting for rollout to finish: ${available} of ${updated} updated replicas are available...`);
  return healthy;
}

/** Argo CD: gitops-engine/pkg/health/health_statefulset.go. */
export function statefulSetHealth(object: KubeObject): Health {
  const observed = numberAt(object, 'status', 'observedGeneration') ?? 0;
  if (observed === 0 || unobserved(object)) return progressing('Waiting for statefulset spec update to be observed...');
  const wanted = numberAt(object, 'spec', 'replicas');
  const ready = numberAt(object, 'status', 'readyReplicas') ?? 0;
  const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0;
  if (wanted !== undefined && ready < wanted) return progressing(`Waiting for ${wanted - ready} pods to be ready...`);
  const strategy = textAt(object, 'spec', 'updateStrategy', 'type');
  if (strategy === 'RollingUpdate' && at(object, 'spec', 'updateStrategy', 'rollingUpdate') !== undefined) {
    // With the block present Argo CD compares no revisions, whatever the partition.
    const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
    if (wanted !== undefined && partition !== undefined && updated < wanted - partition) {
      return progressing(
        `Waiting for partitioned roll out to finish: ${updated} out of ${wanted - partition} new pods have been ` +
          'updated...',
      );
    }
    return { status: 'Healthy', message: `partitioned roll out complete: ${updated} new pods have been updated...` };
  }
  if (strategy === 'OnDelete') return { status: 'Healthy', message: `statefulset has ${ready} ready pods` };
  const revision = textAt(object, 'status', 'updateRevision');
  if (revision !== textAt(object, 'status', 'currentRevision'))
    return progressing(`waiting for statefulset rolling update to complete ${updated} pods at revision ${revision}...`);
  return {
    status: 'Healthy',
    message:
      `statefulset rolling update complete ${numberAt(object, 'status', 'currentReplicas') ?? 0} ` +
      `pods at revision ${textAt(object, 'status', 'currentRevision')}...`,
  };
}

/** Argo CD: gitops-engine/pkg/health/health_daemonset.go. */
export function daemonSetHealth(object: KubeObject): Health {
  if (unobserved(object))
    return progressing('Waiting for rollout to finish: observed daemon set generation less than desired generation');
  const name = object.metadata.name ?? '';
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled') ?? 0;
  const updated = numberAt(object, 'status', 'updatedNumberScheduled') ?? 0;
  const available = numberAt(object, 'status', 'numberAvailable') ?? 0;
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    return { status: 'Healthy', message: `daemon set ${updated} out of ${wanted} new pods have been updated` };
  if (updated < wanted)
    return progressing(
      `Waiting for daemon set "${name}" rollout to finish: ${updated} out of ${wanted} new pods have been updated...`,
    );
  if (available < wanted)
    return progressing(
      `Waiting for daemon set "${name}" rollout to finish: ${available} of ${wanted} updated pods are available...`,
    );
  return healthy;
}

/** Argo CD: gitops-engine/pkg/health/health_replicaset.go. */
export function replicaSetHealth(object: KubeObject): Health {
  if (unobserved(object))
    return progressing('Waiting for rollout to finish: observed replica set generation less than desired generation');
  const failure = conditionsOf(object).find(
    (condition) => condition.type === 'ReplicaFailure' && condition.status === 'True',
  );
  if (failure) return judged('Degraded', failure.message);
  const wanted = numberAt(object, 'spec', 'replicas');
  const available = numberAt(object, 'status', 'availableReplicas') ?? 0;
  if (wanted !== undefined && available < wanted)
    return progressing(`Waiting for rollout to finish: ${available} out of ${wanted} new replicas are available...`);
  return healthy;
}

/** Argo CD: gitops-engine/pkg/health/health_job.go. */
export function jobHealth(object: KubeObject): Health {
  const conditions = conditionsOf(object);
  // A Failed condition counts whatever its status: Argo CD does not look at it.
  const failed = conditions.find((condition) => condition.type === 'Failed');
  if (failed) return judged('Degraded', failed.message);
  const suspended = conditions.find((condition) => condition.type === 'Suspended' && condition.status === 'True');
  if (suspended) return judged('Suspended', suspended.message);
  const end = conditions.find((condition) => condition.type === 'Complete' || condition.type === 'Suspended');
  return end ? judged('Healthy', end.message) : { status: 'Progressing' };
}

/** Argo CD: resource_customizations/batch/CronJob/health.lua. */
export function cronJobHealth(object: KubeObject): Health {
  if (at(object, 'spec', 'suspend') === true) return { status: 'Healthy', message: 'CronJob is Suspended' };
  if (at(object, 'status') === undefined) return progressing('Waiting for CronJob');
  const scheduled = Date.parse(textAt(object, 'status', 'lastScheduleTime'));
  const succeeded = Date.parse(textAt(object, 'status', 'lastSuccessfulTime'));
  if (listAt(object, 'status', 'active').length === 0 && succeeded < scheduled) {
    return { status: 'Degraded', message: 'CronJob has not completed its last execution successfully' };
  }
  return healthy;
}

function containersOf(object: KubeObject): unknown[] {
  return [...listAt(object, 'status', 'initContainerStatuses'), ...listAt(object, 'status', 'containerStatuses')];
}

function failMessage(object: KubeObject): string {
  const own = textAt(object, 'status', 'message');
  if (own !== '') return own;
  for (const container of containersOf(object)) {
    const ended = at(container, 'state', 'terminated');
    if (ended === undefined) continue;
    if (textAt(ended, 'message') !== '') return textAt(ended, 'message');
    if (textAt(ended, 'reason') === 'OOMKilled') return 'OOMKilled';
    const code = numberAt(ended, 'exitCode') ?? 0;
    if (code !== 0) return `container "${textAt(container, 'name')}" failed with exit code ${code}`;
  }
  return '';
}

function runningPodHealth(object: KubeObject, always: boolean): Health {
  const message = textAt(object, 'status', 'message');
  if (!always) return judged('Progressing', message);
  const ready = conditionsOf(object).some((condition) => condition.type === 'Ready' && condition.status === 'True');
  if (ready) return judged('Healthy', message);
  const restarted = listAt(object, 'status', 'containerStatuses').some(
    (container) => at(container, 'lastState', 'terminated') !== undefined,
  );
  return restarted ? judged('Degraded', message) : judged('Progressing', message);
}

/** Argo CD: gitops-engine/pkg/health/health_pod.go. */
export function podHealth(object: KubeObject): Health {
  const policy = textAt(object, 'spec', 'restartPolicy') || 'Always';
  const asAlways = object.metadata.annotations?.[argo.ignoreRestartPolicy] === 'true' && !hookOf(object).isHook;
  const always = policy === 'Always' || asAlways;
  if (always) {
    const messages = containersOf(object).flatMap((container) => {
      const reason = textAt(container, 'state', 'waiting', 'reason');
      return /^Err|Error$|BackOff$/.test(reason) ? [textAt(container, 'state', 'waiting', 'message')] : [];
    });
    if (messages.length > 0) return judged('Degraded', messages.join(', '));
  }
  switch (textAt(object, 'status', 'phase')) {
    case 'Pending':
      return judged('Progressing', textAt(object, 'status', 'message'));
    case 'Succeeded':
      return judged('Healthy', textAt(object, 'status', 'message'));
    case 'Failed':
      return judged('Degraded', failMessage(object));
    case 'Running':
      return runningPodHealth(object, always);
    default:
      return judged('Unknown', textAt(object, 'status', 'message'));
  }
}
