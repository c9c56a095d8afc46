// Secret values never leave: each is replaced by a row of plus signs that tells equal from different and nothing else (argocd.md §2.4).
import type { KubeObject } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { canonicalJson } from '../base/canonical.ts';
import { parseJson } from '../base/json.ts';
import { foldStringData, isSecret } from './secret-data.ts';
import { isObject } from '../model/kube.ts';

const parts = ['data', 'stringData', 'binaryData'] as const;

/** One row of signs for every distinct value of one key, longer by four with each: its length tells nothing of the value's. */
class Signs {
  readonly #byKey = new Map<string, Map<string, string>>();

  of(key: string, value: unknown): string {
    const known = this.#byKey.get(key) ?? new Map<string, string>();
    this.#byKey.set(key, known);
    const text = canonicalJson(value);
    const sign = known.get(text) ?? '+'.repeat(8 + 4 * known.size);
    known.set(text, sign);
    return sign;
  }
}

function maskMap(signs: Signs, map: unknown): unknown {
  // A Secret whose data is no map is invalid, and may be a value itself.
  if (!isObject(map)) return map === undefined || map === null ? map : signs.of('', map);
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, signs.of(key, value ?? '')]));
}

function maskLastApplied(signs: Signs, text: string): string {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch {
    return signs.of(argo.lastApplied, text);
  }
  if (!isObject(parsed)) return signs.of(argo.lastApplied, text);
  const folded = foldStringData({ ...parsed, apiVersion: 'v1', kind: 'Secret', metadata: {} });
  return canonicalJson({ ...parsed, stringData: undefined, ...maskedParts(signs, folded) });
}

function maskedParts(signs: Signs, object: KubeObject): Record<string, unknown> {
  return Object.fromEntries(parts.filter((part) => object[part] !== undefined).map((part) => [part, maskMap(signs, object[part])]));
}

function maskObject(signs: Signs, object: KubeObject): KubeObject {
  const folded = foldStringData(object);
  const annotation = folded.metadata.annotations?.[argo.lastApplied];
  const metadata = annotation === undefined
    ? folded.metadata
    : { ...folded.metadata, annotations: { ...folded.metadata.annotations, [argo.lastApplied]: maskLastApplied(signs, annotation) } };
  return { ...folded, metadata, ...maskedParts(signs, folded) };
}

/**
 * Copies in which every value of a core/v1 Secret is masked; other objects come back as they are. Pass all forms of ONE object in
 * one call: equal values of a key get equal signs, different ones differ. Whatever leaves this process goes through here.
 */
export function maskObjects(objects: readonly (KubeObject | undefined)[]): (KubeObject | undefined)[] {
  const signs = new Signs();
  return objects.map((object) => (object && isSecret(object) ? maskObject(signs, object) : object));
}
