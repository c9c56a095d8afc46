// Health of an application: the worst of what it manages, and who is to blame.
import type { JudgedResource } from '../../src/health/health.ts';
import type { HealthStatusCode } from '../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationHealth } from '../../src/health/health.ts';

function one(status: HealthStatusCode | undefined, fields: Partial<JudgedResource> = {}): JudgedResource {
  return {
    key: { group: 'apps', kind: 'Deployment', namespace: 'n', name: fields.key?.name ?? 'x' },
    hook: false,
    ignoreHealthcheck: false,
    live: true,
    health: status && { status },
    ...fields,
  };
}

const missing = one(undefined, { live: false });

const rows: [name: string, resources: JudgedResource[], expected: HealthStatusCode][] = [
  ['an empty application is Healthy', [], 'Healthy'],
  ['kinds without health are fine', [one(undefined)], 'Healthy'],
  ['Suspended is worse than Healthy', [one('Healthy'), one('Suspended')], 'Suspended'],
  ['Progressing is worse than Suspended', [one('Progressing'), one('Suspended')], 'Progressing'],
  ['Degraded is worse than Progressing', [one('Degraded'), one('Progressing')], 'Degraded'],
  ['Unknown is the worst', [one('Degraded'), one('Unknown')], 'Unknown'],
  ['a missing object does not lower it', [one('Healthy'), missing], 'Healthy'],
  ['nothing live at all is Missing', [missing, missing], 'Missing'],
  ['hooks do not count', [one('Healthy'), one('Degraded', { hook: true })], 'Healthy'],
  ['a live hook alone does not save it from Missing', [missing, one('Healthy', { hook: true })], 'Missing'],
  ['ignore-healthcheck does not count', [one('Healthy'), one('Degraded', { ignoreHealthcheck: true })], 'Healthy'],
  ['the application itself does not count', [one('Healthy'), one('Degraded', { self: true })], 'Healthy'],
];

for (const [name, resources, expected] of rows) {
  test(name, () => assert.equal(applicationHealth(resources).status, expected));
}

test('the message names up to three culprits', () => {
  const bad = (name: string): JudgedResource =>
    one('Degraded', { key: { group: 'apps', kind: 'Deployment', namespace: 'n', name } });
  assert.equal(applicationHealth([bad('a'), one('Progressing')]).message, 'Deployment/a');
  assert.equal(
    applicationHealth(['a', 'b', 'c', 'd', 'e'].map(bad)).message,
    'Deployment/a, Deployment/b, Deployment/c and 2 more',
  );
  assert.equal(applicationHealth([one('Healthy')]).message, undefined);
});
