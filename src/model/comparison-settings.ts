// What argocd-cm says of how objects are compared, whichever application has them; plain data.
import type { IgnoreDifference } from './application.ts';
import type { Tracking } from './tracking.ts';
import { defaultTracking } from './tracking.ts';

/** `resource.customizations.ignoreDifferences`: group and kind are globs. */
export interface SystemRule extends IgnoreDifference {
  /** Where it stands. */
  at: string;
  /** Why nobody can tell what it names. */
  fault?: string;
}

/** Of `resource.exclusions` and `resource.inclusions`; a list that is not there, or is empty, fits everything. */
export interface KindRule {
  /** Globs. */
  apiGroups?: readonly string[];
  kinds?: readonly string[];
  /** Globs of URLs. */
  clusters?: readonly string[];
}

export interface KindFilter {
  /** Default: those of Argo CD's install manifest. */
  exclusions?: readonly KindRule[];
  inclusions?: readonly KindRule[];
}

/** A field that one of Kubernetes' own types, such as `core/v1/PodSpec`, writes. */
export interface KnownField {
  /** Names with dots between; a list is gone through. */
  field: string;
  type: string;
}

export interface ComparisonSettings {
  ignoreDifferences: readonly SystemRule[];
  /** `resource.compareoptions`: rules of roles that are put together from others. */
  ignoreAggregatedRoles: boolean;
  /** Which kinds are watched, compared and pruned at all. */
  kinds: KindFilter;
  /** By `group/Kind`; a kind of the core group stands alone. */
  knownTypeFields: Readonly<Record<string, readonly KnownField[]>>;
  tracking: Tracking;
}

/** Where argocd-cm says nothing. */
export const defaultComparison: ComparisonSettings = {
  ignoreDifferences: [],
  ignoreAggregatedRoles: false,
  kinds: {},
  knownTypeFields: { 'argoproj.io/Rollout': [{ field: 'spec.template.spec', type: 'core/v1/PodSpec' }] },
  tracking: defaultTracking,
};
