// Reads app.yml, so that the sandbox's App may do exactly what the real one may.
import type { AppManifest } from './create.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Permissions and events of the file, default the product's own. */
export function readManifest(file: string = join(import.meta.dirname, '../../app.yml')): AppManifest {
  const found = parse(readFileSync(file, 'utf8')) as {
    name: string;
    default_permissions: Record<string, string>;
    default_events: string[];
  };
  return { slug: found.name, permissions: found.default_permissions, events: found.default_events };
}
