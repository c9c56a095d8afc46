// Finds where a rendered object is defined, by its kind and name, among the objects that files name.
import type { Place } from '../../base/errors.ts';

interface Named {
  kind: string;
  name: string;
  place: Place;
}

/**
 * The exact name wins, then the longest one that the rendered name contains (prefixes, suffixes and hashes come on
 * top), then the first. undefined = not known.
 */
export function locator(named: readonly Named[]): (kind: string, name: string) => Place | undefined {
  const kinds = new Map<string, Map<string, Place>>();
  for (const { kind, name, place } of named) {
    const names = kinds.get(kind) ?? new Map<string, Place>();
    kinds.set(kind, names);
    if (name !== '' && !names.has(name)) names.set(name, place);
  }
  return (kind, name) => {
    const names = kinds.get(kind);
    return names && (names.get(name) ?? containedIn(name, names));
  };
}

function containedIn(name: string, names: ReadonlyMap<string, Place>): Place | undefined {
  for (let length = name.length - 1; length > 0; length -= 1)
    for (let from = 0; from + length <= name.length; from += 1) {
      const place = names.get(name.slice(from, from + length));
      if (place) return place;
    }
  return undefined;
}
