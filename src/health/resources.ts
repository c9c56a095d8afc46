// Health of everything that does not run containers itself: networking, storage, autoscaling and extensions (Argo CD:
// gitops-engine/pkg/health, resource_customizations).
import type { Health } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import type { StatusCondition } from './conditions.ts';
import { listAt, textAt } from '../model/read.ts';
import { conditionsOf, parseConditions } from './conditions.ts';

function judged(status: Health['status'], message: string): Health {
  return message === '' ? { status } : { status, message };
}

/** Argo CD: gitops-engine/pkg/health/health_service.go. */
export function serviceHealth(object: KubeObject): Health {
  const waiting =
    textAt(object, 'spec', 'type') === 'LoadBalancer' &&
    listAt(object, 'status', 'loadBalancer', 'ingress').length === 0;
  return { status: waiting ? 'Progressing' : 'Healthy' };
}

/** Argo CD: gitops-engine/pkg/health/health_ingress.go. */
export function ingressHealth(object: KubeObject): Health {
  return { status: listAt(object, 'status', 'loadBalancer', 'ingress').length === 0 ? 'Progressing' : 'Healthy' };
}

/** Argo CD: gitops-engine/pkg/health/health_pvc.go. */
export function persistentVolumeClaimHealth(object: KubeObject): Health {
  switch (textAt(object, 'status', 'phase')) {
    case 'Bound':
      return { status: 'Healthy' };
    case 'Pending':
      return { status: 'Progressing' };
    case 'Lost':
      return { status: 'Degraded' };
    default:
      return { status: 'Unknown' };
  }
}

/** Argo CD: gitops-engine/pkg/health/health_apiservice.go. */
export function apiServiceHealth(object: KubeObject): Health {
  const available = conditionsOf(object).find((condition) => condition.type === 'Available');
  if (!available) return { status: 'Progressing', message: 'Waiting to be processed' };
  return {
    status: available.status === 'True' ? 'Healthy' : 'Progressing',
    message: `${available.reason}: ${available.message}`,
  };
}

const unableToScale: ReadonlySet<string> = new Set([
  'AbleToScale/FailedGetScale',
  'AbleToScale/FailedUpdateScale',
  'ScalingActive/FailedGetResourceMetric',
  'ScalingActive/FailedGetObjectMetric',
  'ScalingActive/FailedGetPodsMetric',
  'ScalingActive/FailedGetExternalMetric',
  'ScalingActive/FailedComputeMetricsReplicas',
  'ScalingActive/InvalidSelector',
]);

function autoscalerConditions(object: KubeObject): StatusCondition[] {
  const annotation = object.metadata.annotations?.['autoscaling.alpha.kubernetes.io/conditions'];
  if (!object.apiVersion.endsWith('/v1')) return conditionsOf(object);
  if (annotation === undefined || annotation === '') return [];
  const parsed: unknown = JSON.parse(annotation);
  return Array.isArray(parsed) ? parseConditions(parsed) : [];
}

/** Argo CD: gitops-engine/pkg/health/health_hpa.go. */
export function autoscalerHealth(object: KubeObject): Health {
  const conditions = autoscalerConditions(object);
  // Of a failing condition the reason alone counts, and wherever it stands: an autoscaler is able to scale first, and
  // then lacks a metric.
  const failing = conditions.find(({ type, reason }) => unableToScale.has(`${type}/${reason}`));
  if (failing) return judged('Degraded', failing.message);
  const working = conditions.find(
    ({ type, status }) => (type === 'AbleToScale' || type === 'ScalingLimited') && status === 'True',
  );
  if (working) return judged('Healthy', working.message);
  return { status: 'Progressing', message: 'Waiting to Autoscale' };
}

/** Argo CD: gitops-engine/pkg/health/health_argo.go. */
export function workflowHealth(object: KubeObject): Health {
  const message = textAt(object, 'status', 'message');
  switch (textAt(object, 'status', 'phase')) {
    case '':
    case 'Pending':
    case 'Running':
      return judged('Progressing', message);
    case 'Succeeded':
      return judged('Healthy', message);
    case 'Failed':
    case 'Error':
      return judged('Degraded', message);
    default:
      return judged('Unknown', message);
  }
}

/** Argo CD: resource_customizations/policy/PodDisruptionBudget/health.lua. */
export function disruptionBudgetHealth(object: KubeObject): Health {
  const conditions = conditionsOf(object);
  const failed = conditions.find(
    (condition) => condition.status === 'False' && condition.reason !== 'InsufficientPods',
  );
  if (failed) return judged('Degraded', failed.message);
  return conditions.length > 0 ? { status: 'Healthy' } : { status: 'Progressing', message: 'Waiting for status' };
}

/** Argo CD: resource_customizations/apiextensions.k8s.io/CustomResourceDefinition/health.lua. */
export function customResourceDefinitionHealth(object: KubeObject): Health {
  const conditions = conditionsOf(object);
  const find = (type: string, status: string): StatusCondition | undefined =>
    conditions.find((condition) => condition.type === type && condition.status === status);
  if (conditions.length === 0) return { status: 'Progressing', message: 'Status conditions not found' };
  if (find('Terminating', 'True')) return { status: 'Progressing', message: 'CRD is being terminated' };
  if (conditions.some((condition) => condition.type === 'Established' && condition.reason === 'Installing'))
    return { status: 'Progressing', message: 'CRD is being installed' };
  const names = find('NamesAccepted', 'False');
  if (names) return { status: 'Degraded', message: `CRD names have not been accepted: ${names.message}` };
  const structure = find('NonStructuralSchema', 'True');
  if (structure) return { status: 'Degraded', message: `Schema violations found: ${structure.message}` };
  if (!find('Established', 'True')) return { status: 'Degraded', message: 'CRD is not established' };
  return { status: 'Healthy', message: 'CRD is healthy' };
}
