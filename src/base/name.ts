// Names and labels made out of other names, within Kubernetes' limits.
import { hashOf } from './canonical.ts';

/**
 * The text itself, or its beginning and a hash of the whole where it has more than `most` characters. A valid name or
 * label stays one.
 */
export function boundedName(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = most - 9;
  while (end > 0 && !/[A-Za-z0-9]/.test(text.charAt(end - 1))) end -= 1; // no part of a name ends in '-' or '.'
  const head = text.slice(0, end);
  return `${head}-${hashOf(text).slice(0, 8)}`;
}

/** `<application>-<first 12 of the hash>`: at most 253 characters. */
export function hashedName(application: string, hash: string): string {
  return `${boundedName(application, 240)}-${hash.slice(0, 12)}`;
}

/**
 * Value of the label by which our own resources of an application are found with kubectl: `<namespace>.<name>`, at most
 * 63 characters.
 */
export function applicationLabel({ namespace, name }: { namespace: string; name: string }): string {
  return boundedName(`${namespace}.${name}`, 63);
}
