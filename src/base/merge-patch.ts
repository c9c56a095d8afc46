// JSON merge patches (RFC 7386): made from two values, and applied to one.
import { sameJson } from './canonical.ts';

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The patch that turns `before` into `after`; undefined when nothing differs. Members that are gone become null; lists
 * are replaced whole.
 */
export function diffMergePatch(before: unknown, after: unknown): Record<string, unknown> | undefined {
  const old = isMap(before) ? before : {};
  const now = isMap(after) ? after : {};
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(now)) {
    if (value === undefined) continue;
    if (isMap(value) && isMap(old[name])) {
      const inner = diffMergePatch(old[name], value);
      if (inner) patch[name] = inner;
    } else if (!sameJson(value, old[name]) || !(name in old)) {
      patch[name] = value;
    }
  }
  for (const name of Object.keys(old)) {
    if (now[name] === undefined) patch[name] = null;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** A copy of `target` with `patch` applied: null removes a member, maps are merged, everything else is replaced. */
export function applyMergePatch(
  target: Record<string, unknown>,
  patch: Record<string, unknown>,
): Record<string, unknown> {
  const result = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const before = result[key];
    if (value === null) delete result[key];
    else result[key] = isMap(value) ? applyMergePatch(isMap(before) ? before : {}, value) : value;
  }
  return result;
}
