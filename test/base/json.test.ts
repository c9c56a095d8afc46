// JSON whose integers keep their value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, hashOf, sameJson } from '../../src/base/canonical.ts';
import { parseJson, stringifyJson } from '../../src/base/json.ts';

test('integers come back as the text says, and are bigints exactly where a number would round', () => {
  const rows: [text: string, value: unknown][] = [
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9223372036854775807', 9223372036854775807n],
    ['18446744073709551615', 18446744073709551615n],
    ['1234567890123456789012345678901', 1234567890123456789012345678901n],
    ['1.0', 1],
    ['1e3', 1000],
    ['0.12345678901234567', 0.12345678901234567],
    ['1e400', Infinity],
    ['"9007199254740993"', '9007199254740993'],
    ['0', 0],
  ];
  for (const [text, value] of rows)
    assert.deepEqual(
      parseJson(`{"a":[${text}],"__proto__":${text}}`),
      JSON.parse('{"a":[0],"__proto__":0}', (_, member: unknown) => (member === 0 ? value : member)),
      text,
    );
  for (const [text, value] of rows)
    if (typeof value === 'bigint') assert.equal(stringifyJson(parseJson(`{"a":[${text}]}`)), `{"a":[${text}]}`);
  assert.equal(stringifyJson({ a: 2n ** 60n }, 2), '{\n  "a": 1152921504606846976\n}');
});

test('long identities and digests in a text change nothing', () => {
  const text = JSON.stringify({
    digest: 'sha256:1234567890123456789012345678901234567890',
    list: [1, 2.5, null, true, { '1234567890123456789': 'x' }],
  });
  assert.equal(stringifyJson(parseJson(text)), text);
});

test('a large integer has one canonical text, one hash and one identity', () => {
  const [a, b] = [parseJson('{"n":9007199254740993}'), parseJson('{"n":9007199254740992}')];
  assert.equal(canonicalJson(a), '{"n":9007199254740993}');
  assert.notEqual(hashOf(a), hashOf(b));
  const values: unknown[] = [
    9007199254740993n,
    9007199254740992n,
    1e17,
    100000000000000000n,
    1e21,
    1000000000000000000000n,
    '9007199254740993',
    1,
    null,
    {},
    [],
  ];
  for (const x of values)
    for (const y of values)
      assert.equal(
        sameJson({ v: x }, { v: y }),
        canonicalJson({ v: x }) === canonicalJson({ v: y }),
        `${canonicalJson(x)} and ${canonicalJson(y)}`,
      );
  assert.equal(sameJson(1e17, 100000000000000000n), true, 'written otherwise, and the same number');
});
