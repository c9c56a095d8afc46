// What nobody has merged shares neither process nor result with what somebody has.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRenderer } from '../../src/render/render.ts';
import { binaries } from '../../tools/binaries.ts';
import { bench, configMap } from './bench.ts';
import { temporary } from '../git/origin.ts';
import { worker } from '../worker.ts';

const { manifests } = await binaries(['manifests']);

/** The program, which writes its process id first. */
function counted(t: TestContext): { program: string; pids: () => string[] } {
  const dir = temporary(t);
  const program = join(dir, 'manifests');
  writeFileSync(program, `#!/bin/sh\n[ $# = 0 ] && echo $$ >> ${dir}/pids\nexec ${manifests} "$@"\n`, { mode: 0o755 });
  return { program, pids: () => readFileSync(join(dir, 'pids'), 'utf8').trim().split('\n') };
}

test('a process renders either what is merged or what is not, and goes on with its own', async (t) => {
  const { program, pids } = counted(t);
  const { request } = await bench(t, { 'a/kustomization.yaml': 'resources: [x.yaml]\n', 'a/x.yaml': configMap('x') });
  const renderer = await createRenderer({ worker, program });
  const render = async (merged: boolean, namePrefix: string): Promise<number> => {
    await renderer.render(await request({ path: 'a', kustomize: { namePrefix } }, { merged }));
    return pids().length;
  };
  assert.deepEqual(
    [await render(false, 'a'), await render(false, 'b'), await render(true, 'c'), await render(true, 'd')],
    [1, 1, 2, 2],
  );
  assert.deepEqual([await render(false, 'e'), await render(true, 'f')], [2, 2]);
});

test('what was made of a pull request is made again once it is merged, and not the other way round', async (t) => {
  const { request, renderer } = await bench(t, {
    'a/Chart.yaml': 'apiVersion: v2\nname: a\nversion: 1.0.0\n',
    'a/templates/x.yaml': configMap('x'),
  });
  const render = async (merged: boolean): Promise<number> => {
    await renderer.render(await request({ path: 'a' }, { merged }));
    return renderer.counts.renders;
  };
  assert.deepEqual([await render(false), await render(false), await render(true), await render(false)], [1, 1, 2, 2]);
});

test('a failure of a pull request is not remembered for what is merged', async (t) => {
  const { request, renderer } = await bench(t, {
    'a/Chart.yaml': 'apiVersion: v2\nname: a\nversion: 1.0.0\n',
    'a/templates/x.yaml': '{{ fail "no" }}',
  });
  for (const merged of [false, true])
    await assert.rejects(renderer.render(await request({ path: 'a' }, { merged })), /no/);
  assert.equal(renderer.counts.renders, 2);
});
