// Canonical JSON and hashes: equal values have equal text, whatever the order of their keys.
import { createHash } from 'node:crypto';

/** JSON with sorted keys and without undefined members. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  const members = Object.entries(value)
    .filter(isDefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function isDefined([, member]: [string, unknown]): boolean {
  return member !== undefined;
}

/**
 * Whether two values have the same canonical JSON, without making it: the order of keys and undefined members do not
 * count.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  const [left, right] = [a ?? null, b ?? null];
  if (left === right) return true;
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') {
    // 1e17 and 100000000000000000 are one number, and one text.
    return (
      typeof left !== typeof right &&
      (typeof left === 'bigint' || typeof right === 'bigint') &&
      canonicalJson(left) === canonicalJson(right)
    );
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => sameJson(item, right[at]))
    );
  }
  const members = Object.entries(left).filter(isDefined);
  const others = new Map(Object.entries(right).filter(isDefined));
  return (
    members.length === others.size &&
    members.every(([key, member]) => others.has(key) && sameJson(member, others.get(key)))
  );
}

/** SHA-256 in hex of a string or of the canonical JSON of anything else. */
export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : canonicalJson(value))
    .digest('hex');
}
