// Rules of ignoreDifferences that cannot be evaluated, through the engine: their objects are left as they are, the
// others are synced.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalsOf,
  automated,
  config,
  configMap,
  dataOf,
  editByHand,
  ended,
  operate,
  push,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const ignoreDifferences = [{ group: '', kind: 'ConfigMap', name: 'web', jqPathExpressions: ['.data.own'] }];
const healing = { automated: { prune: true, selfHeal: true } };

test('an object under a rule that is not understood is not synced, healed or pruned; the others are', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': config('other', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await editByHand(s, 'web', { value: 'hand' });
  await s.apply('web', { ignoreDifferences, syncPolicy: healing });
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
    /^not synced: left as it is, .* ignoreDifferences of ConfigMap: jqPathExpressions is not supported yet/,
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

test('under approval nothing is asked or synced while such a rule concerns an object; it is told why', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'web/b.yaml': config('other', '1') });
  await s.project('gated');
  await s.apply('web', { project: 'gated', syncPolicy: automated });
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('web', { project: 'gated', ignoreDifferences, syncPolicy: automated });
  const sha = await push(s, { 'web/a.yaml': config('web', '2'), 'web/b.yaml': config('other', '2') });
  const told = await s.until(
    'web',
    'told',
    (item) =>
      item.status?.sync?.revision === sha &&
      item.status.conditions?.some(
        ({ type, message }) => type === 'SyncError' && message.includes('jqPathExpressions is not supported yet'),
      ) === true,
  );
  assert.equal(told.status?.history?.length, 1);
  await operate(s, 'web', { sync: {} });
  await ended(s, 'web', 'Failed');
  assert.deepEqual(approvalsOf(s, 'web'), []);
  assert.deepEqual([await dataOf(s, 'web'), await dataOf(s, 'other')], [{ value: '1' }, { value: '1' }]);
});
