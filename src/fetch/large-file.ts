// Files in Git LFS: one request to the batch API says where a file is, another brings it (git-lfs: docs/api/batch.md).
import type { Http } from './http.ts';
import type { Names } from './names.ts';
import { withoutTrailing } from '../base/trim.ts';
import { isObject } from '../model/kube.ts';
import { isSameServer } from '../model/repository.ts';
import { digestOf } from './cache.ts';
import { fetchError, refusedReply } from './http.ts';

export interface LargeFile {
  /** URL of the repository of Git, by http or https. */
  repository: string;
  /** Who else may have what it brings: those of the same name alone. */
  kept: string;
  /** Whose credentials are used beside `authorization`: certificates and proxies. */
  of: string;
  authorization: string | undefined;
  /** SHA-256 of the content. */
  oid: string;
  size: number;
  signal: AbortSignal;
}

const json = 'application/vnd.git-lfs+json';
/** As much as is fetched of anything. */
const maxBytes = 64 * 2 ** 20;

/** Kept by repository: who may not read that one learns nothing of what others have. */
export async function largeFile(http: Http, names: Names, asked: LargeFile): Promise<Buffer> {
  const { repository, kept, oid, size, signal } = asked;
  if (size > maxBytes) throw fetchError(repository, `a file in Git LFS is larger than ${maxBytes} bytes`, 'terminal');
  if (size === 0) return Buffer.alloc(0);
  const load = async (_: unknown, within: AbortSignal) => ({
    content: await download(http, { ...asked, signal: within }),
  });
  return names.read({ name: `lfs ${kept} ${oid}`, address: '', load }, signal);
}

async function download(http: Http, asked: LargeFile): Promise<Buffer> {
  const { repository, of, authorization, oid, size, signal } = asked;
  const { href, header } = await placeOf(http, asked);
  const own = Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
  const login = isSameServer(href, repository) && authorization !== undefined ? { authorization } : {};
  const reply = await http.get({ url: href, of, headers: { ...login, ...own }, maxBytes: size, signal });
  if (reply.status !== 200) throw refusedReply(reply, href);
  if (digestOf(reply.body) !== `sha256:${oid}`)
    throw fetchError(repository, `Git LFS gives something else than ${oid.slice(0, 12)}`, 'transient');
  return reply.body;
}

/** Where the server keeps it, and what it wants to see there. */
async function placeOf(
  http: Http,
  { repository, of, authorization, oid, size, signal }: LargeFile,
): Promise<{ href: string; header: Record<string, string> }> {
  const url = `${withoutTrailing(repository, '/').replace(/\.git$/, '')}.git/info/lfs/objects/batch`;
  const reply = await http.get({
    url,
    of,
    headers: { accept: json, 'content-type': json, ...(authorization !== undefined && { authorization }) },
    body: JSON.stringify({ operation: 'download', transfers: ['basic'], objects: [{ oid, size }] }),
    signal,
  });
  if (reply.status !== 200) throw refusedReply(reply, url);
  const [object] = objectsIn(reply.body);
  const download = isObject(object?.['actions']) ? object['actions']['download'] : undefined;
  if (!isObject(download) || typeof download['href'] !== 'string')
    throw fetchError(url, `Git LFS has no ${oid.slice(0, 12)}`, 'terminal', 'Push it: git lfs push --all origin.');
  const header = isObject(download['header']) ? download['header'] : {};
  const texts = Object.entries(header).filter((each): each is [string, string] => typeof each[1] === 'string');
  return { href: download['href'], header: Object.fromEntries(texts) };
}

function objectsIn(text: Buffer): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(String(text));
    const objects = isObject(value) ? value['objects'] : undefined;
    return Array.isArray(objects) ? objects.filter(isObject) : [];
  } catch {
    return []; // told as a file that is not there
  }
}
