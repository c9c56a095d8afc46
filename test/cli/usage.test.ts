// Wrong usage is told before anything is done, with exit code 2.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCox } from './fixture.ts';

const wrong: [args: string[], message: RegExp][] = [
  [['ap', 'list'], /^cox: "ap" is not a command; did you mean app\?\nSee cox --help\.\n$/],
  [['constructor'], /^cox: "constructor" is not a command; there is app, approve, /],
  [['app'], /^cox: cox app needs one of: list, create, set, unset, edit, /],
  [['app', 'hist'], /^cox: "hist" is not a command of cox app; did you mean history\?/],
  [['app', 'lst'], /^cox: "lst" is not a command of cox app; did you mean list\?/],
  [['app', 'sync'], /^cox: cox app sync needs an application, or -l or -p/],
  [['app', 'sync', 'web', '--resource', 'Deployment/web'], /^cox: --resource is "Deployment\/web", but must be GROUP:/],
  [['app', 'manifests', 'web', '--source', 'etcd'], /^cox: --source is "etcd", but must be git or live/],
  [['app', 'rollback', 'web', '1', '2'], /^cox: write cox app rollback <app> \[id\]/],
  [['completion', 'tcsh'], /^cox: cox completion needs one of: bash, zsh, fish/],
  [['help', 'sync'], /^cox: "sync" is not a command/],
  [['app', 'get'], /^cox: cox app get needs one application/],
  [['app', 'get', 'a', 'b'], /^cox: cox app get needs one application/],
  [['app', 'list', 'web'], /^cox: cox app list takes no application/],
  [['app', 'list', '-o', 'xml'], /^cox: -o xml is not a format; use table, wide, name, json, yaml/],
  [['app', 'list', '--prune'], /^cox: cox app list does not take --prune/],
  [['app', 'diff', 'web', '--no-wait'], /^cox: cox app diff does not take --no-wait/],
  [['app', 'sync', 'web', '--timeout', 'soon'], /^cox: --timeout is "soon", but must be a duration/],
  [['app', 'list', '--colour'], /^cox: Unknown option '--colour'\n/],
  [['app', 'list', '-o'], /^cox: Option '-o, --output <value>' argument missing\n/],
  [['render'], /^cox: cox render needs one application/],
];
for (const [args, message] of wrong) {
  test(`cox ${args.join(' ')} is refused with exit code 2`, async () => {
    const ran = await runCox(args, { env: { KUBECONFIG: '/nowhere' } });
    assert.equal(ran.code, 2, ran.err);
    assert.match(ran.err, message);
    assert.equal(ran.out, '');
  });
}

for (const args of [['--help'], ['help']]) {
  test(`cox ${args.join(' ')} prints the help and succeeds without a cluster`, async () => {
    const ran = await runCox(args, { env: { KUBECONFIG: '/nowhere' } });
    assert.deepEqual([ran.code, ran.err], [0, '']);
    assert.match(ran.out, /^cox — GitOps for Kubernetes[^]*cox app diff <app>/);
  });
}

test('help of a command tells what it takes, and that of a group its commands', async () => {
  const own = await runCox(['app', 'sync', '-h']);
  assert.match(own.out, /^cox app sync <app>\.\.\. — ask for a sync[^]*\n {6}--prune {23}also delete/);
  assert.deepEqual(await runCox(['help', 'app', 'sync']), own);
  assert.match((await runCox(['app', '--help'])).out, /^Usage\n {2}cox app list[^]*cox app delete <app>/);
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  for (const args of [['--version'], ['version']])
    assert.deepEqual(await runCox(args), { code: 0, out: `cox ${version}\n`, err: '' });
});

test('bash completes commands, options and values from the script', async () => {
  const { out } = await runCox(['completion', 'bash']);
  const complete = (...words: string[]): string[] =>
    execFileSync(
      'bash',
      ['-c', `${out}\nCOMP_WORDS=(cox "$@"); COMP_CWORD=$#; _cox; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', ...words],
      { encoding: 'utf8' },
    )
      .trimEnd()
      .split('\n');
  assert.deepEqual([...new Set(complete('ap'))].sort(), ['app', 'approve']);
  assert.deepEqual(complete('app', 'te'), ['terminate-op']);
  assert.deepEqual(complete('app', 'sync', '--pr'), ['--project', '--prune']);
  assert.deepEqual(complete('completion', ''), ['bash', 'zsh', 'fish']);
});

test('without arguments the help goes to standard error and the exit code is 2', async () => {
  const ran = await runCox([]);
  assert.deepEqual([ran.code, ran.out], [2, '']);
  assert.match(ran.err, /^cox — GitOps/);
});

test('a kubeconfig that is missing or a server that is down is an error with its code and what to do', async (t) => {
  const missing = await runCox(['app', 'list', '--kubeconfig', '/nowhere/config']);
  assert.equal(missing.code, 3);
  assert.match(
    missing.err,
    /^cox: the kubeconfig \/nowhere\/config cannot be read \(E_CONFIG\)\n {2}why: {3}ENOENT[^]*\n {2}next: {2}/,
  );
  const dir = mkdtempSync(join(tmpdir(), 'cox-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'config');
  writeFileSync(
    file,
    'current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n' +
      'clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]\nusers: [{name: a, user: {token: hunter2}}]\n',
  );
  const down = await runCox(['app', 'list'], { env: { KUBECONFIG: file } });
  assert.equal(down.code, 3);
  assert.match(down.err, /\(E_API_UNREACHABLE\)/);
  assert.doesNotMatch(down.err, /hunter2/);
});
