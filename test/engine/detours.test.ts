// Detours round another application's gate: an operation that does more than it names, and deletions that no prune
// makes.
import type { TestContext } from 'node:test';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalIn, automated, config, dataOf, operate, patchApp, person, push, synced } from './manifests.ts';
import { stage } from './fixture.ts';
import { agreeTo } from './approval/fixture.ts';

const gate = { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': 'bo' };

/** prod (gated) is synced; web has no gate. */
async function scene(t: TestContext, files: Record<string, string>): Promise<Stage> {
  const s = await stage(t, { 'web/own.yaml': config('own', '1'), ...files });
  await s.apply('prod', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'prod', person('bo', 2));
  await synced(s, 'prod');
  return s;
}

function over(s: Stage, name: string): Promise<unknown> {
  return s.until(
    name,
    'its operation is over',
    (app) => app.operation === undefined && app.status?.operationState?.finishedAt !== undefined,
  );
}

test('an operation that calls itself self-heal of a part meets the gates of all that it would write', async (t) => {
  const s = await scene(t, { 'prod/shared.yaml': config('shared', 'production') });
  await s.apply('web');
  await push(s, { 'web/shared.yaml': config('shared', 'mine') });
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', {
    initiatedBy: { automated: true },
    sync: { autoHealAttemptsCount: 1, resources: [{ kind: 'ConfigMap', name: 'own' }] },
  });
  await over(s, 'web');
  assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
});

test('a sync of a part that labels its namespace asks where a gated application has that namespace', async (t) => {
  // Namespaces stand in no namespace: another test of the cluster with a `prod` of its own would take this one for its.
  const s = await stage(t, { 'web/own.yaml': config('own', '1') });
  s.commit({ 'labelled/ns.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${s.namespace}}\n` });
  await s.apply('labelled', { syncPolicy: automated }, { annotations: gate });
  await agreeTo(s, 'labelled', person('bo', 2));
  await synced(s, 'labelled');
  await s.apply('web', {
    syncPolicy: { syncOptions: ['CreateNamespace=true'], managedNamespaceMetadata: { labels: { owner: 'web' } } },
  });
  await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
  await operate(s, 'web', {
    sync: { resources: [{ kind: 'ConfigMap', name: 'own' }], syncOptions: ['CreateNamespace=true'] },
  });
  await over(s, 'web');
  assert.equal(
    (await s.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name: s.namespace }))?.metadata.labels?.[
      'owner'
    ],
    undefined,
  );
});

for (const [what, metadata] of [
  [
    'a hook that clears its place',
    (name: string) => `  name: ${name}\n  annotations: {argocd.argoproj.io/hook: PreSync}\n`,
  ],
  [
    'Force=true over what cannot be changed',
    (name: string) =>
      `  name: ${name}\n  labels: {kubernetes.io/metadata.name: other}\n` +
      '  annotations: {argocd.argoproj.io/sync-options: Force=true}\n',
  ],
] as const) {
  test(`a namespace with objects of a gated application is not deleted by ${what}`, async (t) => {
    const s = await stage(t, {
      'web/own.yaml': config('own', '1'),
      'prod/shared.yaml': config('shared', 'production'),
    });
    const other = `${s.namespace}-prod`;
    await s.cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } });
    t.after(() =>
      s.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name: other }).catch(() => undefined),
    );
    await s.project('gated', {}, { destinations: [{ server: '*', namespace: other }] });
    await s.apply(
      'prod',
      {
        project: 'gated',
        syncPolicy: automated,
        destination: { server: 'https://kubernetes.default.svc', namespace: other },
      },
      { annotations: gate },
    );
    await agreeTo(s, 'prod', person('bo', 2));
    await synced(s, 'prod');
    await s.apply('web', { syncPolicy: automated });
    await synced(s, 'web');
    await push(s, {
      'web/own.yaml': config('own', '2'),
      'web/ns.yaml': `apiVersion: v1\nkind: Namespace\nmetadata:\n${metadata(other)}`,
    });
    const asked = await approvalIn(s, 'web', 'Pending');
    assert.equal(
      (await s.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name: other }))?.metadata
        .deletionTimestamp,
      undefined,
    );
    assert.deepEqual(asked.spec.policy?.approvers, [['bo']]);
  });
}

for (const [what, away] of [
  [
    'pointed elsewhere',
    async (s: Stage) =>
      void (await patchApp(s, 'prod', { spec: { destination: { server: 'https://elsewhere.invalid' } } })),
  ],
  [
    'gone, and nobody has agreed to the end of its gate',
    async (s: Stage) => {
      await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'prod' });
      await s.untilStore('prod is gone', () => (s.store.applications.get(`${s.namespace}/prod`) ? undefined : true));
    },
  ],
] as const) {
  test(`what a gated application tracks stays guarded when the Application is ${what}`, async (t) => {
    const s = await scene(t, { 'prod/shared.yaml': config('shared', 'production') });
    const other = `${s.namespace}-other`;
    await s.project(
      'wide',
      {},
      {
        destinations: [
          { server: '*', namespace: s.namespace },
          { server: '*', namespace: other },
        ],
      },
    );
    await s.apply('web', {
      project: 'wide',
      destination: { server: 'https://kubernetes.default.svc', namespace: other },
    });
    await s.until('web', 'compared', (app) => app.status?.sync?.status === 'OutOfSync');
    await away(s);
    await push(s, {
      'web/own.yaml': undefined,
      'web/shared.yaml': config('shared', 'mine').replace('metadata:\n', `metadata:\n  namespace: ${s.namespace}\n`),
    });
    await s.until('web', 'compared', (app) => app.status?.resources?.some(({ name }) => name === 'shared') === true);
    await operate(s, 'web', { sync: {} });
    await over(s, 'web');
    assert.deepEqual(await dataOf(s, 'shared'), { value: 'production' });
    assert.deepEqual((await approvalIn(s, 'web', 'Pending')).spec.policy?.approvers, [['bo']]);
  });
}
