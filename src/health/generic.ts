// Health of custom resources that no table names: by the conditions, words and counts that most controllers use
// (Kubernetes: api-conventions, typical status properties; kstatus: sigs.k8s.io/cli-utils).
import type { Health } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { StatusCondition } from './conditions.ts';
import type { Rule } from './step.ts';
import { gvkOf, isObject } from '../model/kube.ts';
import { at, numberAt } from '../model/read.ts';
import { conditionsOf } from './conditions.ts';
import { judgeBy, stands, unobserved } from './step.ts';

/** Groups of Kubernetes itself, by which kinds without a rule have no health (Argo CD). */
const kubernetes: readonly string[] = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'metrics.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
];
/** Application has none (Argo CD: since 1.8), so that a parent does not wait for its children. */
const without: readonly string[] = ['argoproj.io/Application', 'argoproj.io/AppProject'];

/** Reasons with which a condition that is not True says that work goes on. */
const busy: readonly string[] = [
  '*ing',
  '*InProgress',
  '*Pending',
  'Pending*',
  'InProgress*',
  'Progressing*',
  'Creating*',
  'Provisioning*',
  'Reconciling*',
  'Initializing*',
  'Waiting*',
  'Updating*',
  'Installing*',
  'Scaling*',
  'Deploying*',
  'Starting*',
  'DependencyNotReady',
  'NotReadyYet',
];
/** What ends in -ing, and yet is a fault. */
const fault: readonly string[] = ['Missing', '*Missing', 'Failing', '*Failing', 'CrashLooping', '*Conflicting'];

const bad: readonly string[] = [
  'Stalled',
  'NotReady',
  'Failed',
  'Failure',
  'Failing',
  'Degraded',
  'Error',
  'Errored',
  'ErrorOccurred',
  'HasErrors',
  'Invalid',
  'InvalidSpec',
  'Conflict',
  '*Failed',
  '*Failure',
  '*Error',
];
const held: readonly string[] = ['Suspended', 'Paused', '*Paused', 'Hibernated'];
const atWork: readonly string[] = ['Reconciling', 'Progressing', 'Updating', 'Issuing', 'Initializing', 'Installing'];
const sound: readonly string[] = [
  'Available',
  'Healthy',
  'Synced',
  'Synchronized',
  'Reconciled',
  'ReconcileSuccess',
  'ReconcileSuccessful',
  'Accepted',
  'Programmed',
  'Established',
  'Succeeded',
  'Successful',
  'Complete',
  'Completed',
  'Deployed',
  'Installed',
  'Running',
  'Active',
  'Valid',
  'Validated',
  'Applied',
  'Admitted',
  'Configured',
  'Created',
  'Provisioned',
  'Initialized',
  'Online',
  'Connected',
  '*Ready',
  '*Available',
  '*Synced',
  '*Healthy',
];

const words = {
  Healthy: [
    ...['Ready', 'Running', 'Active', 'Available', 'Bound', 'Healthy', 'Succeeded', 'Success', 'Successful'],
    ...['Completed', 'Complete', 'Deployed', 'Established', 'OK', 'Green', 'Installed', 'Synced', 'Valid', 'Applied'],
    ...['Enabled', 'Online', 'Provisioned', 'Created', 'Finished', 'Normal', 'Attached', 'Connected', 'Operational'],
  ],
  Suspended: ['Paused', 'Suspended', 'Stopped', 'Hibernated', 'Hibernating', 'Halted', 'Disabled'],
  Degraded: [
    ...['Failed', 'Failure', 'Failing', 'Error', 'Errored', 'Degraded', 'Unhealthy', 'Invalid', 'Rejected', 'Aborted'],
    ...['Lost', 'Red', 'Offline', 'Unavailable', 'Crashed', 'CrashLoopBackOff', 'Missing', 'Cancelled', 'Canceled'],
    ...['Failed*', 'Error*', '*Failed', '*Failure', '*Error'],
  ],
  Progressing: [
    'Pending',
    'New',
    'Yellow',
    'Submitted',
    'Queued',
    'Scheduled',
    'InProgress',
    'In Progress',
    'Waiting*',
    '*ing',
  ],
} as const;

const stateOf: Rule = [
  ...['phase', 'state', 'status', 'currentState', 'health', 'health.status', 'conditionStatus'].map((field) => ({
    field: `status.${field}`,
    ...words,
    message: 'status.message',
  })),
  { when: [{ field: 'status.error', empty: false }], is: 'Degraded', message: 'Its status tells of an error' },
  { field: 'status.ready', Healthy: ['true'], Progressing: ['false'] },
  {
    when: [{ field: 'status.readyReplicas', below: 'spec.replicas' }],
    is: 'Progressing',
    message: 'Waiting for replicas to be ready',
  },
  { when: [{ field: 'status.readyReplicas', empty: false }], is: 'Healthy' },
];

function told(status: Health['status'], { message, reason }: StatusCondition): Health {
  return message || reason ? { status, message: message || reason } : { status };
}

function isBusy({ reason }: StatusCondition): boolean {
  return stands(reason, busy) && !stands(reason, fault);
}

/** undefined: nothing of its status can be judged, which counts as fine. */
export function genericHealth(object: KubeObject): Health | undefined {
  const { group, kind } = gvkOf(object);
  if (!group.includes('.') || kubernetes.includes(group) || without.includes(`${group}/${kind}`)) return undefined;
  if (!isObject(at(object, 'status'))) return undefined;
  const health = byConditions(object) ?? judgeBy(stateOf, object);
  const behind = unobserved(object.metadata.generation, numberAt(object, 'status', 'observedGeneration'));
  return health && (pausedBySpec(object) ?? behind ?? health);
}

function pausedBySpec(object: KubeObject): Health | undefined {
  const field = ['suspend', 'suspended', 'paused'].find((name) => at(object, 'spec', name) === true);
  return field === undefined ? undefined : { status: 'Suspended', message: `spec.${field} is true` };
}

function byConditions(object: KubeObject): Health | undefined {
  const conditions = conditionsOf(object);
  const isTrue = (types: readonly string[]): StatusCondition | undefined =>
    conditions.find(({ type, status }) => status === 'True' && stands(type, types));
  const failed = isTrue(bad);
  if (failed) return told('Degraded', failed);
  const waits = isTrue(held);
  if (waits) return told('Suspended', waits);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const stale = ready && unobserved(object.metadata.generation, ready.observedGeneration);
  if (stale) return stale;
  const refused = conditions.find(({ type, status }) => status === 'False' && stands(type, ['Synced', 'Valid']));
  if (refused && !isBusy(refused)) return told('Degraded', refused);
  // kstatus: work that a controller tells of by this condition comes before what it reached.
  const working = isTrue(ready?.status === 'True' ? ['Reconciling'] : atWork);
  if (working) return told('Progressing', working);
  if (ready) return byWord(ready);
  return byOthers(conditions);
}

function byWord(condition: StatusCondition): Health {
  if (condition.status === 'True') return told('Healthy', condition);
  return told(condition.status === 'False' && !isBusy(condition) ? 'Degraded' : 'Progressing', condition);
}

/** Without a condition that sums them up: what is false, else what nobody knows yet, else what holds. */
function byOthers(conditions: readonly StatusCondition[]): Health | undefined {
  const telling = conditions.filter(({ type }) => stands(type, sound));
  const found =
    telling.find(({ status }) => status === 'False') ??
    telling.find(({ status }) => status !== 'True') ??
    telling.find(({ status }) => status === 'True');
  if (found) return byWord(found);
  return conditions.some(({ type }) => stands(type, [...bad, ...atWork])) ? { status: 'Healthy' } : undefined;
}
