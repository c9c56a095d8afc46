// What client-side tools remember of their last apply, kept up to date by ours (docs/decisions/0034).
import type { KubeObject } from '../model/kube.ts';
import { canonicalJson } from '../base/canonical.ts';
import { argo } from '../model/annotations.ts';

/** Of all annotations of an object together, names and values (Kubernetes API: TotalAnnotationSizeLimitB). */
const limit = 256 * 1024;

/** Byte for byte as kubectl writes it, so that a client-side apply of the same manifest changes nothing. */
function written(object: KubeObject): string {
  const text = canonicalJson(object).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}

/**
 * The body of an apply over `live`: with the last-applied annotation of this very manifest, if the live object has one.
 * Without it where both the old and the new annotations would be too large: there no client-side apply works either.
 */
export function renewed(object: KubeObject, live: KubeObject | undefined): KubeObject {
  if (live?.metadata.annotations?.[argo.lastApplied] === undefined) return object;
  const annotations = Object.fromEntries(
    Object.entries(object.metadata.annotations ?? {}).filter(([name]) => name !== argo.lastApplied),
  );
  const text = written({ ...object, metadata: { ...object.metadata, annotations } });
  const all = { ...live.metadata.annotations, ...annotations, [argo.lastApplied]: text };
  const size = Object.entries(all).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  if (size > limit) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [argo.lastApplied]: text } } };
}
