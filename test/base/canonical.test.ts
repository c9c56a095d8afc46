// Canonical JSON: equal values have equal text, and the comparison that makes no text agrees with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, hashOf, sameJson } from '../../src/base/canonical.ts';

test('the order of keys and undefined members do not count, everything else does', () => {
  assert.equal(canonicalJson({ b: [1, { d: 'x', c: null }], a: undefined }), '{"b":[1,{"c":null,"d":"x"}]}');
  assert.equal(hashOf({ a: 1, b: 2 }), hashOf({ b: 2, a: 1 }));
  assert.notEqual(hashOf(['a', 'b']), hashOf(['b', 'a']));
});

test('two values are the same exactly when their canonical JSON is', () => {
  const values: unknown[] = [
    undefined,
    null,
    0,
    1,
    '',
    '0',
    'null',
    true,
    false,
    [],
    {},
    [undefined],
    [null],
    [[]],
    [{}],
    { a: undefined },
    { a: null },
    { a: 1 },
    { a: '1' },
    { b: 1 },
    { a: 1, b: undefined },
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    { a: [1, 2] },
    { a: [2, 1] },
    { a: { 0: 1 } },
    { a: [1] },
    { length: 0 },
    { a: { b: { c: [{ d: 1 }] } } },
    { a: { b: { c: [{ d: 1, e: undefined }] } } },
    { toString: 1 },
    { hasOwnProperty: null },
  ];
  for (const a of values)
    for (const b of values)
      assert.equal(
        sameJson(a, b),
        canonicalJson(a) === canonicalJson(b),
        `${canonicalJson(a)} and ${canonicalJson(b)}`,
      );
});
