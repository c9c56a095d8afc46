// Health that is kept where neither Git nor the cluster can be looked at.
import type { Target } from '../../../src/engine/application/assess.ts';
import type { Application, ApplicationStatus } from '../../../src/model/application.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthWithout } from '../../../src/engine/application/health.ts';

function app(status: ApplicationStatus): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'ns' },
    spec: { project: 'default', destination: {} },
    status,
  };
}

const row = { kind: 'Service', namespace: 'ns', name: 'web', version: 'v1' };
const unreadable = { cluster: { live: { problemOf: () => new Error('the watch fails') } } } as unknown as Target;
const rows: [name: string, status: ApplicationStatus, target: Target | undefined, expected: string][] = [
  [
    'no cluster can be reached',
    { health: { status: 'Degraded' }, resources: [row] },
    undefined,
    'Degraded as it was last seen',
  ],
  [
    'a kind cannot be read',
    { health: { status: 'Healthy' }, resources: [row] },
    unreadable,
    'Healthy as it was last seen',
  ],
  ['it was never looked at', {}, unreadable, 'Unknown '],
];

for (const [name, status, target, expected] of rows) {
  test(`health without a desired state: ${name}`, async () => {
    const health = await healthWithout(app(status), target, AbortSignal.timeout(1000));
    assert.equal(`${health.status} ${health.message ?? ''}`, expected);
  });
}
