// Manifests made ready to be compared and applied: namespaced, tracked, Secrets folded, hooks apart, the last of
// duplicates taken (Argo CD: controller/state.go CompareAppState).
import type { Condition } from '../../model/application.ts';
import type { Discovery } from '../../cluster/discovery/discovery.ts';
import type { HookInfo } from '../../model/hooks.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { Tracking } from '../../model/tracking.ts';
import type { Place } from '../../base/errors.ts';
import { argo, cox } from '../../model/annotations.ts';
import { foldStringData } from '../../diff/secret-data.ts';
import { gvkOf, isObject, keyOf, keyText } from '../../model/kube.ts';
import { hashOf } from '../../base/canonical.ts';
import { hookOf, waveOf } from '../../model/hooks.ts';
import { trackingId } from '../../render/document/tracking.ts';

export interface PreparedObject {
  key: ResourceKey;
  version: string;
  /** The object as it will be applied. */
  target: KubeObject;
  hash: string;
  hook: HookInfo;
  wave: number;
  /** The cluster serves this kind and version. */
  served: boolean;
  /** The kind is brought by a CustomResourceDefinition of the same manifests. */
  brought: boolean;
  place: Place | undefined;
  /** Why it can be neither compared nor applied. */
  fault?: string;
  /** Each sync makes another one, of which nothing live is the object: `key` only names it for people. */
  generated?: true;
}

export interface Prepared {
  /** What is compared: no hooks. By `keyText`. */
  objects: ReadonlyMap<string, PreparedObject>;
  /** What a sync runs, in manifest order; Skip is not here. */
  hooks: readonly PreparedObject[];
  /** What runs when the application is deleted. */
  onDelete: readonly PreparedObject[];
  /**
   * By `keyText`: why a live object that is not among `objects` is no extra, for the manifests name it all the same.
   */
  kept: ReadonlyMap<string, string>;
  /** RepeatedResourceWarning, ExcludedResourceWarning. */
  conditions: Condition[];
}

/** Of no manifests. */
export const nothingPrepared: Prepared = {
  objects: new Map(),
  hooks: [],
  onDelete: [],
  kept: new Map(),
  conditions: [],
};

interface PrepareInput {
  manifests: readonly KubeObject[];
  tracking: string;
  /** How objects tell that they are the application's. */
  by: Tracking;
  /** For namespaced objects that name none. */
  namespace: string;
  discovery: Discovery;
  placeOf?: ((manifest: KubeObject) => Place | undefined) | undefined;
  /** Kinds that are never watched: left out, with a warning. Default: none. */
  excluded?: (kind: { group: string; kind: string }) => boolean;
}

/** What no manifest may say: the server's own fields. */
const serverFields: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'selfLink',
]);

/** Scope by `group/kind` as the manifests' own CustomResourceDefinitions say: they may not be served yet. */
function broughtKinds(manifests: readonly KubeObject[]): Map<string, boolean> {
  const kinds = new Map<string, boolean>();
  for (const { kind, spec } of manifests) {
    if (kind !== 'CustomResourceDefinition' || !isObject(spec) || !isObject(spec['names'])) continue;
    kinds.set(`${String(spec['group'])}/${String(spec['names']['kind'])}`, spec['scope'] !== 'Cluster');
  }
  return kinds;
}

function withNamespace(manifest: KubeObject, namespaced: boolean, namespace: string): KubeObject {
  const metadata = Object.fromEntries(
    Object.entries(manifest.metadata).filter(([name]) => !serverFields.has(name) && name !== 'namespace'),
  );
  const own = namespaced ? manifest.metadata.namespace || namespace : '';
  return { ...manifest, metadata: { ...metadata, ...(own !== '' && { namespace: own }) } };
}

/**
 * `<app>:<group>/<kind>:<namespace>/<name>`, the label, or both. A cluster-scoped object's id carries the destination
 * namespace when the manifest had none, and an empty one when it had a wrong one; CustomResourceDefinitions carry
 * neither (Argo CD: util/argo/resource_tracking.go SetAppInstance).
 */
function tracked(object: KubeObject, manifest: KubeObject, input: PrepareInput): KubeObject {
  if (object.kind === 'CustomResourceDefinition' && gvkOf(object).group === 'apiextensions.k8s.io') return object;
  const { method, labelKey, installationId } = input.by;
  const { metadata } = object;
  if (method === 'label')
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [labelKey]: input.tracking } } };
  const namespace = metadata.namespace ?? (manifest.metadata.namespace ? '' : input.namespace);
  const { [argo.installationId]: _other, ...own } = metadata.annotations ?? {};
  const annotations = {
    ...own,
    ...(installationId !== '' && { [argo.installationId]: installationId }),
    [argo.trackingId]: trackingId(input.tracking, { ...keyOf(object), namespace }),
  };
  const labels = { ...metadata.labels, [labelKey]: labelValue(input.tracking) };
  return { ...object, metadata: { ...metadata, ...(method === 'annotation+label' && { labels }), annotations } };
}

/** As much of the name as a label takes; it ends with a letter or digit (Argo CD: TruncateLabel). */
function labelValue(name: string): string {
  let length = Math.min(name.length, 63);
  while (length < name.length && !/[A-Za-z0-9]/.test(name.charAt(length - 1))) length -= 1;
  return name.slice(0, length);
}

/**
 * An Application has no status subresource: what a manifest said there would be believed, and an operation would be
 * carried out.
 */
function withoutStanding(manifest: KubeObject): KubeObject {
  if (manifest.kind !== 'Application' || gvkOf(manifest).group !== 'argoproj.io') return manifest;
  const { status: _status, operation: _operation, ...rest } = manifest;
  return rest;
}

/** By these a run of ours knows again what it has made and planned: a manifest that said them would be believed. */
function withoutMarks(manifest: KubeObject): KubeObject {
  const { [cox.operation]: mark, [cox.plan]: plan, ...annotations } = manifest.metadata.annotations ?? {};
  if (mark === undefined && plan === undefined) return manifest;
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

/** Never changes its input. */
function prepare(input: PrepareInput): Prepared {
  const brought = broughtKinds(input.manifests);
  const objects = new Map<string, PreparedObject>();
  const hooks: PreparedObject[] = [];
  const onDelete: PreparedObject[] = [];
  const kept = new Map<string, string>();
  const repeated = new Map<string, { key: ResourceKey; count: number }>();
  const excluded: Condition[] = [];
  for (const manifest of input.manifests) {
    const { group, version, kind } = gvkOf(manifest);
    if (input.excluded?.({ group, kind })) {
      excluded.push(excludedWarning(group, kind, manifest.metadata.name ?? ''));
      continue;
    }
    const resource = input.discovery.resourceOf({ group, version, kind });
    const own = brought.get(`${group}/${kind}`);
    // Unknown kinds are treated as namespaced.
    const target = foldStringData(
      tracked(
        withNamespace(withoutMarks(withoutStanding(manifest)), resource?.namespaced ?? own ?? true, input.namespace),
        manifest,
        input,
      ),
    );
    const hook = hookOf(target);
    const generated = !hook.isHook && !target.metadata.name;
    const key = generated ? generatedKey(target, objects) : keyOf(target);
    const fault =
      resource?.namespaced === true && key.namespace === ''
        ? `Namespace for ${kind} ${key.name} is missing: neither the manifest nor spec.destination names one`
        : undefined;
    const prepared = {
      key,
      version,
      target,
      hash: hashOf(target),
      hook,
      wave: waveOf(target),
      served: resource !== undefined,
      brought: own !== undefined,
      place: input.placeOf?.(manifest),
      ...(fault !== undefined && { fault }),
      ...(generated && { generated }),
    };
    const text = keyText(key);
    if (hook.isHook) {
      if (hook.phases.length > 0) hooks.push(prepared);
      if (hook.onDelete.length > 0) onDelete.push(prepared);
      kept.set(text, hook.skip ? 'Git says hook: Skip of it' : 'Git has it as a hook');
      continue;
    }
    // Whether an object of an unknown kind has a namespace is a guess.
    if (!resource) kept.set(keyText({ ...key, namespace: '' }), `Git has it, but the cluster does not serve ${kind}`);
    if (objects.has(text)) repeated.set(text, { key, count: (repeated.get(text)?.count ?? 1) + 1 });
    objects.delete(text);
    objects.set(text, prepared);
  }
  return { objects, hooks, onDelete, kept, conditions: [...[...repeated.values()].map(repeatedWarning), ...excluded] };
}

/** `job-…`, and `job-…2` for the next one that is named so: each is made. */
function generatedKey(target: KubeObject, known: ReadonlyMap<string, unknown>): ResourceKey {
  const key = { ...keyOf(target), name: `${target.metadata.generateName ?? ''}…` };
  for (let number = 2, next = key; ; number += 1) {
    if (!known.has(keyText(next))) return next;
    next = { ...key, name: `${key.name}${number}` };
  }
}

function excludedWarning(group: string, kind: string, name: string): Condition {
  return { type: 'ExcludedResourceWarning', message: `Resource ${group}/${kind} ${name} is excluded in the settings` };
}

function repeatedWarning({ key, count }: { key: ResourceKey; count: number }): Condition {
  const name = [key.group, key.kind, key.namespace, key.name].join('/');
  return {
    type: 'RepeatedResourceWarning',
    message: `Resource ${name} appeared ${count} times among application resources.`,
  };
}

/**
 * Prepared manifests by the identity of their list: the engine hands in the same list as long as nothing was rendered
 * anew.
 */
export class PreparedCache {
  readonly #known = new WeakMap<readonly KubeObject[], { stamp: string; prepared: Prepared }>();

  /** `basis`: of the settings by which it is done. */
  get(input: PrepareInput, basis: string): Prepared {
    const stamp = `${input.tracking}\n${input.namespace}\n${input.discovery.hash}\n${basis}`;
    const known = this.#known.get(input.manifests);
    if (known?.stamp === stamp) return known.prepared;
    const prepared = prepare(input);
    this.#known.set(input.manifests, { stamp, prepared });
    return prepared;
  }
}
