// Closed schemas as functions: every member that is not named is a fault.
import { isList, isObject } from '../workspace/json.ts';

export interface Fault {
  /** JSON pointer. */
  path: string;
  message: string;
}

/** Adds what is wrong with a value to `faults`. */
export type Check = (value: unknown, path: string, faults: Fault[]) => void;

export interface Bounds {
  min?: number;
  max?: number;
}

export function text({ min = 0, max = Infinity }: Bounds = {}): Check {
  return (value, path, faults) => {
    if (typeof value !== 'string') faults.push({ path, message: 'must be a string' });
    else if (value.length < min) faults.push({ path, message: `must be at least ${min} characters` });
    else if (value.length > max)
      faults.push({ path, message: `must be less than ${max + 1} characters (has ${value.length})` });
  };
}

export function matching(pattern: RegExp, what: string): Check {
  return (value, path, faults) => {
    if (typeof value !== 'string' || !pattern.test(value)) faults.push({ path, message: `must be ${what}` });
  };
}

export const flag: Check = (value, path, faults) => {
  if (typeof value !== 'boolean') faults.push({ path, message: 'must be a boolean' });
};

export function integer({ min = -Infinity, max = Infinity }: Bounds = {}): Check {
  return (value, path, faults) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      faults.push({ path, message: `must be an integer from ${min} to ${max}` });
  };
}

export function oneOf(...allowed: (string | number)[]): Check {
  return (value, path, faults) => {
    if ((typeof value !== 'string' && typeof value !== 'number') || !allowed.includes(value))
      faults.push({ path, message: `must be one of ${allowed.join(', ')}` });
  };
}

export function list(item: Check, { min = 0, max = Infinity }: Bounds = {}): Check {
  return (value, path, faults) => {
    if (!isList(value)) return void faults.push({ path, message: 'must be an array' });
    if (value.length < min) faults.push({ path, message: `must have at least ${min} items` });
    if (value.length > max) faults.push({ path, message: `no more than ${max} items allowed (has ${value.length})` });
    value.forEach((member, index) => item(member, `${path}/${index}`, faults));
  };
}

type Shape = Record<string, Check>;

export function object(required: Shape, optional: Shape = {}): Check {
  return (value, path, faults) => {
    if (!isObject(value)) return void faults.push({ path, message: 'must be an object' });
    for (const key of Object.keys(required)) {
      if (!(key in value)) faults.push({ path, message: `missing required field: ${key}` });
    }
    for (const [key, member] of Object.entries(value)) {
      const check = required[key] ?? optional[key];
      if (check) check(member, `${path}/${key}`, faults);
      else faults.push({ path, message: `invalid additional property: ${key}` });
    }
  };
}

/** Chooses the schema by the member `type`. */
export function byType(table: Record<string, Check>): Check {
  return (value, path, faults) => {
    if (!isObject(value)) return void faults.push({ path, message: 'must be an object' });
    const type = value['type'];
    const check = typeof type === 'string' && Object.hasOwn(table, type) ? table[type] : undefined;
    if (check) check(value, path, faults);
    else faults.push({ path, message: `unsupported type: ${String(type)}` });
  };
}

export function both(...checks: Check[]): Check {
  return (value, path, faults) => {
    for (const check of checks) check(value, path, faults);
  };
}

/** A rule between members; runs only on objects. */
export function rule(message: string, holds: (value: Record<string, unknown>) => boolean): Check {
  return (value, path, faults) => {
    if (isObject(value) && !holds(value)) faults.push({ path, message });
  };
}
