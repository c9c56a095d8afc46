// Whom changed paths concern: a table, a naive look beside it, and a large push over many applications.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangedPaths } from '../../src/git/touch.ts';

const rows: [changed: string[], inputs: string[], touched: boolean][] = [
  [[], [''], false],
  [['a/b'], [''], true],
  [['a/b'], ['.'], true],
  [['a/b'], ['a'], true],
  [['a/b'], ['a/b'], true],
  [['a/b'], ['a/b/c/d'], true], // a link, or a file that became a folder
  [['a/b'], ['a/bc'], false],
  [['a/bc'], ['a/b'], false],
  [['ab/c'], ['a'], false],
  [['a/b', 'c/d/e'], ['x', 'c/d'], true],
];

for (const [changed, inputs, touched] of rows) {
  const read = inputs.map((input) => `"${input}"`).join(', ');
  const paths = changed.join(', ') || 'nothing';
  test(`${paths} ${touched ? 'concerns' : 'does not concern'} who reads ${read}`, async () => {
    assert.equal((await ChangedPaths.of(changed)).touch(inputs), touched);
  });
}

/** Every path beside every input. */
function naive(changed: readonly string[], inputs: readonly string[]): boolean {
  return changed.some((path) =>
    inputs.some(
      (input) =>
        input === '' || input === '.' || path === input || path.startsWith(`${input}/`) || input.startsWith(`${path}/`),
    ),
  );
}

test('ten thousand small cases are answered as by comparing every path with every input', async () => {
  let state = 11;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const path = (): string => Array.from({ length: 1 + random(3) }, () => ['a', 'b', 'ab'][random(3)]).join('/');
  for (let count = 0; count < 10_000; count += 1) {
    const [changed, inputs] = [Array.from({ length: random(4) }, path), Array.from({ length: random(3) }, path)];
    assert.equal(
      (await ChangedPaths.of(changed)).touch(inputs),
      naive(changed, inputs),
      JSON.stringify({ changed, inputs }),
    );
  }
});

test('a push of a hundred thousand paths is asked by a thousand applications, and others get turns', async () => {
  const changed = Array.from({ length: 100_000 }, (_, at) => `data/${at % 300}/${at % 7}/file-${at}.json`);
  let turns = 0;
  let open = true;
  const turn = (): void => {
    turns += 1;
    if (open) setImmediate(turn);
  };
  setImmediate(turn);
  const paths = await ChangedPaths.of(changed);
  open = false;
  const touched = Array.from({ length: 1000 }, (_, at) =>
    paths.touch([`apps/${at}`, `apps/${at}/all.yaml`, `data/${at}/3`]),
  ).filter(Boolean);
  assert.equal(touched.length, 300);
  assert.ok(turns > 1);
});
