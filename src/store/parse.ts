// The border of the store: objects as they came from the API become model types here, or are left out.
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, Request, SyncRecord } from '../model/coxswain.ts';
import type { KubeObject } from '../model/kube.ts';
import type { AppProject } from '../model/project.ts';
import { isObject } from '../model/kube.ts';

function isNamed(object: KubeObject): boolean {
  return Boolean(object.metadata.name && object.metadata.namespace && isObject(object['spec']));
}

function isApplication(object: KubeObject): object is Application {
  return isNamed(object) && isObject(object['spec']) && isObject(object['spec']['destination']);
}

/** Normalises in memory what Argo CD writes back: an empty project means `default` (argocd.md §1.1). */
export function parseApplication(object: KubeObject): Application | undefined {
  if (!isApplication(object)) return undefined;
  return object.spec.project ? object : { ...object, spec: { ...object.spec, project: 'default' } };
}

function isProject(object: KubeObject): object is AppProject {
  return isNamed(object);
}

export function parseProject(object: KubeObject): AppProject | undefined {
  return isProject(object) ? object : undefined;
}

function isApproval(object: KubeObject): object is Approval {
  const spec = object['spec'];
  return isNamed(object) && isObject(spec) && typeof spec['application'] === 'string' && typeof spec['digest'] === 'string' && Array.isArray(spec['operations']);
}

export function parseApproval(object: KubeObject): Approval | undefined {
  return isApproval(object) ? object : undefined;
}

function isRecord(object: KubeObject): object is SyncRecord {
  const spec = object['spec'];
  return isNamed(object) && isObject(spec) && typeof spec['application'] === 'string' && typeof spec['uid'] === 'string' && isObject(spec['policy']) && Array.isArray(spec['policy']['approvers']);
}

export function parseRecord(object: KubeObject): SyncRecord | undefined {
  return isRecord(object) ? object : undefined;
}

function isEpisode(object: KubeObject): object is DriftEpisode {
  const spec = object['spec'];
  return isNamed(object) && isObject(spec) && typeof spec['application'] === 'string' && typeof spec['fingerprint'] === 'string';
}

export function parseEpisode(object: KubeObject): DriftEpisode | undefined {
  return isEpisode(object) ? object : undefined;
}

function isRequest(object: KubeObject): object is Request {
  const spec = object['spec'];
  return isNamed(object) && isObject(spec) && typeof spec['verb'] === 'string' && isObject(spec['actor']) && isObject(spec['origin']);
}

export function parseRequest(object: KubeObject): Request | undefined {
  return isRequest(object) ? object : undefined;
}
