// Sync windows: active times, precedence, and the change of the clocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyncWindow } from '../../src/model/project.ts';
import { syncWindow } from '../../src/policy/window.ts';
import type { WindowInput } from '../../src/policy/window.ts';

const night: SyncWindow = { kind: 'allow', schedule: '0 22 * * *', duration: '2h', applications: ['*'] };
const freeze: SyncWindow = { kind: 'deny', schedule: '0 22 * * *', duration: '1h', applications: ['*'] };

function ask(windows: SyncWindow[], at: string, fields: Partial<WindowInput> = {}): ReturnType<typeof syncWindow> {
  return syncWindow({ windows, application: 'shop', destination: { server: 'https://k', namespace: 'prod' }, manual: false, at: Date.parse(at), ...fields });
}

const rows: [name: string, windows: SyncWindow[], at: string, fields: Partial<WindowInput>, permitted: boolean][] = [
  ['no window permits', [], '2026-01-05T12:00:00Z', {}, true],
  ['a window of another application does not matter', [{ ...freeze, applications: ['other-*'] }], '2026-01-05T22:30:00Z', {}, true],
  ['inside an allow window', [night], '2026-01-05T22:30:00Z', {}, true],
  ['outside every allow window', [night], '2026-01-05T12:00:00Z', {}, false],
  ['outside, by hand, with manualSync', [{ ...night, manualSync: true }], '2026-01-05T12:00:00Z', { manual: true }, true],
  ['outside, by itself, with manualSync', [{ ...night, manualSync: true }], '2026-01-05T12:00:00Z', {}, false],
  ['outside, by hand, when only one of two has manualSync', [{ ...night, manualSync: true }, night], '2026-01-05T12:00:00Z', { manual: true }, false],
  ['deny beats allow', [night, freeze], '2026-01-05T22:30:00Z', {}, false],
  ['after the deny window the allow window holds', [night, freeze], '2026-01-05T23:30:00Z', {}, true],
  ['an inactive deny window forbids nothing', [freeze], '2026-01-05T12:00:00Z', {}, true],
  ['denied, by hand, with manualSync', [{ ...freeze, manualSync: true }], '2026-01-05T22:30:00Z', { manual: true }, true],
  ['denied, but begun before, with syncOverrun', [{ ...freeze, syncOverrun: true }], '2026-01-05T22:30:00Z', { running: true }, true],
  ['denied, but begun before, without', [freeze], '2026-01-05T22:30:00Z', { running: true }, false],
  ['a window by namespace', [{ ...freeze, applications: [], namespaces: ['prod'] }], '2026-01-05T22:30:00Z', {}, false],
  ['with andOperator all lists must match', [{ ...freeze, namespaces: ['dev'], andOperator: true }], '2026-01-05T22:30:00Z', {}, true],
  ['a schedule that cannot be read forbids', [{ ...night, schedule: 'sometimes' }], '2026-01-05T22:30:00Z', {}, false],
  ['a duration that cannot be read forbids', [{ ...night, duration: 'long' }], '2026-01-05T22:30:00Z', {}, false],
  ['seconds are no part of a schedule', [{ ...night, schedule: '0 0 22 * * *' }], '2026-01-05T22:30:00Z', {}, false],
  ['summer time: 22:30 in Berlin is 20:30 UTC', [{ ...night, timeZone: 'Europe/Berlin' }], '2026-07-05T20:30:00Z', {}, true],
  ['summer time: 22:30 UTC is past midnight in Berlin', [{ ...night, timeZone: 'Europe/Berlin' }], '2026-07-05T22:30:00Z', {}, false],
  ['winter time: 22:30 in Berlin is 21:30 UTC', [{ ...night, timeZone: 'Europe/Berlin' }], '2026-01-05T21:30:00Z', {}, true],
  ['a window across the change of the clocks keeps its start', [{ ...night, schedule: '0 22 * * *', duration: '10h', timeZone: 'Europe/Berlin' }], '2026-03-29T06:30:00Z', {}, true],
];

for (const [name, windows, at, fields, permitted] of rows) {
  test(name, () => {
    const answer = ask(windows, at, fields);
    assert.equal(answer.permitted, permitted, answer.why);
    assert.notEqual(answer.why, '');
  });
}

test('the answer tells when it may change', () => {
  assert.equal(ask([night], '2026-01-05T12:00:00Z').changesAt, Date.parse('2026-01-05T22:00:00.001Z'));
  assert.equal(ask([night], '2026-01-05T22:30:00Z').changesAt, Date.parse('2026-01-06T00:00:00Z'));
  assert.equal(ask([], '2026-01-05T22:30:00Z').changesAt, undefined);
});
