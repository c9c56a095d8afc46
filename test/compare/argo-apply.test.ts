// What Argo CD applies is predicted as it applies it: told first, then done by kubectl itself, and both are the same.
import type { TestContext } from 'node:test';
import type { Effect } from '../../src/model/effect.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './fixture.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isStatus } from '../../src/cluster/api-error.ts';
import { keyOf } from '../../src/model/kube.ts';
import { withoutNoise } from '../../src/diff/diff.ts';
import { binaries } from '../../tools/binaries.ts';
import { configMap, deployment, mustGet, summary, world } from './fixture.ts';

const { kubectl } = await binaries(['kubectl']);

type Way = 'apply' | 'server-side' | 'replace' | 'replace-force' | 'reconcile';

const commands: Record<Way, string[][]> = {
  apply: [['apply']],
  'server-side': [['apply', '--server-side', '--force-conflicts']],
  replace: [['replace']],
  'replace-force': [['replace', '--force']],
  reconcile: [['auth', 'reconcile'], ['apply']],
};

/** As Argo CD runs it, with what it sends: the tracking id is in it. */
async function apply(w: World, manifest: KubeObject, way: Way = 'apply'): Promise<KubeObject> {
  const { objects } = await w.comparer.compare(
    { app: w.app, tracking: `shop-${w.namespace}`, manifests: [manifest], byArgo: true },
    w.signal,
  );
  const target = objects[0]?.target;
  assert.ok(target);
  for (const command of commands[way]) {
    const manager = command[0] === 'auth' || way === 'replace-force' ? [] : ['--field-manager=argocd-controller'];
    execFileSync(kubectl, ['--kubeconfig', w.kubeconfig, ...command, ...manager, '-f', '-'], {
      input: JSON.stringify(target),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }
  const live = await mustGet(w.cluster, keyOf(target));
  await w.cluster.live.ensureKinds([keyOf(target)], w.signal);
  await w.cluster.live.waitFor(keyOf(target), live.metadata.resourceVersion ?? '', w.signal);
  return live;
}

interface Told {
  effect: Effect;
  /** Asked again, once it was done. */
  left: Effect;
}

/** Told, then done, and held against each other; afterwards nothing is left. */
async function toldAndDone(
  w: World,
  last: KubeObject,
  target: KubeObject,
  { way = 'apply', options = [] }: { way?: Way; options?: string[] } = {},
): Promise<Told> {
  const ask = (before: KubeObject): Promise<Effect> =>
    w.effect({ last: [before], branch: [target], target: [target], byArgo: true, syncOptions: options });
  const effect = await ask(last);
  assert.deepEqual(effect.errors, []);
  assert.notEqual(effect.digest, '');
  const [told] = effect.total;
  const live = await apply(w, target, way);
  assert.ok(told?.after, 'something is told');
  assert.deepEqual(withoutNoise(live), withoutNoise(told.after), 'what was told is what was done');
  const left = await ask(target);
  assert.deepEqual([left.total, left.operations], [[], []], 'and nothing is left');
  return { effect, left };
}

test('a field that Git drops goes, though an autoscaler holds it', async (t) => {
  const w = await world(t);
  const last = deployment('web', { replicas: 2 });
  await apply(w, last);
  await w.edit(deployment('web'), { spec: { replicas: 6 } }, { subresource: 'scale', manager: 'hpa' });
  const { effect } = await toldAndDone(w, last, deployment('web'));
  assert.deepEqual(summary(effect.total), ['change Deployment/web: spec.replicas 6 → 1']);
  const [operation] = effect.operations;
  assert.ok(operation?.op === 'change');
  assert.deepEqual(
    operation.fields.map(([path]) => path),
    ['spec.replicas'],
  );
});

test('a field that Git drops goes, though another applier holds it with the same value', async (t) => {
  const w = await world(t);
  const last = configMap('shared', { mine: '1', both: '1' });
  await apply(w, last);
  await w.applyAs(configMap('shared', { both: '1' }), 'another-tool');
  const { effect } = await toldAndDone(w, last, configMap('shared', { mine: '1' }));
  assert.deepEqual(summary(effect.total), ['change ConfigMap/shared: data.both "1" → -']);
});

async function withRoutes(w: World, t: TestContext): Promise<(entries: { name: string; to: string }[]) => KubeObject> {
  const group = `${w.namespace}.example.com`;
  const entry = {
    type: 'object',
    properties: { name: { type: 'string' }, to: { type: 'string' } },
    required: ['name'],
  };
  const rules = {
    type: 'array',
    items: entry,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  };
  const spec = { type: 'object', properties: { rules } };
  const definition = await w.cluster.api.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `routes.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Route', plural: 'routes', singular: 'route' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  });
  t.after(() => {
    execFileSync(kubectl, [
      '--kubeconfig',
      w.kubeconfig,
      'delete',
      'crd',
      definition.metadata.name ?? '',
      '--wait=false',
    ]);
  });
  const route = (list: { name: string; to: string }[]): KubeObject => ({
    apiVersion: `${group}/v1`,
    kind: 'Route',
    metadata: { name: 'front', namespace: w.namespace },
    spec: { rules: list },
  });
  // Until it is served.
  for (;;) {
    try {
      await w.cluster.api.create(route([]), { dryRun: true });
      return route;
    } catch (error) {
      if (!isStatus(error, 404) && !(error instanceof Error && error.message.includes('does not serve'))) throw error;
    }
  }
}

test('a list of a custom resource is replaced: entries that others added by key go', async (t) => {
  const w = await world(t);
  const route = await withRoutes(w, t);
  const last = route([{ name: 'a', to: 'one' }]);
  await apply(w, last);
  await w.applyAs(route([{ name: 'b', to: 'theirs' }]), 'another-tool');
  const { effect } = await toldAndDone(w, last, route([{ name: 'a', to: 'two' }]));
  assert.deepEqual(summary(effect.total), [
    'change Route/front: spec.rules[name=a].to "one" → "two", spec.rules[name=b] {"name":"b","to":"theirs"} → -',
  ]);
});

test('an entry of a keyed list that is named twice is applied, so it can be approved', async (t) => {
  const w = await world(t);
  const twice = (value: string): KubeObject =>
    deployment('twice', {
      extra: {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value },
        ],
      },
    });
  await apply(w, twice('2'));
  const { effect } = await toldAndDone(w, twice('2'), {
    ...twice('2'),
    metadata: { name: 'twice', labels: { tier: 'front' } },
  });
  assert.deepEqual(summary(effect.total), ['change Deployment/twice: metadata.labels - → {"tier":"front"}']);
});

test('what Git drops stays where no client-side apply has named it, and that is said', async (t) => {
  const w = await world(t);
  const last = configMap('taken-over', { mine: '1', dropped: '1' });
  await w.sync([last]); // by our engine, which leaves no annotation
  const target = configMap('taken-over', { mine: '2' });
  const { effect } = await toldAndDone(w, last, target);
  assert.deepEqual(summary(effect.total), ['change ConfigMap/taken-over: data.mine "1" → "2"']);
  assert.deepEqual(effect.total[0]?.notes, [
    'data.dropped is no longer managed, stays at "1" (held by argocd-controller)',
  ]);
});

test('with ServerSideApply=true fields of client-side applies before it go, and those of others stay', async (t) => {
  const w = await world(t, { syncPolicy: { syncOptions: ['ServerSideApply=true'] } });
  const last = configMap('migrated', { mine: '1', dropped: '1', theirs: '1' });
  await apply(w, last);
  await w.edit(configMap('migrated', {}), { data: { theirs: 'taken' } });
  const target = configMap('migrated', { mine: '2' });
  const { effect } = await toldAndDone(w, last, target, { way: 'server-side', options: ['ServerSideApply=true'] });
  assert.deepEqual(summary(effect.total), ['change ConfigMap/migrated: data.dropped "1" → -, data.mine "1" → "2"']);
});

test('an object’s own ServerSideApply=false, or =true, wins over the application', async (t) => {
  const w = await world(t);
  const own = (value: string, data: Record<string, string>): KubeObject =>
    configMap('own', data, { 'argocd.argoproj.io/sync-options': `ServerSideApply=${value}` });
  await apply(w, own('false', { mine: '1', both: '1' }));
  await w.applyAs(configMap('own', { both: '1' }), 'another-tool');
  const ask = async (value: string, options: string[]): Promise<string[]> => {
    const [last, target] = [own(value, { mine: '1', both: '1' }), own(value, { mine: '1' })];
    return (await w.effect({ last: [last], target: [target], byArgo: true, syncOptions: options })).total
      .flatMap(({ changes }) => changes)
      .map(({ text }) => text)
      .filter((text) => text.startsWith('data'));
  };
  assert.deepEqual(await ask('false', ['ServerSideApply=true']), ['data.both']);
  assert.deepEqual(await ask('true', []), []);
});

test('Replace=true at the application, the manifest or the live object replaces, what is in sync too', async (t) => {
  const w = await world(t);
  const named = { 'argocd.argoproj.io/sync-options': 'Replace=true' };
  const last = configMap('whole', { x: '1' }, named);
  await apply(w, last, 'apply');
  await w.edit(configMap('whole', {}), { data: { foreign: '1' } });
  const { effect } = await toldAndDone(w, last, configMap('whole', { x: '2' }), { way: 'replace' });
  assert.deepEqual(summary(effect.total), [
    'change ConfigMap/whole: data.foreign "1" → -, data.x "1" → "2", ' +
      'metadata.annotations["argocd.argoproj.io/sync-options"] "Replace=true" → -',
  ]);
  // In sync, it is no reason for a sync; with one of something else it is replaced too.
  await w.edit(configMap('whole', {}), { data: { foreign: '2' } });
  const calm = configMap('whole', { x: '2' });
  const ask = (target: KubeObject[]): Promise<Effect> =>
    w.effect({ last: [calm], branch: target, target, byArgo: true, syncOptions: ['Replace=true'] });
  assert.deepEqual((await ask([calm])).operations, []);
  assert.deepEqual(
    (await ask([calm])).beside?.map(({ key, paths }) => [key.name, paths]),
    [['whole', ['data.foreign']]],
  );
  assert.deepEqual(summary((await ask([calm, configMap('new', {})])).total), [
    'create ConfigMap/new',
    'change ConfigMap/whole: data.foreign "2" → -',
  ]);
});

test('Replace=true with Force=true makes an object anew with each sync of anything', async (t) => {
  const w = await world(t);
  const forced = (x: string): KubeObject =>
    configMap('anew', { x }, { 'argocd.argoproj.io/sync-options': 'Replace=true,Force=true' });
  const { metadata } = await apply(w, forced('1'));
  const { effect } = await toldAndDoneAnew(w, forced('1'), forced('2'));
  assert.equal(effect.total[0]?.action, 'recreate');
  const live = await mustGet(w.cluster, { group: '', kind: 'ConfigMap', namespace: w.namespace, name: 'anew' });
  assert.notEqual(live.metadata.uid, metadata.uid);
  const target = [forced('2'), configMap('new', {})];
  const again = await w.effect({ last: [forced('2')], branch: target, target, byArgo: true });
  assert.deepEqual(
    again.operations.map(({ op, key }) => `${op} ${key.name}`),
    ['recreate anew', 'create new'],
  );
});

/** What is made anew with each sync is never done. */
async function toldAndDoneAnew(w: World, last: KubeObject, target: KubeObject): Promise<{ effect: Effect }> {
  const effect = await w.effect({ last: [last], branch: [target], target: [target], byArgo: true });
  const live = await apply(w, target, 'replace-force');
  assert.ok(effect.total[0]?.after);
  assert.deepEqual(withoutNoise(live), withoutNoise(effect.total[0].after));
  const left = await w.effect({ last: [target], branch: [target], target: [target], byArgo: true });
  assert.deepEqual([left.total, left.operations], [[], []]);
  return { effect };
}

test('a binding to another role is deleted and made anew', async (t) => {
  const w = await world(t);
  const binding = (role: string): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'readers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
    subjects: [{ kind: 'User', name: 'ann', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  const { metadata } = await apply(w, binding('reader'), 'reconcile');
  const { effect } = await toldAndDone(w, binding('reader'), binding('writer'), { way: 'reconcile' });
  assert.equal(effect.total[0]?.action, 'recreate');
  const live = await mustGet(w.cluster, {
    group: 'rbac.authorization.k8s.io',
    kind: 'RoleBinding',
    namespace: w.namespace,
    name: 'readers',
  });
  assert.notEqual(live.metadata.uid, metadata.uid);
});

test('Force=true of the application is nothing to Argo CD; at the manifest or the live object it is', async (t) => {
  const w = await world(t);
  const last = deployment('pinned', { selector: 'one' });
  await apply(w, last);
  const ask = (annotations: Record<string, string>): Promise<Effect> => {
    const target = deployment('pinned', { selector: 'two' });
    return w.effect({
      last: [last],
      target: [{ ...target, metadata: { ...target.metadata, annotations } }],
      byArgo: true,
      syncOptions: ['Force=true'],
    });
  };
  assert.match((await ask({})).errors[0]?.message ?? '', /immutable/);
  const forced = await ask({ 'argocd.argoproj.io/sync-options': 'Force=true' });
  assert.deepEqual(
    forced.operations.map(({ op }) => op),
    ['recreate'],
  );
});

test('ignored fields that differ are written with a sync of something else, and by none alone', async (t) => {
  const rule = { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] };
  const w = await world(t, { ignoreDifferences: [rule] });
  const last = deployment('scaled', { replicas: 2 });
  await apply(w, last);
  await w.edit(last, { spec: { replicas: 5 } });
  const alone = await w.effect({ last: [last], target: [last], byArgo: true });
  assert.deepEqual([alone.total, alone.operations, alone.unwritten], [[], [], []]);
  assert.deepEqual(
    alone.beside?.map(({ key, paths }) => [key.name, paths]),
    [['scaled', ['spec.replicas']]],
  );
  const target = [last, configMap('new', {})];
  const ask = (options: string[]): Promise<Effect> =>
    w.effect({ last: [last], branch: target, target, byArgo: true, syncOptions: options });
  const both = ['create ConfigMap/new', 'change Deployment/scaled: spec.replicas 5 → 2'];
  assert.deepEqual(summary((await ask([])).total), both);
  assert.deepEqual(summary((await ask(['ApplyOutOfSyncOnly=true'])).total), both.slice(0, 1));
  assert.deepEqual(summary((await ask(['RespectIgnoreDifferences=true'])).total), both.slice(0, 1));
  assert.equal((await apply(w, last))['spec'] !== undefined, true);
});

test('a manifest that the annotation cannot hold is an error before anybody is asked', async (t) => {
  const w = await world(t);
  const last = configMap('large', { x: '1' });
  await apply(w, last);
  const target = configMap('large', { x: 'y'.repeat(300_000) });
  const effect = await w.effect({ last: [last], target: [target], byArgo: true });
  assert.match(effect.errors[0]?.message ?? '', /annotations: Too long/);
  const options = { byArgo: true, syncOptions: ['ServerSideApply=true'] };
  assert.deepEqual((await w.effect({ last: [last], target: [target], ...options })).errors, []);
});

test('an unchanged object costs no request, and one that only Git’s spelling differs from costs one', async (t) => {
  const w = await world(t);
  const spelled = deployment('spelled', { extra: { resources: { requests: { cpu: '1000m' } } } });
  await apply(w, spelled);
  await apply(w, configMap('plain', { x: '1' }));
  const look = async (): Promise<string[]> => {
    const { objects } = await w.comparer.compare(
      {
        app: w.app,
        tracking: `shop-${w.namespace}`,
        manifests: [spelled, configMap('plain', { x: '1' })],
        byArgo: true,
      },
      w.signal,
    );
    return objects.map(({ status }) => status);
  };
  assert.deepEqual(await look(), ['Synced', 'Synced']);
  const asked = w.comparer.stats.asked;
  assert.deepEqual(await look(), ['Synced', 'Synced']);
  assert.equal(w.comparer.stats.asked, asked);
});
