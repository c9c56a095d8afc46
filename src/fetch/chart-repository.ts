// Chart repositories: an index of versions, and an archive for each (Helm: docs/topics/chart_repository).
import type { Worker } from '../base/worker.ts';
import type { Cache } from './cache.ts';
import type { Http } from './http.ts';
import type { Load, Names } from './names.ts';
import { LRUCache } from 'lru-cache';
import { AppError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { withoutTrailing } from '../base/trim.ts';
import { isObject } from '../model/kube.ts';
import { digestOf } from './cache.ts';
import { fetchError, refusedReply } from './http.ts';

/** One version of a chart, as the index tells it. */
interface Version {
  version: string;
  /** `sha256:…` of the archive; undefined where the index says none. */
  digest: string | undefined;
  url: string;
}

type Index = ReadonlyMap<string, readonly Version[]>;

export interface Parts {
  http: Http;
  cache: Cache;
  names: Names;
  /** Reads YAML and knows version constraints. */
  worker: Worker;
}

/** Of a chart in a repository or registry. */
export interface ChartAsked {
  /** As people write it; `oci://`, or nothing in front of the host, is a registry. */
  repository: string;
  name: string;
  /** A version or a constraint; '' is the newest. */
  version: string;
  /** Credentials of the repository go where its index leads. */
  pass?: 'listed' | 'anywhere' | undefined;
  signal: AbortSignal;
}

export interface FetchedChart {
  version: string;
  digest: string;
  /** As it was packed. */
  archive: Buffer;
}

const maxIndexBytes = 128 * 2 ** 20;
/** A version that is not in the index may have come since; so long the index is taken at its word. */
export const recentMs = 5_000;

/** One for all repositories: what was read of an index is kept by its content. */
export function chartRepositories(parts: Parts): {
  chart(asked: ChartAsked, now: number): Promise<FetchedChart>;
} {
  const indexes = new LRUCache<string, Index>({ max: 32 });
  const indexOf = async ({ repository, signal }: ChartAsked): Promise<Index> => {
    const url = indexUrl(repository);
    const asked = {
      name: indexName(repository),
      address: repository,
      load: loading(parts.http, { url, of: repository }),
    };
    const known = indexes.get(await parts.names.digest(asked, signal));
    if (known) return known;
    const text = await parts.names.read(asked, signal);
    const index = await readIndex(parts.worker, text, repository);
    indexes.set(digestOf(text), index);
    return index;
  };
  const find = async (asked: ChartAsked): Promise<Version | undefined> => {
    const versions = (await indexOf(asked)).get(asked.name) ?? [];
    const chosen = await newestOf(
      parts.worker,
      asked.version,
      versions.map(({ version }) => version),
    );
    return versions.find(({ version }) => version === chosen);
  };
  return {
    async chart(asked, now) {
      let found = await find(asked);
      if (!found) {
        await parts.names.renew({ name: indexName(asked.repository) }, now - recentMs, asked.signal);
        found = await find(asked);
      }
      if (!found) throw missingVersion(asked);
      return { version: found.version, ...(await archiveOf(parts, asked, found)) };
    },
  };
}

function indexName(repository: string): string {
  return `index ${repository}`;
}

function indexUrl(repository: string): string {
  const url = URL.canParse(repository) ? new URL(repository) : undefined;
  if (!url) throw fetchError(repository, 'it is no address of a chart repository', 'terminal');
  url.pathname = `${withoutTrailing(url.pathname, '/')}/index.yaml`;
  return url.href;
}

/** What stands at an address of the web; asked again, only if it has changed. */
export function loading(http: Http, { url, of, pass }: { url: string; of: string; pass?: ChartAsked['pass'] }): Load {
  return async (before, signal) => {
    const headers = before?.etag === undefined ? {} : { 'if-none-match': before.etag };
    const reply = await http.get({ url, of, pass, headers, maxBytes: maxIndexBytes, signal });
    if (reply.status === 304) return 'same';
    if (reply.status !== 200) throw refusedReply(reply, url);
    const etag = reply.headers['etag'];
    return { content: reply.body, ...(etag && { etag }) };
  };
}

async function readIndex(worker: Worker, text: Buffer, repository: string): Promise<Index> {
  const index = new Map<string, Version[]>();
  const { value, blobs } = await worker.call('yaml', { objects: false, arrays: false, json: [false] }, [text]);
  const [answer] = value as { error?: { line: number; message: string } }[];
  const [blob] = blobs;
  const read = blob && !answer?.error ? parseJson(String(blob)) : undefined;
  const entries = isObject(read) ? read['entries'] : undefined;
  if (!isObject(entries)) throw fetchError(indexUrl(repository), 'it is no index of charts', 'terminal');
  for (const [name, versions] of Object.entries(entries))
    index.set(name, (Array.isArray(versions) ? versions : []).flatMap(versionIn));
  return index;
}

function versionIn(entry: unknown): Version[] {
  if (!isObject(entry)) return [];
  const { version, digest, urls } = entry;
  const [url] = Array.isArray(urls) ? (urls as unknown[]) : [];
  if (typeof version !== 'string' || typeof url !== 'string') return [];
  const hex = typeof digest === 'string' ? digest.replace(/^sha256:/, '') : '';
  return [{ version, url, digest: /^[0-9a-f]{64}$/.test(hex) ? `sha256:${hex}` : undefined }];
}

/** The version that is asked for itself, else the newest that fits. */
export async function newestOf(
  worker: Worker,
  asked: string,
  versions: readonly string[],
): Promise<string | undefined> {
  if (asked !== '' && versions.includes(asked)) return asked;
  const ask = async (constraint: string): Promise<string | undefined> => {
    const { value } = await worker.call('constraint', { constraint, tags: versions });
    return typeof value === 'string' ? value : undefined;
  };
  // A whole version is no constraint, but `v1.2.3` and `1.2.3` are one.
  return (
    (await ask(asked === '' ? '*' : asked)) ??
    (/^[\s=]*v?\d/.test(asked) ? ask(`=${asked.replace(/^[\s=]*/, '')}`) : undefined)
  );
}

/** E_REVISION, terminal: no version of the index or the tags fits. */
export function missingVersion({ repository, name, version }: ChartAsked): AppError {
  return new AppError('E_REVISION', `chart ${name} has no version ${version || 'at all'} in ${repository}`, {
    hint: 'Publish it, or correct the version: one that is in the index, or a constraint.',
  });
}

async function archiveOf(
  { http, cache, names }: Parts,
  { repository, name, pass, signal }: ChartAsked,
  { url: named, digest, version }: Version,
): Promise<{ digest: string; archive: Buffer }> {
  const known = digest === undefined ? undefined : await cache.read(digest);
  if (digest !== undefined && known) return { digest, archive: known };
  const base = new URL(repository);
  base.pathname = `${withoutTrailing(base.pathname, '/')}/`;
  const url = new URL(named, base).href;
  if (digest === undefined) {
    const load = loading(http, { url, of: repository, pass });
    const archive = await names.read({ name: `archive ${url}`, address: '', load }, signal);
    return { digest: digestOf(archive), archive };
  }
  const reply = await http.get({ url, of: repository, pass, signal });
  if (reply.status !== 200) throw refusedReply(reply, url);
  if (digestOf(reply.body) !== digest)
    throw new AppError(
      'E_FETCH',
      `the archive of ${name} ${version} is not the one that the index of ${repository} tells`,
      {
        hint: 'Publish the index anew, or the archive under another version.',
      },
    );
  await cache.write(reply.body);
  return { digest, archive: reply.body };
}
