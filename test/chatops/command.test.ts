// The grammar of commands: what people type, what composers make of it, and what is never taken for a command.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandIn, helpText, nearest, parseCommand, verbs } from '../../src/chatops/command.ts';

const understood: [typed: string, verb: string, application: string, rest: string, options: Record<string, string>][] =
  [
    ['', 'help', '', '', {}],
    ['help', 'help', '', '', {}],
    ['help revert', 'help', 'revert', '', {}],
    ['STATUS', 'status', '', '', {}],
    ['status  checkout-prod ', 'status', 'checkout-prod', '', {}],
    ['sync `checkout-prod`', 'sync', 'checkout-prod', '', {}],
    ['sync team-a/checkout', 'sync', 'team-a/checkout', '', {}],
    ['approve checkout --digest 1a2b3c4d', 'approve', 'checkout', '', { digest: '1a2b3c4d' }],
    ['approve --digest=1a2b3c4d checkout', 'approve', 'checkout', '', { digest: '1a2b3c4d' }],
    ['approve checkout digest=1a2b3c4d', 'approve', 'checkout', '', { digest: '1a2b3c4d' }],
    ['approve checkout —digest 1a2b3c4d', 'approve', 'checkout', '', { digest: '1a2b3c4d' }],
    ['revert –only checkout', 'revert', 'checkout', '', { only: 'true' }],
    ['revert --only checkout', 'revert', 'checkout', '', { only: 'true' }],
    ['revert checkout --only', 'revert', 'checkout', '', { only: 'true' }],
    ['reject checkout not on a Friday', 'reject', 'checkout', 'not on a Friday', {}],
    ['reject checkout “not on a  Friday”', 'reject', 'checkout', 'not on a  Friday', {}],
    ['reject checkout x=1 is wrong — see --replicas', 'reject', 'checkout', 'x=1 is wrong — see --replicas', {}],
    ['reject checkout "--digest is no option here"', 'reject', 'checkout', '--digest is no option here', {}],
    ['reject checkout it’s wrong', 'reject', 'checkout', "it's wrong", {}],
    ['reject checkout "open quote', 'reject', 'checkout', 'open quote', {}],
    ['sync --all', 'sync', '', '', { all: 'true' }],
    ['Retry web', 'retry', 'web', '', {}],
    ['status env=prod', 'status', 'env=prod', '', {}],
    ['sync\u00a0checkout', 'sync', 'checkout', '', {}],
    ['sync che\u200bckout\u202e', 'sync', 'checkout', '', {}],
  ];

for (const [typed, verb, application, rest, options] of understood) {
  test(`"/cox ${typed}" means ${verb} ${application}`, () => {
    assert.deepEqual(parseCommand(typed), { ok: true, command: { verb, application, rest, options } });
  });
}

const refused: [typed: string, message: RegExp][] = [
  ['aprove checkout', /^"aprove" is not a command; did you mean `\/cox approve`\?$/],
  ['stat', /did you mean `\/cox status`\?$/],
  ['undo web', /^"undo" is not a command; did you mean `\/cox rollback`\?$/],
  ['Rerun web', /did you mean `\/cox retry`\?$/],
  ['deploy web', /did you mean `\/cox sync`\?$/],
  ['plan', /did you mean `\/cox diff`\?$/],
  ['lgtm', /did you mean `\/cox approve`\?$/],
  ['constructor', /^"constructor" is not a command; `\/cox help` lists them$/],
  ['snyc', /did you mean `\/cox sync`\?$/],
  ['frobnicate-everything', /^"frobnicate-everything" is not a command; `\/cox help` lists them$/],
  ['__proto__', /is not a command/],
  ['constructor', /is not a command/],
  ['revert-drift checkout', /is not a command/],
  ['sync checkout --force', /^there is no option --force; write `\/cox sync <app>`$/],
  ['approve checkout --digest', /^--digest needs a value/],
  ['approve checkout --dgest 1a2b3c', /^there is no option --dgest; did you mean --digest\?; write /],
  ['approve --all', /^there is no option --all; write /],
  [`${'x'.repeat(100_000)}`, /^"x{40}" is not a command/],
];

for (const [typed, message] of refused) {
  test(`"/cox ${typed.slice(0, 40)}" is answered, never guessed`, () => {
    const parsed = parseCommand(typed);
    assert.equal(parsed.ok, false);
    assert.match(parsed.ok ? '' : parsed.message, message);
  });
}

test('help names every command once, and one alone when asked for it', () => {
  assert.equal(helpText().split('\n').length, Object.keys(verbs).length);
  assert.equal(helpText('Sync'), '/cox sync <app> — applies what Git says now');
  assert.equal(helpText('snyc'), '"snyc" is not a command; did you mean `/cox sync`?');
});

test('the nearest word is suggested only when it is near', () => {
  assert.equal(nearest('checkot-prod', ['checkout-prod', 'checkout-dev']), 'checkout-prod');
  assert.equal(nearest('billing', ['checkout-prod']), undefined);
  assert.equal(nearest('foo', ['root']), undefined);
  assert.equal(nearest('api', ['app']), 'app');
});

const comments: [what: string, body: string, command: string | undefined][] = [
  ['a line of its own', '/cox sync web', 'sync web'],
  ['the bare word', '/cox', ''],
  ['after other lines', 'looks good\r\n\r\n/cox approve web\r\nthanks', 'approve web'],
  ['the first of two', '/cox diff\n/cox sync web', 'diff'],
  ['up to three spaces before it', '   /cox diff', 'diff'],
  ['inside a sentence', 'please use /cox sync web', undefined],
  ['another word that begins alike', '/coxswain sync', undefined],
  ['a quotation', '> /cox sync web', undefined],
  ['an indented code block', '    /cox sync web', undefined],
  ['a fence', '```\n/cox sync web\n```', undefined],
  ['a fence of tildes', '~~~sh\n/cox sync web\n~~~', undefined],
  ['a longer fence around a shorter one', '````\n```\n/cox sync web\n```\n````', undefined],
  ['a fence that is not closed by one with words', '```\n```js\n/cox sync web\n```', undefined],
  ['after a closed fence', '```\ncode\n```\n/cox diff', 'diff'],
  ['a fence that never ends', '```\n/cox sync web', undefined],
];

for (const [what, body, command] of comments) {
  test(`in a comment, ${what} is ${command === undefined ? 'no command' : 'a command'}`, () =>
    assert.equal(commandIn(body), command));
}
