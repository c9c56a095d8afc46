// Numbers that the API server stores as other ones: an apply cuts an integer to what its field holds, and says nothing.
import { isObject } from '../model/kube.ts';

export interface ChangedNumber {
  /** `spec.template.spec.containers[0].ports[0].containerPort` */
  path: string;
  sent: number | bigint;
  stored: number | bigint;
}

type Integer = number | bigint;

function isInteger(value: unknown): value is Integer {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function fits(bits: number, value: Integer): boolean {
  return BigInt.asIntN(bits, BigInt(value)) === BigInt(value);
}

/**
 * An int32 field keeps the low 32 bits; what no int64 holds becomes whatever a double makes of it. Any other number is
 * somebody's
 * decision, as of an admission webhook.
 */
function isCut(sent: Integer, stored: Integer): boolean {
  if (BigInt(sent) === BigInt(stored)) return false;
  return !fits(64, sent) || (!fits(32, sent) && BigInt.asIntN(32, BigInt(sent)) === BigInt(stored));
}

/** What an entry of a list must have in common with what became of it. */
function isLike(sent: unknown, stored: unknown): boolean {
  if (!isObject(sent) || !isObject(stored)) return false;
  return Object.entries(sent).every(([name, value]) => typeof value !== 'string' || stored[name] === value);
}

function inList(sent: unknown[], stored: unknown[], path: string): ChangedNumber[] {
  return sent.flatMap((entry, at) => {
    const there = `${path}[${at}]`;
    // The entries of others stand among ours; a key that was cut finds nothing.
    const candidates = sent.length === stored.length ? [stored[at]] : stored.filter((other) => isLike(entry, other));
    const found = candidates.map((other) => changedNumbers(entry, other, there));
    return found.some((changes) => changes.length === 0) ? [] : (found[0] ?? []);
  });
}

/** Integers of what was sent that came back as others. */
export function changedNumbers(sent: unknown, stored: unknown, path = ''): ChangedNumber[] {
  if (isInteger(sent)) return isInteger(stored) && isCut(sent, stored) ? [{ path, sent, stored }] : [];
  if (Array.isArray(sent)) return Array.isArray(stored) ? inList(sent, stored, path) : [];
  if (!isObject(sent) || !isObject(stored)) return [];
  return Object.entries(sent).flatMap(([name, value]) =>
    changedNumbers(value, stored[name], path === '' ? name : `${path}.${name}`),
  );
}
