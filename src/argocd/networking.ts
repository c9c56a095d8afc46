// How traffic finds an object: what a Service selects, an Ingress leads to, and links that its annotations name (Argo
// CD: controller/cache/info.go).
import type { KubeObject } from '../model/kube.ts';
import type { NetworkingInfo, ResourceRef } from './node.ts';
import { addressesOf, balancers } from '../model/external-urls.ts';
import { mapAt, mapsAt, textAt, textsAt } from '../model/read.ts';

function info(parts: Required<NetworkingInfo>): NetworkingInfo {
  return Object.fromEntries(
    Object.entries(parts).filter(([, part]) => (Array.isArray(part) ? part : Object.keys(part)).length > 0),
  );
}

const none = { targetLabels: {}, targetRefs: [], labels: {}, ingress: [], externalURLs: [] };

/**
 * Of a Service: what it selects and, of type LoadBalancer, where it is reached. `externalURLs`: links that its
 * annotations name.
 */
export function serviceInfo(object: KubeObject, externalURLs: string[]): NetworkingInfo {
  const ingress = textAt(object, 'spec', 'type') === 'LoadBalancer' ? balancers(object) : [];
  return info({ ...none, targetLabels: textsAt(object, 'spec', 'selector'), ingress, externalURLs });
}

/** Of a Pod: the labels by which Services select it. `externalURLs`: links that its annotations name. */
export function podNetworking(object: KubeObject, externalURLs: string[]): NetworkingInfo {
  return info({ ...none, labels: object.metadata.labels ?? {}, externalURLs });
}

function serviceOf(backend: unknown): string {
  return textAt(backend, 'service', 'name') || textAt(backend, 'serviceName');
}

/**
 * Of an Ingress, of networking.k8s.io or the former extensions: the Services that it leads to and its addresses.
 * `links`: those that its annotations name.
 */
export function ingressInfo(object: KubeObject, links: string[]): NetworkingInfo {
  const { namespace = '' } = object.metadata;
  const ingress = balancers(object);
  const backends = [
    mapAt(object, 'spec', 'backend'),
    ...mapsAt(object, 'spec', 'rules').flatMap((rule) => mapsAt(rule, 'http', 'paths').map((path) => path['backend'])),
  ];
  const services = new Set(backends.map(serviceOf).filter((name) => name !== ''));
  const targetRefs: ResourceRef[] = [...services].sort().map((name) => ({ kind: 'Service', namespace, name }));
  return info({ ...none, targetRefs, ingress, externalURLs: [...links, ...addressesOf(object)] });
}
