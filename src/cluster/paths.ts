// Paths of the Kubernetes API.
import type { ApiResource } from './discovery/discovery.ts';
import { AppError } from '../base/errors.ts';

/** `/apis/apps/v1` or `/api/v1`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${segment(version)}` : `/apis/${segment(group)}/${segment(version)}`;
}

type Collected = Pick<ApiResource, 'group' | 'version' | 'plural' | 'namespaced'>;

/** The collection, in one namespace if it is given and the kind is namespaced. */
export function collectionPath(resource: Collected, namespace = ''): string {
  const scope = resource.namespaced && namespace !== '' ? `/namespaces/${segment(namespace)}` : '';
  return `${groupVersionPath(resource.group, resource.version)}${scope}/${segment(resource.plural)}`;
}

/** One object. Throws E_MANIFEST for names that are no path segments, and for a namespaced kind without a namespace. */
export function objectPath(
  resource: ApiResource,
  key: { namespace: string; name: string },
  subresource?: string,
): string {
  if (resource.namespaced && key.namespace === '')
    throw new AppError('E_MANIFEST', `${resource.kind} ${key.name} needs a namespace`);
  return (
    `${collectionPath(resource, key.namespace)}/${segment(key.name)}` +
    `${subresource === undefined ? '' : `/${segment(subresource)}`}`
  );
}

/** Parameters that are undefined or empty are left out. */
export function withQuery(path: string, query: Record<string, string | number | boolean | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  const text = parameters.toString();
  return text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

/**
 * Names come from manifests that strangers write: none may leave its place in the path (Kubernetes: path segment
 * names).
 */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%]/.test(name))
    throw new AppError('E_MANIFEST', `${JSON.stringify(name)} is not a name that the Kubernetes API accepts`);
  return encodeURIComponent(name);
}
