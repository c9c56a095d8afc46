// The sample repository: a copy of examples/infra that names the sandbox's own address, and its root application.
import type { KubeObject } from '../src/model/kube.ts';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documents } from './kube.ts';

export const sampleFolder = join(import.meta.dirname, '..', 'examples', 'infra');
/** Its applications beside the root; each has a namespace of the same name. */
export const developed = ['checkout-dev', 'payments-dev', 'docs-dev', 'dashboards-dev'];
export const production = ['checkout-prod', 'payments-prod', 'docs-prod', 'dashboards-prod'];
/** What the sample names as its repository. */
const placeholder = 'https://github.com/acme/infra.git';

/** Copies it to `dir` with its repository's address replaced. */
export async function copySample(from: string, dir: string, repoUrl: string): Promise<void> {
  await cp(from, dir, { recursive: true });
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = await readFile(file, 'utf8');
    if (text.includes(placeholder)) await writeFile(file, text.replaceAll(placeholder, repoUrl));
  }
}

/** The root application and what must stand before it, as a person applies them once. */
export async function bootstrapObjects(dir: string): Promise<KubeObject[]> {
  return documents(await readFile(join(dir, 'cluster', 'demo', 'root.yaml'), 'utf8'));
}
