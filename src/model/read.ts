// Reading values of unknown shape, one path at a time.
import { isObject } from './kube.ts';

/** The value at that path, or undefined as soon as a step is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const step of path) {
    if (!isObject(current)) return undefined;
    current = current[step];
  }
  return current;
}

/** Undefined where something else than a number stands there. */
export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** '' when absent. */
export function textAt(value: unknown, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** Empty when absent. */
export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The map at that path; undefined where there is none. */
export function mapAt(value: unknown, ...path: string[]): Record<string, unknown> | undefined {
  const found = at(value, ...path);
  return isObject(found) ? found : undefined;
}

/** The entries of a list that are maps. */
export function mapsAt(value: unknown, ...path: string[]): Record<string, unknown>[] {
  return listAt(value, ...path).filter(isObject);
}

/** The members of a map that are text. */
export function textsAt(value: unknown, ...path: string[]): Record<string, string> {
  const texts = Object.entries(mapAt(value, ...path) ?? {}).filter(([, text]) => typeof text === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}
