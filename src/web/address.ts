// The addresses of the pages of applications and pull requests.
import type { PullRef } from '../model/coxswain.ts';

function decoded(path: string, prefix: string): string[] | undefined {
  const parts = path.startsWith(prefix) ? path.slice(prefix.length).split('/') : [];
  if (parts.includes('')) return undefined;
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

/** `namespace/name` of a path, undefined if it is none. */
export function keyIn(path: string, prefix: string): string | undefined {
  const parts = decoded(path, prefix);
  return parts?.length === 2 ? parts.join('/') : undefined;
}

/** Of `…namespace/name/below/uid`: what controllers made of the object of that uid; undefined if it is none. */
export function belowIn(path: string, prefix: string): { key: string; uid: string } | undefined {
  const [namespace, name, word, uid, ...more] = decoded(path, prefix) ?? [];
  return word === 'below' && uid !== undefined && more.length === 0 ? { key: `${namespace}/${name}`, uid } : undefined;
}

/** Of `/pulls/owner/repo/number`; undefined if it is none. GitHub: names are letters, digits, `-`, `_` and `.`. */
export function pullIn(path: string): PullRef | undefined {
  const [owner = '', repo = '', number = '', ...more] = decoded(path, '/pulls/') ?? [];
  const isName = (text: string): boolean => /^[\w.-]{1,100}$/.test(text);
  if (more.length > 0 || !isName(owner) || !isName(repo) || !/^[1-9]\d{0,9}$/.test(number)) return undefined;
  return { owner, repo, number: Number(number) };
}
