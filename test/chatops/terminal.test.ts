// Requests from a terminal: what they say of themselves that the cluster alone may say.
import type { Request } from '../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asLinked } from '../../src/chatops/terminal.ts';
import { eventually } from '../control-plane.ts';
import { bed } from './fixture.ts';

test('when it was asked is the word of the API server: a lock or a snooze of an hour ends in an hour', async (t) => {
  const b = await bed(t);
  await b.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coxswain-cm', namespace: b.namespace, labels: { 'app.kubernetes.io/part-of': 'coxswain' } },
    data: { 'cli.identities': 'bob@example.com: bob' },
  });
  await eventually('the link', () => b.store.settings().cliIdentities.size === 1 || undefined);
  const request = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Request',
    metadata: { name: 'r', namespace: b.namespace, creationTimestamp: '2026-03-02T14:00:00Z' },
    spec: {
      ...{ verb: 'lock', args: { for: '1h' }, createdAt: '2099-01-01T00:00:00Z', origin: { kind: 'cli' } },
      actor: { user: 'bob@example.com', via: 'cli' },
    },
  } as unknown as Request;
  const found = await asLinked({ store: b.store, doubt: () => Promise.resolve(undefined) }, request);
  assert.ok('request' in found);
  assert.deepEqual([found.request.spec.createdAt, found.request.spec.actor.login], ['2026-03-02T14:00:00Z', 'bob']);
});
