// The JSON merge patch (RFC 7386) that turns one value into another.
import { sameJson } from '../base/canonical.ts';
import { isObject } from '../model/kube.ts';

/** undefined when nothing differs. Members that are gone become null; lists are replaced whole. */
export function mergePatch(before: unknown, after: unknown): Record<string, unknown> | undefined {
  const old = isObject(before) ? before : {};
  const now = isObject(after) ? after : {};
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(now)) {
    if (value === undefined) continue;
    if (isObject(value) && isObject(old[name])) {
      const inner = mergePatch(old[name], value);
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
