// The process that is kept running: one request after the other, limits, and what becomes of requests when it ends.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from '../../src/base/worker.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually } from '../control-plane.ts';

const { manifests, render } = await binaries(['manifests', 'render']);
const newest = { constraint: '1.x', tags: ['1.0'] };

/** A tool of a few lines of shell, in a folder of its own. */
function tool(t: TestContext, body: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-worker-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'tool');
  writeFileSync(path, `#!/bin/sh\ncd ${dir}\n${body}\n`, { mode: 0o755 });
  return path;
}

function open(
  t: TestContext,
  path: string,
  options: { timeoutMs?: number; maxOutput?: number; idleMs?: number } = {},
): Worker {
  const worker = new Worker({ path, ...options });
  t.after(() => worker.stop());
  return worker;
}

test('requests are answered in order by one process, and one that is refused harms no other', async (t) => {
  const worker = open(t, render);
  const answers = await Promise.allSettled([
    worker.call('constraint', newest),
    worker.call('nothing', {}),
    worker.call('yaml', { json: [], objects: false }, [Buffer.from('a: 1'), Buffer.from('')]),
    worker.call('constraint', 'no object'),
  ]);
  assert.deepEqual(
    answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.value : String(answer.reason.code))),
    ['1.0', 'E_PROCESS', [{ documents: [{ line: 1, column: 1 }] }, { documents: [] }], 'E_PROCESS'],
  );
  assert.deepEqual(answers[2]?.status === 'fulfilled' && answers[2].value.blobs.map(String), ['{"a":1}']);
});

test('a process that ended is started again, and its request is asked once more', async (t) => {
  const once = open(t, tool(t, `[ -e again ] && exec ${render}\n: > again`));
  assert.equal((await once.call('constraint', newest)).value, '1.0');
  const always = open(t, tool(t, 'exit 1'));
  await assert.rejects(always.call('constraint', newest), {
    code: 'E_PROCESS',
    kind: 'transient',
    message: /ended twice/,
  });
});

test('an input that takes too long or makes too much ends its process, and the next one finds another', async (t) => {
  const slow = open(t, tool(t, 'exec sleep 60'), { timeoutMs: 50 });
  const both = await Promise.allSettled([slow.call('yaml', {}), slow.call('yaml', {})]);
  assert.deepEqual(
    both.map((each) => each.status === 'rejected' && [each.reason.code, each.reason.took]),
    [
      ['E_PROCESS_LIMIT', 'more than 0.05 s'],
      ['E_PROCESS_LIMIT', 'more than 0.05 s'],
    ],
  );
  const large = open(t, render, { maxOutput: 1000 });
  const text = Buffer.from(`a: ${'x'.repeat(2000)}`);
  await assert.rejects(large.call('yaml', { json: [] }, [text]), { code: 'E_PROCESS_LIMIT' });
  assert.equal((await large.call('constraint', newest)).value, '1.0');
});

test('a tool that is not there is told with the way out', async (t) => {
  await assert.rejects(open(t, '/nonexistent/render').call('yaml', {}), {
    code: 'E_TOOLS',
    kind: 'terminal',
    hint: /tools\/binaries.ts render/,
  });
});

test('after the stop nothing is asked, and what was under way rejects', async (t) => {
  const worker = open(t, tool(t, 'exec sleep 60'));
  const underWay = worker.call('yaml', {});
  worker.stop();
  await assert.rejects(underWay, /is stopped/);
  await assert.rejects(worker.call('yaml', {}), /is stopped/);
});

/** Writes its process id first, each time that it is started. */
function counted(t: TestContext, program: string): { path: string; pids: () => number[] } {
  const path = tool(t, `echo $$ >> pids\nexec ${program}`);
  const file = join(dirname(path), 'pids');
  return { path, pids: () => readFileSync(file, 'utf8').trim().split('\n').map(Number) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a process whose answer is its last is asked nothing more', async (t) => {
  const { path, pids } = counted(t, manifests);
  const worker = open(t, path);
  const program = (text: string): [string, object, Buffer[]] => [
    'jsonnet',
    { files: ['/x.jsonnet'], options: { root: '/', program: 'x.jsonnet' } },
    [Buffer.from(text)],
  ];
  const answers = await Promise.allSettled(['1', 'error "no"', '2', '3'].map((each) => worker.call(...program(each))));
  assert.deepEqual(
    answers.map((each) => (each.status === 'fulfilled' ? String(each.value.blobs[0]).trim() : 'refused')),
    ['1', 'refused', '2', '3'],
  );
  assert.equal(pids().length, 2);
});

test('a process that nobody asks any more is ended, and the next request finds another', async (t) => {
  const { path, pids } = counted(t, render);
  const worker = open(t, path, { idleMs: 1 });
  await worker.call('constraint', newest);
  const [first = 0] = pids();
  await eventually('it is ended', () => Promise.resolve(isRunning(first) ? undefined : true));
  assert.equal((await worker.call('constraint', newest)).value, '1.0');
  assert.equal(pids().length, 2);
});
