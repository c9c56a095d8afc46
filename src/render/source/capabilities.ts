// Whether the templates of charts ask for which cluster they are rendered.
import type { LRUCache } from 'lru-cache';
import type { Files } from '../../model/files.ts';
import { refuseModule } from './absent.ts';

/**
 * Only charts that ask depend on the cluster: another new kind must not render the others again. Packed charts count as
 * asking.
 */
export async function usesCapabilities(
  charts: readonly { files: Files; folder: string }[],
  cache: LRUCache<string, boolean>,
): Promise<{ version: boolean; apis: boolean }> {
  let [version, apis] = [false, false];
  for (const { files, folder } of charts) {
    const id = (await files.id(folder)) ?? folder;
    const known = { version: cache.get(`version ${id}`), apis: cache.get(`apis ${id}`) };
    if (known.version === undefined || known.apis === undefined) {
      const found = await readCapabilities(files, folder);
      cache.set(`version ${id}`, found.version);
      cache.set(`apis ${id}`, found.apis);
      Object.assign(known, found);
    }
    version ||= known.version === true;
    apis ||= known.apis === true;
  }
  return { version, apis };
}

async function readCapabilities(files: Files, folder: string): Promise<{ version: boolean; apis: boolean }> {
  const found = { version: false, apis: false };
  const entries = await files.list(folder, true);
  for (const { kind, path } of entries) if (kind === 'module') await refuseModule(files, path);
  for (const { kind, path } of entries) {
    if (kind === 'link' || path.endsWith('.tgz')) return { version: true, apis: true };
    const text = kind === 'file' ? String((await files.read(path)) ?? '') : '';
    if (!text.includes('Capabilities')) continue;
    found.version ||= /KubeVersion/i.test(text);
    found.apis ||= text.includes('APIVersions') || !/KubeVersion|HelmVersion/i.test(text);
  }
  return found;
}
