// Where `npm run beside` takes the programs of others from, and what it says when they are not there.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../../../src/base/process.ts';
import { programs } from '../../../sandbox/beside/binaries.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-beside-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function program(dir: string, name: string, says: string): string {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(file, 0o755);
  return file;
}

test('takes Argo CD from the folder that COXSWAIN_ARGOCD names, also under the name of a release', async (t) => {
  const dir = folder(t);
  const redis = program(dir, 'redis-server', '');
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const argocd = program(dir, `argocd-${process.platform}-${arch}`, 'argocd: v3.5.1+0123abc');
  assert.deepEqual(await programs({ COXSWAIN_ARGOCD: dir, PATH: dir }), { argocd, redis, version: 'v3.5.1' });
  const installed = program(dir, 'argocd', 'argocd: v3.5.2');
  const named = await programs({ COXSWAIN_ARGOCD: dir, COXSWAIN_REDIS: redis });
  assert.deepEqual(named, { argocd: installed, redis, version: 'v3.5.2' });
});

test('says where Argo CD and Redis are had when neither is there', async (t) => {
  const dir = folder(t);
  await assert.rejects(programs({ PATH: dir }), (error: Error) => {
    for (const part of ['COXSWAIN_ARGOCD', 'github.com/argoproj/argo-cd/releases', 'go build', 'COXSWAIN_REDIS'])
      assert.ok(error.message.includes(part), `${error.message} names ${part}`);
    return true;
  });
});

test('takes neither a folder for a program nor another series of Argo CD', async (t) => {
  const dir = folder(t);
  const redis = program(dir, 'redis-server', '');
  mkdirSync(join(dir, 'argocd'));
  const env = { COXSWAIN_ARGOCD: dir, COXSWAIN_REDIS: redis };
  await assert.rejects(programs(env), { code: 'E_TOOLS', message: /has no argocd and no argocd-/ });
  rmSync(join(dir, 'argocd'), { recursive: true });
  program(dir, 'argocd', 'argocd: v2.14.3');
  await assert.rejects(programs(env), { code: 'E_TOOLS', message: /is v2\.14\.3, not Argo CD 3\.5/ });
});

test('npm run beside ends with 2 and the next step where Argo CD is missing', async () => {
  const command = join(import.meta.dirname, '..', '..', '..', 'sandbox', 'beside', 'beside.ts');
  const { code, stderr } = await run(process.execPath, [command], {
    env: { PATH: process.env['PATH'] ?? '' },
    okCodes: [0, 1, 2],
  });
  assert.equal(code, 2);
  assert.match(stderr, /Then: COXSWAIN_ARGOCD=<folder of that file> npm run beside/);
});
