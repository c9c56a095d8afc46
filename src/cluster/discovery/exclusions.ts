// Which kinds are never watched: they change all the time, are no objects, or the settings leave them out.
import type { KindFilter, KindRule } from '../../model/comparison-settings.ts';
import type { ApiResource } from './discovery.ts';
import { compileGlob } from '../../base/glob.ts';

interface Kind {
  group: string;
  kind: string;
}

/** Whatever the settings say (Argo CD: util/settings/resources_filter.go). */
const always: readonly KindRule[] = [
  { apiGroups: ['events.k8s.io', 'metrics.k8s.io'] },
  { apiGroups: [''], kinds: ['Event'] },
  { apiGroups: ['coordination.k8s.io'], kinds: ['Lease'] },
];

/** Where they say nothing: those of Argo CD's install manifest (Argo CD: manifests/base/config/argocd-cm.yaml). */
const installed: readonly KindRule[] = [
  { apiGroups: ['', 'discovery.k8s.io'], kinds: ['Endpoints', 'EndpointSlice'] },
  { apiGroups: ['authentication.k8s.io', 'authorization.k8s.io'] },
  { apiGroups: ['certificates.k8s.io'], kinds: ['CertificateSigningRequest'] },
  { apiGroups: ['cert-manager.io'], kinds: ['CertificateRequest'] },
  { apiGroups: ['cilium.io'], kinds: ['CiliumIdentity', 'CiliumEndpoint', 'CiliumEndpointSlice'] },
  {
    apiGroups: ['kyverno.io', 'reports.kyverno.io', 'wgpolicyk8s.io'],
    kinds: [
      ...['Policy', 'ClusterPolicy', 'Ephemeral', 'ClusterEphemeral', 'Admission', 'ClusterAdmission'],
      ...['BackgroundScan', 'ClusterBackgroundScan'],
    ]
      .map((name) => `${name}Report`)
      .concat('UpdateRequest'),
  },
];

type Fits = (kind: Kind) => boolean;

/** An empty list fits everything. */
function anyOf(patterns: readonly string[] = []): (text: string) => boolean {
  const globs = patterns.map((pattern) => compileGlob(pattern));
  return (text) => globs.length === 0 || globs.some((glob) => glob.test(text));
}

/** Of those that concern the cluster; kinds are no globs. */
function fitting(rules: readonly KindRule[], server: string): Fits[] {
  const here = rules.filter(({ clusters }) => anyOf(clusters)(server));
  return here.map(({ apiGroups, kinds = [] }) => {
    const fitsGroup = anyOf(apiGroups);
    const names = new Set(kinds);
    return ({ group, kind }) => (names.size === 0 || names.has('*') || names.has(kind)) && fitsGroup(group);
  });
}

/**
 * Whether a kind is left out in the cluster of that URL: an exclusion goes before an inclusion, and where a cluster has
 * inclusions all else is left out.
 */
export function leavesOut({ exclusions = installed, inclusions = [] }: KindFilter, server: string): Fits {
  const excluded = fitting([...always, ...exclusions], server);
  const included = fitting(inclusions, server);
  return (kind) => excluded.some((fits) => fits(kind)) || (included.length > 0 && !included.some((fits) => fits(kind)));
}

/** What can be listed and watched, and is not left out. */
export function isWatched(resource: ApiResource, excludes: (kind: Kind) => boolean): boolean {
  return resource.verbs.includes('list') && resource.verbs.includes('watch') && !excludes(resource);
}
