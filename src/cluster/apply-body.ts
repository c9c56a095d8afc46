// The body of a server-side apply: JSON that the API server, which reads it as YAML 1.1, reads as it is meant.
import { AppError } from '../base/errors.ts';
import { stringifyJson } from '../base/json.ts';
import { isObject } from '../model/kube.ts';

export const applyType = 'application/apply-patch+yaml';

/** Everything but printable ASCII; surrogate pairs stay as they are: YAML knows no escaped ones. */
const outside = /[\u007f-\ud7ff\ue000-\uffff]/g;

/** A key and its colon must stand within so many characters (YAML 1.1, simple keys), unless the key is marked. */
const simpleKey = 1024;

function escaped(json: string): string {
  return json.replace(outside, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isLong(key: string): boolean {
  return key.length * 6 + 2 > simpleKey && escaped(JSON.stringify(key)).length > simpleKey;
}

function longKeys(value: unknown, into: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) longKeys(item, into);
  else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (isLong(key)) into.add(key);
      longKeys(member, into);
    }
  }
  return into;
}

/** JSON but for its long keys, which are marked as YAML marks them. */
function withMarkedKeys(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(withMarkedKeys).join(',')}]`;
  if (!isObject(value)) return escaped(stringifyJson(value) ?? 'null');
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => {
      const name = escaped(JSON.stringify(key));
      return isLong(key) ? `? ${name} : ${withMarkedKeys(member)}` : `${name}:${withMarkedKeys(member)}`;
    });
  return `{${members.join(',')}}`;
}

/** Throws E_MANIFEST for keys of more than 1,024 characters, which other tools could not apply again. */
export function applyBody(object: unknown): string {
  const long = [...longKeys(object, new Set())];
  const refused = long.filter((key) => [...key].length > simpleKey);
  if (refused.length > 0) {
    const names = refused.sort().map((key) => `${JSON.stringify(key.slice(0, 40))}… (${[...key].length})`);
    throw new AppError(
      'E_MANIFEST',
      `keys of more than ${simpleKey} characters cannot be applied: ${names.join(', ')}`,
      { hint: 'Shorten them.' },
    );
  }
  return long.length > 0 ? withMarkedKeys(object) : escaped(stringifyJson(object));
}
