// Runs Helm, Kustomize and Jsonnet: by their libraries, in processes of their own, within limits, and with failures
// that say where.
import type { Made, ToolName, Workers } from './workers.ts';
import type { Place } from '../../base/errors.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { renderError } from './plan.ts';
import { unspokenIn, withoutValues } from '../document/unspoken.ts';
import { repositoryPath, root, type Overlay } from './overlay.ts';
import { roundedIn } from './rounded.ts';

interface ToolRun {
  workers: Workers;
  tool: ToolName;
  /** Of a revision that somebody has merged. */
  merged: boolean;
  overlay: Overlay;
  /** What the tool takes, as tools/render/manifests reads it; paths are absolute. */
  options: object;
  /** What of the options may hold values of Secrets. */
  given?: readonly string[];
  /** Turns a path as the tool names it into one of the repository; undefined = it is none. */
  fileOf?: (named: string) => string | undefined;
  /** The tool tells the innermost place first; default last. */
  innermostFirst?: boolean;
}

/** Throws E_RENDER with place, or E_PROCESS_LIMIT. */
export async function runTool(job: ToolRun): Promise<Made> {
  const { workers, tool, merged, overlay, options, given = [] } = job;
  const made = await workers.make(tool, { merged, files: overlay.files, options }).catch((error: unknown) => {
    throw translate(error, job);
  });
  const files = [...overlay.files, ['', Buffer.from(given.join('\n'))] as const];
  const rounded = roundedIn({ tool, text: made.text, files, fileOf: repositoryPath });
  if (rounded) throw rounded;
  return made;
}

const namedFile = /(?<![^\s"'`():<>])([^\s"'`():<>]+\.(?:ya?ml|jsonnet|libsonnet|json|tpl|txt|toml)\b)/;
const position = /(?:\\?["'`])?:?(?:\s?\(?(?:line )?(\d+)(?:[:)](\d+))?)?/;
const namedPlace = new RegExp(namedFile.source + position.source, 'g');

function translate(error: unknown, job: ToolRun): unknown {
  if (!(error instanceof AppError) || error.code !== 'E_PROCESS' || error.kind !== 'terminal') return error;
  const said = withoutPaths(error.message);
  const place = placeIn(said, job);
  // without a cause: what the tool wrote may hold what is secret
  return renderError(`${job.tool}: ${speakable(causeOf(said, job.innermostFirst ? 1 : 4), job)}`, place);
}

/** Templates may print whatever they are given. Names of files stay: the place is told by them. */
function speakable(cause: string, { overlay, given = [], fileOf = (named) => named }: ToolRun): string {
  try {
    return withoutValues(cause, unspokenIn(overlay.files, given), (word) => {
      const file = fileOf(word);
      return file !== undefined && overlay.files.has(`${root}/${file}`);
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return (
      'it failed, and its words are not passed on: the sources are too big to tell whether they hold values of ' +
      'Secrets'
    );
  }
}

function withoutPaths(text: string): string {
  return redactText(text).replaceAll(`${root}/`, '').replaceAll(root, '.').replaceAll('/coxswain/home/', '');
}

/**
 * One sentence. What stands in backquotes over several lines, and literals, may be the content of a Secret: they are
 * left out.
 */
function causeOf(said: string, lines: number): string {
  const ticked = said
    .split('`')
    .map((part, at, all) => (at > 0 && at + 1 < all.length && part.includes('\n') ? '…' : part));
  const text = ticked
    .join('`')
    .replace(/(literal source )\S+/g, '$1…')
    .replaceAll('Use --debug flag to render out invalid YAML', '')
    .replace(/^(?:Error|RUNTIME ERROR): /gm, '');
  const one = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, lines)
    .join(' ');
  return one.length > 400 ? `${one.slice(0, 400)}…` : one;
}

/** The innermost place that the tool names and that is a file of ours; one with a line wins. */
function placeIn(said: string, job: ToolRun): Place | undefined {
  let found: Place | undefined;
  for (const [, named, line, column] of said.matchAll(namedPlace)) {
    const file = named === undefined ? undefined : (job.fileOf ?? ((path: string) => path))(named);
    if (file === undefined || (found?.line !== undefined && (line === undefined || job.innermostFirst))) continue;
    found = {
      file,
      ...(line !== undefined && { line: Number(line) }),
      ...(column !== undefined && { column: Number(column) }),
    };
  }
  return found;
}
