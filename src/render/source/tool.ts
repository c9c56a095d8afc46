// Runs helm, kustomize and jsonnet: without a shell, without network, within limits, and with failures that say where.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { renderError } from './plan.ts';
import { run, stderrOf, toolMissing } from '../../base/process.ts';
import { unspokenIn, withoutValues } from '../document/unspoken.ts';
import type { Overlay } from './overlay.ts';
import type { Place } from '../../base/errors.ts';

export interface Tool {
  /** Absolute path. */
  path: string;
  /** As the tool tells it; part of every key. */
  version: string;
  /** Why it cannot be run: E_TOOLS. */
  fault?: AppError;
}

interface ToolRun {
  tool: Tool;
  args: string[];
  overlay: Overlay;
  /** Absolute working folder. */
  cwd: string;
  /** Turns a path as the tool names it into one of the repository; undefined = it is none. */
  fileOf?: (named: string) => string | undefined;
  /** The tool tells the innermost place first; default last. */
  innermostFirst?: boolean;
}

const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'];

/** Address space: Go reserves far more than it uses. */
const maxAddressSpace = 8 * 2 ** 30;
const maxOutput = 64 * 2 ** 20;
/** Argo CD's exec timeout. */
const timeoutMs = 90_000;

interface ToolOutput {
  /** Standard output. */
  text: string;
  /** Standard error, which may hold what is secret. */
  said: string;
}

/** Throws E_RENDER with place, or E_PROCESS_LIMIT. */
export async function runTool(job: ToolRun): Promise<ToolOutput> {
  const { tool, args, overlay, cwd } = job;
  if (tool.fault) throw tool.fault;
  const limiter = prlimit.find((path) => existsSync(path));
  const [command, all] = limiter ? [limiter, [`--as=${maxAddressSpace}`, tool.path, ...args]] : [tool.path, args];
  try {
    const { stdout, stderr } = await run(command, all, { cwd, env: environment(overlay.home), timeoutMs, maxOutput });
    return { text: stdout.toString('utf8'), said: stderr };
  } catch (error) {
    throw await translate(error, job);
  }
}

/**
 * Nothing of ours is inherited. The proxy that nobody serves turns every request to the network into an error at once.
 */
function environment(home: string): Record<string, string> {
  const nowhere = 'http://127.0.0.1:9';
  return {
    HOME: home,
    TMPDIR: home,
    PATH: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    http_proxy: nowhere,
    https_proxy: nowhere,
    HELM_CACHE_HOME: `${home}/cache`,
    HELM_CONFIG_HOME: `${home}/config`,
    HELM_DATA_HOME: `${home}/data`,
    GOMEMLIMIT: '1GiB',
    GOGC: '400', // a short-lived process: less collecting, the limit above still holds
  };
}

/**
 * First words of `<tool> version`. Of one that cannot be run the use fails, not the start. A bare
 * name is looked for on our PATH, for tools have none.
 */
export async function toolVersion(named: string, args: string[]): Promise<Tool> {
  const folders = named.includes('/')
    ? []
    : (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const path = folders.map((folder) => join(folder, named)).find((each) => existsSync(each)) ?? named;
  try {
    const { stdout } = await run(path, args, { env: { HOME: '/nonexistent' } });
    return { path, version: stdout.toString('utf8').trim() };
  } catch (error) {
    return { path, version: 'missing', fault: isMissing(error) ? error : toolMissing(path, error) };
  }
}

function isMissing(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'E_TOOLS';
}

const namedFile = /(?<![^\s"'`():<>])([^\s"'`():<>]+\.(?:ya?ml|jsonnet|libsonnet|json|tpl|txt|toml)\b)/;
const position = /(?:\\?["'`])?:?(?:\s?\(?(?:line )?(\d+)(?:[:)](\d+))?)?/;
const namedPlace = new RegExp(namedFile.source + position.source, 'g');

async function translate(error: unknown, job: ToolRun): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'E_PROCESS') return error;
  const name = job.tool.path.slice(job.tool.path.lastIndexOf('/') + 1);
  const said = withoutPaths(stderrOf(error) || error.message, job.overlay);
  const place = placeIn(said, job);
  // without a cause: what the tool wrote may hold what is secret
  return renderError(`${name}: ${await speakable(causeOf(said, job.innermostFirst ? 1 : 4), job)}`, place);
}

/** Templates may print whatever they are given. Names of files stay: the place is told by them. */
async function speakable(cause: string, { overlay, args, fileOf = (named) => named }: ToolRun): Promise<string> {
  try {
    const values = await unspokenIn(
      [overlay.root, join(overlay.root, '..', 'refs'), overlay.home].filter((folder) => existsSync(folder)),
      args,
    );
    return withoutValues(cause, values, (word) => {
      const file = fileOf(word);
      return file !== undefined && existsSync(join(overlay.root, file));
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return (
      'it failed, and its words are not passed on: the sources are too big to tell whether they hold values of ' +
      'Secrets'
    );
  }
}

function withoutPaths(text: string, overlay: Overlay): string {
  return redactText(text)
    .replaceAll(`${overlay.root}/`, '')
    .replaceAll(overlay.root, '.')
    .replaceAll(`${overlay.home}/`, '');
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
