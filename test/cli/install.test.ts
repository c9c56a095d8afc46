// `cox` as npm installs it: by a link into a clone, and as a package under node_modules.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { commandNames } from '../../src/cli/commands.ts';
import { binaries, cacheDirectory } from '../../tools/binaries.ts';
import { bed } from './fixture.ts';

const root = join(import.meta.dirname, '../..');
const exec = promisify(execFile);
const { bin, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  bin: { cox: string };
  files: string[];
};

function temporary(t: { after(end: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-install-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** What `npm install --global` makes of the tarball of `npm pack`; packed in a copy, as it writes into its folder. */
async function install(dir: string): Promise<{ packageRoot: string; command: string }> {
  const copy = join(dir, 'clone');
  const shipped = files.filter((name) => name !== 'dist');
  for (const name of [...shipped, 'package.json', 'package-lock.json', '.npmrc', 'src', 'tools'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const npm = (...args: string[]): Promise<unknown> => exec('npm', [...args, '--loglevel=error'], { cwd: copy });
  await npm('pack', '--pack-destination', dir);
  const prefix = join(dir, 'prefix');
  const tarball = join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
  await npm('install', '--global', '--prefix', prefix, '--prefer-offline', '--ignore-scripts', tarball);
  assert.ok(!existsSync(join(copy, 'dist')), 'packing leaves nothing behind');
  return { packageRoot: join(prefix, 'lib/node_modules/coxswain'), command: join(prefix, 'bin/cox') };
}

const packed = temporary({ after });
let installed: Awaited<ReturnType<typeof install>>;
before(async () => void (installed = await install(packed)));

/** By its first line, with the Node of this test first on PATH and no other tool than git. */
async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const tools = join(dirname(command), 'tools');
  rmSync(tools, { recursive: true, force: true });
  mkdirSync(tools, { recursive: true });
  for (const [name, path] of [
    ['node', process.execPath],
    ['git', execFileSync('which', ['git'], { encoding: 'utf8' }).trim()],
  ] as const)
    await symlink(path, join(tools, name));
  return new Promise((resolve) =>
    execFile(
      '/usr/bin/env',
      [command, ...args],
      { env: { HOME: dirname(command), ...env, PATH: tools } },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), text: out + err }),
    ),
  );
}

const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: found}\n';

test('cox of a clone starts through the link of npm link, and finds the tools that were built there', async (t) => {
  await binaries(['render']);
  assert.ok(statSync(join(root, bin.cox)).mode & 0o111, 'the command may be run');
  const { url, stage, env } = await bed(t, { 'web/map.yaml': map });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  const command = join(temporary(t), 'cox');
  await symlink(join(root, bin.cox), command);
  const help = await run(command, ['--help']);
  assert.match(help.text, /^cox — GitOps for Kubernetes/);
  assert.doesNotMatch(help.text, /warning/i);
  const { COX_TOOLS_DIR: _, ...withoutTools } = env;
  const { code, text } = await run(command, ['render', 'web'], { ...withoutTools, COXSWAIN_CACHE: cacheDirectory() });
  assert.match(text, /name: found/);
  assert.equal(code, 0);
});

test('the tarball of npm pack is JavaScript and tells all of itself; packing leaves nothing behind', async () => {
  const { packageRoot, command } = installed;
  const shipped = readdirSync(packageRoot, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('node_modules'),
  );
  assert.deepEqual(
    shipped.filter((name) => name.endsWith('.ts')),
    [],
  );
  assert.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const [args, code, text] of [
    [['--version'], 0, new RegExp(`^cox ${version.replaceAll('.', '[.]')}\\n$`)],
    [['--help'], 0, /^cox — GitOps for Kubernetes[^]*Exit code: 0 done, 1 /],
    ...commandNames.map((name) => [[...name.split(' '), '--help'], 0, /^cox [^]*Options of all commands/] as const),
    [['completion', 'bash'], 0, /complete -F _cox cox\n$/],
    [['completion', 'zsh'], 0, /^#compdef cox\n/],
    [['completion', 'fish'], 0, /^# fish completion of cox\n/],
    [['app', 'lst'], 2, /did you mean list\?/],
    [['app', 'list', '--kubeconfig', '/nowhere'], 3, /\(E_CONFIG\)/],
  ] as const) {
    const ran = await run(command, [...args]);
    assert.match(ran.text, text, args.join(' '));
    assert.doesNotMatch(ran.text, /warning/i);
    assert.equal(ran.code, code, args.join(' '));
  }
});

test('an installed cox asks the cluster and renders, and says what to do where the tools are not there', async (t) => {
  const { command } = installed;
  const { url, stage, env } = await bed(t, { 'web/map.yaml': map });
  await stage.apply('web', { source: { repoURL: url, path: 'web', targetRevision: 'main' } });
  const { COX_TOOLS_DIR: folder = '', ...withoutTools } = env;
  assert.deepEqual(await run(command, ['app', 'list', '-o', 'name'], withoutTools), { code: 0, text: 'web\n' });
  const rendered = await run(command, ['render', 'web'], { ...withoutTools, COX_TOOLS_DIR: folder });
  assert.match(rendered.text, /name: found/);
  assert.equal(rendered.code, 0);
  assert.equal((await run(command, ['app', 'diff', 'web'], { ...withoutTools, COX_TOOLS_DIR: folder })).code, 1);
  const missing = await run(command, ['render', 'web'], withoutTools);
  assert.equal(missing.code, 3);
  assert.match(missing.text, /^cox: render cannot be started: .* \(E_TOOLS\)$/m);
  assert.match(missing.text, /^ {2}next: {2}Put render on PATH or into COX_TOOLS_DIR/m);
});
