// Manifests, and short ways to ask for things, that the engine's tests share.
import type { RequestDeps } from '../../src/engine/request.ts';
import type { Application, Operation } from '../../src/model/application.ts';
import type { Actor, Approval } from '../../src/model/coxswain.ts';
import type { KubeObject, ResourceKey } from '../../src/model/kube.ts';
import type { Stage } from './fixture.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createAuthors } from '../../src/engine/approval/authors.ts';
import { isObject } from '../../src/model/kube.ts';
import { sealedPatch, sealKey } from '../../src/store/seal.ts';
import { eventually } from '../control-plane.ts';

export const automated = { automated: { prune: true, selfHeal: true } };

/** A ConfigMap with one value; annotations as a YAML flow map without braces. */
export function config(name: string, value: string, annotations = ''): string {
  return (
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n` +
    `${annotations ? `  annotations: {${annotations}}\n` : ''}data:\n  value: "${value}"\n`
  );
}

/** A Job that runs once before or after a sync; simulated pods complete in 0.4 s. */
export function hookJob(name: string, hook: string, policy = 'BeforeHookCreation'): string {
  return `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
  annotations: {argocd.argoproj.io/hook: ${hook}, argocd.argoproj.io/hook-delete-policy: ${policy}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: run, image: busybox}]
`;
}

export function deployment(name: string, image = 'nginx:1.27.0', replicas = 1): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: web, image: "${image}"}]
`;
}

export function configMap(s: Stage, name: string): ResourceKey {
  return { group: '', kind: 'ConfigMap', namespace: s.namespace, name };
}

/** The ConfigMap's data as the API server has it; undefined if there is none. */
export async function dataOf(s: Stage, name: string): Promise<unknown> {
  return (await s.cluster.api.get(configMap(s, name)))?.['data'];
}

/** Resolves when the ConfigMap is gone: a sync does not wait for what its last group prunes. */
export async function gone(s: Stage, name: string): Promise<void> {
  await s.untilStore(`ConfigMap ${name} is gone`, () =>
    s.cluster.live.get(configMap(s, name)) === undefined ? true : undefined,
  );
}

/** Resolves when the live cache has it. */
export async function editByHand(s: Stage, name: string, data: Record<string, string | null>): Promise<void> {
  const edited = await s.cluster.api.patch(configMap(s, name), {
    type: 'merge',
    patch: { data },
    manager: 'kubectl-edit',
  });
  await s.cluster.live.waitFor(configMap(s, name), edited.metadata.resourceVersion ?? '', AbortSignal.timeout(30_000));
}

function applicationRef(s: Stage, name: string): ResourceKey {
  return { group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name };
}

/** Resolves when the engine knows of it, or of nothing more if that was the last finalizer. */
export async function patchApp(s: Stage, name: string, patch: Record<string, unknown>): Promise<KubeObject> {
  const patched = await s.cluster.api.patch(applicationRef(s, name), { type: 'merge', patch });
  if (patched.metadata.deletionTimestamp === undefined) await s.known(patched);
  return patched;
}

export function operate(s: Stage, name: string, operation: Operation): Promise<KubeObject> {
  return patchApp(s, name, { operation });
}

/** Commits, and tells the engine as a webhook would. */
export async function push(s: Stage, files: Record<string, string | undefined>): Promise<string> {
  const sha = s.commit(files);
  await s.engine.onPush(s.url);
  return sha;
}

export function isSynced(app: Application): boolean {
  return app.status?.sync?.status === 'Synced' && app.operation === undefined && (app.status.history?.length ?? 0) > 0;
}

export function synced(s: Stage, name: string): Promise<Application> {
  return s.until(name, 'Synced', isSynced);
}

export function syncedTo(s: Stage, name: string, revision: string): Promise<Application> {
  return s.until(
    name,
    `Synced to ${revision.slice(0, 7)}`,
    (app) => isSynced(app) && app.status?.history?.at(-1)?.revision === revision,
  );
}

/** Application, operation ended with that phase. */
export function ended(s: Stage, name: string, phase: string): Promise<Application> {
  return s.until(
    name,
    `operation ${phase}`,
    (app) => app.operation === undefined && app.status?.operationState?.phase === phase,
  );
}

export function person(login: string, id: number): Actor {
  return { login, id, via: 'slack' };
}

export function requests(s: Stage): RequestDeps {
  return { store: s.store, clock: systemClock, authors: createAuthors(s.git, s.forge) };
}

export function approvalsOf(s: Stage, name: string): Approval[] {
  return s.store.approvals.of(`${s.namespace}/${name}`);
}

export function approvalIn(
  s: Stage,
  name: string,
  phase: string,
  test: (approval: Approval) => boolean = () => true,
): Promise<Approval> {
  return s.untilStore(`an Approval of ${name} that is ${phase}`, () =>
    approvalsOf(s, name).find((item) => item.status?.phase === phase && test(item)),
  );
}

/** Resolves when no application waits, runs or is delayed. */
export function quiet(s: Stage): Promise<true> {
  return eventually('nothing is left to do', () => (s.engine.pending === 0 ? true : undefined));
}

/**
 * Requests of the stage's engine by verb, without what other tests of the same cluster cause: kinds that they add are
 * discovered and watched.
 */
export function asked(s: Stage): Record<string, number> {
  const { watch: _watch, discovery: _discovery, ...counts } = s.cluster.api.counts;
  return counts;
}

/** As the operator would write a status, whatever process is alive. */
export async function writeStatus(s: Stage, object: KubeObject, status: Record<string, unknown>): Promise<void> {
  const { namespace = '', name = '' } = object.metadata;
  const ref = { group: 'coxswain.dev', kind: object.kind, namespace, name };
  const current = await s.cluster.api.get(ref);
  const sealing = { key: sealKey(s.store.macKey), kind: object.kind, free: ['cards', 'told'] };
  await s.cluster.api.patch(ref, {
    type: 'merge',
    subresource: 'status',
    patch: current && sealedPatch(sealing, current, { status }, 'status'),
  });
}

/** All that argocd-cm holds from now on. */
export async function argoSettings(s: Stage, data: Record<string, string>): Promise<void> {
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: s.namespace, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data,
  });
}

/** What the Events of an application say, as `reason: message`, in the order in which they were told. */
export async function eventsOf(s: Stage, name: string): Promise<string[]> {
  const all = await s.cluster.api.list({ group: '', kind: 'Event' }, { namespace: s.namespace });
  return all
    .filter(({ involvedObject: of }) => isObject(of) && of['kind'] === 'Application' && of['name'] === name)
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(({ reason, message }) => `${String(reason)}: ${String(message)}`);
}
