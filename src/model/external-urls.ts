// Addresses under which people reach what an application deploys: those of its Ingresses, and links that annotations
// name (Argo CD: controller/cache/info.go).
import type { KubeObject } from './kube.ts';
import { gvkOf } from './kube.ts';
import { mapsAt, textAt } from './read.ts';

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

/** Where the load balancer of a Service or an Ingress is reached. */
export function balancers(object: KubeObject): { hostname?: string; ip?: string }[] {
  return mapsAt(object, 'status', 'loadBalancer', 'ingress').flatMap((each): { hostname?: string; ip?: string }[] => {
    const [hostname, ip] = [textAt(each, 'hostname'), textAt(each, 'ip')];
    return hostname ? [{ hostname }] : ip ? [{ ip }] : [];
  });
}

/** Of an Ingress, sorted, each once. Any Secret for TLS makes them https (Argo CD). */
export function addressesOf(object: KubeObject): string[] {
  if (object.metadata.annotations?.[ignoreDefaultLinks] === 'true') return [];
  const [balancer] = balancers(object);
  const secure = mapsAt(object, 'spec', 'tls').some((each) => textAt(each, 'secretName') !== '');
  const first = balancer?.hostname ?? balancer?.ip ?? '';
  const addresses = mapsAt(object, 'spec', 'rules').flatMap((rule) => {
    const host = textAt(rule, 'host') || first;
    if (host === '') return [];
    return mapsAt(rule, 'http', 'paths').map(
      (path) => `${secure ? 'https' : 'http'}://${host}${textAt(path, 'path').replace(/\*$/, '')}`,
    );
  });
  return [...new Set(addresses)].sort();
}

/** All that the object itself tells. */
export function externalUrlsOf(object: KubeObject): string[] {
  const { group, kind } = gvkOf(object);
  const isIngress = kind === 'Ingress' && (group === 'networking.k8s.io' || group === 'extensions');
  return [...linksOf(object), ...(isIngress ? addressesOf(object) : [])];
}
