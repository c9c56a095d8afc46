// Which kinds the cluster serves, and where.
import type { Gvk } from '../../model/kube.ts';

export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  /** Has a status subresource: then metadata.generation counts changes of the spec. */
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
}

export interface Discovery {
  /** Kubernetes version as in `gitVersion`, without the leading v. */
  readonly version: string;
  /**
   * undefined if the cluster does not serve that kind in that version; without a version, the preferred one that serves
   * it.
   */
  resourceOf(gvk: { group: string; version?: string; kind: string }): ApiResource | undefined;
  /** Every kind in its preferred version, sorted by group and kind. */
  resources(): readonly ApiResource[];
  /** What `helm template --api-versions` wants: every `group/version` and `group/version/Kind`, sorted. */
  apiVersions(): readonly string[];
  /**
   * Asks anew, for one group or all; unchanged answers cost one request without a body. Groups whose server is down
   * keep their entries.
   */
  refresh(group?: string, signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when the kind is served (a custom resource definition that was just applied); asks with backoff until the
   * signal ends.
   */
  await(gvk: Gvk, signal: AbortSignal): Promise<ApiResource>;
  /** Changes with every change of what is served; a cheap key for caches. */
  readonly hash: string;
  onChange(fn: () => void): () => void;
}

/** As rules of RBAC and `kubectl` have it. */
export function resourceName({ plural, group }: ApiResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Without what the server says of it. */
export function kindNamed({ group, version, kind }: ApiResource): Gvk {
  return { group, version, kind };
}
