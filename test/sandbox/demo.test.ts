// The demo from the outside: what it says when it cannot begin, and that nothing is left of it when a person has had
// enough.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually, ownCluster } from '../control-plane.ts';

const demo = join(import.meta.dirname, '../../sandbox/demo.ts');

interface Run {
  child: ChildProcess;
  out(): string;
  err(): string;
  /** Exit code. */
  end: Promise<number | null>;
}

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-demo-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** In a process group of its own, as a terminal has it. */
function run(env: Record<string, string>, ...args: string[]): Run {
  const child = spawn(process.execPath, [demo, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return { child, out: () => out, err: () => err, end: new Promise((resolve) => child.on('close', resolve)) };
}

function ownEnv(dir: string): Record<string, string> {
  const names = ['PATH', 'HOME', 'COXSWAIN_CACHE', 'XDG_CACHE_HOME'];
  return {
    ...Object.fromEntries(
      names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    TMPDIR: dir,
  };
}

/** Every living process below that one. */
function below(pid: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found: number[] = [];
  for (let of = [pid]; of.length > 0;) {
    of = rows.filter(([, parent = 0]) => of.includes(parent)).map(([own = 0]) => own);
    found.push(...of);
  }
  return found;
}

/** A process that has ended but was not waited for yet counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

test('--help tells every option and starts nothing', async () => {
  const asked = run({}, '--help');
  assert.equal(await asked.end, 0);
  for (const option of ['--story', '--keep', '--use-kubeconfig', '--verbose', '--help'])
    assert.match(asked.out(), new RegExp(`^ {2}${option} `, 'm'));
});

const faults: [what: string, args: string[], said: RegExp][] = [
  [
    'an unknown option',
    ['--storry'],
    /Unknown option '--storry'.*\(E_CONFIG\)\. "npm run demo -- --help" lists the options/,
  ],
  [
    '--use-kubeconfig without KUBECONFIG',
    ['--use-kubeconfig'],
    /--use-kubeconfig needs KUBECONFIG to name a kubeconfig file \(E_CONFIG\)\. For kind: /,
  ],
  [
    'neither Go nor built binaries',
    [],
    /kube-apiserver.*render, manifests \(E_TOOLS\)\. Either install Go 1\.26 or newer.*or copy a cache.*COXSWAIN_CACHE/,
  ],
];
for (const [what, args, said] of faults) {
  test(`${what} is told in one line with the way out`, async (t) => {
    const asked = run({ PATH: '', COXSWAIN_CACHE: scratch(t) }, ...args);
    assert.equal(await asked.end, 1);
    assert.match(asked.err(), said);
    assert.equal(asked.err().trimEnd().split('\n').length, 1);
  });
}

test('a signal ends a build', async (t) => {
  const dir = scratch(t);
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'go'), '#!/bin/sh\n[ "$1" = version ] && exit 0\nexec /bin/sleep 600\n');
  chmodSync(join(bin, 'go'), 0o755);
  const asked = run({ PATH: bin, COXSWAIN_CACHE: join(dir, 'cache'), TMPDIR: dir });
  const build = await eventually('the build', () => below(asked.child.pid ?? 0)[0]);
  asked.child.kill('SIGTERM');
  assert.equal(await asked.end, 1);
  assert.equal(isAlive(build), false);
});

for (const [when, line] of [
  ['while the control plane starts', /starting the control plane/],
  ['in the middle', /s {2}ready$/m],
] as const) {
  test(`Ctrl-C ${when} ends every process and removes every file`, async (t) => {
    const dir = scratch(t);
    const asked = run(ownEnv(dir));
    t.after(() => asked.child.kill('SIGKILL')); // what it started dies with it
    await eventually(String(line), () => line.test(asked.out()) || asked.child.exitCode !== null || undefined, {
      withinMs: 120_000,
    });
    const started = await eventually('its processes', () => {
      const found = below(asked.child.pid ?? 0);
      return found.length > 2 ? found : undefined;
    });
    process.kill(-(asked.child.pid ?? 0), 'SIGINT'); // to the whole group, as a terminal does
    await asked.end;
    assert.equal(asked.err(), '');
    assert.deepEqual(started.filter(isAlive), []);
    assert.deepEqual(readdirSync(dir), []);
  });
}

test('in a given cluster it leaves nothing behind, and begins only where nothing is in its way', async (t) => {
  const cluster = await ownCluster(t);
  const dir = scratch(t);
  const env = { ...ownEnv(dir), KUBECONFIG: cluster.kubeconfigs.admin };
  const asked = run(env, '--use-kubeconfig');
  t.after(() => asked.child.kill('SIGKILL'));
  await eventually(
    'it is ready',
    () => /s {2}ready$/m.test(asked.out()) || asked.child.exitCode !== null || undefined,
    { withinMs: 120_000 },
  );
  const refused = run(env, '--use-kubeconfig');
  assert.equal(await refused.end, 1);
  assert.match(
    refused.err(),
    new RegExp(
      /^the demo would overwrite what this cluster has: namespace argocd, namespace checkout-dev, /.source +
        /.*ClusterRole coxswain-managed \(E_CONFIG\)\. Use a cluster of its own/.source,
    ),
  );
  asked.child.kill('SIGINT');
  assert.equal(await asked.end, 0);
  assert.equal(asked.err(), '');
  await eventually(
    'its namespaces and definitions are gone',
    async () => {
      const { items: namespaces } = (await cluster.access.must('GET', '/api/v1/namespaces')) as {
        items: { metadata: { name: string } }[];
      };
      const { items: definitions } = (await cluster.access.must(
        'GET',
        '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      )) as { items: unknown[] };
      const left = namespaces.filter(({ metadata }) => /^argocd$|-(dev|prod)$/.test(metadata.name));
      return left.length + definitions.length === 0 ? true : undefined;
    },
    { withinMs: 60_000 },
  );
});
