// `cox` as npm installs it: by a link into a clone, and as a package under node_modules.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { binaries, cacheDirectory } from '../../tools/binaries.ts';
import { bed } from './fixture.ts';

const root = join(import.meta.dirname, '../..');
const { bin, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  bin: { cox: string };
  files: string[];
};

function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-install-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** As npm does it: the command on PATH is a link to the file that package.json names. */
function linked(dir: string, packageRoot: string): string {
  const command = join(dir, 'cox');
  symlinkSync(join(packageRoot, bin.cox), command);
  return command;
}

/** A package under node_modules, with what `npm pack` would take. */
function installed(dir: string): string {
  const packageRoot = join(dir, 'lib/node_modules/coxswain');
  mkdirSync(packageRoot, { recursive: true });
  for (const name of [...files, 'package.json']) cpSync(join(root, name), join(packageRoot, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(packageRoot, 'node_modules'));
  return linked(dir, packageRoot);
}

/** By its first line, with the Node of this test first on PATH and no other tool than git. */
function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const tools = join(dirname(command), 'tools');
  mkdirSync(tools, { recursive: true });
  for (const [name, path] of [
    ['node', process.execPath],
    ['git', execFileSync('which', ['git'], { encoding: 'utf8' }).trim()],
  ] as const)
    symlinkSync(path, join(tools, name));
  return new Promise((resolve) =>
    execFile(
      '/usr/bin/env',
      [command, ...args],
      { env: { HOME: dirname(command), ...env, PATH: tools } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), text: out + err }),
    ),
  );
}

test('cox starts through the link of npm link, and as an installed package, without a word of warning', async (t) => {
  assert.ok(statSync(join(root, bin.cox)).mode & 0o111, 'the command may be run');
  for (const command of [linked(temporary(t), root), installed(temporary(t))]) {
    const { code, text } = await run(command, ['--help']);
    assert.match(text, /^cox — GitOps for Kubernetes/);
    assert.doesNotMatch(text, /warning/i);
    assert.equal(code, 0);
  }
});

test('cox in a clone finds the tools that were built there; an installed one says what to do', async (t) => {
  await binaries(['render']);
  const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: found}\n';
  const { url, stage, env } = await bed(t, { 'web/map.yaml': map });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  const { COX_TOOLS_DIR: _, ...withoutTools } = env;
  const own = { ...withoutTools, COXSWAIN_CACHE: cacheDirectory() };
  const found = await run(linked(temporary(t), root), ['render', 'web'], own);
  assert.match(found.text, /name: found/);
  const missing = await run(installed(temporary(t)), ['render', 'web'], own);
  assert.equal(missing.code, 3);
  assert.match(missing.text, /^cox: render cannot be started: .* \(E_TOOLS\)$/m);
  assert.match(missing.text, /^ {2}next: {2}Put render on PATH or into COX_TOOLS_DIR/m);
});
