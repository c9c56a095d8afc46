// What renderers leave in the temporary folder, and who removes it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRenderer } from '../../src/render/render.ts';
import { worker } from '../worker.ts';

test("a new renderer removes the folders of processes that are gone, and nobody else's", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'cox-leftovers-'));
  const before = process.env['TMPDIR'];
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(dir, { recursive: true, force: true });
  });
  const dead = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(dead, 'exit');
  const elsewhere = join(dir, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'kept'), '');
  mkdirSync(join(dir, `coxswain-render-${dead.pid}`, 'render-1', 'source'), { recursive: true });
  symlinkSync(elsewhere, join(dir, `coxswain-render-${dead.pid}`, 'link'));
  for (const name of [`coxswain-render-${process.ppid}`, 'coxswain-render-', 'coxswain-render-x', `other-${dead.pid}`])
    mkdirSync(join(dir, name));
  process.env['TMPDIR'] = dir;
  await createRenderer({
    worker,
    tools: { helm: '/nonexistent/helm', kustomize: '/nonexistent/kustomize', jsonnet: '/nonexistent/jsonnet' },
  });
  assert.deepEqual(
    readdirSync(dir).sort(),
    [
      'coxswain-render-',
      `coxswain-render-${process.ppid}`,
      'coxswain-render-x',
      'elsewhere',
      `other-${dead.pid}`,
    ].sort(),
  );
  assert.deepEqual(readdirSync(elsewhere), ['kept']);
});
