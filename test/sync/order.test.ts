// Waves, hooks and prunes run in Argo CD's order, with its messages, against a real API server.
import type { Scene } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { configMap, deployment, drive, job, makeBed, wave, hook, full, exists } from './fixture.ts';

test('an application of one wave succeeds as soon as it is applied', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const scene: Scene = {
    bed,
    name: 'one',
    manifests: [deployment(ns, 'api'), configMap(ns, 'settings')],
    operation: full,
  };
  const before = bed.cluster.api.counts.apply;
  const { state, done, saves } = await drive(scene);
  assert.equal(done, true);
  assert.equal(state?.phase, 'Succeeded');
  assert.equal(state?.message, 'successfully synced (all tasks run)');
  assert.equal(bed.cluster.api.counts.apply - before, 2);
  assert.equal(saves.length, 2, 'the plan, and the end');
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => [row.kind, row.status, row.message, row.syncPhase]),
    [
      ['ConfigMap', 'Synced', 'configmap/settings serverside-applied', 'Sync'],
      ['Deployment', 'Synced', 'deployment.apps/api serverside-applied', 'Sync'],
    ],
  );
  assert.ok(await exists(bed, '/apis/apps/v1/namespaces/NS/deployments/api'));
});

test('what is synced already is not applied again', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  await drive({ bed, name: 'again', manifests: [configMap(ns, 'a'), configMap(ns, 'b')], operation: full });
  const before = { ...bed.cluster.api.counts };
  const { state } = await drive({
    bed,
    name: 'again',
    manifests: [configMap(ns, 'a'), configMap(ns, 'b', {}, { a: '2' })],
    operation: full,
  });
  assert.equal(bed.cluster.api.counts.apply - before.apply, 1);
  assert.equal(bed.cluster.api.counts.dryRun - before.dryRun, 0, 'one change needs no dry run');
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => row.message),
    ['configmap/a unchanged', 'configmap/b serverside-applied'],
  );
});

test('a wave waits for the health of the one before, and says for what', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const scene: Scene = {
    bed,
    name: 'waves',
    manifests: [configMap(ns, 'last', wave(1)), deployment(ns, 'db')],
    operation: full,
  };
  const waiting = await drive(scene, { until: () => true });
  assert.equal(waiting.state?.phase, 'Running');
  assert.equal(waiting.state?.message, 'waiting for healthy state of apps/Deployment/db');
  assert.ok(!(await exists(bed, '/api/v1/namespaces/NS/configmaps/last')));
  const { state } = await drive(scene, { stored: waiting });
  assert.equal(state?.message, 'successfully synced (all tasks run)');
  assert.ok(await exists(bed, '/api/v1/namespaces/NS/configmaps/last'));
});

test('PreSync runs before everything, PostSync after it, and a hook that succeeded goes by its policy', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const manifests = [
    configMap(ns, 'settings'),
    job(ns, 'migrate', hook('PreSync')),
    job(
      ns,
      { generateName: 'report-' },
      hook('PostSync', { 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded' }),
    ),
  ];
  const scene: Scene = { bed, name: 'hooked', manifests, operation: full };
  const first = await drive(scene, {
    until: (result) => result.waitingFor === 'waiting for completion of hook batch/Job/migrate',
  });
  assert.ok(
    !(await exists(bed, '/api/v1/namespaces/NS/configmaps/settings')),
    'nothing is applied before PreSync has completed',
  );
  const { state } = await drive(scene, { stored: first });
  assert.equal(state?.phase, 'Succeeded');
  assert.equal(state?.message, 'successfully synced (no more tasks)');
  const report = state?.syncResult?.resources?.find((row) => row.hookType === 'PostSync');
  assert.equal(report?.name, `report-abcdef0-postsync-${Date.parse('2026-01-05T15:04:00Z') / 1000}`);
  assert.equal(report?.hookPhase, 'Succeeded');
  assert.ok(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/migrate'));
  assert.deepEqual(
    (await bed.cluster.api.get({ group: 'batch', kind: 'Job', namespace: ns, name: 'migrate' }))?.metadata.finalizers ??
      [],
    [],
  );
  assert.equal(bed.births.get('Job/migrate')?.size, 1);
});

test('the next operation deletes the hook of the last one and runs it anew', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const scene: Scene = {
    bed,
    name: 'rerun',
    manifests: [configMap(ns, 'settings'), job(ns, 'migrate', hook('PreSync'))],
    operation: full,
  };
  const { state: last } = await drive(scene);
  const { state } = await drive({ ...scene, last });
  assert.equal(state?.phase, 'Succeeded');
  assert.equal(state?.startedAt, '2026-01-05T15:04:01Z', 'two operations never start in the same second');
  assert.equal(bed.births.get('Job/migrate')?.size, 2);
});

test('a partial sync runs no hooks and touches only what it names', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state } = await drive({
    bed,
    name: 'partial',
    manifests: [configMap(ns, 'a'), configMap(ns, 'b'), job(ns, 'migrate', hook('PreSync'))],
    operation: { sync: { resources: [{ kind: 'ConfigMap', name: 'b' }] } },
  });
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => row.name),
    ['b'],
  );
  assert.ok(!(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/migrate')));
  assert.ok(!(await exists(bed, '/api/v1/namespaces/NS/configmaps/a')));
});

test('what Git no longer has is pruned when asked, highest wave first, and kept by Prune=false', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const manifests = [
    configMap(ns, 'keep'),
    configMap(ns, 'gone-0'),
    configMap(ns, 'gone-1', wave(1)),
    configMap(ns, 'stays', { 'argocd.argoproj.io/sync-options': 'Prune=false' }),
  ];
  await drive({ bed, name: 'pruned', manifests, operation: full });
  const skipped = await drive({ bed, name: 'pruned', manifests: manifests.slice(0, 1), operation: { sync: {} } });
  assert.deepEqual(
    skipped.state?.syncResult?.resources
      ?.filter((row) => row.status === 'PruneSkipped')
      .map((row) => [row.name, row.message]),
    [
      ['gone-1', 'ignored (requires pruning)'],
      ['gone-0', 'ignored (requires pruning)'],
      ['stays', 'ignored (requires pruning)'],
    ],
  );
  const { state } = await drive({ bed, name: 'pruned', manifests: manifests.slice(0, 1), operation: full });
  const rows = state?.syncResult?.resources ?? [];
  assert.deepEqual(
    rows.filter((row) => row.status === 'Pruned').map((row) => [row.name, row.message]),
    [
      ['gone-1', 'pruned'],
      ['gone-0', 'pruned'],
    ],
  );
  assert.deepEqual(rows.find((row) => row.name === 'stays')?.message, 'ignored (no prune)');
  await eventually(
    'gone-0 is gone: foreground deletion ends after the sync',
    async () => !(await exists(bed, '/api/v1/namespaces/NS/configmaps/gone-0')) || undefined,
  );
  assert.ok(await exists(bed, '/api/v1/namespaces/NS/configmaps/stays'));
});

test('CreateNamespace=true makes the destination namespace first, and never tracks it', async (t) => {
  const bed = await makeBed(t);
  const name = `${bed.facts.namespace}-made`;
  const scene: Scene = {
    bed,
    name: 'placed',
    manifests: [configMap(name, 'a'), configMap(name, 'b')],
    operation: { sync: { syncOptions: ['CreateNamespace=true'] } },
    spec: { destination: { server: 'x', namespace: name } },
  };
  const { state } = await drive(scene);
  assert.equal(state?.phase, 'Succeeded');
  assert.deepEqual(state?.syncResult?.resources?.[0], {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    namespace: '',
    name,
    syncPhase: 'PreSync',
    status: 'Synced',
    hookPhase: 'Succeeded',
    message: `namespace/${name} created`,
  });
  const found = await bed.cluster.api.get({ group: '', kind: 'Namespace', namespace: '', name });
  assert.equal(found?.metadata.annotations?.['argocd.argoproj.io/tracking-id'], undefined);
  await bed.cluster.api.delete({ group: '', kind: 'Namespace', namespace: '', name });
});

test('a custom resource is applied once its definition, part of the same sync, is established', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const group = `${ns}.example.com`;
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boats.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
  const boat = {
    apiVersion: `${group}/v1`,
    kind: 'Boat',
    metadata: { name: 'one', namespace: ns, annotations: {} },
    spec: { oars: 2 },
  };
  const { state } = await drive({ bed, name: 'boats', manifests: [boat, definition], operation: full });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.ok(await exists(bed, `/apis/${group}/v1/namespaces/NS/boats/one`));
  await bed.cluster.api.delete({
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    namespace: '',
    name: `boats.${group}`,
  });
});

test('a hook of two phases runs in each of them', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state } = await drive({
    bed,
    name: 'two-phases',
    manifests: [configMap(ns, 'settings'), job(ns, 'both', { 'argocd.argoproj.io/hook': 'PreSync,PostSync' })],
    operation: { sync: {} },
  });
  assert.equal(state?.phase, 'Succeeded');
  assert.deepEqual(
    state.syncResult?.resources
      ?.filter((row) => row.hookType !== undefined)
      .map((row) => [row.name, row.hookType, row.hookPhase]),
    [
      ['both', 'PreSync', 'Succeeded'],
      ['both', 'PostSync', 'Succeeded'],
    ],
  );
  assert.equal(bed.births.get('Job/both')?.size, 2);
});

test('rows say what became of each object and which images it runs; Replace=true creates what is new', async (t) => {
  const bed = await makeBed(t);
  const { namespace } = bed.facts;
  const operation = { sync: { syncOptions: ['Replace=true'] } };
  const scene = (image: string, value: string): Scene => ({
    bed,
    name: 'images',
    operation,
    manifests: [deployment(namespace, 'api', {}, image), configMap(namespace, 'settings', {}, { value })],
  });
  const rows = async (...of: [string, string]): Promise<unknown[]> =>
    ((await drive(scene(...of))).state?.syncResult?.resources ?? []).map(({ name, message, images }) => [
      name,
      message,
      images,
    ]);
  assert.deepEqual(await rows('nginx:1', '1'), [
    ['settings', 'configmap/settings created', undefined],
    ['api', 'deployment.apps/api created', ['nginx:1']],
  ]);
  assert.deepEqual(await rows('nginx:1', '2'), [
    ['settings', 'configmap/settings replaced', undefined],
    ['api', 'deployment.apps/api unchanged', ['nginx:1']],
  ]);
});
