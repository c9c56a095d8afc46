// Drives operations against a real API server: what the engine does around `step`, with an in-memory status and a crash
// at any call.
import type { TestContext } from 'node:test';
import type { Api } from '../../src/cluster/api.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Application, Operation, OperationState } from '../../src/model/application.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import type { StepInput, StepResult, SyncTarget } from '../../src/sync/sync.ts';
import type { TestCluster } from '../control-plane.ts';
import { scripts } from '../worker.ts';
import assert from 'node:assert/strict';
import { hashOf } from '../../src/base/canonical.ts';
import { SteppedClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { hookOf } from '../../src/model/hooks.ts';
import { keyOf, keyText } from '../../src/model/kube.ts';
import { step } from '../../src/sync/sync.ts';
import { connect } from '../cluster/connect.ts';
import { testCluster } from '../control-plane.ts';

const hashAnnotation = 'test/manifest';

export class Crash extends Error {}

export interface Bed {
  facts: TestCluster;
  cluster: Cluster;
  /** Objects of that kind ever seen in the namespace, by name: how many different uids. */
  births: Map<string, Set<string>>;
}

export async function makeBed(t: TestContext): Promise<Bed> {
  const facts = await testCluster(t);
  const cluster = await connect(t, facts);
  const births = new Map<string, Set<string>>();
  cluster.live.onChange((change) => {
    if (!change.after || change.after.key.namespace !== facts.namespace) return;
    const name = `${change.after.key.kind}/${change.after.key.name}`;
    births.set(name, (births.get(name) ?? new Set()).add(change.after.uid));
  });
  await cluster.live.start();
  return { facts, cluster, births };
}

export interface Scene {
  bed: Bed;
  name: string;
  manifests: KubeObject[];
  /** Manifests of the sync before, for removals. */
  previous?: KubeObject[];
  operation: Operation;
  spec?: Partial<Application['spec']>;
  revision?: string;
  /** Names of objects that the comparison has dry-run already. */
  validated?: string[];
  /** State of the operation before. */
  last?: OperationState | undefined;
}

/** Status of one Application as the world keeps it: what `save` wrote last. */
export interface Stored {
  state: OperationState | undefined;
  plan?: string | undefined;
  done: boolean;
  saves: OperationState[];
}

function tracked(scene: Scene, object: KubeObject): KubeObject {
  const key = keyOf(object);
  const annotations = {
    ...object.metadata.annotations,
    'argocd.argoproj.io/tracking-id': `${scene.name}:${key.group}/${key.kind}:${key.namespace}/${key.name}`,
  };
  const manifest = { ...object, metadata: { ...object.metadata, annotations } };
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      annotations: { ...annotations, [hashAnnotation]: hashOf(manifest).slice(0, 12) },
    },
  };
}

/** As a comparison would: Synced where the live object carries this very manifest. */
function targetsOf(scene: Scene): SyncTarget[] {
  const { live } = scene.bed.cluster;
  const manifests = scene.manifests.map((object) => tracked(scene, object));
  const inGit = manifests.map((target): SyncTarget => {
    const generated = !target.metadata.name && !hookOf(target).isHook;
    const key = { ...keyOf(target), ...(generated && { name: `${target.metadata.generateName ?? ''}…` }) };
    const manifestHash = target.metadata.annotations?.[hashAnnotation] ?? '';
    const synced = live.get(key)?.object?.metadata.annotations?.[hashAnnotation] === manifestHash;
    const previous = scene.previous?.find((object) => keyText(keyOf(object)) === keyText(key));
    return {
      key,
      target,
      manifestHash,
      status: synced ? 'Synced' : 'OutOfSync',
      ...(generated && { generated }),
      ...(previous && { previous }),
      validated: scene.validated?.includes(key.name) ?? false,
    };
  });
  const wanted = new Set(inGit.map(({ key }) => keyText(key)));
  // Tests beside this one have applications of the same names in the same cluster: their objects are not ours to prune.
  const own = live.keysOf(scene.name).filter((key) => key.namespace.startsWith(scene.bed.facts.namespace));
  const extra = own.filter(
    (key) =>
      !wanted.has(keyText(key)) &&
      !hookOf(live.get(key)?.object ?? { apiVersion: 'v1', kind: '', metadata: {} }).isHook,
  );
  return [
    ...inGit,
    ...extra.map((key): SyncTarget => ({ key, target: undefined, manifestHash: '', status: 'OutOfSync' })),
  ];
}

function applicationOf(scene: Scene): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: scene.name, namespace: 'argocd' },
    spec: {
      project: 'default',
      destination: { server: 'https://kubernetes.default.svc', namespace: scene.bed.facts.namespace },
      ...scene.spec,
    },
    ...(scene.last && { status: { operationState: scene.last } }),
  };
}

/**
 * Dies at the n-th mutation (1 is the first), before it is sent or before its answer is seen; dead means that nothing
 * works any more.
 */
export interface Killer {
  at: number;
  side: 'before' | 'after';
}

export class Mortal {
  count = 0;
  #dead = false;
  readonly #killer: Killer | undefined;

  constructor(killer?: Killer) {
    this.#killer = killer;
  }

  async call<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    this.count += 1;
    const now = this.#killer?.at === this.count;
    if (now && this.#killer?.side === 'before') this.#die();
    const answer = await work();
    this.check(); // another call may have died meanwhile
    if (now) this.#die();
    return answer;
  }

  check(): void {
    if (this.#dead) throw new Crash('dead');
  }

  #die(): never {
    this.#dead = true;
    throw new Crash('dead');
  }

  api(api: Api): Api {
    return {
      counts: api.counts,
      get: async (ref, options) => {
        this.check();
        const answer = await api.get(ref, options);
        this.check();
        return answer;
      },
      list: (kind, options) => api.list(kind, options),
      request: (method, path, options) => api.request(method, path, options),
      create: (object, options) =>
        options?.dryRun ? api.create(object, options) : this.call(() => api.create(object, options)),
      apply: (object, options) =>
        options?.dryRun ? api.apply(object, options) : this.call(() => api.apply(object, options)),
      replace: (object, options) => this.call(() => api.replace(object, options)),
      patch: (ref, options) => this.call(() => api.patch(ref, options)),
      delete: (ref, options) => this.call(() => api.delete(ref, options)),
    };
  }
}

interface DriveOptions {
  stored?: Stored;
  mortal?: Mortal;
  clock?: SteppedClock;
  blocked?: string;
  /** Stops driving when true of a result that is not done. */
  until?: (result: StepResult) => boolean;
}

/** Steps until the operation is done (or `until`); a Crash of `mortal` ends it early, with what was stored. */
export async function drive(scene: Scene, options: DriveOptions = {}): Promise<Stored> {
  const stored = options.stored ?? { state: undefined, done: false, saves: [] };
  const mortal = options.mortal ?? new Mortal();
  const clock = options.clock ?? new SteppedClock(Date.parse('2026-01-05T15:04:00Z'));
  const { cluster, facts } = scene.bed;
  for (let steps = 0; steps < 500; steps += 1) {
    const changed = nextChange(cluster);
    await cluster.live.want(scene.name, scene.manifests.map(keyOf));
    const input: StepInput = {
      app: applicationOf(scene),
      operation: scene.operation,
      state: stored.state,
      plan: stored.plan,
      healthOf: scripts.healthOf,
      resolved: { revision: scene.revision ?? 'abcdef0123456789' },
      targets: targetsOf(scene),
      live: (key) => cluster.live.get(key)?.object,
      cluster: { api: mortal.api(cluster.api), discovery: cluster.discovery },
      save: (state, done, plan) =>
        mortal.call(async () => {
          for (const row of state.syncResult?.resources ?? []) assert.ok(row.hookPhase, `${row.name} was not begun`);
          stored.state = state;
          stored.plan = plan;
          stored.done = done;
          stored.saves.push(state);
        }),
      accepted: (_key, _hash, object) => cluster.live.accept(object),
      clock,
      log: silentLogger(),
      signal: t10(),
      ...(options.blocked !== undefined && { blocked: options.blocked }),
    };
    const result = await step(input).catch((error: unknown) => {
      // What the engine's queue does: again, later.
      if (error instanceof AppError && error.kind === 'transient') return undefined;
      throw error;
    });
    if (!result) continue;
    if (result.done || options.until?.(result)) return stored;
    if (result.watch.length === 0 && result.at !== undefined) clock.step(result.at - clock.now());
    else await changed(facts.namespace, result.watch);
  }
  throw new Error(`the operation does not end: ${stored.state?.message ?? ''}`);
}

function t10(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

/** Resolves after the next change of one of the keys since the call, or after a moment: what `at` is for. */
function nextChange(cluster: Cluster): (namespace: string, keys: readonly ResourceKey[]) => Promise<void> {
  const seen = new Set<string>();
  let notify: () => void = () => undefined;
  const end = cluster.live.onChange((change) => {
    seen.add(keyText(change.key));
    notify();
  });
  return async (_namespace, keys) => {
    const hit = (): boolean => keys.some((key) => seen.has(keyText(key)));
    if (!hit()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        notify = () => {
          if (!hit()) return;
          clearTimeout(timer);
          resolve();
        };
      });
    }
    end();
  };
}

export function configMap(
  namespace: string,
  name: string,
  annotations: Record<string, string> = {},
  data: Record<string, string> = { a: '1' },
): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, annotations }, data };
}

export function deployment(
  namespace: string,
  name: string,
  annotations: Record<string, string> = {},
  image = 'nginx:1',
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
    },
  };
}

export function job(
  namespace: string,
  name: string | { generateName: string },
  annotations: Record<string, string>,
  outcome?: 'fail',
): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...(typeof name === 'string' ? { name } : name), namespace, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: outcome ? { annotations: { 'sandbox.coxswain.dev/outcome': outcome } } : {},
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'migrate:1' }] },
      },
    },
  };
}

/** Annotations. */
export const wave = (n: number): Record<string, string> => ({ 'argocd.argoproj.io/sync-wave': String(n) });
export const hook = (types: string, more: Record<string, string> = {}): Record<string, string> => ({
  'argocd.argoproj.io/hook': types,
  ...more,
});

/** The operation that prunes too. */
export const full = { sync: { prune: true } };

export async function exists(bed: Bed, path: string): Promise<boolean> {
  return (await bed.facts.access.call('GET', path.replace('NS', bed.facts.namespace))).status === 200;
}
