// `npm test`: builds what is missing, then lint, types and every test file against one control plane.
//   npm test                          everything
//   npm test -- --only=unit           one part: format | lint | types | unit | flow (several with commas)
//   npm run test:long                 what takes longer, of test/long
//   npm test -- test/git test/x.ts    these files and folders only, without format, lint and types
// The last line is `N passed, N failed`; format, lint and types count as one test each.
import type { TestEvent } from 'node:test/reporters';
import { availableParallelism } from 'node:os';
import { globSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { startCluster, type Cluster } from '../sandbox/cluster/cluster.ts';
import { applyCrds } from '../sandbox/settings.ts';
import { describeError } from '../src/base/errors.ts';
import { createReport, type Report } from './report.ts';
import { runCheck } from './run-check.ts';

const parts = ['format', 'lint', 'types', 'unit', 'flow', 'long'] as const;
const usual = parts.filter((part) => part !== 'long');
type Part = (typeof parts)[number];

const root = join(import.meta.dirname, '..');
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(signal));

const report = createReport(process.stdout);
try {
  await testAll(process.argv.slice(2));
} catch (error) {
  report.failed('npm test', describeError(error));
}
process.exitCode = report.end() ? 0 : 1;

async function testAll(args: string[]): Promise<void> {
  const chosen = partsOf(args);
  const files = testFiles(
    args.filter((arg) => !arg.startsWith('--')),
    chosen,
  );
  const cluster = files.length > 0 ? startCluster({ name: 'test', beforeControllers: applyCrds }) : undefined;
  cluster?.catch(() => undefined); // told when it is awaited
  try {
    await Promise.all([
      chosen.has('format') &&
        runCheck(
          {
            name: 'format',
            script: 'prettier/bin/prettier.cjs',
            args: ['--check', '--log-level=warn', '.'],
            cwd: root,
            signal: stopped.signal,
          },
          report,
        ),
      chosen.has('lint') &&
        runCheck(
          { name: 'lint', script: 'eslint/bin/eslint.js', args: ['.'], cwd: root, signal: stopped.signal },
          report,
        ),
      chosen.has('types') &&
        runCheck(
          { name: 'types', script: 'typescript/bin/tsc', args: ['-p', '.'], cwd: root, signal: stopped.signal },
          report,
        ),
      cluster,
    ]);
    if (cluster) await runFiles(files, await cluster, report);
  } finally {
    await (await cluster?.catch(() => undefined))?.stop();
  }
}

function partsOf(args: string[]): Set<Part> {
  const only = args.filter((arg) => arg.startsWith('--only=')).flatMap((arg) => arg.slice('--only='.length).split(','));
  const unknown = only.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`--only knows ${parts.join(', ')}, not ${unknown.join(', ')}`);
  if (only.length > 0) return new Set(parts.filter((part) => only.includes(part)));
  return new Set(args.some((arg) => !arg.startsWith('--')) ? ['unit', 'flow', 'long'] : usual);
}

/** Flows first: they take longest, and what is short fills the gaps. */
function testFiles(named: string[], chosen: Set<Part>): string[] {
  const patterns =
    named.length > 0
      ? named.map((name) => (isFolder(name) ? join(name, '**/*.test.ts') : name))
      : ['test/**/*.test.ts'];
  const files = globSync(patterns, { cwd: root })
    .map((file) => relative(root, join(root, file)))
    .sort();
  if (named.length > 0 && files.length === 0) throw new Error(`no test file matches ${named.join(' ')}`);
  const partOf = (file: string): Part =>
    file.startsWith('test/flow/') ? 'flow' : file.startsWith('test/long/') ? 'long' : 'unit';
  return (['long', 'flow', 'unit'] as const).flatMap((part) =>
    files.filter((file) => partOf(file) === part && chosen.has(part)),
  );
}

function isFolder(name: string): boolean {
  return statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function runFiles(files: string[], cluster: Cluster, to: Report): Promise<void> {
  process.env['COX_TEST_KUBECONFIG'] = cluster.kubeconfig;
  // Tests wait for the cluster more than they compute: a little more at once than there are processors.
  const concurrency = Math.min(4, availableParallelism() + 1);
  const stream = run({
    files: files.map((file) => join(root, file)),
    cwd: root,
    concurrency,
    isolation: 'process',
    timeout: 1_500_000,
    signal: stopped.signal,
  });
  for await (const event of stream) to.event(event as TestEvent);
}
