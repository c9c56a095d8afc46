// Sync windows: active times, precedence, and the change of the clocks.
import type { SyncWindow } from '../../src/model/project.ts';
import type { WindowInput } from '../../src/policy/window.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syncWindow } from '../../src/policy/window.ts';
import { worker } from '../worker.ts';

const night: SyncWindow = { kind: 'allow', schedule: '0 22 * * *', duration: '2h', applications: ['*'] };
const freeze: SyncWindow = { kind: 'deny', schedule: '0 22 * * *', duration: '1h', applications: ['*'] };

function ask(windows: SyncWindow[], at: string, fields: Partial<WindowInput> = {}): ReturnType<typeof syncWindow> {
  return syncWindow(worker, {
    windows,
    application: 'shop',
    destination: { server: 'https://k', namespace: 'prod' },
    manual: false,
    at: Date.parse(at),
    ...fields,
  });
}

const rows: [name: string, windows: SyncWindow[], at: string, fields: Partial<WindowInput>, permitted: boolean][] = [
  ['no window permits', [], '2026-01-05T12:00:00Z', {}, true],
  [
    'a window of another application does not matter',
    [{ ...freeze, applications: ['other-*'] }],
    '2026-01-05T22:30:00Z',
    {},
    true,
  ],
  ['inside an allow window', [night], '2026-01-05T22:30:00Z', {}, true],
  ['outside every allow window', [night], '2026-01-05T12:00:00Z', {}, false],
  [
    'outside, by hand, with manualSync',
    [{ ...night, manualSync: true }],
    '2026-01-05T12:00:00Z',
    { manual: true },
    true,
  ],
  ['outside, by itself, with manualSync', [{ ...night, manualSync: true }], '2026-01-05T12:00:00Z', {}, false],
  [
    'outside, by hand, when only one of two has manualSync',
    [{ ...night, manualSync: true }, night],
    '2026-01-05T12:00:00Z',
    { manual: true },
    false,
  ],
  ['deny beats allow', [night, freeze], '2026-01-05T22:30:00Z', {}, false],
  ['after the deny window the allow window holds', [night, freeze], '2026-01-05T23:30:00Z', {}, true],
  ['an inactive deny window forbids nothing', [freeze], '2026-01-05T12:00:00Z', {}, true],
  [
    'denied, by hand, with manualSync',
    [{ ...freeze, manualSync: true }],
    '2026-01-05T22:30:00Z',
    { manual: true },
    true,
  ],
  [
    'denied, but begun before, with syncOverrun',
    [{ ...freeze, syncOverrun: true }],
    '2026-01-05T22:30:00Z',
    { running: true },
    true,
  ],
  ['denied, but begun before, without', [freeze], '2026-01-05T22:30:00Z', { running: true }, false],
  ['a window by namespace', [{ ...freeze, applications: [], namespaces: ['prod'] }], '2026-01-05T22:30:00Z', {}, false],
  [
    'with andOperator all lists must match',
    [{ ...freeze, namespaces: ['dev'], andOperator: true }],
    '2026-01-05T22:30:00Z',
    {},
    true,
  ],
  ['a kind that is neither forbids', [{ ...freeze, kind: 'Deny' as 'deny' }], '2026-01-05T12:00:00Z', {}, false],
  ['a schedule that cannot be read forbids', [{ ...night, schedule: 'sometimes' }], '2026-01-05T22:30:00Z', {}, false],
  ['a duration that cannot be read forbids', [{ ...night, duration: 'long' }], '2026-01-05T22:30:00Z', {}, false],
  ['seconds are no part of a schedule', [{ ...night, schedule: '0 0 22 * * *' }], '2026-01-05T22:30:00Z', {}, false],
  [
    'summer time: 22:30 in Berlin is 20:30 UTC',
    [{ ...night, timeZone: 'Europe/Berlin' }],
    '2026-07-05T20:30:00Z',
    {},
    true,
  ],
  [
    'summer time: 22:30 UTC is past midnight in Berlin',
    [{ ...night, timeZone: 'Europe/Berlin' }],
    '2026-07-05T22:30:00Z',
    {},
    false,
  ],
  [
    'winter time: 22:30 in Berlin is 21:30 UTC',
    [{ ...night, timeZone: 'Europe/Berlin' }],
    '2026-01-05T21:30:00Z',
    {},
    true,
  ],
  [
    'a window across the change of the clocks keeps its start',
    [{ ...night, schedule: '0 22 * * *', duration: '10h', timeZone: 'Europe/Berlin' }],
    '2026-03-29T06:30:00Z',
    {},
    true,
  ],
];

for (const [name, windows, at, fields, permitted] of rows) {
  test(name, async () => {
    const answer = await ask(windows, at, fields);
    assert.equal(answer.permitted, permitted, answer.why);
    assert.notEqual(answer.why, '');
  });
}

test('the answer tells when it may change', async () => {
  assert.equal((await ask([night], '2026-01-05T12:00:00Z')).changesAt, Date.parse('2026-01-05T22:00:00.001Z'));
  assert.equal((await ask([night], '2026-01-05T22:30:00Z')).changesAt, Date.parse('2026-01-06T00:00:00Z'));
  assert.equal((await ask([], '2026-01-05T22:30:00Z')).changesAt, undefined);
});

/**
 * Schedules as github.com/robfig/cron/v3 reads them with Argo CD's five fields: when a window of a minute opens on
 * 2026-01-05, a Monday; none = it is refused.
 */
const schedules: [schedule: string, opens: string[] | undefined][] = [
  ['5/15 8 * * *', ['08:05', '08:20', '08:35', '08:50']],
  [
    '0/5 8 * * *',
    ['08:00', '08:05', '08:10', '08:15', '08:20', '08:25', '08:30', '08:35', '08:40', '08:45', '08:50', '08:55'],
  ],
  ['*/20 8-9 * * *', ['08:00', '08:20', '08:40', '09:00', '09:20', '09:40']],
  ['10-30/10 8 * * *', ['08:10', '08:20', '08:30']],
  ['0 8,20 ? * ?', ['08:00', '20:00']],
  ['0 8 * JAN mon', ['08:00']],
  ['0 8 * * 0', []],
  ['0 8 6 * 1', ['08:00']], // day of month or day of week
  ['0 8 6 * *', []],
  ['TZ=Europe/Berlin 0 8 * * *', ['07:00']],
  ['CRON_TZ=Asia/Tokyo 0 8 * * *', ['23:00']],
  ['  0   8\t* * * ', ['08:00']],
  ...[
    '',
    '0 8 * *',
    '0 0 8 * * *',
    '@daily',
    '@every 1h',
    'TZ=UTC',
    'TZ=Nowhere/Else 0 8 * * *',
    '60 8 * * *',
    '0 24 * * *',
    '0 8 32 * *',
    '0 8 * 13 *',
    '0 8 * * 7',
    '0 8 L * *',
    '0 8 15W * *',
    '0 8 * * 1#2',
    '0 8 * * mon-',
    '*/0 8 * * *',
    '5-1 8 * * *',
    '-5 8 * * *',
    '0 8 * * montag',
  ].map((text): [string, undefined] => [text, undefined]),
];
for (const [schedule, opens] of schedules) {
  const outcome = opens ? `opens at ${opens.join(', ') || 'no time of that day'}` : 'is refused';
  test(`the schedule ${JSON.stringify(schedule)} ${outcome}`, async () => {
    const [from, until] = [Date.parse('2026-01-05T00:00:00Z'), Date.parse('2026-01-06T00:00:00Z')];
    const deny = { ...freeze, schedule, duration: '1m' };
    if (!opens) {
      const { permitted, why } = await ask([{ ...deny, kind: 'allow' }], new Date(from).toISOString());
      assert.deepEqual([permitted, why.startsWith('a sync window cannot be evaluated: ')], [false, true], why);
      return;
    }
    const found: string[] = [];
    for (
      let at: number | undefined = from;
      at !== undefined && at < until;
      at = (await ask([deny], new Date(at).toISOString())).changesAt
    ) {
      if (!(await ask([deny], new Date(at).toISOString())).permitted)
        found.push(new Date(at).toISOString().slice(11, 16));
    }
    assert.deepEqual(found, opens);
  });
}

for (const duration of ['3600', '1d', '', 'an hour', '1h 30m']) {
  test(`the duration ${JSON.stringify(duration)} is refused`, async () => {
    assert.match((await ask([{ ...freeze, duration }], '2026-01-05T22:30:00Z')).why, /cannot parse duration/);
  });
}

test('a window in the hour that the clocks leave out starts; one in the hour that comes twice does twice', async () => {
  const at = async (schedule: string, duration: string, moment: string): Promise<boolean> =>
    (await ask([{ ...freeze, schedule, duration, timeZone: 'Europe/Berlin' }], moment)).permitted;
  assert.equal(await at('30 2 * * *', '2h', '2026-03-29T01:45:00Z'), false, 'there is no 02:30 that day');
  assert.equal(await at('0 * * * *', '1h', '2026-10-25T00:15:00Z'), false, 'the first 02:15');
  assert.equal(await at('0 * * * *', '1h', '2026-10-25T01:15:00Z'), false, 'the second 02:15');
});
