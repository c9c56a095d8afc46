// Which kinds are never watched: they change all the time, or are no objects.
import type { ApiResource } from './discovery.ts';

/**
 * Argo CD's always-on exclusions and those of its install manifest (Argo CD: util/settings/resources_filter.go,
 * manifests/base/config/argocd-cm.yaml).
 */
const excludedGroups: ReadonlySet<string> = new Set([
  'events.k8s.io',
  'metrics.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
]);
const excludedKinds: ReadonlySet<string> = new Set([
  '/Event',
  '/Endpoints',
  'discovery.k8s.io/EndpointSlice',
  'coordination.k8s.io/Lease',
  'certificates.k8s.io/CertificateSigningRequest',
  'cert-manager.io/CertificateRequest',
  'cilium.io/CiliumIdentity',
  'cilium.io/CiliumEndpoint',
  'cilium.io/CiliumEndpointSlice',
  'kyverno.io/PolicyReport',
  'kyverno.io/ClusterPolicyReport',
  'kyverno.io/EphemeralReport',
  'kyverno.io/ClusterEphemeralReport',
  'kyverno.io/AdmissionReport',
  'kyverno.io/ClusterAdmissionReport',
  'kyverno.io/BackgroundScanReport',
  'kyverno.io/ClusterBackgroundScanReport',
  'kyverno.io/UpdateRequest',
  'wgpolicyk8s.io/PolicyReport',
  'wgpolicyk8s.io/ClusterPolicyReport',
  'reports.kyverno.io/EphemeralReport',
  'reports.kyverno.io/ClusterEphemeralReport',
]);

/** `exclude`: what the settings leave out besides. */
export function isWatched(resource: ApiResource, exclude: (kind: { group: string; kind: string }) => boolean): boolean {
  if (!resource.verbs.includes('list') || !resource.verbs.includes('watch')) return false;
  return (
    !excludedGroups.has(resource.group) &&
    !excludedKinds.has(`${resource.group}/${resource.kind}`) &&
    !exclude(resource)
  );
}
