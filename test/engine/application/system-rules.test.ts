// What argocd-cm says of comparisons, through the engine: it counts at once, and has nothing written unseen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import {
  approvalIn,
  argoSettings,
  approvalsOf,
  automated,
  configMap,
  dataOf,
  editByHand,
  operate,
  person,
  push,
  quiet,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

const key = 'resource.customizations.ignoreDifferences.ConfigMap';

function manifest(value: string, own = 'git'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: "${value}", own: "${own}"}\n`;
}

test('a rule that comes to argocd-cm, or goes, counts at once', async (t) => {
  const s = await stage(t, { 'web/a.yaml': manifest('1') });
  await s.apply('web', {});
  await operate(s, 'web', { sync: {} });
  await synced(s, 'web');
  await editByHand(s, 'web', { own: 'hand' });
  await s.until('web', 'OutOfSync', (app) => app.status?.sync?.status === 'OutOfSync');
  await argoSettings(s, { [key]: 'jsonPointers: [/data/own]' });
  await s.until('web', 'Synced', (app) => app.status?.sync?.status === 'Synced');
  await argoSettings(s, { [key]: 'jsonPointers: [' });
  const left = await s.until('web', 'Unknown', (app) => app.status?.sync?.status === 'Unknown');
  assert.equal(
    left.status?.conditions?.[0]?.message,
    `ConfigMap ${s.namespace}/web: left as it is, neither compared nor synced: argocd-cm ${key} is no YAML`,
  );
  await argoSettings(s, {});
  await s.until('web', 'OutOfSync again', (app) => app.status?.sync?.status === 'OutOfSync');
});

test('under approval, what argocd-cm ignores is asked about with the rest, and written by nothing else', async (t) => {
  const s = await stage(t, { 'web/a.yaml': manifest('1') }, { argocd: { [key]: 'jsonPointers: [/data/own]' } });
  await s.project('gated');
  await s.apply('web', { project: 'gated', syncPolicy: automated });
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  const head = await push(s, { 'web/a.yaml': manifest('1', 'new') });
  await s.until(
    'web',
    'Synced at the new commit',
    (app) => app.status?.sync?.revision === head && app.status.sync.status === 'Synced',
  );
  const sha = await push(s, { 'web/a.yaml': manifest('2', 'new') });
  const asked = await approvalIn(s, 'web', 'Pending', (item) => item.spec.revision === sha);
  assert.deepEqual(
    asked.spec.operations.map((item) => item.op === 'change' && item.fields.map(([path]) => path)),
    [['data.own', 'data.value']],
  );
  assert.deepEqual(await dataOf(s, 'web'), { value: '1', own: 'git' }, 'nothing is applied before');
  await approve(requests(s), { application: `${s.namespace}/web`, actor: person('bob', 2), teams: [] });
  await syncedTo(s, 'web', sha);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2', own: 'new' });
});

test('under approval, a rule that goes from argocd-cm has nothing written that nobody approved', async (t) => {
  const respect = { syncOptions: ['RespectIgnoreDifferences=true'] };
  const s = await stage(t, { 'web/a.yaml': manifest('1') }, { argocd: { [key]: 'jsonPointers: [/data/own]' } });
  await s.project('gated');
  await s.apply('web', { project: 'gated', syncPolicy: { ...automated, ...respect } });
  await synced(s, 'web');
  await editByHand(s, 'web', { own: 'hand' });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await quiet(s);
  await argoSettings(s, { other: 'key' });
  const asked = await approvalIn(s, 'web', 'Pending');
  assert.deepEqual(
    asked.spec.operations.map((item) => item.op === 'change' && item.fields.map(([path]) => path)),
    [['data.own']],
  );
  await quiet(s);
  assert.equal(approvalsOf(s, 'web').length, 1);
  assert.equal((await s.cluster.api.get(configMap(s, 'web')))?.['data'] !== undefined, true);
  assert.deepEqual(await dataOf(s, 'web'), { value: '1', own: 'hand' });
});
