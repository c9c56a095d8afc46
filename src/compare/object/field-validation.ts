// Validate=false: unknown fields of a manifest are left out instead of refused, in the preview as in the sync.
import type { CompareContext } from './comparison.ts';
import type { FieldValidation } from '../../cluster/api.ts';
import type { PreparedObject } from './prepare.ts';
import { resourceOptions } from '../../model/hooks.ts';

/** The object's own word wins over the application's. */
export function fieldValidation(
  { syncOptions }: CompareContext,
  { target }: Pick<PreparedObject, 'target'>,
): FieldValidation {
  return (resourceOptions(target).get('Validate') ?? syncOptions?.get('Validate')) === 'false' ? 'Ignore' : 'Strict';
}
