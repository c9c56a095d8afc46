// Which tool renders a source: what it says itself, else what its folder holds (Argo CD:
// docs/user-guide/tool_detection.md).
import type { ApplicationSource } from '../model/application.ts';
import type { Files } from '../model/files.ts';
import type { SourceType } from './source/request.ts';
import type { Worker } from '../base/worker.ts';
import { follow, joinPath } from './source/paths.ts';
import { isObject } from '../model/kube.ts';
import { kustomizationOf } from './kustomize/closure.ts';
import { parseYaml } from './document/yaml.ts';
import { refuseLfsPointers } from './source/absent.ts';
import { renderError } from './source/plan.ts';
import { applyMergePatch } from '../base/merge-patch.ts';

/** Throws E_RENDER for two explicit types, and for plugins, which are not run. */
export async function sourceTypeOf(source: ApplicationSource, files: Files, path: string): Promise<SourceType> {
  const explicit = explicitTypes(source);
  if (explicit.length > 1)
    throw renderError(`multiple application sources defined: ${explicit.join(',')}`, { file: path || '.' });
  const [named] = explicit;
  if (named === 'Plugin') throw renderError('config management plugins are not supported yet', { file: path || '.' });
  if (named) return named;
  if ((await follow(files, joinPath(path, 'Chart.yaml') ?? ''))?.kind === 'file') return 'Helm';
  return (await kustomizationOf(files, path)) ? 'Kustomize' : 'Directory';
}

/** Empty sections count as absent, as Argo CD's normalisation removes them. */
function explicitTypes(source: ApplicationSource): (SourceType | 'Plugin')[] {
  const types: [SourceType | 'Plugin', unknown][] = [
    ['Kustomize', source.kustomize],
    ['Helm', source.helm],
    ['Directory', source.directory],
    ['Plugin', source.plugin],
  ];
  return types.filter(([, section]) => isObject(section) && Object.keys(section).length > 0).map(([type]) => type);
}

const fixed = ['repoURL', 'path', 'chart', 'targetRevision'];

/**
 * The source with what `.argocd-source.yaml` and `.argocd-source-<app>.yaml` in its folder override; answers their
 * paths too.
 */
export async function withOverrides(
  worker: Worker,
  source: ApplicationSource,
  files: Files,
  at: { path: string; app: string },
): Promise<{ source: ApplicationSource; overrides: string[] }> {
  let merged: Record<string, unknown> = { ...source };
  const overrides: string[] = [];
  for (const name of ['.argocd-source.yaml', `.argocd-source-${at.app}.yaml`]) {
    const file = joinPath(at.path, name) ?? name;
    const entry = await follow(files, file);
    if (entry?.kind !== 'file') continue;
    overrides.push(entry.path);
    await refuseLfsPointers(files, [entry.path]);
    const [patch] = await parseYaml(worker, String((await files.read(entry.path)) ?? ''), file);
    if (patch !== undefined && !isObject(patch))
      throw renderError('this file overrides the source and is no map', { file });
    if (isObject(patch))
      merged = applyMergePatch(
        merged,
        Object.fromEntries(Object.entries(patch).filter(([key]) => !fixed.includes(key))),
      );
  }
  return { source: overrides.length > 0 ? { ...merged, repoURL: source.repoURL } : source, overrides };
}
