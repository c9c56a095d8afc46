// What goes wrong in a sync: dry run, failed objects and hooks, retries, termination and blocks, in Argo CD's words.
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import type { Scene, Stored } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { isInternal } from '../../src/cluster/api-error.ts';
import { conditionsOf } from '../../src/health/conditions.ts';
import { keyOf } from '../../src/model/kube.ts';
import { crd } from '../cluster/connect.ts';
import { eventually } from '../control-plane.ts';
import { Crash, Mortal, configMap, deployment, drive, job, makeBed, hook, full, exists } from './fixture.ts';

function broken(namespace: string, name: string): KubeObject {
  const object = deployment(namespace, name);
  return { ...object, spec: { ...(object['spec'] as Record<string, unknown>), replicas: -1 } };
}

test('an object that would be refused fails the dry run, and nothing is applied', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state, done } = await drive({
    bed,
    name: 'dry',
    manifests: [configMap(ns, 'a'), broken(ns, 'api'), job(ns, 'alarm', hook('SyncFail'))],
    operation: full,
  });
  assert.equal(done, true);
  assert.equal(state?.phase, 'Failed');
  assert.equal(state?.message, 'one or more objects failed to apply (dry run)');
  assert.match(state?.syncResult?.resources?.find((row) => row.kind === 'Deployment')?.message ?? '', /spec\.replicas/);
  assert.ok(!(await exists(bed, '/api/v1/namespaces/NS/configmaps/a')));
  assert.ok(!(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/alarm')), 'SyncFail hooks do not run');
});

test('an unknown field is refused', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const object = deployment(ns, 'api');
  const typo = { ...object, spec: { ...(object['spec'] as Record<string, unknown>), replica: 2 } };
  const { state } = await drive({ bed, name: 'strict', manifests: [typo], operation: full });
  assert.equal(state?.phase, 'Failed');
  assert.match(state?.message ?? '', /^one or more objects failed to apply, reason: .*replica/s);
});

test('with Validate=false an unknown field is left out', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const object = deployment(ns, 'api');
  const typo = { ...object, spec: { ...(object['spec'] as Record<string, unknown>), replica: 2 } };
  const { state } = await drive({
    bed,
    name: 'lenient',
    manifests: [typo],
    operation: { sync: { syncOptions: ['Validate=false'] } },
  });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  const own: KubeObject = {
    ...typo,
    metadata: { ...typo.metadata, name: 'own', annotations: { 'argocd.argoproj.io/sync-options': 'Validate=false' } },
  };
  assert.equal((await drive({ bed, name: 'own', manifests: [own], operation: full })).state?.phase, 'Succeeded');
});

test('a failed object does not stop the others of its group, and SyncFail hooks run', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const ok = deployment(ns, 'fixed');
  await drive({ bed, name: 'immutable', manifests: [ok], operation: full });
  const spec = ok['spec'] as Record<string, unknown>;
  const labels = { app: 'other' };
  const changed = {
    ...ok,
    spec: {
      ...spec,
      selector: { matchLabels: labels },
      template: { ...(spec['template'] as Record<string, unknown>), metadata: { labels } },
    },
  };
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'later', namespace: ns, annotations: {} },
    spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } },
  };
  const scene: Scene = {
    bed,
    name: 'immutable',
    manifests: [changed, job(ns, 'alarm', hook('SyncFail')), ingress],
    validated: ['fixed'],
    operation: full,
  };
  const { state } = await drive(scene);
  assert.equal(state?.phase, 'Failed');
  assert.match(state?.message ?? '', /^one or more objects failed to apply, reason: .*field is immutable/s);
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => [row.name, row.status, row.hookPhase]),
    [
      ['fixed', 'SyncFailed', 'Failed'],
      ['later', 'Synced', 'Running'],
      ['alarm', 'Synced', 'Succeeded'],
    ],
  );
  assert.ok(await exists(bed, '/apis/networking.k8s.io/v1/namespaces/NS/ingresses/later'));
});

test('Force=true deletes and creates anew what cannot be changed', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const forced = { 'argocd.argoproj.io/sync-options': 'Force=true' };
  const once = (image: string): KubeObject => {
    const object = job(ns, 'once', forced);
    return {
      ...object,
      spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } } },
    };
  };
  await drive({ bed, name: 'forced', manifests: [once('a:1')], operation: full });
  const { state } = await drive({ bed, name: 'forced', manifests: [once('a:2')], operation: full });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.equal(bed.births.get('Job/once')?.size, 2);
});

test('a hook that fails in PreSync stops the sync and is kept for a look', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state } = await drive({
    bed,
    name: 'presync',
    manifests: [configMap(ns, 'a'), job(ns, 'migrate', hook('PreSync'), 'fail'), job(ns, 'alarm', hook('SyncFail'))],
    operation: full,
  });
  assert.equal(state?.phase, 'Failed');
  assert.equal(state?.message, 'one or more synchronization tasks completed unsuccessfully');
  assert.equal(state?.syncResult?.resources?.find((row) => row.name === 'migrate')?.hookPhase, 'Failed');
  assert.equal(state?.syncResult?.resources?.find((row) => row.name === 'alarm')?.hookPhase, 'Succeeded');
  assert.ok(!(await exists(bed, '/api/v1/namespaces/NS/configmaps/a')));
  assert.ok(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/migrate'));
});

test('a hook with the policy HookFailed goes when the sync fails, and stays when it succeeds', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const policy = { 'argocd.argoproj.io/hook-delete-policy': 'HookFailed' };
  const first = job(ns, 'first', { ...hook('PreSync'), ...policy });
  const { state } = await drive({ bed, name: 'kept', manifests: [configMap(ns, 'a'), first], operation: full });
  assert.equal(state?.phase, 'Succeeded', state?.message ?? '');
  assert.ok(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/first'));
  const last = job(ns, 'last', { ...hook('PostSync'), ...policy }, 'fail');
  const failed = await drive({ bed, name: 'goes', manifests: [configMap(ns, 'a'), last], operation: full });
  assert.equal(failed.state?.phase, 'Failed');
  await eventually('it is gone', async () =>
    (await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/last')) ? undefined : true,
  );
  assert.equal(failed.state?.syncResult?.resources?.find((row) => row.name === 'last')?.hookPhase, 'Failed');
});

test('a kind that the cluster lacks fails before anything is applied', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state } = await drive({
    bed,
    name: 'unknown',
    manifests: [
      configMap(ns, 'a'),
      { apiVersion: 'no.example.com/v1', kind: 'Nothing', metadata: { name: 'x', namespace: ns, annotations: {} } },
    ],
    operation: full,
  });
  assert.equal(state?.phase, 'Failed');
  assert.match(
    state?.message ?? '',
    new RegExp(
      /^one or more synchronization tasks are not valid: The Kubernetes API could not find /.source +
        /no\.example\.com\/Nothing for requested resource/.source,
    ),
  );
  assert.ok(!(await exists(bed, '/api/v1/namespaces/NS/configmaps/a')));
});

test('a failed attempt is retried with backoff: Running with finishedAt, then a new attempt', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const clock = new SteppedClock(Date.parse('2026-01-05T15:04:00Z'));
  const scene: Scene = {
    bed,
    name: 'retried',
    manifests: [broken(ns, 'api')],
    operation: { sync: {}, retry: { limit: 2, backoff: { duration: '10s', factor: 2 } } },
  };
  const { state, saves, done } = await drive(scene, { clock });
  assert.equal(done, true);
  assert.equal(state?.phase, 'Failed');
  assert.equal(state?.retryCount, 2);
  assert.match(state?.message ?? '', /\(retried 2 times\)\.$/s);
  const waiting = saves.find((save) => save.phase === 'Running' && save.finishedAt !== undefined);
  assert.match(waiting?.message ?? '', /Retrying attempt #1 at 3:04PM\.$/s);
  assert.ok(saves.some((save) => save.message === 'Retrying operation. Attempt #1' && save.finishedAt === undefined));
  assert.equal(clock.now(), Date.parse('2026-01-05T15:04:30Z'), '10 s and then 20 s');
});

test('a retry runs a failed hook again', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state } = await drive({
    bed,
    name: 'hook-retry',
    manifests: [job(ns, 'migrate', hook('PreSync'), 'fail')],
    operation: { sync: {}, retry: { limit: 1, backoff: { duration: '1s' } } },
  });
  assert.equal(state?.phase, 'Failed');
  assert.equal(bed.births.get('Job/migrate')?.size, 2);
});

test('Terminating deletes the running hook and ends Failed', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const scene: Scene = {
    bed,
    name: 'ended',
    manifests: [configMap(ns, 'a'), job(ns, 'migrate', hook('PreSync'))],
    operation: { sync: {}, retry: { limit: 5 } },
  };
  const stored = await drive(scene, { until: (result) => result.waitingFor !== undefined });
  if (stored.state) stored.state = { ...stored.state, phase: 'Terminating' };
  const { state, done } = await drive(scene, { stored });
  assert.equal(done, true);
  assert.equal(state?.phase, 'Failed');
  assert.equal(state?.message, 'Operation terminated');
  assert.equal(state?.syncResult?.resources?.find((row) => row.name === 'migrate')?.message, 'Terminated');
  await bed.cluster.live.until(
    { group: 'batch', kind: 'Job', namespace: ns, name: 'migrate' },
    (object) => object === undefined,
    AbortSignal.timeout(20_000),
  );
});

test('Terminating deletes a hook that nobody wrote down as begun, and leaves one of an earlier sync', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const { state: last } = await drive({
    bed,
    name: 'unseen',
    manifests: [job(ns, 'later', hook('PostSync'))],
    operation: full,
  });
  const scene: Scene = {
    bed,
    name: 'unseen',
    manifests: [job(ns, 'migrate', hook('PreSync')), job(ns, 'later', hook('PostSync'))],
    operation: full,
    last,
  };
  const stored: Stored = { state: undefined, done: false, saves: [] };
  await assert.rejects(drive(scene, { stored, mortal: new Mortal({ at: 2, side: 'after' }) }), Crash);
  const ref = (name: string): ResourceKey => ({ group: 'batch', kind: 'Job', namespace: ns, name });
  assert.notEqual(await bed.cluster.api.get(ref('migrate')), undefined);
  assert.deepEqual(stored.state?.syncResult?.resources, []);
  if (stored.state) stored.state = { ...stored.state, phase: 'Terminating' };
  const { state } = await drive(scene, { stored });
  assert.deepEqual([state?.phase, state?.message], ['Failed', 'Operation terminated']);
  await bed.cluster.live.until(ref('migrate'), (object) => object === undefined, AbortSignal.timeout(20_000));
  const later = await bed.cluster.api.get(ref('later'));
  assert.ok(later && later.metadata.deletionTimestamp === undefined);
});

test('a comparison error ends the operation with phase Error', async (t) => {
  const bed = await makeBed(t);
  const { state } = await drive(
    { bed, name: 'blocked', manifests: [configMap(bed.facts.namespace, 'a')], operation: full },
    { blocked: 'ComparisonError: no such path' },
  );
  assert.equal(state?.phase, 'Error');
  assert.equal(state?.message, 'ComparisonError: no such path');
});

test('a hook that somebody deletes while it is waited for is an error, not a second run', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const slow = job(ns, 'slow', hook('PreSync'));
  const spec = slow['spec'] as Record<string, unknown>;
  const suspended = { ...slow, spec: { ...spec, suspend: true } };
  const scene: Scene = { bed, name: 'vanished', manifests: [suspended], operation: full };
  const stored = await drive(scene, {
    until: (result) => result.waitingFor === 'waiting for completion of hook batch/Job/slow',
  });
  await bed.facts.access.must('DELETE', `/apis/batch/v1/namespaces/${ns}/jobs/slow`);
  const { state } = await drive(scene, { stored });
  assert.equal(state?.phase, 'Failed');
  assert.equal(
    state?.syncResult?.resources?.[0]?.message,
    'Resource batch/Job/slow is missing, it might have been deleted',
  );
  assert.equal(bed.births.get('Job/slow')?.size, 1);
});

test('a hook that fails waits for the hooks beside it before the operation ends', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const slow = job(ns, 'slow', hook('PreSync'));
  const suspended = { ...slow, spec: { ...(slow['spec'] as Record<string, unknown>), suspend: true } };
  const scene: Scene = {
    bed,
    name: 'siblings',
    manifests: [suspended, job(ns, 'migrate', hook('PreSync'), 'fail'), job(ns, 'alarm', hook('SyncFail'))],
    operation: full,
  };
  const failed = (state: { syncResult?: { resources?: { name: string; hookPhase?: string }[] } }): boolean =>
    state.syncResult?.resources?.find((row) => row.name === 'migrate')?.hookPhase === 'Failed';
  const stored = await drive(scene, { until: (result) => failed(result.state) });
  assert.equal(stored.done, false);
  assert.equal(stored.state?.message, 'waiting for completion of hook batch/Job/slow');
  assert.ok(
    !(await exists(bed, '/apis/batch/v1/namespaces/NS/jobs/alarm')),
    'SyncFail comes after everything that runs',
  );
  await bed.cluster.api.patch(
    { group: 'batch', kind: 'Job', namespace: ns, name: 'slow' },
    { type: 'merge', patch: { spec: { suspend: false } }, manager: 'kubectl-edit' },
  );
  const { state } = await drive(scene, { stored });
  assert.equal(state?.phase, 'Failed');
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => [row.name, row.hookPhase]),
    [
      ['migrate', 'Failed'],
      ['slow', 'Succeeded'],
      ['alarm', 'Succeeded'],
    ],
  );
  assert.deepEqual(
    (await bed.cluster.api.get({ group: 'batch', kind: 'Job', namespace: ns, name: 'slow' }))?.metadata.finalizers ??
      [],
    [],
  );
});

test('an object at whose webhook the server fails does not hold the others up', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const ref = {
    group: 'admissionregistration.k8s.io',
    kind: 'ValidatingWebhookConfiguration',
    namespace: '',
    name: `broken-${ns}`,
  };
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }];
  const selectors = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
    objectSelector: { matchLabels: { ask: 'yes' } },
  };
  await bed.cluster.api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: ref.kind,
    metadata: { name: ref.name },
    webhooks: [
      {
        name: 'broken.example.com',
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules,
        ...selectors,
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  const asked = { ...configMap(ns, 'asked'), metadata: { name: 'asked', namespace: ns, labels: { ask: 'yes' } } };
  await eventually(
    'the webhook is asked',
    async () => (await bed.cluster.api.create(asked, { dryRun: true }).then(() => false, isInternal)) || undefined,
  );
  const { state } = await drive({ bed, name: 'webhook', manifests: [asked, configMap(ns, 'plain')], operation: full });
  await bed.cluster.api.delete(ref);
  assert.equal(state?.phase, 'Failed');
  assert.match(state?.message ?? '', /^one or more objects failed to apply, reason: .*broken\.example\.com/s);
  assert.ok(await exists(bed, '/api/v1/namespaces/NS/configmaps/plain'));
});

test('a kind that is not served is told by what is there, and only one without a definition as missing', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const group = `${ns}.example`;
  const { api, discovery } = bed.cluster;
  await api.create(crd(group, 'Widget'));
  await discovery.await({ group, version: 'v1', kind: 'Widget' }, AbortSignal.timeout(20_000));
  const taken = crd(group, 'Gadget');
  await api.create({
    ...taken,
    spec: {
      ...(taken['spec'] as object),
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'WidgetList' },
    },
  });
  await api.create({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.down.${group}` },
    spec: {
      group: `down.${group}`,
      version: 'v1',
      groupPriorityMinimum: 10,
      versionPriority: 10,
      insecureSkipTLSVerify: true,
      service: { name: 'nobody', namespace: ns },
    },
  });
  const settled = (kind: string, name: string, type: string): Promise<unknown> =>
    eventually(type, async () =>
      conditionsOf(
        (await api.get({
          group: kind === 'APIService' ? 'apiregistration.k8s.io' : 'apiextensions.k8s.io',
          kind,
          namespace: '',
          name,
        })) ?? assert.fail(),
      ).find((one) => one.type === type),
    );
  await settled('APIService', `v1.down.${group}`, 'Available');
  await settled('CustomResourceDefinition', `gadgets.${group}`, 'NamesAccepted');
  const rows: [apiVersion: string, kind: string, says: RegExp][] = [
    ['apps/v1beta1', 'Deployment', /It serves Deployment as apps\/v1, not as apps\/v1beta1: correct the apiVersion\.$/],
    ['extensions/v1beta1', 'Ingress', /It serves Ingress as networking\.k8s\.io\/v1: correct the apiVersion\.$/],
    ['apps/v1', 'Deploymnt', /It is no kind that could be installed: correct apiVersion and kind\.$/],
    [
      `${group}/v2`,
      'Widget',
      new RegExp(`It serves Widget as ${group}/v1, not as ${group}/v2: correct the apiVersion\\.$`),
    ],
    [
      `${group}/v1`,
      'Gadget',
      new RegExp(`Its definition gadgets\\.${group} is installed, but does not serve v1: .*WidgetList.*\\.$`),
    ],
    [`down.${group}/v1`, 'Thing', new RegExp(`Its API service v1\\.down\\.${group} is not available: .+\\.$`)],
    [`${group}/v1`, 'Absent', /Make sure the "Absent" CRD is installed on the destination cluster\.$/],
  ];
  for (const [at, [apiVersion, kind, says]] of rows.entries()) {
    const { state } = await drive({
      bed,
      name: `unserved-${at}`,
      manifests: [{ apiVersion, kind, metadata: { name: 'x', namespace: ns } }],
      operation: full,
    });
    assert.equal(state?.phase, 'Failed');
    assert.match(
      state?.message ?? '',
      /^one or more synchronization tasks are not valid: The Kubernetes API could not find /,
    );
    assert.match(state?.message ?? '', says);
  }
  await api.delete({ group: 'apiregistration.k8s.io', kind: 'APIService', namespace: '', name: `v1.down.${group}` });
});

test('a kind that never comes fails its object, SkipDryRunOnMissingResource=true or not', async (t) => {
  const bed = await makeBed(t);
  const ns = bed.facts.namespace;
  const lost = {
    apiVersion: 'no.example.com/v1',
    kind: 'Nothing',
    metadata: {
      name: 'x',
      namespace: ns,
      annotations: { 'argocd.argoproj.io/sync-options': 'SkipDryRunOnMissingResource=true' },
    },
  };
  const scene: Scene = {
    bed,
    name: 'skipped',
    manifests: [configMap(ns, 'a'), lost],
    operation: { sync: { dryRun: true } },
  };
  const dry = await drive(scene);
  assert.equal(dry.state?.phase, 'Succeeded', dry.state?.message ?? '');
  assert.equal(
    dry.state?.syncResult?.resources?.[1]?.message,
    'nothing.no.example.com/x not tried: its kind is not served yet (server dry run)',
  );
  const { state, done } = await drive({ ...scene, operation: full, last: dry.state });
  assert.equal(done, true);
  assert.equal(state?.phase, 'Failed');
  assert.match(state?.message ?? '', /^one or more objects failed to apply, reason: .*no\.example\.com/s);
  assert.deepEqual(
    state?.syncResult?.resources?.map((row) => [row.name, row.status]),
    [
      ['a', 'Synced'],
      ['x', 'SyncFailed'],
    ],
  );
  assert.ok(await exists(bed, '/api/v1/namespaces/NS/configmaps/a'));
});

test('an object that took the name of a hook meanwhile is not deleted for it', async (t) => {
  const bed = await makeBed(t);
  const { namespace } = bed.facts;
  const note = configMap(namespace, 'note', {
    'argocd.argoproj.io/hook': 'PreSync',
    'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded',
  });
  const scene: Scene = {
    bed,
    name: 'taken',
    operation: { sync: {} },
    manifests: [note, job(namespace, 'report', { 'argocd.argoproj.io/hook': 'PostSync' })],
  };
  const begun = (result: { waitingFor?: string }): boolean => result.waitingFor?.includes('report') ?? false;
  const stored = await drive(scene, { until: begun });
  const { api } = bed.cluster;
  await api.patch(keyOf(note), { type: 'merge', patch: { metadata: { finalizers: null } } });
  await api.delete(keyOf(note));
  const made = await api.create(configMap(namespace, 'note', {}, { theirs: 'yes' }), { manager: 'kubectl-create' });
  const { state } = await drive(scene, { stored });
  assert.equal(state?.phase, 'Succeeded');
  assert.equal((await api.get(keyOf(note)))?.metadata.uid, made.metadata.uid);
});
