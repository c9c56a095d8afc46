// Reads fields of an object whose shape the API does not promise us.
import { isObject } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';

/** The value at that path, or undefined as soon as a step is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const step of path) {
    if (!isObject(current)) return undefined;
    current = current[step];
  }
  return current;
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** '' when absent. */
export function textAt(value: unknown, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export interface StatusCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

export function parseConditions(list: unknown[]): StatusCondition[] {
  return list.map((item) => ({ type: textAt(item, 'type'), status: textAt(item, 'status'), reason: textAt(item, 'reason'), message: textAt(item, 'message') }));
}

export function conditionsOf(object: KubeObject): StatusCondition[] {
  return parseConditions(listAt(object, 'status', 'conditions'));
}
