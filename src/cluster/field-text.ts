// Field paths in the API server's words, resolved in the object that was sent: only our own names are passed on.
import { canonicalJson } from '../base/canonical.ts';
import { isObject } from '../model/kube.ts';

type Position = (string | number)[];

/** `name="api",protocol="TCP"` inside the brackets of a list's entry. */
const keyPairs = /(?:^|,)(\w{1,60})=("(?:[^"\\]|\\.)*"|[^,]*)/g;

function entryOf(list: unknown[], keys: string): number {
  const pairs = [...keys.matchAll(keyPairs)];
  return pairs.length === 0
    ? -1
    : list.findIndex(
        (entry) =>
          isObject(entry) &&
          pairs.every(([, name = '', value = '']) => [String(entry[name]), canonicalJson(entry[name])].includes(value)),
      );
}

function step(at: unknown, text: string, first: boolean): { to: string | number; length: number } | undefined {
  if (Array.isArray(at)) {
    const [whole, inside = ''] = /^\[([^\]]{1,300})\]/.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const index = /^\d{1,9}$/.test(inside) ? Number(inside) : entryOf(at, inside);
    return index >= 0 && index < at.length ? { to: index, length: whole.length } : undefined;
  }
  const dot = text.startsWith('.') ? 1 : 0;
  if (!isObject(at) || (dot === 0 && !first)) return undefined;
  const rest = text.slice(dot);
  // Names may have dots themselves: the longest that fits.
  const [name] = Object.keys(at)
    .filter((key) => key !== '' && rest.startsWith(key) && /^(?:$|[.[:])/.test(rest.slice(key.length)))
    .sort((a, b) => b.length - a.length);
  return name === undefined ? undefined : { to: name, length: dot + name.length };
}

/**
 * Where the path at the beginning of the text leads, and what follows it; undefined if it leads nowhere in this object.
 */
export function fieldAt(object: unknown, text: string): { position: Position; rest: string } | undefined {
  const position: Position = [];
  let [at, rest] = [object, text];
  for (let next = step(at, rest, true); next; next = step(at, rest, false)) {
    at = (at as Record<string | number, unknown>)[next.to];
    position.push(next.to);
    rest = rest.slice(next.length);
  }
  return position.length > 0 ? { position, rest } : undefined;
}

/** `.spec.containers[0].image` */
export function fieldText(position: Position): string {
  return position.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
}
