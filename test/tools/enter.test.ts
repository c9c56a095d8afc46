// The door of every npm script: it installs when it must and only then, and passes on arguments, signals and exit
// codes.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

interface House {
  dir: string;
  enter(...args: string[]): { child: ChildProcess; end: Promise<{ code: number | null; out: string; err: string }> };
  write(file: string, content: unknown): void;
  /** How often npm was called. */
  installs(): number;
}

/** A tree with the door, an entry, a lock file, and an `npm` that puts in place what the lock file asks for. */
function house(t: TestContext): House {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-door-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const write = (file: string, content: unknown): void => {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), typeof content === 'string' ? content : JSON.stringify(content));
  };
  mkdirSync(join(dir, 'tools'));
  copyFileSync(join(import.meta.dirname, '../../tools/enter.mjs'), join(dir, 'tools/enter.mjs'));
  write(
    'package-lock.json',
    lock({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/other-system': { version: '2.0.0', optional: true } }),
  );
  write('entry.ts', `const name: string = 'entry'; console.log(name, ...process.argv.slice(2)); process.exitCode = 3;`);
  write('npm-calls', '');
  write(
    'path/npm',
    `#!/bin/sh
echo "$*" >> ${dir}/npm-calls
/bin/mkdir -p ${dir}/node_modules/.bin
/bin/ln -sf ${process.execPath} ${dir}/node_modules/.bin/node
echo '${lock({ 'node_modules/a': { version: '1.0.0' } })}' > ${dir}/node_modules/.package-lock.json
`,
  );
  chmodSync(join(dir, 'path/npm'), 0o755);
  return {
    dir,
    write,
    installs: () => readFileSync(join(dir, 'npm-calls'), 'utf8').split('\n').length - 1,
    enter(...args) {
      const child = spawn(process.execPath, ['tools/enter.mjs', ...args], {
        cwd: dir,
        env: { PATH: join(dir, 'path') },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      return { child, end: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) };
    },
  };
}

function lock(packages: Record<string, unknown>): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'x' }, ...packages } });
}

test('the first time it installs, then it runs the entry with its arguments and ends with its code', async (t) => {
  const { enter, installs } = house(t);
  const first = await enter('entry.ts', 'a', '--b').end;
  assert.deepEqual([first.code, first.out.trim()], [3, 'entry a --b']);
  assert.match(first.err, /npm ci, because nothing is installed yet/);
  const second = await enter('entry.ts').end;
  assert.deepEqual([second.code, second.err], [3, '']);
  assert.equal(installs(), 1);
});

test('it installs again for another version or package in the lock file, and not for another platform', async (t) => {
  const { enter, installs, write } = house(t);
  await enter('entry.ts').end;
  write('node_modules/.package-lock.json', lock({ 'node_modules/a': { version: '0.9.0' } }));
  assert.match((await enter('entry.ts').end).err, /node_modules\/a is 0\.9\.0, wanted 1\.0\.0/);
  write('node_modules/.package-lock.json', lock({}));
  assert.match((await enter('entry.ts').end).err, /node_modules\/a is not installed/);
  assert.equal(installs(), 3);
});

test('a failed install is told, and nothing runs', async (t) => {
  const { enter, write } = house(t);
  write('path/npm', '#!/bin/sh\nexit 7\n');
  const { code, out, err } = await enter('entry.ts').end;
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /npm ci ended with code 7/);
});

test('a signal is passed on and the entry ends in its own way', async (t) => {
  const { enter, write } = house(t);
  write('entry.ts', `process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1e6); console.log('up');`);
  const { child, end } = enter('entry.ts');
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGTERM');
  assert.equal((await end).code, 9);
});

test('an entry that does not exist is told', async (t) => {
  const { enter } = house(t);
  const { code, err } = await enter('nowhere.ts').end;
  assert.deepEqual([code, err.trim()], [1, 'nowhere.ts does not exist.']);
});
