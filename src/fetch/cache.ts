// What was fetched, on disk: content by its digest, and under which name it was found last.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { isObject } from '../model/kube.ts';

/** What a name meant when it was looked at last. */
export interface Named {
  /** `sha256:…` of the content. */
  digest: string;
  /** When that was (clock ms). */
  at: number;
  /** The server's own word for this content. */
  etag?: string;
}

export interface Cache {
  /** undefined: it is not there, or no longer what its digest says. */
  read(digest: string): Promise<Buffer | undefined>;
  /** Answers the digest. */
  write(content: Buffer): Promise<string>;
  named(name: string): Promise<Named | undefined>;
  name(name: string, found: Named): Promise<void>;
}

/** `sha256:<hex>`, as registries and indexes write it. */
export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** What is asked for again and again is not read and checked anew each time. */
const memoryBytes = 16 * 2 ** 20;

/** Content that was not asked for the longest goes first when there is too much; names are small and stay. */
export function openCache(dir: string, maxBytes: number): Cache {
  const blobs = join(dir, 'blobs');
  const names = join(dir, 'names');
  const memory = new LRUCache<string, Buffer>({
    maxSize: memoryBytes,
    maxEntrySize: memoryBytes / 4,
    sizeCalculation: ({ length }) => length + 1,
  });
  let sizes: Promise<Map<string, number>> | undefined;
  const known = (): Promise<Map<string, number>> => (sizes ??= sizesOf(blobs, names));
  const fileOf = (digest: string): string => join(blobs, digest.replace(/^sha256:/, ''));
  const nameFile = (name: string): string => join(names, digestOf(Buffer.from(name)).slice('sha256:'.length));

  return {
    async read(digest) {
      const hot = memory.get(digest);
      if (hot || !/^sha256:[0-9a-f]{64}$/.test(digest)) return hot;
      const all = await known();
      const content = await readFile(fileOf(digest)).catch(() => undefined);
      if (!content) return undefined;
      const name = digest.slice('sha256:'.length);
      if (digestOf(content) !== digest) {
        all.delete(name);
        await rm(fileOf(digest), { force: true });
        return undefined;
      }
      all.delete(name); // the newest stands last
      all.set(name, content.length);
      const now = new Date();
      memory.set(digest, content);
      await utimes(fileOf(digest), now, now).catch(() => undefined); // who else took it away
      return content;
    },
    async write(content) {
      const all = await known();
      const digest = digestOf(content);
      await whole(fileOf(digest), content);
      const name = digest.slice('sha256:'.length);
      all.delete(name);
      all.set(name, content.length);
      await makeRoom(blobs, all, maxBytes);
      return digest;
    },
    async named(name) {
      await known();
      const text = await readFile(nameFile(name), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : parseNamed(text, name);
    },
    async name(name, found) {
      await known();
      await whole(nameFile(name), JSON.stringify({ name, ...found }));
    },
  };
}

async function makeRoom(blobs: string, all: Map<string, number>, maxBytes: number): Promise<void> {
  let total = [...all.values()].reduce((sum, size) => sum + size, 0);
  for (const [name, size] of all) {
    if (total <= maxBytes || all.size === 1) return;
    all.delete(name);
    total -= size;
    await rm(join(blobs, name), { force: true });
  }
}

/** It appears at once or not at all, in a folder that may have gone. */
async function whole(file: string, content: Buffer | string): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

/** By name, the one that was used longest ago first; what a killed process left unfinished goes. */
async function sizesOf(blobs: string, names: string): Promise<Map<string, number>> {
  await mkdir(blobs, { recursive: true });
  await mkdir(names, { recursive: true });
  const found: { name: string; size: number; at: number }[] = [];
  for (const folder of [blobs, names])
    for (const name of await readdir(folder)) {
      if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
      else if (folder === blobs) {
        const { size, mtimeMs } = await stat(join(folder, name));
        found.push({ name, size, at: mtimeMs });
      }
    }
  return new Map(found.sort((a, b) => a.at - b.at).map(({ name, size }) => [name, size]));
}

function parseNamed(text: string, name: string): Named | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || value['name'] !== name) return undefined;
    const { digest, at, etag } = value;
    if (typeof digest !== 'string' || typeof at !== 'number') return undefined;
    return { digest, at, ...(typeof etag === 'string' && { etag }) };
  } catch {
    return undefined; // half a file of a machine that failed: looked up again
  }
}
