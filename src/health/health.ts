// Health: what an object's own status says about it, by kind, and what that makes of an application.
import type { Health, HealthStatusCode } from '../model/application.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { deletionText, gvkOf } from '../model/kube.ts';
import { tabledHealth } from './custom.ts';
import { genericHealth } from './generic.ts';
import {
  apiServiceHealth,
  autoscalerHealth,
  customResourceDefinitionHealth,
  disruptionBudgetHealth,
  ingressHealth,
  persistentVolumeClaimHealth,
  serviceHealth,
  workflowHealth,
} from './resources.ts';
import {
  cronJobHealth,
  daemonSetHealth,
  deploymentHealth,
  jobHealth,
  podHealth,
  replicaSetHealth,
  statefulSetHealth,
} from './workloads.ts';

interface Rule {
  judge(object: KubeObject): Health;
  /** Another version of the kind is Unknown, as in Argo CD. Absent: any version. */
  versions?: readonly string[];
}

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', { judge: deploymentHealth, versions: ['v1'] }],
  ['apps/StatefulSet', { judge: statefulSetHealth, versions: ['v1'] }],
  ['apps/DaemonSet', { judge: daemonSetHealth, versions: ['v1'] }],
  ['apps/ReplicaSet', { judge: replicaSetHealth, versions: ['v1'] }],
  ['/Pod', { judge: podHealth, versions: ['v1'] }],
  ['batch/Job', { judge: jobHealth, versions: ['v1'] }],
  ['batch/CronJob', { judge: cronJobHealth }],
  ['/Service', { judge: serviceHealth, versions: ['v1'] }],
  ['networking.k8s.io/Ingress', { judge: ingressHealth }],
  ['extensions/Ingress', { judge: ingressHealth }],
  ['/PersistentVolumeClaim', { judge: persistentVolumeClaimHealth, versions: ['v1'] }],
  ['autoscaling/HorizontalPodAutoscaler', { judge: autoscalerHealth, versions: ['v1', 'v2'] }],
  ['apiregistration.k8s.io/APIService', { judge: apiServiceHealth, versions: ['v1', 'v1beta1'] }],
  ['argoproj.io/Workflow', { judge: workflowHealth }],
  ['policy/PodDisruptionBudget', { judge: disruptionBudgetHealth }],
  ['apiextensions.k8s.io/CustomResourceDefinition', { judge: customResourceDefinitionHealth }],
]);

/** Of what somebody deletes, whatever its kind. */
export function deletionHealth(object: KubeObject): Health | undefined {
  const going = deletionText(object);
  if (going === undefined || object.metadata.finalizers?.includes(argo.hookFinalizer)) return undefined;
  return { status: 'Progressing', message: going };
}

/**
 * undefined: the kind has no health, which counts as fine. The source of every rule is Argo CD
 * (gitops-engine/pkg/health). Of custom resources the documents of their projects, and
 * in the end the words that most controllers use.
 */
export function healthOf(object: KubeObject): Health | undefined {
  const going = deletionHealth(object);
  if (going) return going;
  const gvk = gvkOf(object);
  const rule = rules.get(`${gvk.group}/${gvk.kind}`);
  if (!rule) return tabledHealth(object) ?? genericHealth(object);
  if (rule.versions && !rule.versions.includes(gvk.version)) {
    return { status: 'Unknown', message: `unsupported ${gvk.kind} version: ${object.apiVersion}` };
  }
  try {
    return rule.judge(object);
  } catch (error) {
    return { status: 'Unknown', message: error instanceof Error ? error.message : String(error) };
  }
}

const ranks: readonly HealthStatusCode[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

function worstOf(a: HealthStatusCode, b: HealthStatusCode): HealthStatusCode {
  return ranks.indexOf(a) >= ranks.indexOf(b) ? a : b;
}

export interface JudgedResource {
  key: ResourceKey;
  /** Any hook, of unknown types too, and `Skip`. */
  hook: boolean;
  /** Annotated `argocd.argoproj.io/ignore-healthcheck: "true"` in Git or live. */
  ignoreHealthcheck: boolean;
  /** A live object exists. */
  live: boolean;
  health: Health | undefined;
  /** The object is this very Application. */
  self?: boolean;
}

/**
 * Worst of its managed resources. A missing one does not lower it; only when none is live at all is it Missing (Argo CD
 * 3.4). Empty: Healthy.
 */
export function applicationHealth(resources: readonly JudgedResource[]): Health {
  const counted = resources.filter((resource) => !resource.hook && !resource.ignoreHealthcheck && !resource.self);
  if (counted.length > 0 && counted.every((resource) => !resource.live)) return { status: 'Missing' };
  const judged = counted.filter((resource) => resource.live && resource.health !== undefined);
  const status = judged.map((resource) => resource.health?.status ?? 'Healthy').reduce(worstOf, 'Healthy');
  if (status === 'Healthy') return { status };
  return { status, message: culprits(judged.filter((resource) => resource.health?.status === status)) };
}

/** `Deployment/a, Deployment/b`: it stands behind the status wherever that is shown. */
function culprits(resources: readonly JudgedResource[]): string {
  const names = resources
    .slice(0, 3)
    .map(({ key }) => `${key.kind}/${key.name}`)
    .join(', ');
  return resources.length > 3 ? `${names} and ${resources.length - 3} more` : names;
}
