// The fetch room: charts, artifacts and files of the network, by what was looked up last and by content.
import type { Clock } from '../base/clock.ts';
import type { Worker } from '../base/worker.ts';
import type { Files } from '../model/files.ts';
import type { ChartAsked } from './chart-repository.ts';
import type { Access } from './http.ts';
import type { LargeFile } from './large-file.ts';
import type { ArtifactAsked } from './registry.ts';
import { LRUCache } from 'lru-cache';
import { unpack } from './archive.ts';
import { digestOf, openCache } from './cache.ts';
import { chartRepositories, loading } from './chart-repository.ts';
import { createHttp } from './http.ts';
import { isRegistry, registries } from './registry.ts';
import { largeFile } from './large-file.ts';
import { Names } from './names.ts';
import { filesFrom } from './tree.ts';

interface FetcherOptions {
  /** Folder of the cache; may be lost at any time. */
  dir: string;
  /** Bytes of content that are kept; default 1 GiB. */
  maxBytes?: number;
  clock: Pick<Clock, 'now'>;
  /** Reads YAML and knows version constraints. */
  worker: Worker;
  /** Asked before every request. */
  access: () => Access;
}

interface Unpacked {
  digest: string;
  archive: Buffer;
  files: Files;
}

/** What was unpacked stays in memory up to this many bytes of archives. */
const unpackedBytes = 8 * 2 ** 20;

/**
 * Nothing here knows who asks: what an unmerged revision may fetch is decided before. Errors: E_FETCH, E_EGRESS,
 * E_REVISION.
 */
export interface Fetcher {
  chart(asked: ChartAsked): Promise<Unpacked & { version: string }>;
  /** Only what holds one layer; `digest` is that of the manifest. */
  artifact(asked: ArtifactAsked): Promise<{ digest: string; files: Files }>;
  /** What stands at an address of the web. */
  file(url: string, signal: AbortSignal): Promise<{ content: Buffer; digest: string; files: Files; name: string }>;
  /** A file in Git LFS. */
  large(asked: LargeFile): Promise<Buffer>;
  /** A chart of that digest, if it is kept still. */
  stored(digest: string): Promise<Unpacked | undefined>;
  /**
   * Looks again at what of this repository, registry or file was looked up before `since` (clock ms): which versions
   * there are, and what tags mean. What fails leaves everything as it was.
   */
  renew(address: string, since: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Makes no request and no folder before it is asked for something. */
export function openFetcher(options: FetcherOptions): Fetcher {
  const { dir, maxBytes = 2 ** 30, clock, worker, access } = options;
  const http = createHttp(access);
  const cache = openCache(dir, maxBytes);
  const names = new Names(cache, clock);
  const parts = { http, cache, names, worker };
  const repositories = chartRepositories(parts);
  const registry = registries({ ...parts, login: (url) => access().login(url), now: () => clock.now() });
  const opened = new LRUCache<string, Files>({ maxSize: unpackedBytes });
  const open = async (archive: Buffer, name: string, strip: boolean): Promise<Files> => {
    const id = `${digestOf(archive)} ${strip}`;
    const files = opened.get(id) ?? (await unpack(archive, { name, strip }));
    opened.set(id, files, { size: archive.length + 1 });
    return files;
  };
  return {
    async chart(asked) {
      const found = isRegistry(asked.repository)
        ? await registry.chart(asked)
        : await repositories.chart(asked, clock.now());
      return { ...found, files: await open(found.archive, `chart ${asked.name} ${found.version}`, true) };
    },
    async artifact(asked) {
      const { digest, layer, isChart } = await registry.artifact(asked);
      return { digest, files: await open(layer, asked.address, isChart) };
    },
    async stored(digest) {
      const archive = await cache.read(digest);
      return archive && { digest, archive, files: await open(archive, digest, true) };
    },
    async file(url, signal) {
      const load = loading(http, { url, of: url });
      const content = await names.read({ name: `file ${url}`, address: url, load }, signal);
      const name = nameIn(url);
      return { content, digest: digestOf(content), name, files: filesFrom(new Map([[name, { data: content }]])) };
    },
    large: (asked) => largeFile(http, names, asked),
    renew: (address, since, signal) => names.renew({ address }, since, signal),
    close: () => http.close(),
  };
}

/** The last part of its path, or any name that a manifest may have. */
function nameIn(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const name = path.slice(path.lastIndexOf('/') + 1);
  return /^[\w][\w.-]*\.(?:ya?ml|json)$/.test(name) ? name : 'content.yaml';
}
