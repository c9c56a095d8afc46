// What an episode keeps of a drift of any size.
import type { DriftedObject } from '../../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedDrift } from '../../../src/engine/drift/stored-drift.ts';

function drifted(name: string, values: [before: unknown, after: unknown][]): DriftedObject {
  return {
    key: { group: '', kind: 'ConfigMap', namespace: 'ns', name },
    kind: 'changed',
    changes: values.map(([before, after], at) => ({ path: ['data', `k${at}`], text: `data.k${at}`, before, after })),
  };
}

test('a small drift is kept as it is', () => {
  const objects = [
    drifted('a', [
      ['1', '2'],
      [3, { deep: [1] }],
    ]),
    { ...drifted('b', []), kind: 'missing' as const },
  ];
  assert.deepEqual(storedDrift(objects), { objects });
});

test('of long values the place where they differ is kept', () => {
  const [object] = storedDrift([
    drifted('a', [[`${'x'.repeat(5000)}git${'y'.repeat(5000)}`, `${'x'.repeat(5000)}live`]]),
  ]).objects;
  const [change] = object?.changes ?? [];
  assert.match(String(change?.before), /^…x{100}gity+…$/);
  assert.match(String(change?.after), /^…x{100}live$/);
});

test('whatever is left out is counted, and what is kept fits into an API object', () => {
  const objects = Array.from({ length: 20_000 }, (_, at) =>
    drifted(
      `object-${at}`,
      Array.from({ length: at === 0 ? 60 : 2 }, () => ['ü'.repeat(2000), '✂'.repeat(2000)]),
    ),
  );
  const stored = storedDrift(objects);
  assert.ok(Buffer.byteLength(JSON.stringify(stored)) < 900_000);
  assert.equal(stored.objects.length + (stored.left ?? 0), objects.length);
  assert.ok(stored.objects.every((item, at) => item.changes.length + (item.left ?? 0) === objects[at]?.changes.length));
  assert.ok(stored.objects.length > 1000, 'names matter more than fields: a revert needs them');
});
