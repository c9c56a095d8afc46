// What argocd-cm says of how objects are compared, whichever application has them; plain data.
import type { IgnoreDifference } from './application.ts';

/** `resource.customizations.ignoreDifferences`: group and kind are globs. */
export interface SystemRule extends IgnoreDifference {
  /** Where it stands. */
  at: string;
  /** Why nobody can tell what it names. */
  fault?: string;
}

export interface ComparisonSettings {
  ignoreDifferences: readonly SystemRule[];
  /** `resource.compareoptions`: rules of roles that are put together from others. */
  ignoreAggregatedRoles: boolean;
}

/** Where argocd-cm says nothing. */
export const defaultComparison: ComparisonSettings = { ignoreDifferences: [], ignoreAggregatedRoles: false };
