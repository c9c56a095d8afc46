// A file that made a folder what it is to a tool is gone: that is said, instead of what follows from it.
import type { Affected, Range } from './affected.ts';
import type { ChangeDeps } from './deps.ts';
import type { PullInput } from './pull.ts';
import { AppError } from '../base/errors.ts';
import { sourcesOf } from '../model/application.ts';
import { kustomizationNames } from '../render/kustomize/kustomization.ts';
import { joinPath } from '../render/source/paths.ts';
import { pins } from './affected.ts';

/** Argo CD: docs/user-guide/tool_detection.md. */
const tools: readonly { name: string; files: readonly string[] }[] = [
  { name: 'Helm', files: ['Chart.yaml'] },
  { name: 'Kustomize', files: kustomizationNames },
];

/** Undefined where each folder is still what it was, or is another tool's now. */
export async function lostTool(
  deps: Pick<ChangeDeps, 'git'>,
  pull: PullInput,
  { base, result }: Range,
  { before, after }: Affected,
): Promise<AppError | undefined> {
  if (!before || !after) return undefined;
  const mirror = deps.git.repository(pull.repoUrl);
  const found = async (commit: string, path: string): Promise<{ tool: string; file: string } | undefined> => {
    for (const { name, files } of tools)
      for (const file of files)
        if (await mirror.objectId(commit, joinPath(path, file) ?? file)) return { tool: name, file };
    return undefined;
  };
  const pinned = pins(after, pull, result);
  for (const [at, { path = '' }] of sourcesOf(after.spec).entries()) {
    if (pinned[at] === undefined || !(await mirror.tree(result, joinPath('', path) ?? ''))) continue;
    const was = await found(base, path);
    if (was && !(await found(result, path)))
      return new AppError('E_RENDER', `cannot be rendered any more as ${was.tool}: ${was.file} is gone`, {
        place: { file: joinPath(path, was.file) ?? was.file },
        hint: 'Put the file back, or move the Application to where it is now.',
      });
  }
  return undefined;
}
