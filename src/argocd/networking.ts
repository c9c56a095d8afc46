// How traffic finds an object: what a Service selects, an Ingress leads to, and links that its annotations name (Argo
// CD: controller/cache/info.go).
import type { KubeObject } from '../model/kube.ts';
import type { NetworkingInfo, ResourceRef } from './node.ts';
import { mapAt, mapsAt, textAt, textsAt } from '../model/read.ts';

const linkPrefix = 'link.argocd.argoproj.io/';
const ignoreDefaultLinks = 'argocd.argoproj.io/ignore-default-links';

/** A browser opens it; `javascript:` and the like would run. */
function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol);
}

/** A value is a URL, or `title|URL`. */
export function linksOf({ metadata }: KubeObject): string[] {
  return Object.entries(metadata.annotations ?? {})
    .filter(([name, value]) => name.startsWith(linkPrefix) && isWebAddress(value.slice(value.indexOf('|') + 1)))
    .map(([, value]) => value)
    .sort();
}

function balancers(object: KubeObject): { hostname?: string; ip?: string }[] {
  return mapsAt(object, 'status', 'loadBalancer', 'ingress').flatMap((each): { hostname?: string; ip?: string }[] => {
    const [hostname, ip] = [textAt(each, 'hostname'), textAt(each, 'ip')];
    return hostname ? [{ hostname }] : ip ? [{ ip }] : [];
  });
}

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

/** Any Secret for TLS makes them https (Argo CD). */
function addressesOf(object: KubeObject, ingress: readonly { hostname?: string; ip?: string }[]): string[] {
  const secure = mapsAt(object, 'spec', 'tls').some((each) => textAt(each, 'secretName') !== '');
  const first = ingress[0]?.hostname ?? ingress[0]?.ip ?? '';
  return mapsAt(object, 'spec', 'rules').flatMap((rule) => {
    const host = textAt(rule, 'host') || first;
    if (host === '') return [];
    return mapsAt(rule, 'http', 'paths').map(
      (path) => `${secure ? 'https' : 'http'}://${host}${textAt(path, 'path').replace(/\*$/, '')}`,
    );
  });
}

/**
 * Of an Ingress, of networking.k8s.io or the former extensions: the Services that it leads to and its addresses.
 * `links`: those that its annotations name.
 */
export function ingressInfo(object: KubeObject, links: string[]): NetworkingInfo {
  const { namespace = '', annotations = {} } = object.metadata;
  const ingress = balancers(object);
  const backends = [
    mapAt(object, 'spec', 'backend'),
    ...mapsAt(object, 'spec', 'rules').flatMap((rule) => mapsAt(rule, 'http', 'paths').map((path) => path['backend'])),
  ];
  const services = new Set(backends.map(serviceOf).filter((name) => name !== ''));
  const targetRefs: ResourceRef[] = [...services].sort().map((name) => ({ kind: 'Service', namespace, name }));
  const own = annotations[ignoreDefaultLinks] === 'true' ? [] : addressesOf(object, ingress);
  return info({ ...none, targetRefs, ingress, externalURLs: [...links, ...[...new Set(own)].sort()] });
}
