// Archives of charts and artifacts, unpacked into memory within limits.
import type { Files } from '../model/files.ts';
import type { Content } from './tree.ts';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { AppError, errorMessage } from '../base/errors.ts';
import { filesFrom } from './tree.ts';

const maxBytes = 128 * 2 ** 20;
const maxFiles = 20_000;

interface Unpacking {
  /** For messages. */
  name: string;
  /** Charts are packed in a folder of their name, which goes. Default: nothing goes. */
  strip?: boolean;
}

/** A tar, packed by gzip or not. Names that leave the archive are errors; links stay what they are. */
export async function unpack(archive: Buffer, { name, strip = false }: Unpacking): Promise<Files> {
  const contents = new Map<string, Content>();
  let size = 0;
  const tar = extract();
  const gzip = archive[0] === 0x1f && archive[1] === 0x8b ? createGunzip() : undefined;
  gzip?.on('error', (error) => tar.destroy(error));
  gzip?.pipe(tar);
  (gzip ?? tar).end(archive);
  try {
    for await (const entry of tar) {
      const content = await contentOf(entry as AsyncIterable<Buffer>, maxBytes - size, name);
      size += content.length;
      const { type, linkname, mode = 0o644 } = entry.header;
      const path = inside(entry.header.name, { name, strip });
      if (path === '' || !(type === 'file' || type === 'contiguous-file' || type === 'symlink')) continue;
      if (contents.size >= maxFiles) throw archiveError(name, `it holds more than ${maxFiles} files`);
      const link = type === 'symlink';
      if (link && strip) continue; // Helm takes none out of a packed chart
      const data = link ? Buffer.from(linkname ?? '') : content;
      contents.set(path, { data, executable: !link && (mode & 0o100) !== 0, ...(link && { link }) });
    }
  } catch (error) {
    gzip?.destroy();
    if (error instanceof AppError) throw error;
    throw archiveError(name, `it cannot be unpacked (${errorMessage(error)})`);
  }
  return filesFrom(withoutFolders(contents));
}

async function contentOf(entry: AsyncIterable<Buffer>, most: number, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of entry) {
    size += chunk.length;
    if (size > most) throw archiveError(name, `it unpacks to more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function inside(named: string, { name, strip }: Unpacking): string {
  const parts = named.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || named.startsWith('/') || named.includes('\\') || named.includes('\0'))
    throw archiveError(name, 'it holds a name that leaves it');
  return (strip ? parts.slice(1) : parts).join('/');
}

/** A file below which others stand is a folder, as it would be on a disk that was written in order. */
function withoutFolders(contents: Map<string, Content>): Map<string, Content> {
  const folders = new Set([...contents.keys()].flatMap((path) => above(path)));
  return new Map([...contents].filter(([path]) => !folders.has(path)));
}

function above(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function archiveError(name: string, why: string): AppError {
  return new AppError('E_FETCH', `${name}: ${why}`);
}
