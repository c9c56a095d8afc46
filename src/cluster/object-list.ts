// Pages of objects as the API server lists them, and one object of an answer.
import type { KubeObject } from '../model/kube.ts';
import type { ApiResource } from './discovery/discovery.ts';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';

/** One page of a list; items get the apiVersion and kind that the API leaves out of lists. */
export function pageOf(
  body: unknown,
  resource: ApiResource,
): { items: KubeObject[]; next: string | undefined; resourceVersion: string } {
  const metadata = isObject(body) && isObject(body['metadata']) ? body['metadata'] : {};
  const items = isObject(body) && Array.isArray(body['items']) ? body['items'] : [];
  const next = metadata['continue'];
  const resourceVersion = metadata['resourceVersion'];
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return {
    items: items.map((item: unknown) => objectOf(isObject(item) ? { ...item, apiVersion, kind: resource.kind } : item)),
    next: typeof next === 'string' && next !== '' ? next : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
  };
}

/** Throws E_API, transient, for an answer that is no object. */
export function objectOf(body: unknown): KubeObject {
  if (
    isObject(body) &&
    isObject(body['metadata']) &&
    typeof body['kind'] === 'string' &&
    typeof body['apiVersion'] === 'string'
  )
    return body as KubeObject;
  throw new AppError('E_API', 'the API server answered with something that is no object', { kind: 'transient' });
}
