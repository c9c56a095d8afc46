// The border of the store: objects as they came from the API become model types here, or are left out.
import type { Application } from '../model/application.ts';
import type { Approval, DriftEpisode, Request, SyncRecord } from '../model/coxswain.ts';
import type { Report } from '../model/report.ts';
import type { KubeObject } from '../model/kube.ts';
import type { AppProject } from '../model/project.ts';
import { isObject } from '../model/kube.ts';

function isNamed(object: KubeObject): boolean {
  return Boolean(object.metadata.name && object.metadata.namespace && isObject(object['spec']));
}

function isApplication(object: KubeObject): object is Application {
  return isNamed(object) && isObject(object['spec']) && isObject(object['spec']['destination']);
}

/** Normalises in memory what Argo CD writes back: an empty project means `default`. */
export function parseApplication(object: KubeObject): Application | undefined {
  if (!isApplication(object)) return undefined;
  return object.spec.project ? object : { ...object, spec: { ...object.spec, project: 'default' } };
}

function isProject(object: KubeObject): object is AppProject {
  return isNamed(object);
}

/** Undefined when it is none. */
export function parseProject(object: KubeObject): AppProject | undefined {
  return isProject(object) ? object : undefined;
}

function isApproval(object: KubeObject): object is Approval {
  const spec = object['spec'];
  return (
    isNamed(object) &&
    isObject(spec) &&
    typeof spec['application'] === 'string' &&
    typeof spec['digest'] === 'string' &&
    Array.isArray(spec['operations'])
  );
}

/** Undefined when it does not have the shape of one. */
export function parseApproval(object: KubeObject): Approval | undefined {
  return isApproval(object) ? object : undefined;
}

function isRecord(object: KubeObject): object is SyncRecord {
  const spec = object['spec'];
  return (
    isNamed(object) &&
    isObject(spec) &&
    typeof spec['application'] === 'string' &&
    typeof spec['uid'] === 'string' &&
    isObject(spec['policy']) &&
    Array.isArray(spec['policy']['approvers'])
  );
}

/** Undefined when it does not have the shape of one. */
export function parseRecord(object: KubeObject): SyncRecord | undefined {
  return isRecord(object) ? object : undefined;
}

/** Somebody changed or made it: what was asked for here is not known any more, and so somebody must agree once. */
export function parseForeignRecord(object: KubeObject): SyncRecord | undefined {
  const { namespace, name } = object.metadata;
  if (!namespace || !name) return undefined;
  const before = parseRecord(object)?.spec.policy;
  const policy = { approvals: 1, approvers: [], ...(before?.gated === true && before), gated: true };
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...object.metadata, namespace, name },
    spec: { application: `${namespace}/${name}`, uid: '', policy },
  };
}

function isEpisode(object: KubeObject): object is DriftEpisode {
  const spec = object['spec'];
  return (
    isNamed(object) &&
    isObject(spec) &&
    typeof spec['application'] === 'string' &&
    typeof spec['fingerprint'] === 'string'
  );
}

/** Undefined when it does not have the shape of one. */
export function parseEpisode(object: KubeObject): DriftEpisode | undefined {
  return isEpisode(object) ? object : undefined;
}

function isReport(object: KubeObject): object is Report {
  const spec = object['spec'];
  return (
    isNamed(object) &&
    isObject(spec) &&
    typeof spec['application'] === 'string' &&
    typeof spec['since'] === 'string' &&
    typeof spec['about'] === 'string' &&
    ['deploy', 'failure', 'deletion'].includes(spec['about'])
  );
}

/** Undefined when it does not have the shape of one. */
export function parseReport(object: KubeObject): Report | undefined {
  return isReport(object) ? object : undefined;
}

function isRequest(object: KubeObject): object is Request {
  const spec = object['spec'];
  return (
    isNamed(object) &&
    isObject(spec) &&
    typeof spec['verb'] === 'string' &&
    isObject(spec['actor']) &&
    isObject(spec['origin'])
  );
}

/** Undefined when it does not have the shape of one. */
export function parseRequest(object: KubeObject): Request | undefined {
  return isRequest(object) ? object : undefined;
}

/**
 * One that a person made with kubectl or `cox`: all that it says of who they are is their name in the cluster, and that
 * must be proven.
 */
export function parseTerminalRequest(object: KubeObject): Request | undefined {
  const request = parseRequest(object);
  const user: unknown = request?.spec.actor.user;
  if (!request || typeof user !== 'string' || user === '' || request.spec.origin.kind !== 'cli') return undefined;
  const { verb, application, digest, args, createdAt } = request.spec;
  const texts = Object.fromEntries(
    Object.entries(isObject(args) ? args : {}).filter(([, value]) => typeof value === 'string'),
  );
  return {
    ...request,
    spec: {
      verb,
      args: texts,
      actor: { login: '', id: 0, via: 'cli', user },
      origin: { kind: 'cli' },
      createdAt: String(createdAt),
      ...(typeof application === 'string' && { application }),
      ...(typeof digest === 'string' && { digest }),
    },
  };
}
