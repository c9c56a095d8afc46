// Globs: the table of their forms, a naive matcher beside them, and what a hostile pattern costs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGlob, globMatch } from '../../src/base/glob.ts';

const rows: [pattern: string, text: string, separators: string, matches: boolean][] = [
  ['', '', '', true],
  ['a', 'a', '', true],
  ['*', '', '', true],
  ['*', 'a/b', '', true],
  ['*', 'a/b', '/', false],
  ['a/**', 'a/b/c', '/', true],
  ['a/*/c', 'a/b/c', '/', true],
  ['?', '', '', false],
  ['?', '/', '/', false],
  ['a?c', 'a🙂c', '', true],
  ['[a-c]x', 'bx', '', true],
  ['[!a-c]x', 'bx', '', false],
  ['[!a]', '/', '/', true],
  ['[^a]', 'b', '', false],
  ['[^a]', 'a', '', true],
  ['[^a]', '^', '', true],
  ['[]a]', ']', '', true],
  ['[a-]', '-', '', true],
  ['[c-a]', 'b', '', false],
  ['[c-a]', '[c-a]', '', true],
  ['[!]', '[!]', '', true],
  ['[ab', '[ab', '', true],
  ['[ab', 'a', '', false],
  ['{a,b}', 'b', '', true],
  ['{a,b{c,d}*,}e', 'bdxe', '', true],
  ['{a,b{c,d}*,}e', 'e', '', true],
  ['{a,b', '{a,b', '', true],
  ['a,b}', 'a,b}', '', true],
  ['a\\*', 'a*', '', true],
  ['a\\*', 'ab', '', false],
  ['a\\', 'a', '', true],
  ['https://*.example.com/**', 'https://git.example.com/a/b', '/', true],
  ['https://*.example.com/**', 'https://git.evil/.example.com/a', '/', false],
  ['a.c', 'abc', '', false],
  ['a*\n', 'ab\n', '', true],
];

for (const [pattern, text, separators, matches] of rows) {
  const outcome = `${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`;
  test(`${JSON.stringify(pattern)} ${outcome}${separators && ` with ${separators} apart`}`, () => {
    assert.equal(globMatch(pattern, text, { separators }), matches);
  });
}

/** A piece of a pattern: a character or wildcard, or branches of pieces. */
type Piece = string | string[][];

/** What the pieces mean, tried in every way. */
function naive([piece, ...rest]: readonly Piece[], text: string, separators: string): boolean {
  if (piece === undefined) return text === '';
  if (typeof piece !== 'string') return piece.some((branch) => naive([...branch, ...rest], text, separators));
  const inside = text !== '' && !separators.includes(text.charAt(0));
  if (piece === '**' || piece === '*')
    return (
      naive(rest, text, separators) ||
      (text !== '' && (inside || piece === '**') && naive([piece, ...rest], text.slice(1), separators))
    );
  const takes =
    piece === '?' ? inside : piece === '[!a]' ? text !== '' && !text.startsWith('a') : text.startsWith(piece);
  return takes && naive(rest, text.slice(1), separators);
}

function written(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : `{${piece.map(written).join(',')}}`)).join('');
}

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('twenty thousand small patterns match what a naive matcher says', () => {
  const random = generator(7);
  const pick = (from: readonly string[]): string => from[random(from.length)] ?? '';
  const plain = ['a', 'b', '/', '*', '**', '?', '[!a]'];
  // Two stars beside each other would be read as one that crosses everything.
  const apart = <T extends Piece>(pieces: T[]): T[] =>
    pieces.filter(
      (piece, at) =>
        !(
          typeof piece === 'string' &&
          piece.startsWith('*') &&
          typeof pieces[at - 1] === 'string' &&
          pieces[at - 1]?.at(0) === '*'
        ),
    );
  const branch = (): string[] => apart(Array.from({ length: random(3) }, () => pick(plain)));
  let matched = 0;
  for (let count = 0; count < 20_000; count += 1) {
    const pieces = apart(
      Array.from({ length: random(5) }, (): Piece => (random(4) === 0 ? [branch(), branch()] : pick(plain))),
    );
    const text = Array.from({ length: random(7) }, () => pick(['a', 'b', '/'])).join('');
    const separators = pick(['', '/']);
    const expected = naive(pieces, text, separators);
    matched += Number(expected);
    assert.equal(
      globMatch(written(pieces), text, { separators }),
      expected,
      JSON.stringify({ pattern: written(pieces), text, separators }),
    );
  }
  assert.ok(matched > 2000);
});

const hostile: [name: string, pattern: string, char: string][] = [
  ['a hundred stars', `${'*a'.repeat(100)}b`, 'a'],
  ['stars in groups', `${'{*a,*b,}'.repeat(50)}c`, 'a'],
  ['nested groups', `${'{a,a*'.repeat(40)}${'}'.repeat(40)}b`, 'a'],
  ['stars of both kinds', `${'*a**a'.repeat(40)}b`, 'a'],
  ['hundreds of branches', `{${Array.from({ length: 300 }, () => '*a*').join(',')}}b`, 'a'],
];

for (const [name, pattern, char] of hostile) {
  test(`a text twice as long costs twice the steps, not more: ${name}`, () => {
    const cost = (length: number): number => {
      const glob = compileGlob(pattern);
      assert.equal(glob.test(char.repeat(length)), false);
      return glob.steps;
    };
    const [once, twice] = [cost(1000), cost(2000)];
    assert.ok(twice <= 2.1 * once, `${once} steps, then ${twice}`);
    assert.ok(twice <= 3 * pattern.length * 2000);
  });
}

test('a hundred stars against a hundred thousand characters come to an end', () => {
  const glob = compileGlob(`${'*a'.repeat(100)}b`);
  assert.equal(glob.test('a'.repeat(100_000)), false);
  assert.ok(glob.steps < 100_000 * 500);
});
