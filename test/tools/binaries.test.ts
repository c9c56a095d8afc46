// The builder: cached binaries cost nothing, missing ones are built once, and without Go a person is told what to do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { binaryPath, cacheDirectory } from '../../tools/binaries.ts';
import { binaryNames } from '../../tools/pins.ts';

const builder = join(import.meta.dirname, '../../tools/binaries.ts');

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-builder-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * A `go` that notes what it was asked for and what it saw of the environment, waits for the file `go-on` beside it (at
 * most a minute), and writes the file.
 */
function slowGo(dir: string): string {
  const bin = join(dir, 'path');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
[ "$1" = version ] && exit 0
echo "$* SECRET=$SECRET" >> ${dir}/calls
tries=0
while [ ! -e ${dir}/go-on ] && [ $tries -lt 1200 ]; do /bin/sleep 0.05; tries=$((tries + 1)); done
while [ $# -gt 0 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done
`;
  writeFileSync(join(bin, 'go'), script);
  chmodSync(join(bin, 'go'), 0o755);
  return bin;
}

/** `onErr` is told everything written to standard error so far. */
function build(
  env: Record<string, string>,
  names: string[] = [],
  onErr: (text: string) => void = () => undefined,
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [builder, ...names], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => onErr((err += text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

test('the cache is where the environment says', () => {
  assert.equal(cacheDirectory({ COXSWAIN_CACHE: '/c', XDG_CACHE_HOME: '/x' }), '/c');
  assert.equal(cacheDirectory({ XDG_CACHE_HOME: '/x' }), '/x/coxswain');
  assert.match(cacheDirectory({}), /\/\.cache\/coxswain$/);
});

test('without Go and without binaries the error names what is missing and both ways out', async (t) => {
  const { code, err } = await build({ PATH: '', COXSWAIN_CACHE: scratch(t) }, ['render', 'helm']);
  assert.equal(code, 1);
  for (const part of ['render', 'helm', 'E_TOOLS', 'install Go 1.26 or newer', 'COXSWAIN_CACHE'])
    assert.ok(err.includes(part), `${part} in ${err}`);
});

test('with a filled cache Go is not needed', async (t) => {
  const cache = scratch(t);
  for (const name of binaryNames) {
    mkdirSync(dirname(binaryPath(name, cache)), { recursive: true });
    writeFileSync(binaryPath(name, cache), '');
  }
  const { code, out, err } = await build({ PATH: '', COXSWAIN_CACHE: cache });
  assert.deepEqual([code, err], [0, '']);
  assert.equal(out.trim().split('\n').length, binaryNames.length);
});

test('two builders at once build each binary once, tell progress, and pass nothing of the environment', async (t) => {
  const cache = scratch(t);
  const env = { PATH: slowGo(cache), COXSWAIN_CACHE: cache, SECRET: 'do-not-pass' };
  const both = (text: string): void => {
    if (text.includes('is building, waiting for it')) writeFileSync(join(cache, 'go-on'), '');
  };
  const answers = await Promise.all([build(env, ['render', 'helm'], both), build(env, ['render', 'helm'], both)]);
  assert.deepEqual(
    answers.map(({ code }) => code),
    [0, 0],
  );
  const calls = readFileSync(join(cache, 'calls'), 'utf8').trim().split('\n');
  assert.equal(calls.length, 2);
  for (const call of calls) assert.match(call, /build -mod=readonly -trimpath .* SECRET=$/);
  assert.equal(readFileSync(binaryPath('render', cache), 'utf8'), 'built\n');
  assert.ok(answers.some(({ err }) => /building render · 1 of 2 binaries, 1 more after it/.test(err)));
  assert.ok(answers.some(({ err }) => /is building, waiting for it/.test(err)));
  assert.ok(!existsSync(join(cache, 'build.lock')));
});

const leftBehind: [what: string, content: () => Promise<string>, beforeMs: number][] = [
  ['of a builder that was killed', deadPid, 0],
  ['that was never written to the end', () => Promise.resolve(''), 60_000],
  ['whose id belongs to another process by now', () => Promise.resolve(String(process.pid)), 60_000],
];
for (const [what, content, beforeMs] of leftBehind) {
  test(`a lock ${what} is taken over`, async (t) => {
    const cache = scratch(t);
    const lock = join(cache, 'build.lock');
    writeFileSync(lock, await content());
    const then = new Date(Date.now() - beforeMs);
    utimesSync(lock, then, then);
    writeFileSync(join(cache, 'go-on'), '');
    assert.equal((await build({ PATH: slowGo(cache), COXSWAIN_CACHE: cache }, ['render'])).code, 0);
  });
}

async function deadPid(): Promise<string> {
  const dead = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await new Promise((resolve) => dead.on('exit', resolve));
  return String(dead.pid);
}
