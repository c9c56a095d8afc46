// A renderer with the real tools, over repositories of the test's own.
import type { ApplicationSource } from '../../src/model/application.ts';
import type { Origin } from '../git/origin.ts';
import type { Rendered, RenderRequest } from '../../src/render/source/request.ts';
import type { Renderer } from '../../src/render/render.ts';
import type { TestContext } from 'node:test';
import { cpSync } from 'node:fs';
import assert from 'node:assert/strict';
import { AppError } from '../../src/base/errors.ts';
import { binaries } from '../../tools/binaries.ts';
import { createRenderer } from '../../src/render/render.ts';
import { filesOf } from '../../src/git/git.ts';
import { worker } from '../worker.ts';
import { mirrors, origin } from '../git/origin.ts';

export interface Bench {
  origin: Origin;
  renderer: Renderer;
  /** At the newest commit of main, unless said otherwise. */
  request: (source: Omit<ApplicationSource, 'repoURL'>, change?: Partial<RenderRequest>) => Promise<RenderRequest>;
  render: (source: Omit<ApplicationSource, 'repoURL'>, change?: Partial<RenderRequest>) => Promise<Rendered>;
}

export async function bench(t: TestContext, files: Record<string, string>): Promise<Bench> {
  const from = origin(t, files);
  const repository = mirrors(t).repository(from.url);
  const renderer = await createRenderer({
    worker,
    program: (await binaries(['manifests'])).manifests,
  });
  const request: Bench['request'] = async (source, change = {}) => {
    await repository.fetch();
    const revision = await repository.resolve('main');
    return {
      source: { repoURL: from.url, ...source },
      app: { name: 'shop', namespace: 'argocd', destinationNamespace: 'shop-dev', project: 'default', revision },
      merged: true,
      files: filesOf(repository, revision),
      cluster: { version: '1.36.3', apiVersions: ['apps/v1', 'v1'] },
      ...change,
    };
  };
  return {
    origin: from,
    renderer,
    request,
    render: async (source, change) => renderer.render(await request(source, change)),
  };
}

/** Files of a folder on disk as one commit. */
export function copyInto(from: Origin, folder: string): void {
  cpSync(folder, from.git('rev-parse', '--show-toplevel'), { recursive: true });
  from.commit('sample', {});
}

export function configMap(name: string, data: Record<string, string> = {}): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata: ${JSON.stringify(data)}\n`;
}

/** `Kind/name` of every manifest, in order. */
export function names({ manifests }: Rendered): string[] {
  return manifests.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);
}

/** What a rendering that must fail fails with. */
export async function refusal(rendering: Promise<Rendered>, what = 'it'): Promise<AppError> {
  const error: unknown = await rendering.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AppError, `${what} is refused: ${String(error)}`);
  return error;
}

/** A ConfigMap on one line. */
export function flow(name: string): string {
  return `{apiVersion: v1, kind: ConfigMap, metadata: {name: "${name}"}}`;
}

export function json(name: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
}

export function list(kind: string, ...items: string[]): string {
  return (
    `apiVersion: v1\nkind: ${kind}\nitems:\n` +
    `${items.map((item) => `- ${item.replaceAll('\n', '\n  ').trimEnd()}\n`).join('')}`
  );
}

/** x, y and z in lists within each other. */
export const nested = list('List', flow('x'), list('List', list('ConfigMapList', flow('y')), flow('z')));
