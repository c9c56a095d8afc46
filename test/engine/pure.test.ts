// Tables of the engine's pure parts: conditions and times, merge patches, covering effects, self-heal's patience.
import type { Application, Condition } from '../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healDelayMs } from '../../src/engine/decide/decide.ts';
import { diffMergePatch } from '../../src/base/merge-patch.ts';
import { driftFingerprint } from '../../src/engine/drift/drift.ts';
import { lastAttempt } from '../../src/engine/application/history.ts';
import { statusPatch, withConditions, withHealth } from '../../src/engine/application/status.ts';

const patches: [name: string, before: unknown, after: unknown, patch: unknown][] = [
  ['equal values need none', { a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2 }] } }, undefined],
  ['the order of members is nothing', { a: 1, b: 2 }, { b: 2, a: 1 }, undefined],
  ['a new member', {}, { a: 1 }, { a: 1 }],
  ['a member that is gone', { a: 1, b: 2 }, { b: 2 }, { a: null }],
  ['an undefined member is gone', { a: 1 }, { a: undefined }, { a: null }],
  ['only what differs inside', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
  ['lists are replaced whole', { a: [1, 2] }, { a: [1] }, { a: [1] }],
  ['an object in the place of a list', { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  ['from nothing', undefined, { a: 1 }, { a: 1 }],
  ['an empty object is kept as such', {}, { a: {} }, { a: {} }],
];
for (const [name, before, after, patch] of patches) {
  test(`merge patch: ${name}`, () => assert.deepEqual(diffMergePatch(before, after), patch));
}

const [t0, t1] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-02T00:00:00Z')];
const at = (time: number): string => new Date(time).toISOString().replace('.000', '');
const error = (message: string, time?: number): Condition => ({
  type: 'ComparisonError',
  message,
  ...(time !== undefined && { lastTransitionTime: at(time) }),
});

test("conditions: an unchanged message keeps its time, a new one gets today's, others stay, all sorted", () => {
  const before: Condition[] = [
    { type: 'SyncError', message: 'old', lastTransitionTime: at(t0) },
    error('same', t0),
    error('gone', t0),
  ];
  assert.deepEqual(withConditions(before, ['ComparisonError'], [error('same'), error('another')], t1), [
    error('another', t1),
    error('same', t0),
    before[0],
  ]);
  assert.deepEqual(withConditions(before, ['ComparisonError'], [], t1), [before[0]]);
  assert.deepEqual(withConditions(undefined, ['SyncError'], [], t1), []);
});

test('health: its time moves with its status alone', () => {
  const before = { status: 'Progressing' as const, message: 'a', lastTransitionTime: at(t0) };
  assert.deepEqual(withHealth(before, { status: 'Progressing', message: 'b' }, t1), {
    status: 'Progressing',
    message: 'b',
    lastTransitionTime: at(t0),
  });
  assert.deepEqual(withHealth(before, { status: 'Healthy' }, t1), { status: 'Healthy', lastTransitionTime: at(t1) });
});

function application(status: Application['status']): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'ns' },
    spec: { project: 'default', destination: {} },
    ...(status && { status }),
  };
}

test('status patch: nothing when nothing differs, and only what goes with it otherwise', () => {
  const app = application({ sync: { status: 'Synced', revision: 'a' } });
  assert.equal(statusPatch(app, { sync: { status: 'Synced', revision: 'a' } }), undefined);
  assert.deepEqual(statusPatch(app, { sync: { status: 'OutOfSync', revision: 'a' } }, { operation: null }), {
    status: { sync: { status: 'OutOfSync' } },
    operation: null,
  });
  assert.deepEqual(statusPatch(app, app.status ?? {}, { operation: null }), { operation: null });
});

test('the last attempt is an operation that has ended and was no dry run', () => {
  const ended = {
    operation: { sync: { autoHealAttemptsCount: 2 }, info: [{ name: 'coxswain.dev/approval', value: 'web-1' }] },
    phase: 'Failed' as const,
    message: 'no',
    startedAt: at(t0),
    finishedAt: at(t1),
    syncResult: { revision: 'r' },
  };
  assert.deepEqual(lastAttempt(application({ operationState: ended }), 'key'), {
    revisions: ['r'],
    manifests: 'key',
    succeeded: false,
    message: 'no',
    finishedAt: t1,
    healAttempts: 2,
    approval: 'web-1',
  });
  assert.equal(
    lastAttempt(application({ operationState: { ...ended, phase: 'Running' } }), 'key'),
    undefined,
    'a retry that waits has finishedAt too',
  );
  assert.equal(
    lastAttempt(application({ operationState: { ...ended, operation: { sync: { dryRun: true } } } }), 'key'),
    undefined,
  );
  assert.equal(lastAttempt(application(undefined), 'key'), undefined);
});

test('self-heal waits 0, 2, 6, 18 … seconds, at most 300', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 9].map((attempts) => healDelayMs(attempts) / 1000),
    [0, 2, 6, 18, 54, 162, 300, 300],
  );
});

test('the fingerprint of a drift: equal for equal objects, fields and values in any order; else none', () => {
  const one = {
    key: { group: '', kind: 'ConfigMap', namespace: 'ns', name: 'a' },
    kind: 'changed' as const,
    changes: [{ path: ['data', 'x'], text: 'data.x', before: '1', after: '2' }],
  };
  const two = { ...one, key: { ...one.key, name: 'b' } };
  assert.equal(driftFingerprint([]), '');
  assert.equal(
    driftFingerprint([one, two]),
    driftFingerprint([two, { ...one, by: { manager: 'kubectl', at: at(t0) } }]),
  );
  assert.notEqual(
    driftFingerprint([one]),
    driftFingerprint([{ ...one, changes: [{ path: ['data', 'x'], text: 'data.x', before: '1', after: '3' }] }]),
  );
  assert.notEqual(driftFingerprint([one]), driftFingerprint([{ ...one, kind: 'missing' }]));
});
