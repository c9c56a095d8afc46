// What a lock's annotation says, whoever wrote it, and how long it holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockOf, lockText, lockValue, lockWindow } from '../../src/policy/lock.ts';

const until = Date.parse('2026-03-01T10:00:00Z');
const with_ = (value: string): { metadata: { annotations: Record<string, string> } } => ({
  metadata: { annotations: { 'coxswain.dev/lock': value } },
});

test('a lock is read as it was written, and holds up to its end', () => {
  const lock = { by: 'ann', reason: 'the database moves', until, request: 'r1' };
  assert.deepEqual(lockOf(with_(lockValue(lock)), until - 1), lock);
  assert.equal(lockOf(with_(lockValue(lock)), until), undefined);
  assert.equal(lockOf({ metadata: {} }, until), undefined);
  assert.deepEqual(lockWindow(with_(lockValue(lock)), until - 1), {
    permitted: false,
    why: 'locked by ann until 2026-03-01T10:00:00Z: the database moves',
    changesAt: until,
  });
});

const written: [value: string, text: string][] = [
  ['{}', 'locked'],
  ['{"reason":"by hand"}', 'locked: by hand'],
  ['{"by":7,"reason":"a\\nb"}', 'locked: a b'],
  ['{"reason":"https://ann:hunter2@git.test/x"}', 'locked: https://***@git.test/x'],
  ['', 'locked: its annotation coxswain.dev/lock cannot be read'],
  ['{"until":"tomorrow"}', 'locked: its annotation coxswain.dev/lock cannot be read'],
  ['[1]', 'locked: its annotation coxswain.dev/lock cannot be read'],
];

for (const [value, text] of written) {
  test(`the annotation ${value || '(empty)'} holds without an end`, () => {
    const lock = lockOf(with_(value), until);
    assert.equal(lock && lockText(lock), text);
    assert.deepEqual(lockWindow(with_(value), until), { permitted: false, why: text });
  });
}
