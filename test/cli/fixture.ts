// A bed for tests of the command line: a stage whose repository is served on loopback, and `cox` as a process of its
// own.
import type { TestContext } from 'node:test';
import type { Stage } from '../engine/fixture.ts';
import type { TestCluster } from '../control-plane.ts';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cox } from '../../src/cli/run.ts';
import { freePorts } from '../../sandbox/cluster/ports.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { stage } from '../engine/fixture.ts';

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Told of everything it has written to standard output so far. */
  onOutput?: (text: string, child: { kill(signal: NodeJS.Signals): void }) => void;
}

const main = join(import.meta.dirname, '../../src/cli/cli.ts');

/** Runs `cox` with nothing but that environment. */
export function runCox(args: string[], { env = {}, cwd, onOutput }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      onOutput?.(out, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** The same within this process: nothing but the start differs. */
async function coxHere(args: string[], env: Record<string, string>): Promise<Ran> {
  let [out, err] = ['', ''];
  const code = await cox(args, {
    env,
    out: { result: (text) => void (out += `${text}\n`), note: (text) => void (err += `${text}\n`) },
    color: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

interface Bed {
  stage: Stage;
  plane: TestCluster;
  /** The repository as git:// on loopback. */
  url: string;
  cox(...args: string[]): Promise<Ran>;
  env: Record<string, string>;
}

/** `git daemon` over the stage's repository: the command line speaks no file protocol. */
async function serve(t: TestContext, stageUrl: string): Promise<string> {
  const bare = fileURLToPath(stageUrl);
  const [port = 0] = await freePorts(1);
  const child = spawn(
    'git',
    ['daemon', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${dirname(bare)}`, '--export-all'],
    { stdio: 'ignore', detached: true },
  );
  t.after(() => process.kill(-(child.pid ?? 0), 'SIGKILL'));
  const url = `git://127.0.0.1:${port}/${basename(bare)}`;
  await eventually(
    'the repository is served',
    () =>
      new Promise<true | undefined>((resolve) =>
        execFile('git', ['ls-remote', url], (error) => resolve(error ? undefined : true)),
      ),
  );
  return url;
}

/**
 * Tests beside this one have applications of the same names in the same cluster: their objects are not ours to prune.
 */
async function ownNamespaceOnly({ cluster, namespace }: Stage): Promise<void> {
  await cluster.api.apply({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace },
    spec: {
      sourceRepos: ['*'],
      destinations: [namespace, 'nowhere-*'].map((permitted) => ({ server: '*', namespace: permitted })),
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    },
  });
}

export async function bed(t: TestContext, files: Record<string, string>): Promise<Bed> {
  const made = await stage(t, files);
  const plane = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'cox-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  await ownNamespaceOnly(made);
  const tools = join(dir, 'tools');
  mkdirSync(tools);
  for (const [name, path] of Object.entries(await binaries(['manifests', 'render'])))
    symlinkSync(path, join(tools, name));
  const env = {
    KUBECONFIG: plane.kubeconfigs.admin,
    COX_NAMESPACE: made.namespace,
    COX_TOOLS_DIR: tools,
    XDG_CACHE_HOME: dir,
    TMPDIR: dir,
  };
  return { stage: made, plane, url: await serve(t, made.url), env, cox: (...args) => coxHere(args, env) };
}
