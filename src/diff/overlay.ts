// A manifest laid over a live object: what people are shown where the API server would not say what an apply makes of
// it.
import { isObject } from '../model/kube.ts';

function entryOf(live: unknown[], wanted: unknown, at: number): unknown {
  const name = isObject(wanted) ? wanted['name'] : undefined;
  return name === undefined ? live[at] : live.find((entry) => isObject(entry) && entry['name'] === name);
}

function laid(live: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted))
    return Array.isArray(live) ? wanted.map((entry: unknown, at) => laid(entryOf(live, entry, at), entry)) : wanted;
  return isObject(wanted) && isObject(live) ? overlay(live, wanted) : wanted;
}

/**
 * The fields that `wanted` says, and those of `live` beside them: most are defaults, which an apply does not remove.
 */
export function overlay<T extends Record<string, unknown>>(live: T, wanted: Record<string, unknown>): T {
  return {
    ...live,
    ...Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, laid(live[name], value)])),
  };
}
