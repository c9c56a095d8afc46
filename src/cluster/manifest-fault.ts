// Everything that is wrong with a manifest: an apply names one fault or another, and a text that changes by itself is
// news to nobody.
import type { ApiCause, ApiError } from './api-error.ts';
import type { KubeObject } from '../model/kube.ts';
import { AppError } from '../base/errors.ts';
import { duplicateValue, isManifestFault, unknownField, withFaults } from './api-error.ts';
import { fieldAt } from './field-text.ts';
import { isObject } from '../model/kube.ts';

/**
 * Dry runs of the object: as a new one with strict validation, which names all unknown fields, and as it was applied.
 */
interface Trials {
  create(object: KubeObject): Promise<unknown>;
  apply(object: KubeObject): Promise<unknown>;
}

interface Faults {
  /** With all faults, sorted. */
  error: ApiError;
  /** The object without its unknown fields, if it has no other fault. */
  rest?: KubeObject;
}

/** One fault can hide others: at most so many times what was named is taken out to see them. */
const rounds = 8;

async function refusal(work: () => Promise<unknown>): Promise<ApiError | undefined> {
  try {
    await work();
  } catch (error) {
    if (isManifestFault(error)) return error;
    // Whatever else it refuses, it has read the manifest.
    if (!(error instanceof AppError) || error.code === 'E_API_UNREACHABLE') throw error;
  }
  return undefined;
}

/** Entries of lists stay: the places of the others would move. */
function without(object: KubeObject, causes: readonly ApiCause[]): KubeObject {
  const copy = structuredClone(object);
  for (const { field, reason } of causes) {
    const found = fieldAt(copy, field);
    const last = found?.position.at(-1);
    if (!found || found.rest !== '' || typeof last !== 'string' || reason === duplicateValue) continue;
    const parent = found.position
      .slice(0, -1)
      .reduce<unknown>((at, part) => (at as Record<string | number, unknown>)[part], copy);
    if (isObject(parent)) delete parent[last];
  }
  return copy;
}

/** Without an unknown field nothing is hidden: then nothing is asked. */
export async function everyFault(first: ApiError, object: KubeObject, trials: Trials): Promise<Faults> {
  const causes = new Map<string, ApiCause>();
  let rest = object;
  const note = (error: ApiError): boolean => {
    const before = causes.size;
    for (const cause of error.causes) causes.set(`${cause.field}: ${cause.message}`, cause);
    rest = without(rest, error.causes);
    return causes.size > before;
  };
  let left: ApiError | undefined = first;
  const hides = first.causes.some(({ reason }) => reason === unknownField);
  for (let round = 0, more = note(first) && hides; left && more && round < rounds; round += 1) {
    const strict = await refusal(() => trials.create(rest));
    more = strict !== undefined && note(strict);
    left = await refusal(() => trials.apply(rest));
    more = (left !== undefined && note(left)) || more;
  }
  const all = [...causes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cause]) => cause);
  return {
    error: all.length > 0 ? withFaults(first, all) : first,
    ...(!left && all.length > 0 && all.every(({ reason }) => reason === unknownField) && { rest }),
  };
}
