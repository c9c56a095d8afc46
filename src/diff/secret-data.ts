// Secrets as the API server keeps them: stringData written into data, so that a key given up in Git disappears.
import type { KubeObject } from '../model/kube.ts';
import { isObject } from '../model/kube.ts';

/** Secrets of the core group alone; others are ordinary objects. */
export function isSecret(object: { apiVersion: string; kind: string }): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}

/** The same object unless it is a Secret with stringData. Where both have a key, stringData wins (Kubernetes API). */
export function foldStringData(object: KubeObject): KubeObject {
  const plain = object['stringData'];
  if (!isSecret(object) || plain === undefined) return object;
  const { stringData: _plain, ...rest } = object;
  if (!isObject(plain))
    return plain === null
      ? { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata }
      : object;
  // What is no string is left for the server to refuse.
  if (Object.values(plain).some((value) => typeof value !== 'string')) return object;
  const folded = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, Buffer.from(String(value), 'utf8').toString('base64')]),
  );
  const data = { ...(isObject(object['data']) ? object['data'] : {}), ...folded };
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: object.metadata,
    ...(Object.keys(data).length > 0 && { data }),
  };
}
