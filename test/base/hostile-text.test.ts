// Text of strangers that is made to be slow to read: each function comes to an end with it. Lint holds that no pattern
// can do otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactText } from '../../src/base/log.ts';
import { boundedName } from '../../src/base/name.ts';
import { commandIn, parseCommand } from '../../src/chatops/command.ts';
import { parseCommit } from '../../src/git/commit.ts';
import { fence, plain, prose } from '../../src/github/markdown/escape.ts';
import { normaliseRepo } from '../../src/model/repository.ts';
import { parseDuration } from '../../src/policy/duration.ts';
import { titleOf } from '../../src/slack/change.ts';

const many = 200_000;

function commit(author: string): Buffer {
  return Buffer.from(`tree ${'a'.repeat(40)}\nauthor ${author}\ncommitter Ana <ana@example.com> 0 +0000\n\nx\n`);
}

/** At this length a pattern with quadratic time takes minutes. */
const rows: [what: string, run: () => unknown, expected: unknown][] = [
  ['an address of dots in a log line', () => redactText('a.'.repeat(many)).length, 2 * many],
  [
    'beginnings of web tokens in a log line',
    () => redactText('eyJaaaaaaaaaa-'.repeat(many / 10)).length,
    14 * (many / 10),
  ],
  [
    'beginnings of web tokens with a dot between',
    () => redactText('eyJaaaaaaaaaa. '.repeat(many / 10)).length,
    15 * (many / 10),
  ],
  ['a long name without letters', () => boundedName(`a${'-'.repeat(many)}`, many).startsWith('a-'), true],
  ['back-ticks and a line separator in a comment', () => commandIn(`${'`'.repeat(many)}\u2028x`), undefined],
  ['a command of spaces and a line separator', () => commandIn(`/cox${' '.repeat(many)}\u2028x`), 'x'],
  ['a command of quotes', () => parseCommand(`sync ${'"'.repeat(many)}`).ok, true],
  ['an author of brackets', () => parseCommit('a'.repeat(40), commit('<>'.repeat(many))).author.name.length, 2 * many],
  ['a block of empty lines', () => fence(`a${'\n'.repeat(many)}b`).length, many + 10],
  ['prose of back-ticks', () => prose('`a'.repeat(many), many).length > 0, true],
  ['plain text of brackets', () => plain('[<'.repeat(many), many).length > many, true],
  ['an address of slashes', () => normaliseRepo(`https://a/${'/'.repeat(many)}b`).length, many + 11],
  ['an ssh address of slashes', () => normaliseRepo(`git@a:${'/'.repeat(many)}`).length, 6],
  ['a duration without a unit', () => parseDuration(`${'1'.repeat(many)}x`), undefined],
  ['a subject of spaces', () => titleOf(`a${' '.repeat(many)}(#x)`).pull, undefined],
];

for (const [what, run, expected] of rows) {
  test(`${what} is read to its end`, { timeout: 30_000 }, () => {
    assert.deepEqual(run(), expected);
  });
}

test('what the faster patterns read is what the former ones read', () => {
  assert.equal(
    redactText('fetch https://user:pw@h/x?token=abc and -eyJabcdefgh1.abcdefgh2.x; see git+ssh://u@h'),
    'fetch https://***@h/x?token=*** and ***; see git+ssh://***@h',
  );
  assert.deepEqual(titleOf('Make it fast  (#12)'), { title: 'Make it fast', pull: 12 });
  assert.deepEqual(titleOf('(#12) is wrong'), { title: '(#12) is wrong' });
  assert.deepEqual(parseCommit('a'.repeat(40), commit('Bo <b> Li <bo@example.com> 12 +0100')).author, {
    name: 'Bo',
    email: 'b> Li <bo@example.com',
    at: 12_000,
  });
  assert.equal(parseDuration('1h30m2.5s'), 5_402_500);
  assert.deepEqual(['.5s', '1.s', '1μs', '.s', 's'].map(parseDuration), [500, 1_000, 0.001, undefined, undefined]);
  assert.equal(normaliseRepo('git@github.com:/acme/infra.git/'), 'ssh://github.com/acme/infra');
  assert.equal(commandIn('/cox   sync web  '), 'sync web');
  assert.equal(commandIn('/cox'), '');
  assert.equal(commandIn('/coxswain'), undefined);
});
