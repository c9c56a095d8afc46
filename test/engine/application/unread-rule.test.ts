// Rules of ignoreDifferences that cannot be evaluated, through the engine: their objects are left as they are, the
// others are synced.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  editByHand,
  ended,
  operate,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { approve } from '../../../src/engine/request.ts';
import { stage } from '../fixture.ts';

const ignoreDifferences = [{ group: '', kind: 'ConfigMap', name: 'web', jqPathExpressions: ['.data.own)'] }];
const unread =
  /^not synced: left as it is, .*: spec\.ignoreDifferences\[0\]\.jqPathExpressions\[0\]: jq cannot read it/;

test('an object under a rule that is not understood is not synced, healed or pruned; the others are', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': config('other', '1') });
  // Nothing heals before the rule is there.
  await s.apply('web', { syncPolicy: { automated: { prune: true } } });
  await synced(s, 'web');
  await editByHand(s, 'web', { value: 'hand' });
  await s.apply('web', { ignoreDifferences, syncPolicy: automated });
  const sha = await push(s, { 'web/a.yaml': config('web', '2'), 'web/b.yaml': config('other', '2') });
  const app = await s.until(
    'web',
    'the others synced',
    (item) =>
      item.operation === undefined &&
      item.status?.history?.at(-1)?.revision === sha &&
      item.status.sync?.status === 'Unknown',
  );
  assert.deepEqual(
    app.status?.resources?.map(({ name, status }) => [name, status]),
    [
      ['other', 'Synced'],
      ['web', 'Unknown'],
    ],
  );
  assert.match(
    app.status?.operationState?.syncResult?.resources?.find(({ name }) => name === 'web')?.message ?? '',
    unread,
  );
  assert.deepEqual([await dataOf(s, 'web'), await dataOf(s, 'other')], [{ value: 'hand' }, { value: '2' }]);
  const version = (await s.cluster.api.get(configMap(s, 'web')))?.metadata.resourceVersion;
  await editByHand(s, 'other', { value: 'hand' });
  await s.untilStore(
    'the other is healed',
    () =>
      (s.cluster.live.get(configMap(s, 'other'))?.object?.['data'] as { value?: string } | undefined)?.value === '2' ||
      undefined,
  );
  const gone = await push(s, { 'web/a.yaml': undefined, 'web/b.yaml': config('other', '3') });
  await s.until(
    'web',
    'the others synced again',
    (item) => item.operation === undefined && item.status?.history?.at(-1)?.revision === gone,
  );
  await operate(s, 'web', { sync: { prune: true } });
  const done = await ended(s, 'web', 'Succeeded');
  assert.match(
    done.status?.operationState?.syncResult?.resources?.find(({ name }) => name === 'web')?.message ?? '',
    /^ignored \(left as it is/,
  );
  assert.equal((await s.cluster.api.get(configMap(s, 'web')))?.metadata.resourceVersion, version);
});

test('under approval such an object is named and left, and all others are asked about and synced', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': config('other', '1') });
  await s.project('gated');
  await s.apply('web', { project: 'gated', syncPolicy: automated });
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  // Reading it succeeds, evaluating it fails.
  const failing = [{ ...ignoreDifferences[0], kind: 'ConfigMap', jqPathExpressions: ['.data.value | keys'] }];
  for (const [value, rules] of [
    ['2', ignoreDifferences],
    ['3', failing],
  ] as const) {
    await s.apply('web', { project: 'gated', ignoreDifferences: [...rules], syncPolicy: automated });
    const sha = await push(s, { 'web/a.yaml': config('web', value), 'web/b.yaml': config('other', value) });
    const asked = await approvalIn(s, 'web', 'Pending', ({ spec }) => spec.revision === sha);
    assert.deepEqual(
      asked.spec.operations.map(({ key }) => key.name),
      ['other'],
    );
    const notes = s.engine.effect(`${s.namespace}/web`)?.notes ?? [];
    assert.match(notes.join('\n'), /ConfigMap .*\/web: left as it is, neither compared nor synced/);
    // Two, for the Application was edited by hand.
    for (const actor of [person('bob', 2), person('cid', 3)])
      await approve(requests(s), { application: `${s.namespace}/web`, actor, teams: [] });
    const app = await s.until(
      'web',
      'the other one synced',
      (item) => item.operation === undefined && item.status?.history?.at(-1)?.revision === sha,
    );
    assert.match(
      app.status?.operationState?.syncResult?.resources?.find(({ name }) => name === 'web')?.message ?? '',
      /^not synced: left as it is/,
    );
    assert.deepEqual([await dataOf(s, 'web'), await dataOf(s, 'other')], [{ value: '1' }, { value }]);
  }
});
