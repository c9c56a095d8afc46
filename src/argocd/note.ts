// What the live caches keep of each object for Argo CD's tree, beside its record: a short text, made when the object
// comes (Argo CD: controller/cache/info.go).
import type { Describing } from '../cluster/live.ts';
import type { KubeObject } from '../model/kube.ts';
import type { InfoItem, Note } from './node.ts';
import { healthOf } from '../health/health.ts';
import { gvkOf } from '../model/kube.ts';
import { at, mapAt, mapsAt, textAt } from '../model/read.ts';
import { capacityOf, podInfo } from './pod.ts';
import { linksOf } from '../model/external-urls.ts';
import { ingressInfo, serviceInfo } from './networking.ts';

const revisionAnnotations = ['deployment.kubernetes.io/revision', 'rollout.argoproj.io/revision'];

function revisionInfo(object: KubeObject): InfoItem[] {
  const { annotations = {} } = object.metadata;
  const named = revisionAnnotations.find((name) => annotations[name] !== undefined);
  const revision = named === undefined ? object['revision'] : Number.parseInt(annotations[named] ?? '', 10);
  return typeof revision === 'number' && revision > 0 ? [{ name: 'Revision', value: `Rev:${revision}` }] : [];
}

/** What the kind itself says beyond its metadata. */
function ofKind(object: KubeObject, links: string[]): Note {
  const { group, kind } = gvkOf(object);
  const name = `${group}/${kind}`;
  if (name === '/Pod') return podInfo(object, links);
  if (name === '/Service') return { networkingInfo: serviceInfo(object, links) };
  if (name === 'networking.k8s.io/Ingress' || name === 'extensions/Ingress')
    return { networkingInfo: ingressInfo(object, links) };
  if (name === '/Node')
    return { host: { capacity: capacityOf(object), systemInfo: mapAt(object, 'status', 'nodeInfo') ?? {} } };
  if (name === 'apps/StatefulSet') {
    const templates = mapsAt(object, 'spec', 'volumeClaimTemplates').map((each) => textAt(each, 'metadata', 'name'));
    const replicas = Number(at(object, 'spec', 'replicas') ?? 1);
    return templates.length > 0 ? { claims: { templates, replicas } } : {};
  }
  return {};
}

function noteOf(object: KubeObject, whole: boolean): Note {
  const { creationTimestamp, ownerReferences = [] } = object.metadata;
  const links = linksOf(object);
  const kind = whole ? ofKind(object, links) : {};
  const info = [...revisionInfo(object), ...(kind.info ?? [])];
  const health = whole ? healthOf(object) : undefined;
  return {
    ...(creationTimestamp && { createdAt: creationTimestamp }),
    ...(ownerReferences.length > 0 && {
      owners: ownerReferences.map(({ apiVersion, kind: owner, name, uid }) => ({ apiVersion, kind: owner, name, uid })),
    }),
    ...(links.length > 0 && { networkingInfo: { externalURLs: links } }),
    ...kind,
    ...(info.length > 0 && { info }),
    ...(health && { health: { status: health.status, ...(health.message && { message: health.message }) } }),
  };
}

/** What controllers make of managed objects, and the machines that run it: their health and images are shown. */
const whole: ReadonlySet<string> = new Set([
  '/Node',
  '/PersistentVolumeClaim',
  '/Pod',
  '/Service',
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'batch/CronJob',
  'batch/Job',
  'networking.k8s.io/Ingress',
]);

export const describing: Describing = {
  wants: ({ group, kind }) => whole.has(`${group}/${kind}`),
  note: (object, isWhole) => JSON.stringify(noteOf(object, isWhole)),
};

/** Of a record of a cluster that keeps notes. */
export function readNote({ note }: { note?: string | undefined }): Note {
  return note === undefined ? {} : (JSON.parse(note) as Note); // as written above
}
