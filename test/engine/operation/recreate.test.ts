// What the server refuses to change in place: told in Argo CD's words, and made anew where the manifest asks for it.
import type { SyncPolicy } from '../../../src/model/application.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import {
  approvalIn,
  automated,
  config,
  dataOf,
  deployment,
  editByHand,
  ended,
  operate,
  person,
  push,
  requests,
  synced,
  syncedTo,
} from '../manifests.ts';
import { stage } from '../fixture.ts';

/** A Deployment whose selector, which cannot be changed, is `app: <label>`. */
function selecting(label: string, options = ''): string {
  const text = deployment('web').replaceAll('{app: web}', `{app: ${label}}`);
  return options
    ? text.replace(
        'metadata: {name: web}',
        `metadata: {name: web, annotations: {argocd.argoproj.io/sync-options: "${options}"}}`,
      )
    : text;
}

async function uidOf(s: Stage): Promise<string | undefined> {
  return (await s.cluster.api.get({ group: 'apps', kind: 'Deployment', namespace: s.namespace, name: 'web' }))?.metadata
    .uid;
}

test('a change that the server refuses fails the dry run, and nothing is applied', async (t) => {
  const s = await stage(t, { 'web/a.yaml': selecting('one'), 'web/b.yaml': config('beside', '1') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  await s.apply('web');
  const uid = await uidOf(s);
  await push(s, { 'web/a.yaml': selecting('two'), 'web/b.yaml': config('beside', '2') });
  await operate(s, 'web', { sync: {} });
  const app = await ended(s, 'web', 'Failed');
  assert.equal(app.status?.operationState?.message, 'one or more objects failed to apply (dry run)');
  assert.match(
    app.status?.operationState?.syncResult?.resources?.find((row) => row.kind === 'Deployment')?.message ?? '',
    /field is immutable/,
  );
  assert.deepEqual(await dataOf(s, 'beside'), { value: '1' });
  assert.equal(await uidOf(s), uid);
});

test('Force=true makes it anew, and Replace=true with it', async (t) => {
  for (const options of ['Force=true', 'Force=true,Replace=true']) {
    const s = await stage(t, { 'web/a.yaml': selecting('one', options) });
    await s.apply('web', { syncPolicy: automated });
    await synced(s, 'web');
    const uid = await uidOf(s);
    const sha = await push(s, { 'web/a.yaml': selecting('two', options) });
    const app = await syncedTo(s, 'web', sha);
    assert.equal(app.status?.operationState?.message, 'successfully synced (all tasks run)', options);
    assert.notEqual(await uidOf(s), uid, options);
  }
});

test('a recreation that was approved happens as it was shown', async (t) => {
  const s = await stage(t, { 'web/a.yaml': selecting('one', 'Force=true') });
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  const uid = await uidOf(s);
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('web', { project: 'gated' });
  const sha = await push(s, { 'web/a.yaml': selecting('two', 'Force=true') });
  const asked = await approvalIn(s, 'web', 'Pending', (item) => item.spec.revision === sha);
  assert.deepEqual(
    asked.spec.operations.map(({ op }) => op),
    ['recreate'],
  );
  assert.equal(await uidOf(s), uid);
  await approve(requests(s), {
    application: `${s.namespace}/web`,
    digest: asked.spec.digest,
    actor: person('bob', 2),
    teams: [],
  });
  await syncedTo(s, 'web', sha);
  assert.notEqual(await uidOf(s), uid);
  await approvalIn(s, 'web', 'Applied', (item) => item.spec.digest === asked.spec.digest);
});

test('Replace=true and managed labels of the namespace happen as they were approved', async (t) => {
  const options = 'argocd.argoproj.io/sync-options: Replace=true';
  const s = await stage(t, { 'web/a.yaml': config('web', '1', options) });
  const namespace: SyncPolicy = {
    syncOptions: ['CreateNamespace=true'],
    managedNamespaceMetadata: { labels: { team: 'shop' } },
  };
  await s.apply('web', { syncPolicy: automated });
  await synced(s, 'web');
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.project('gated', { 'coxswain.dev/approval': 'required' });
  await s.apply('web', { project: 'gated', syncPolicy: namespace });
  await editByHand(s, 'web', { foreign: 'by hand' });
  const sha = await push(s, { 'web/a.yaml': config('web', '2', options) });
  const fields = ({ spec }: Approval): string[] =>
    spec.operations.flatMap((item) =>
      item.op === 'change' ? item.fields.map(([path]) => `${item.key.kind} ${path}`) : [],
    );
  const asked = await approvalIn(
    s,
    'web',
    'Pending',
    (item) => fields(item).join() === 'Namespace metadata.labels.team,ConfigMap data.foreign,ConfigMap data.value',
  );
  await approve(requests(s), {
    application: `${s.namespace}/web`,
    digest: asked.spec.digest,
    actor: person('bob', 2),
    teams: [],
  });
  await syncedTo(s, 'web', sha);
  assert.deepEqual(await dataOf(s, 'web'), { value: '2' });
  assert.equal(
    (await s.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name: s.namespace }))?.metadata.labels?.[
      'team'
    ],
    'shop',
  );
});
