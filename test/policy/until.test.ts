// Until when something is silent: what people say, what it means in their zone, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endAsked, readUntil, splitUntil } from '../../src/policy/until.ts';

const moment = { now: Date.parse('2026-10-23T12:30:00Z'), timeZone: 'Europe/Berlin' };

const said: [text: string, means: string | undefined][] = [
  ['4h', '2026-10-23T16:30:00Z'],
  ['1d12h', '2026-10-25T00:30:00Z'],
  ['90m', '2026-10-23T14:00:00Z'],
  ['1w', '2026-10-30T12:30:00Z'],
  ['for 2h', '2026-10-23T14:30:00Z'],
  ['in 2h', '2026-10-23T14:30:00Z'],
  ['15:00', '2026-10-23T13:00:00Z'],
  ['9:00', '2026-10-24T07:00:00Z'],
  ['until 09:00', '2026-10-24T07:00:00Z'],
  ['tomorrow', '2026-10-24T07:00:00Z'],
  ['Until  Tomorrow at 18:15', '2026-10-24T16:15:00Z'],
  ['2026-10-24', '2026-10-24T07:00:00Z'],
  ['2026-10-25 02:30', '2026-10-25T00:30:00Z'],
  ['2026-10-26 09:00', '2026-10-26T08:00:00Z'],
  ['2026-10-26T09:00Z', '2026-10-26T09:00:00Z'],
  ['2026-10-26T09:00:00.000Z', '2026-10-26T09:00:00Z'],
  ['2026-10-26T09:00+02:00', '2026-10-26T07:00:00Z'],
  ['', undefined],
  ['4', undefined],
  ['4 hours', undefined],
  ['-4h', undefined],
  ['25:00', undefined],
  ['12:60', undefined],
  ['tomorrow morning', undefined],
  ['2026-02-30', undefined],
  ['2026-10-26T09:00Q', undefined],
  ['because', undefined],
  [`${'9'.repeat(100_000)}h`, undefined],
];

for (const [text, means] of said)
  test(`"${text.slice(0, 40)}" means ${means ?? 'no time'}`, () => {
    const at = readUntil(text, moment);
    assert.equal(at, means === undefined ? undefined : Date.parse(means));
  });

test('an hour that the clocks leave out is the one after it, and tomorrow is the next day of its zone', () => {
  const spring = { now: Date.parse('2027-03-27T22:30:00Z'), timeZone: 'Europe/Berlin' };
  assert.equal(readUntil('02:30', spring), Date.parse('2027-03-28T01:30:00Z'));
  assert.equal(readUntil('tomorrow', spring), Date.parse('2027-03-28T07:00:00Z'));
  assert.equal(readUntil('tomorrow', { ...spring, timeZone: 'Asia/Tokyo' }), Date.parse('2027-03-29T00:00:00Z'));
});

const split: [words: string, until: string, rest: string][] = [
  ['4h load test', '4h', 'load test'],
  ['until tomorrow 09:00 load test', 'until tomorrow 09:00', 'load test'],
  ['tomorrow at 9:00', 'tomorrow at 9:00', ''],
  ['tomorrow at last', 'tomorrow', 'at last'],
  ['2026-12-01 09:00 2nd try', '2026-12-01 09:00', '2nd try'],
  ['load test', '', 'load test'],
  ['', '', ''],
];

for (const [words, until, rest] of split)
  test(`"${words}" is "${until}" and "${rest}"`, () =>
    assert.deepEqual(splitUntil(words.split(' ').filter(Boolean)), { until, rest: rest.split(' ').filter(Boolean) }));

const refused: [text: string | undefined, fault: RegExp][] = [
  [undefined, /^say until when: 4h, 2d,/],
  ['', /^say until when/],
  ['soon', /^"soon" says no time; write 4h, 2d,/],
  ['0h', /^"0h" has passed$/],
  ['2026-10-22', /^"2026-10-22" has passed$/],
  ['8d', /^"8d" is more than a week from now$/],
  ['x'.repeat(100), /^"x{40}" says no time/],
];

for (const [text, fault] of refused)
  test(`an end "${text?.slice(0, 20) ?? ''}" is refused with what to write`, () => {
    const end = endAsked({ ...(text !== undefined && { until: text }), reason: 'a reason' }, moment);
    assert.match('fault' in end ? end.fault : '', fault);
  });

test('a week is the longest, to the millisecond, and a day is the first that needs a reason', () => {
  const reason = 'load test';
  assert.deepEqual(endAsked({ until: '7d', reason }, moment), { at: moment.now + 7 * 86_400_000 });
  assert.ok('fault' in endAsked({ until: '1w1m', reason }, moment));
  assert.deepEqual(endAsked({ until: '23h59m' }, moment), { at: moment.now + 86_340_000 });
  const unexplained = { fault: 'for a day or longer, say why', about: 'reason' };
  assert.deepEqual(endAsked({ until: '1d', reason: ' ' }, moment), unexplained);
});
