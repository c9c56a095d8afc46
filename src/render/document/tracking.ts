// The annotation by which an object is known to belong to an application (Argo CD's tracking id;
// docs/user-guide/resource_tracking.md).

import type { ResourceKey } from '../../model/kube.ts';

/** `<app>`, or `<namespace>_<app>` outside of the control-plane namespace. */
export function trackingName(app: { metadata: { name: string; namespace: string } }, controlNamespace: string): string {
  const { name, namespace } = app.metadata;
  return namespace === controlNamespace ? name : `${namespace}_${name}`;
}

/** `<app>:<group>/<kind>:<namespace>/<name>`; the core group is empty: `app:/ConfigMap:ns/name`. */
export function trackingId(name: string, key: ResourceKey): string {
  return `${name}:${key.group}/${key.kind}:${key.namespace}/${key.name}`;
}
