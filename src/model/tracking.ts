// By what a live object is known to belong to an application (Argo CD: docs/user-guide/resource_tracking.md).
import type { ObjectMeta, ResourceKey } from './kube.ts';
import { argo } from './annotations.ts';

export type TrackingMethod = 'annotation' | 'annotation+label' | 'label';

export interface Tracking {
  method: TrackingMethod;
  /** The label that names the application; with `annotation+label` it tells others, and us nothing. */
  labelKey: string;
  /** Annotated on all that this installation manages; '' = there is one alone, and nothing is annotated. */
  installationId: string;
}

export const defaultTracking: Tracking = {
  method: 'annotation',
  labelKey: 'app.kubernetes.io/instance',
  installationId: '',
};

/**
 * The application part of a tracking id `<app>:<group>/<kind>:<namespace>/<name>` if the id describes this very object:
 * controllers copy annotations to other objects. Cluster-scoped objects carry the application's destination namespace.
 */
function describedBy(trackingId: string | undefined, key: ResourceKey): string | undefined {
  if (trackingId === undefined) return undefined;
  const [application, groupKind, namespaceName, ...more] = trackingId.split(':');
  if (!application || groupKind !== `${key.group}/${key.kind}` || namespaceName === undefined) return undefined;
  const [namespace, ...name] = [namespaceName, ...more].join(':').split('/'); // names of RBAC objects may have colons
  return name.join('/') === key.name && (key.namespace === '' || namespace === key.namespace) ? application : undefined;
}

/** Argo CD's manager of now, and of old. */
const managers: ReadonlySet<string> = new Set(['argocd-controller', 'argocd-application-controller']);

/** Charts set the same label for their releases: it counts where Argo CD or we wrote, and no annotation contradicts. */
function labelledBy(metadata: ObjectMeta, key: ResourceKey, labelKey: string): string | undefined {
  const application = metadata.labels?.[labelKey];
  if (!application || !metadata.managedFields?.some(({ manager }) => managers.has(manager ?? ''))) return undefined;
  const described = describedBy(metadata.annotations?.[argo.trackingId], key);
  return described === undefined || described === application ? application : undefined;
}

/** `<app>` or `<namespace>_<app>`; undefined: nobody's, as is what another installation has. */
export function trackedBy(metadata: ObjectMeta, key: ResourceKey, tracking: Tracking): string | undefined {
  if ((metadata.annotations?.[argo.installationId] ?? '') !== tracking.installationId) {
    // By label, Argo CD tells installations by the label's key alone, and annotates none.
    if (tracking.method !== 'label' || metadata.annotations?.[argo.installationId] !== undefined) return undefined;
  }
  return tracking.method === 'label'
    ? labelledBy(metadata, key, tracking.labelKey)
    : describedBy(metadata.annotations?.[argo.trackingId], key);
}
