// What is larger than an API object may be: names, drift, effects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../src/engine/request.ts';
import { approvalIn, config, editByHand, person, requests, synced } from './manifests.ts';
import { stage } from './stage.ts';

test('an application with a name as long as names may be is asked about, and its drift has an episode', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  // Cut at 63 characters its label would end in '-'.
  const name = `${'a'.repeat(62 - s.namespace.length - 1)}-${'b'.repeat(253)}`.slice(0, 253);
  await s.apply(name, { project: 'gated', source: { repoURL: s.url, path: 'prod', targetRevision: 'main' } });
  await approvalIn(s, name, 'Pending');
  assert.equal((await approve(requests(s), { application: `${s.namespace}/${name}`, actor: person('bob', 2), teams: [] })).done, true);
  await synced(s, name);
  await approvalIn(s, name, 'Applied');
  await editByHand(s, 'prod', { value: 'by hand' });
  await s.untilStore('an open episode', () => s.store.episodes.list().find((item) => item.status?.phase === 'Open'));
});
