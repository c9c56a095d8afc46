// Secret values never leave: of a Secret only what is known to be no value is shown; all else tells equal from
// different (Argo CD: gitops-engine/pkg/diff/diff.go HideSecretData).
import type { KubeObject } from '../model/kube.ts';
import { isObject, mayHoldSecrets } from '../model/kube.ts';
import { argo } from '../model/annotations.ts';
import { canonicalJson } from '../base/canonical.ts';
import { parseJson } from '../base/json.ts';
import { foldStringData } from './secret-data.ts';

/** Kubernetes API, Secret and ObjectMeta: fields that hold no value of a Secret, with their types. */
const shownFields: ReadonlyMap<string, string> = new Map([
  ['apiVersion', 'string'],
  ['kind', 'string'],
  ['type', 'string'],
  ['immutable', 'boolean'],
]);
const shownMetadata: ReadonlySet<string> = new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'ownerReferences',
  'managedFields',
]);
/** Of each entry the value is masked, and the key shown. */
const maps: ReadonlySet<string> = new Set(['data', 'stringData', 'binaryData']);
/** Labels and annotations whose values tools write and read; another's may be anything. */
const shownKeys: ReadonlySet<string> = new Set(['app', 'component', 'tier', 'release', 'chart', 'heritage']);
const shownPrefixes: ReadonlySet<string> = new Set([
  'argocd.argoproj.io',
  'coxswain.dev',
  'helm.sh',
  'meta.helm.sh',
  'app.kubernetes.io',
  'kubernetes.io',
  'cert-manager.io',
]);

function isShown(key: string): boolean {
  const [prefix = '', name = '', ...more] = key.split('/');
  if (!key.includes('/')) return shownKeys.has(key);
  return shownPrefixes.has(prefix) && more.length === 0 && /^[\w.-]{1,63}$/.test(name);
}

/**
 * One row of signs for every distinct value of one key, longer by four with each: its length tells nothing of the
 * value's.
 */
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

  /** Every value of a map; what is no map may be a value itself. */
  ofMap(field: string, map: unknown, shows: (key: string, value: unknown) => boolean = () => false): unknown {
    if (map === undefined || map === null) return map;
    if (!isObject(map)) return this.of(field, map);
    return Object.fromEntries(
      Object.entries(map).map(([key, value]) => [
        key,
        shows(key, value) ? value : this.of(`${field} ${key}`, value ?? ''),
      ]),
    );
  }
}

function maskLastApplied(signs: Signs, text: unknown): string {
  let parsed: unknown;
  try {
    parsed = parseJson(String(text));
  } catch {
    return signs.of(argo.lastApplied, text);
  }
  if (!isObject(parsed)) return signs.of(argo.lastApplied, text);
  return canonicalJson(
    maskObject(signs, {
      ...parsed,
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: isObject(parsed['metadata']) ? parsed['metadata'] : {},
    }),
  );
}

function maskMetadata(signs: Signs, metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).map(([field, value]) => {
      if (shownMetadata.has(field)) return [field, value];
      if (field !== 'labels' && field !== 'annotations') return [field, signs.of(`metadata.${field}`, value)];
      const masked = signs.ofMap(field, value, (key, member) => isShown(key) && typeof member === 'string');
      if (!isObject(masked) || !isObject(value) || value[argo.lastApplied] === undefined) return [field, masked];
      return [field, { ...masked, [argo.lastApplied]: maskLastApplied(signs, value[argo.lastApplied]) }];
    }),
  );
}

function maskObject(signs: Signs, object: KubeObject): KubeObject {
  const { metadata, ...fields } = foldStringData(object);
  const masked = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => {
      if (maps.has(field)) return [field, signs.ofMap('data', value)];
      return [field, shownFields.get(field) === typeof value ? value : signs.of(field, value)];
    }),
  );
  return {
    ...masked,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...maskMetadata(signs, { ...metadata }) },
  };
}

/**
 * Copies in which of a Secret only its type, its identity and what tools write is shown; other objects come back as
 * they are. Pass all forms of ONE object in one call: equal values of a key get equal signs, different ones differ.
 * Whatever leaves this process goes through here.
 */
export function maskObjects(objects: readonly (KubeObject | undefined)[]): (KubeObject | undefined)[] {
  const signs = new Signs();
  return objects.map((object) => (object && mayHoldSecrets(object) ? maskObject(signs, object) : object));
}
