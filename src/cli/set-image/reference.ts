// References of container images, as manifests write them and as the command line takes them.
import { usage } from '../options.ts';

interface Reference {
  /** With registry and folders. */
  name: string;
  tag?: string;
  digest?: string;
}

/** What is to be instead of an image: another name, tag or digest. */
export interface Wanted {
  /** As the files write it. */
  name: string;
  to: Reference;
}

const word = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestOf = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const nameOf = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}$/;

/** `name[:tag][@digest]` (OCI distribution specification: pulling manifests; the port of a registry is no tag). */
export function referenceOf(text: string): Reference {
  const [named = '', digest] = text.split('@', 2);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  return {
    name: tagged ? named.slice(0, colon) : named,
    ...(tagged && { tag: named.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/** The same as text. */
export function referenceText({ name, tag, digest }: Reference): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** What stands behind the `=`: a tag, a digest or both are of the same name. */
function toOf(name: string, value: string): Reference {
  const at = value.indexOf('@');
  const tag = at < 0 ? value : value.slice(0, at);
  if (tag !== '' && !word.test(tag)) return referenceOf(value);
  return { name, ...(tag !== '' && { tag }), ...(at >= 0 && { digest: value.slice(at + 1) }) };
}

/** `name=tag`, `name=@digest`, `name=tag@digest`, `name=new/name:tag` or `name=new/name@digest`. Throws Usage. */
export function wantedOf(text: string): Wanted {
  const equals = text.indexOf('=');
  const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
  const to = toOf(name, value);
  const fine =
    nameOf.test(name) &&
    nameOf.test(to.name) &&
    // `1.2:3` is rather a tag mistyped than an image.
    (to.name === name || to.name.includes('/')) &&
    (to.tag === undefined || word.test(to.tag)) &&
    (to.digest === undefined || digestOf.test(to.digest)) &&
    (to.tag !== undefined || to.digest !== undefined);
  if (!fine)
    throw usage(`"${text}" is no image and what it is to be: write name=tag, name=@sha256:… or name=other/name:tag`);
  return { name, to };
}
