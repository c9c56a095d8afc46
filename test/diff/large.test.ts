// Diffs of large objects: what differs is shown, and nothing of what is the same is written out.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffObjects } from '../../src/diff/diff.ts';

function configMap(data: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'big', namespace: 'shop', labels: { a: 'b' } },
    data,
  };
}

const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`key-${at}`, `value ${at}`]));

test('of an object with thousands of members what differs is shown, and which object it is', () => {
  const { 'key-7': gone, ...rest } = many;
  assert.equal(gone, 'value 7');
  const text = diffObjects(configMap(many), configMap({ ...rest, 'key-8': 'other', more: 'new' }));
  assert.deepEqual(text.split('\n'), [
    '@@ -4,5 +4,5 @@ data',
    '   name: big',
    '   namespace: shop',
    ' data:',
    '-  key-7: value 7',
    '-  key-8: value 8',
    '+  key-8: other',
    '+  more: new',
  ]);
});

test('where thousands of members differ, or all of them come, it is said and none is written out', () => {
  const others = Object.fromEntries(Object.keys(many).map((key) => [key, 'other']));
  for (const [before, after] of [
    [configMap(many), configMap(others)],
    [undefined, configMap(many)],
    [configMap(many), undefined],
  ])
    assert.equal(diffObjects(before, after), '@@ -1 +1 @@\n # too many fields differ to be shown here');
  assert.equal(diffObjects(configMap(many), configMap(many)), '');
});

test('a long text in few members is compared line by line as ever', () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at}\n`);
  const text = diffObjects(
    configMap({ file: lines.join('') }),
    configMap({ file: lines.with(5, 'changed\n').join('') }),
    0,
  );
  assert.deepEqual(text.split('\n').slice(1), ['-    line 5', '+    changed']);
});
