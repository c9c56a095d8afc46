// Line diffs: they lead from one text to the other, and hunks count their lines rightly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffLines, unifiedDiff } from '../../src/diff/lines.ts';

function texts(before: string, after: string): { before: string; after: string } {
  const lines = diffLines(before, after);
  const of = (sign: '+' | '-'): string =>
    lines
      .filter((line) => line.sign !== sign)
      .map((line) => line.text)
      .join('\n');
  return { before: of('+'), after: of('-') };
}

test('a diff holds both texts whole, whatever they are', () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  for (let round = 0; round < 300; round += 1) {
    const make = (): string => Array.from({ length: 1 + random(12) }, () => 'abc'[random(3)]).join('\n');
    const [before, after] = [make(), make()];
    assert.deepEqual(texts(before, after), { before, after });
  }
});

test('one changed line is shown with its context and its place', () => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ''].join('\n');
  const after = before.replace('e', 'E');
  assert.equal(unifiedDiff(before, after, 1), '@@ -4,3 +4,3 @@\n d\n-e\n+E\n f');
  assert.equal(unifiedDiff(before, before), '');
});

test('a created text is all additions and a deleted one all removals', () => {
  assert.equal(unifiedDiff('', 'x\ny\n'), '@@ -0,0 +1,2 @@\n+x\n+y');
  assert.equal(unifiedDiff('x\n', ''), '@@ -1,1 +0,0 @@\n-x');
});

test('a text too different is replaced whole instead of taking long', () => {
  const many = (prefix: string): string => Array.from({ length: 6000 }, (_, at) => `${prefix}${at}`).join('\n');
  const { before, after } = texts(many('a'), many('b'));
  assert.equal(before.length, many('a').length);
  assert.equal(after.length, many('b').length);
});
