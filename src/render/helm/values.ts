// Value files of a Helm source: relative, from the root, from another source by `$ref/`, and by glob.
import type { Files } from '../../model/files.ts';
import type { HelmSource } from '../../model/sources.ts';
import type { Input, Planning } from '../source/plan.ts';
import { buildEnvironment, renderError, substitute } from '../source/plan.ts';
import { follow, joinPath } from '../source/paths.ts';
import { hashOf } from '../../base/canonical.ts';
import { placed, remoteOf } from '../source/remote.ts';
import { compileGlob, globMatch } from '../../base/glob.ts';
import { refuseModule } from '../source/absent.ts';

interface ValueFiles {
  /** In the order in which Helm merges them. */
  inputs: Input[];
  /** Where optional files may appear later. */
  watched: Input[];
}

/** Throws E_RENDER for a file that is missing (unless that is allowed) or outside. */
export async function valueFiles(
  planning: Planning,
  section: Pick<HelmSource, 'valueFiles' | 'ignoreMissingValueFiles'>,
): Promise<ValueFiles> {
  const inputs: Input[] = [];
  const watched: Input[] = [];
  const place = { file: planning.path || '.' };
  for (const text of section.valueFiles ?? []) {
    const { files, from, name, ref } = originOf(planning, text);
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
      inputs.push(await fromWeb(planning, name, place));
      continue;
    }
    const path = joinPath(from, name);
    if (path === undefined) throw renderError(`${name} leaves the repository`, place);
    const isGlob = /[*?[]/.test(path);
    const found = isGlob ? await matching(files, path) : [path];
    const watch = (at: string): void => void watched.push({ path: at, files, ...(ref !== undefined && { ref }) });
    if (isGlob) watch(fixedFolder(path));
    for (const file of found) {
      const entry = await follow(files, file);
      if (entry?.kind === 'file') inputs.push({ path: file, files, ...(ref !== undefined && { ref }) });
      else if (!section.ignoreMissingValueFiles)
        throw renderError(`the value file ${text} does not exist`, place, {
          hint: `Nothing is at ${file} in this revision; ignoreMissingValueFiles allows that.`,
        });
      watch(entry?.path ?? file); // what a link leads to, or may be there later
    }
    if (found.length === 0 && !section.ignoreMissingValueFiles)
      throw renderError(`no value file matches ${text}`, place);
  }
  // A file that is named twice counts at its last position (Argo CD: reposerver/repository/repository.go
  // getResolvedValueFiles).
  return {
    inputs: inputs.filter(
      (input, index) => !inputs.some((later, at) => at > index && later.path === input.path && later.ref === input.ref),
    ),
    watched,
  };
}

/** As a file of a source of its own, with a name that no path has. */
async function fromWeb(planning: Planning, url: string, place: { file: string }): Promise<Input> {
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  const remote = remoteOf(planning, url, place);
  if (!remote.valuesFileSchemes.includes(scheme))
    throw renderError(`value files are not taken by ${scheme}: helm.valuesFileSchemes does not list it`, place, {
      hint: 'Commit the value file.',
    });
  const { files, name } = await placed(remote.file(url), place);
  return { path: name, files, ref: `web-${hashOf(url).slice(0, 16)}` };
}

interface Origin {
  files: Files;
  from: string;
  name: string;
  ref?: string;
}

function originOf(planning: Planning, text: string): Origin {
  const slash = text.indexOf('/');
  const ref = text.startsWith('$') && slash > 0 ? text.slice(1, slash) : undefined;
  const other = ref === undefined ? undefined : planning.refs?.get(ref);
  if (ref !== undefined && other) return { files: other, from: '', name: text.slice(slash + 1), ref };
  return { files: planning.files, from: planning.path, name: substitute(text, buildEnvironment(planning)) };
}

/** The folder of a glob before its first wildcard. */
function fixedFolder(pattern: string): string {
  const parts = pattern.split('/');
  return parts
    .slice(
      0,
      parts.findIndex((part) => /[*?[]/.test(part)),
    )
    .join('/');
}

async function matching(files: Files, pattern: string): Promise<string[]> {
  const entries = await files.list(fixedFolder(pattern), true);
  const parts = pattern.split('/');
  const glob = compileGlob(pattern, { separators: '/' });
  for (const { kind, path } of entries) {
    const above = parts.slice(0, path.split('/').length).join('/');
    if (kind === 'module' && (above.includes('**') || globMatch(above, path, { separators: '/' })))
      await refuseModule(files, path);
  }
  return entries
    .map(({ path }) => path)
    .filter((path) => glob.test(path))
    .sort();
}
