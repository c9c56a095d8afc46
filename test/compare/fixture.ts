// A real cluster with a comparer for tests, the writes that other tools make, and the least of a sync.
import type { TestContext } from 'node:test';
import type { Application } from '../../src/model/application.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { ComparisonSettings } from '../../src/model/comparison-settings.ts';
import type { Comparer, Comparison, EffectInput } from '../../src/compare/compare.ts';
import type { Effect, FieldPath, ObjectDiff } from '../../src/model/effect.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { leavesOut } from '../../src/cluster/discovery/exclusions.ts';
import { readSettings } from '../../src/store/settings.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { createComparer } from '../../src/compare/compare.ts';
import { isStatus } from '../../src/cluster/api-error.ts';
import { keyOf, keyTitle } from '../../src/model/kube.ts';
import { leftBehind } from '../../src/diff/given-up.ts';
import { removalPatch, removals } from '../../src/diff/removals.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { takeover } from '../../src/diff/takeover.ts';
import { testCluster } from '../control-plane.ts';
import { jq, threeWay, worker } from '../worker.ts';

export const macKey = Buffer.from('a key for tests');

export interface World {
  namespace: string;
  /** What its objects say that they belong to. */
  tracking: string;
  /** The administrator's. */
  kubeconfig: string;
  app: Application;
  cluster: Cluster;
  comparer: Comparer;
  /** From now on argocd-cm says this. */
  say(data: Record<string, string>): void;
  signal: AbortSignal;
  compare(manifests: readonly KubeObject[], previous?: readonly KubeObject[]): Promise<Comparison>;
  effect(input: Partial<EffectInput> & Pick<EffectInput, 'target'>): Promise<Effect>;
  /** What a sync does: take over, apply, remove, prune. */
  sync(manifests: readonly KubeObject[], previous?: readonly KubeObject[]): Promise<void>;
  /**
   * A merge patch by another manager; `subresource` 'scale' for what an autoscaler does. Waits until the watch has it.
   */
  edit(
    object: KubeObject,
    patch: Record<string, unknown>,
    options?: { manager?: string; subresource?: string; type?: 'merge' | 'json' },
  ): Promise<void>;
  /** A create (POST) by another manager. */
  create(object: KubeObject, manager: string): Promise<void>;
  /** A server-side apply by another manager. */
  applyAs(object: KubeObject, manager: string): Promise<void>;
  /** Without what other tests of the same cluster cause: kinds that they add are discovered and watched. */
  requests(work: () => Promise<unknown>): Promise<number>;
}

export async function world(
  t: TestContext,
  change: Partial<Application['spec']> = {},
  clock: Clock = systemClock,
): Promise<World> {
  const c = await testCluster(t);
  const cluster = await connectCluster({
    config: { server: c.server, ca: c.ca, token: c.token },
    clock,
    log: silentLogger(),
  });
  t.after(() => cluster.stop());
  const signal = AbortSignal.timeout(60_000);
  const { namespace } = c;
  const app: Application = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace },
    spec: { project: 'default', destination: { server: 'https://kubernetes.default.svc', namespace }, ...change },
  };
  const tracking = `shop-${namespace}`;
  let settings = settingsOf({});
  const comparer = createComparer({
    ...{ cluster, jq, threeWay, worker, macKey },
    server: app.spec.destination.server ?? '',
    settings: () => settings,
  });
  const seen = async (object: KubeObject): Promise<void> => {
    await cluster.live.ensureKinds([keyOf(object)], signal);
    await cluster.live.waitFor(keyOf(object), object.metadata.resourceVersion ?? '', signal);
  };
  const here = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace } });
  const compare = (manifests: readonly KubeObject[], previous?: readonly KubeObject[]): Promise<Comparison> =>
    comparer.compare({ app, tracking, manifests, ...(previous && { previous }) }, signal);
  return {
    say: (data) => {
      settings = settingsOf(data);
      const { tracking: by, kinds } = settings;
      cluster.live.configure({ tracking: by, excludes: leavesOut(kinds, app.spec.destination.server ?? '') });
    },
    namespace,
    tracking,
    kubeconfig: c.kubeconfig,
    app,
    cluster,
    comparer,
    signal,
    compare,
    effect: (input) => comparer.effect({ app, tracking, prune: true, ...input }, signal),
    sync: async (manifests, previous) => {
      for (const object of (await compare(manifests, previous)).objects) {
        if (!object.hook.isHook) await syncObject(cluster, comparer, object, signal);
      }
    },
    edit: async (object, patch, options = {}) => {
      const { manager = 'kubectl-edit', subresource, type = 'merge' } = options;
      await seen(
        await cluster.api
          .patch(keyOf(here(object)), { type, patch, manager, ...(subresource && { subresource }) })
          .then(async (answer) => (subresource ? await mustGet(cluster, keyOf(here(object))) : answer)),
      );
    },
    create: async (object, manager) => seen(await cluster.api.create(here(object), { manager })),
    applyAs: async (object, manager) => seen(await cluster.api.apply(here(object), { manager })),
    requests: async (work) => {
      const count = (): number =>
        Object.values(cluster.api.counts).reduce((a, b) => a + b, 0) -
        cluster.api.counts.watch -
        cluster.api.counts.discovery;
      const before = count();
      await work();
      return count() - before;
    },
  };
}

/** By argocd-cm. */
function settingsOf(data: Record<string, string>): ComparisonSettings {
  const map: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm' }, data };
  return readSettings({ configMaps: new Map([['argocd-cm', map]]), secrets: [] }).comparison;
}

export async function mustGet(cluster: Cluster, key: ResourceKey): Promise<KubeObject> {
  const object = await cluster.api.get(key);
  assert.ok(object, keyTitle(key));
  return object;
}

async function syncObject(
  cluster: Cluster,
  comparer: Comparer,
  object: Comparison['objects'][number],
  signal: AbortSignal,
): Promise<void> {
  const { key, target, status, requiresPruning, manifestHash } = object;
  let { live } = object;
  if (requiresPruning) {
    await cluster.api.delete(key, { gracePeriodSeconds: 0 });
    await cluster.live.until(key, (found) => found === undefined, signal);
    return;
  }
  if (!target || status === 'Synced') return;
  const takeOver = async (named: readonly FieldPath[]): Promise<void> => {
    const patch = live && takeover(live, { target, previous: object.previous, named });
    if (!patch) return;
    try {
      live = await cluster.api.patch(key, { type: 'json', patch });
    } catch (error) {
      if (!isStatus(error, 409)) throw error; // a controller wrote the status in between
      live = await mustGet(cluster, key);
      await takeOver(named);
    }
  };
  await takeOver([]);
  let applied = await cluster.api.apply(target).catch(async (refused: unknown) => {
    const named =
      live && isStatus(refused, 422)
        ? leftBehind(
            refused.causes.map(({ field }) => field),
            live,
            target,
          )
        : [];
    if (named.length === 0) throw refused;
    await takeOver(named);
    return cluster.api.apply(target);
  });
  const { remove } = live ? removals({ live, applied, target, previous: object.previous }) : { remove: [] };
  if (remove.length > 0) applied = await cluster.api.patch(key, { type: 'json', patch: removalPatch(applied, remove) });
  await cluster.live.ensureKinds([key], signal);
  comparer.accept(key, manifestHash, applied);
}

export function configMap(
  name: string,
  data: Record<string, string>,
  annotations?: Record<string, string>,
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(annotations && { annotations }) }, data };
}

export function deployment(
  name: string,
  fields: {
    image?: string;
    replicas?: number;
    args?: string[];
    env?: Record<string, string>;
    selector?: string;
    extra?: Record<string, unknown>;
  } = {},
): KubeObject {
  const labels = { app: fields.selector ?? name };
  const env = fields.env && Object.entries(fields.env).map(([key, value]) => ({ name: key, value }));
  const container = {
    name: 'api',
    image: fields.image ?? 'example/api:1',
    ...(env && { env }),
    ...(fields.args && { args: fields.args }),
    ...fields.extra,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      ...(fields.replicas !== undefined && { replicas: fields.replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** `action name: path before → after, …` of every object, for tables. */
export function summary(diffs: readonly ObjectDiff[]): string[] {
  return diffs.map(({ action, key, changes }) => {
    const fields = changes.map(
      ({ text, before, after }) => `${text} ${JSON.stringify(before) ?? '-'} → ${JSON.stringify(after) ?? '-'}`,
    );
    return `${action} ${key.kind}/${key.name}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`;
  });
}
