// The annotation by which an object is known to belong to an application (Argo CD's tracking id;
// docs/user-guide/resource_tracking.md).
import { argo } from '../../model/annotations.ts';
import { gvkOf } from '../../model/kube.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';

/** `<app>`, or `<namespace>_<app>` outside of the control-plane namespace. */
export function trackingName(app: { metadata: { name: string; namespace: string } }, controlNamespace: string): string {
  const { name, namespace } = app.metadata;
  return namespace === controlNamespace ? name : `${namespace}_${name}`;
}

/** `<app>:<group>/<kind>:<namespace>/<name>`; the core group is empty: `app:/ConfigMap:ns/name`. */
export function trackingId(name: string, key: ResourceKey): string {
  return `${name}:${key.group}/${key.kind}:${key.namespace}/${key.name}`;
}

/**
 * A copy that carries the id. `namespace` counts where the manifest has none: the destination's, as Argo CD does, for
 * cluster-scoped
 * objects too. Custom resource definitions come back as they are: they may be shared.
 */
export function withTracking(object: KubeObject, name: string, namespace: string): KubeObject {
  const { group } = gvkOf(object);
  if (object.kind === 'CustomResourceDefinition' && group === 'apiextensions.k8s.io') return object;
  const { metadata } = object;
  const id = trackingId(name, {
    group,
    kind: object.kind,
    namespace: metadata.namespace || namespace,
    name: metadata.name ?? '',
  });
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [argo.trackingId]: id } } };
}
