// Which kinds are never watched: they change all the time, are no objects, or the settings leave them out.
import type { KindFilter, KindRule } from '../../model/comparison-settings.ts';
import type { ApiResource } from './discovery.ts';
import { globMatch } from '../../base/glob.ts';

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

/** An empty list fits everything; kinds are no globs. */
function fits({ apiGroups = [], kinds = [], clusters = [] }: KindRule, { group, kind }: Kind, server: string): boolean {
  return (
    (apiGroups.length === 0 || apiGroups.some((pattern) => globMatch(pattern, group))) &&
    (kinds.length === 0 || kinds.some((each) => each === '*' || each === kind)) &&
    fitsCluster(clusters, server)
  );
}

function fitsCluster(clusters: readonly string[], server: string): boolean {
  return clusters.length === 0 || clusters.some((pattern) => globMatch(pattern, server));
}

/**
 * Whether a kind is left out in the cluster of that URL: an exclusion goes before an inclusion, and where a cluster has
 * inclusions all else is left out.
 */
export function leavesOut({ exclusions = installed, inclusions = [] }: KindFilter, server: string) {
  const known = new Map<string, boolean>();
  const isNamed = (rules: readonly KindRule[], kind: Kind): boolean => rules.some((rule) => fits(rule, kind, server));
  const look = (kind: Kind): boolean => {
    if (isNamed(always, kind) || isNamed(exclusions, kind)) return true;
    return !isNamed(inclusions, kind) && inclusions.some(({ clusters = [] }) => fitsCluster(clusters, server));
  };
  return (kind: Kind): boolean => {
    const name = `${kind.group}/${kind.kind}`;
    const found = known.get(name) ?? look(kind);
    known.set(name, found);
    return found;
  };
}

/** What can be listed and watched, and is not left out. */
export function isWatched(resource: ApiResource, excludes: (kind: Kind) => boolean): boolean {
  return resource.verbs.includes('list') && resource.verbs.includes('watch') && !excludes(resource);
}
