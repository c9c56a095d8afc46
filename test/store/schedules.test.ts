// Schedules as coxswain-cm sets them: they follow the settings.
import type { ScheduleName } from '../../src/store/schedule-settings.ts';
import type { Schedules } from '../../src/store/schedules.ts';
import type { Settings } from '../../src/store/settings.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { createSchedules } from '../../src/store/schedules.ts';
import { readSettings } from '../../src/store/settings.ts';

const minute = 60_000;

function read(own: Record<string, string>, argocd: Record<string, string> = {}): Settings {
  const map = (name: string, data: Record<string, string>) =>
    [name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }] as const;
  return readSettings({ configMaps: new Map([map('coxswain-cm', own), map('argocd-cm', argocd)]), secrets: [] });
}

function following(): { schedules: Schedules; set(settings: Settings): void } {
  let [settings, tell] = [read({}), (): void => undefined];
  const store = {
    settings: () => settings,
    onSettings(fn: () => void) {
      tell = fn;
      return () => (tell = () => undefined);
    },
  };
  return {
    schedules: createSchedules(store, silentLogger()),
    set(next) {
      settings = next;
      tell();
    },
  };
}

test('a schedule that is set anew begins again, the others run on, and one that is set to never ends', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-06-01T00:00:30Z') });
  t.mock.method(Math, 'random', () => 0);
  const { schedules, set } = following();
  t.after(() => schedules.stop());
  const looks: ScheduleName[] = [];
  const pass = async (ms: number): Promise<ScheduleName[]> => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return looks.splice(0);
  };
  schedules.every('resync', () => void looks.push('resync'));
  const end = schedules.every('sweep', () => void looks.push('sweep'));
  const next = (): string[] => schedules.upcoming().map(({ name, next: at }) => `${name} ${at.toISOString()}`);
  assert.deepEqual(next(), ['resync 2026-06-01T00:02:00.000Z', 'sweep 2026-06-01T00:10:00.000Z']);
  assert.deepEqual(await pass(2 * minute), ['resync']);
  set(read({ 'schedule.resync': '*/5 * * * *' }));
  assert.deepEqual(await pass(2 * minute), []);
  assert.deepEqual(await pass(minute), ['resync']);
  set(
    read({ 'schedule.resync': '30 4 * * *', 'schedule.timeZone': 'Asia/Kolkata' }, { 'timeout.reconciliation': '0' }),
  );
  assert.deepEqual(next(), ['resync 2026-06-01T23:00:00.000Z', 'sweep 2026-06-01T00:10:00.000Z']);
  assert.deepEqual(await pass(5 * minute), ['sweep']);
  set(read({}, { 'timeout.reconciliation': '0' }));
  assert.deepEqual(next(), ['sweep 2026-06-01T00:20:00.000Z']);
  end();
  assert.deepEqual([next(), await pass(60 * minute)], [[], []]);
});
