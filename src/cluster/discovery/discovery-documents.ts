// Reads the documents of Kubernetes discovery: aggregated (apidiscovery.k8s.io/v2) and plain (APIGroup,
// APIResourceList).
import type { ApiResource } from './discovery.ts';
import { isObject } from '../../model/kube.ts';

export interface VersionDocument {
  version: string;
  /** Its server does not answer: the resources are missing or old. */
  stale: boolean;
  resources: ApiResource[];
}

/** Versions in the server's order of preference. */
export interface GroupDocument {
  name: string;
  versions: VersionDocument[];
}

/** undefined if the document is no aggregated one. */
export function parseAggregated(document: unknown): GroupDocument[] | undefined {
  if (!isObject(document) || document['kind'] !== 'APIGroupDiscoveryList') return undefined;
  return objects(document['items']).map((group) => {
    const name = isObject(group['metadata']) ? text(group['metadata']['name']) : '';
    const versions = objects(group['versions']).map((entry): VersionDocument => {
      const version = text(entry['version']);
      const resources = objects(entry['resources']).map((resource) => aggregatedResource(resource, name, version));
      return {
        version,
        stale: entry['freshness'] === 'Stale',
        resources: resources.filter((resource) => resource.kind !== ''),
      };
    });
    return { name, versions };
  });
}

/** An APIGroup, or the APIVersions of the core group; without resources. */
export function parseGroup(document: unknown): GroupDocument {
  if (!isObject(document)) return { name: '', versions: [] };
  if (document['kind'] === 'APIVersions') {
    const versions = Array.isArray(document['versions']) ? document['versions'].map(text) : [];
    return { name: '', versions: versions.map((version) => ({ version, stale: false, resources: [] })) };
  }
  const preferred = isObject(document['preferredVersion']) ? text(document['preferredVersion']['version']) : '';
  const versions = objects(document['versions']).map((entry) => text(entry['version']));
  const ordered = [
    ...versions.filter((version) => version === preferred),
    ...versions.filter((version) => version !== preferred),
  ];
  return {
    name: text(document['name']),
    versions: ordered.map((version) => ({ version, stale: false, resources: [] })),
  };
}

/** The kinds of an APIResourceList, subresources left out; [] where the document is none. */
export function parseResourceList(document: unknown, group: string, version: string): ApiResource[] {
  const entries = isObject(document) ? objects(document['resources']) : [];
  const names = new Set(entries.map((entry) => text(entry['name'])));
  return entries
    .filter((entry) => !text(entry['name']).includes('/'))
    .map((entry) => {
      const plural = text(entry['name']);
      return {
        group,
        version,
        kind: text(entry['kind']),
        plural,
        namespaced: entry['namespaced'] === true,
        verbs: texts(entry['verbs']),
        shortNames: texts(entry['shortNames']),
        hasStatus: names.has(`${plural}/status`),
        hasScale: names.has(`${plural}/scale`),
      };
    });
}

function aggregatedResource(entry: Record<string, unknown>, group: string, version: string): ApiResource {
  const subresources = new Set(objects(entry['subresources']).map((subresource) => text(subresource['subresource'])));
  return {
    group,
    version,
    kind: isObject(entry['responseKind']) ? text(entry['responseKind']['kind']) : '',
    plural: text(entry['resource']),
    namespaced: entry['scope'] === 'Namespaced',
    verbs: texts(entry['verbs']),
    shortNames: texts(entry['shortNames']),
    hasStatus: subresources.has('status'),
    hasScale: subresources.has('scale'),
  };
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}
