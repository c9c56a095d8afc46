// Objects that Helm leaves out because it does not know their hook: it says so in its log alone.
import type { Condition } from '../../model/application.ts';
import type { Place } from '../../base/errors.ts';
import type { Planning } from '../source/plan.ts';
import { relativeTo } from '../source/paths.ts';
import { renderError } from '../source/plan.ts';

/** helm: pkg/release/v1/hook.go */
const hooks = [
  ...['install', 'upgrade', 'rollback', 'delete'].flatMap((event) => [`pre-${event}`, `post-${event}`]),
  'test',
  'test-success',
];
/** They ended with Helm 2, and charts still have them. */
const former = ['crd-install', 'test-failure'];

/**
 * `said`: the log. An object whose hook is no hook is refused: without a word it would look as if Git had it no more.
 * `folders`: of charts.
 */
export async function skippedHooks(said: string, planning: Planning, folders: string[]): Promise<Condition[]> {
  const skipped = [...new Set(said.split('\n').flatMap(skippedIn))].sort();
  const isFormer = (types: string): boolean =>
    types.split(',').every((type) => [...hooks, ...former].includes(type.trim().toLowerCase()));
  const unknown = skipped.find((types) => !isFormer(types));
  if (unknown !== undefined)
    throw renderError(
      'the annotation helm.sh/hook of this object names no hook of Helm, which leaves the object out',
      (await placeOf(unknown, planning, folders)) ?? { file: planning.path || '.' },
      { hint: `Helm knows ${hooks.join(', ')}. Hooks of Argo CD stand in argocd.argoproj.io/hook.` },
    );
  const places = await Promise.all(skipped.map((types) => placeOf(types, planning, folders)));
  if (places.length === 0) return [];
  const named = places.map((place) => (place ? `${place.file}:${place.line ?? 1}` : planning.path || '.'));
  return [
    {
      type: 'ExcludedResourceWarning',
      message: `Hooks that ended with Helm 2 (${former.join(', ')}), left out by Helm: ${named.join(', ')}`,
    },
  ];
}

/** helm: pkg/release/v1/util/manifest_sorter.go, as Go's log/slog writes it */
function skippedIn(line: string): string[] {
  const [, types] = line.split('msg="skipping unknown hooks" hookTypes=');
  if (types === undefined) return [];
  return [types.startsWith('"') ? types.slice(1, -1) : types];
}

/** The first line of a template that gives the annotation this value; what is computed is not found. */
async function placeOf(types: string, { files }: Planning, folders: string[]): Promise<Place | undefined> {
  for (const folder of folders)
    for (const { path, kind } of await files.list(folder, true)) {
      if (kind !== 'file' || !`/${relativeTo(folder, path)}`.includes('/templates/')) continue;
      const lines = String((await files.read(path)) ?? '').split('\n');
      const line = lines.findIndex((text) => hookOf(text) === types);
      if (line >= 0) return { file: path, line: line + 1 };
    }
  return undefined;
}

function hookOf(line: string): string | undefined {
  const [, behind] = line.split(/helm\.sh\/hook["']?:/);
  return behind?.split('}', 1)[0]?.replaceAll(/["']/g, '').trim();
}
