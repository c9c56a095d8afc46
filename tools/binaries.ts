// Gives the pinned binaries: from the cache in milliseconds, else built once from the Go modules beside this file.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../src/base/errors.ts';
import { withFileLock } from './file-lock.ts';
import { binaryNames, isBinaryName, pins, type BinaryName } from './pins.ts';
import { progress, type Progress } from './progress.ts';

/** `$COXSWAIN_CACHE`, else `$XDG_CACHE_HOME/coxswain`, else `~/.cache/coxswain`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env['COXSWAIN_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'coxswain');
}

/**
 * Path of each binary asked for (default: all). Missing ones are built first, with progress on standard error.
 * The cache key is the module's go.mod and go.sum, what source it has of its own, the link flags, the system and the
 * processor, so that a changed pin is a new entry and an old checkout goes on finding its own.
 * Throws E_TOOLS when something is missing and Go is not there to build it, or when the build fails; an aborted signal
 * ends the build.
 */
export async function binaries<N extends BinaryName = BinaryName>(
  names?: readonly N[],
  signal?: AbortSignal,
): Promise<Record<N, string>> {
  const wanted: readonly BinaryName[] = names ?? binaryNames;
  const missing = wanted.filter((name) => !existsSync(binaryPath(name)));
  if (missing.length > 0) await buildAll(missing, signal);
  return Object.fromEntries(wanted.map((name) => [name, binaryPath(name)])) as Record<N, string>;
}

/** Where the binary is, or will be once built. */
export function binaryPath(name: BinaryName, cache: string = cacheDirectory()): string {
  const hash = createHash('sha256');
  const module = moduleDirectory(name);
  for (const file of [
    'go.mod',
    'go.sum',
    ...readdirSync(module, { recursive: true, encoding: 'utf8' })
      .filter((each) => each.endsWith('.go'))
      .sort(),
  ])
    hash.update(readFileSync(join(module, file)));
  hash.update(JSON.stringify([linkFlags(name), process.platform, process.arch]));
  return join(cache, 'bin', `${pins[name].module}-${hash.digest('hex').slice(0, 12)}`, name);
}

async function buildAll(missing: BinaryName[], signal: AbortSignal | undefined): Promise<void> {
  requireGo(missing);
  const lock = join(cacheDirectory(), 'build.lock');
  const show = progress(missing.length, 'binaries');
  await withFileLock(
    lock,
    async () => {
      for (const name of missing) {
        if (existsSync(binaryPath(name))) show.skip();
        else await build(name, show, signal);
      }
    },
    (pid) => show.note(`another process (${pid}) is building, waiting for it`),
  );
  show.end();
}

async function build(name: BinaryName, show: Progress, signal: AbortSignal | undefined): Promise<void> {
  const target = binaryPath(name);
  const unfinished = `${target}.${process.pid}.tmp`;
  mkdirSync(dirname(target), { recursive: true });
  const done = show.start(name);
  try {
    await go(
      [
        'build',
        '-mod=readonly',
        '-trimpath',
        '-buildvcs=false',
        '-ldflags',
        linkFlags(name),
        '-o',
        unfinished,
        pins[name].package,
      ],
      name,
      signal,
    );
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
    done();
  }
}

function linkFlags(name: BinaryName): string {
  const set = Object.entries(pins[name].set).map(([variable, value]) => `-X ${variable}=${value}`);
  return ['-s', '-w', ...set].join(' ');
}

function moduleDirectory(name: BinaryName): string {
  return join(import.meta.dirname, pins[name].module);
}

/** What Go needs to find its caches and the network; nothing else of our environment reaches a build. */
function goEnvironment(): Record<string, string> {
  const pass = [
    'PATH',
    'HOME',
    'TMPDIR',
    'XDG_CACHE_HOME',
    'XDG_CONFIG_HOME',
    'GOROOT',
    'GOPATH',
    'GOCACHE',
    'GOMODCACHE',
    'GOTMPDIR',
    'GOPROXY',
    'GOSUMDB',
    'GONOSUMDB',
    'GONOPROXY',
    'GOPRIVATE',
    'GOTOOLCHAIN',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ];
  const kept = pass.flatMap((name) => (process.env[name] === undefined ? [] : ([[name, process.env[name]]] as const)));
  return { ...Object.fromEntries(kept), CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
}

function go(args: string[], what: BinaryName, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn('go', args, {
      cwd: moduleDirectory(what),
      env: goEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stop = (): void => void child.kill();
    signal?.addEventListener('abort', stop);
    const said: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.on('error', (cause) => reject(noGo([what], cause.message)));
    child.on('close', (code, ended) => {
      signal?.removeEventListener('abort', stop);
      if (code === 0) return resolve();
      const reason = said
        .join('')
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('go: downloading'))
        .slice(-15)
        .join('\n');
      reject(
        new AppError('E_TOOLS', `go build of ${what} ended with ${ended ?? `code ${code}`}:\n${reason}`, {
          hint: 'Check the network, the free disk space and that Go is 1.26 or newer.',
        }),
      );
    });
  });
}

/** `go version` inside the module fails when this Go is older than the module asks and may not fetch a newer one. */
function requireGo(missing: BinaryName[]): void {
  const [first] = missing;
  if (!first) return;
  const answer = spawnSync('go', ['version'], { cwd: moduleDirectory(first), env: goEnvironment(), encoding: 'utf8' });
  if (answer.error || answer.status !== 0)
    throw noGo(missing, answer.error ? 'the command "go" was not found' : answer.stderr.trim());
}

function noGo(missing: string[], why: string): AppError {
  return new AppError(
    'E_TOOLS',
    `These pinned tools are not built yet and Go cannot build them (${why}): ${missing.join(', ')}`,
    {
      hint:
        'Either install Go 1.26 or newer (https://go.dev/dl) and run this again, ' +
        'or copy a cache that was built elsewhere from the same revision on the same kind of machine and point ' +
        `COXSWAIN_CACHE to it (looked in ${join(cacheDirectory(), 'bin')})`,
    },
  );
}

if (import.meta.main) {
  const asked = process.argv.slice(2).filter(isBinaryName);
  const found = await binaries(asked.length > 0 ? asked : undefined);
  for (const [name, path] of Object.entries(found)) process.stdout.write(`${name}\t${path}\n`);
}
