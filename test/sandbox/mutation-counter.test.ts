// The kill switch: it kills at the n-th change, on the side that was asked for, once.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { Killed, KillSwitch } from '../../sandbox/mutation-counter.ts';

function victim(t: TestContext): ChildProcess & { pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid);
  return child as ChildProcess & { pid: number };
}

test('counts changes and keeps their labels, and reset begins anew', async () => {
  const killSwitch = new KillSwitch();
  for (const label of ['a', 'b']) {
    await killSwitch.before(label);
    await killSwitch.after(label);
  }
  assert.equal(killSwitch.count, 2);
  assert.deepEqual(killSwitch.log, ['a', 'b']);
  killSwitch.reset();
  assert.equal(killSwitch.count, 0);
});

for (const side of ['before', 'after'] as const) {
  test(`kills ${side} the second change is handled, tells it, and only once`, async (t) => {
    const child = victim(t);
    const exit = once(child, 'exit');
    const killSwitch = new KillSwitch();
    const told: unknown[] = [];
    killSwitch.arm({ n: 2, side, pid: () => child.pid, onKilled: (what) => told.push(what) });
    await killSwitch.before('first');
    await killSwitch.after('first');
    const handled: string[] = [];
    await assert.rejects(async () => {
      await killSwitch.before('second');
      handled.push('second');
      await killSwitch.after('second');
    }, Killed);
    assert.deepEqual(handled, side === 'before' ? [] : ['second']);
    assert.deepEqual(await exit, [null, 'SIGKILL']);
    assert.deepEqual(told, [{ n: 2, side, label: 'second' }]);
    assert.equal(killSwitch.armed, false);
    await killSwitch.before('third');
    await killSwitch.after('third');
  });
}

test('of two changes at once, each keeps its own number', async (t) => {
  const child = victim(t);
  const killSwitch = new KillSwitch();
  killSwitch.arm({ n: 1, side: 'after', pid: child.pid });
  await killSwitch.before('slow');
  await killSwitch.before('quick');
  await killSwitch.after('quick');
  assert.equal(killSwitch.armed, true);
  await assert.rejects(killSwitch.after('slow'), Killed);
});

test('killing a process that is gone already is no error', async (t) => {
  const child = victim(t);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  const killSwitch = new KillSwitch();
  killSwitch.arm({ n: 1, side: 'before', pid: child.pid });
  await assert.rejects(killSwitch.before('x'), Killed);
});
