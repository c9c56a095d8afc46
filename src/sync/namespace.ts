// The destination namespace, made before everything else when CreateNamespace=true asks for it (Argo CD:
// gitops-engine/pkg/sync/sync_context.go autoCreateNamespace).
import type { KubeObject } from '../model/kube.ts';
import type { StepInput } from './input.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import { syncOptions } from '../model/application.ts';
import { bound, isGuarded, judgedly } from './judged.ts';
import { bareTask, kubectlName, record, rowOf } from './task.ts';

/**
 * Name of the namespace to make, for a part of the application too. undefined if it is not asked for, or is one of the
 * manifests.
 */
export function namespaceToMake({ app, operation, targets }: StepInput): string | undefined {
  const name = app.spec.destination.namespace ?? '';
  if (syncOptions(operation.sync?.syncOptions).get('CreateNamespace') !== 'true' || name === '') return undefined;
  return targets.some(({ key, target }) => target && key.group === '' && key.kind === 'Namespace' && key.name === name)
    ? undefined
    : name;
}

/** undefined if there is nothing to make or to label. The namespace is never tracked, so it is never pruned. */
export async function namespaceTask(run: Run): Promise<Task | undefined> {
  const name = namespaceToMake(run.input);
  if (name === undefined) return undefined;
  const key = { group: '', kind: 'Namespace', namespace: '', name };
  const managed = run.input.app.spec.syncPolicy?.managedNamespaceMetadata !== undefined;
  const named = { kind: 'namespace' as const, key, version: 'v1', phase: 'PreSync' as const };
  if (!managed && (run.input.live(key) ?? (await run.read(named)))) return undefined;
  return { ...bareTask, ...named, validated: true, row: rowOf(named) };
}

/** Applied, so that labels and annotations which others have put there stay. */
export async function makeNamespace(run: Run, task: Task): Promise<void> {
  const metadata = run.input.app.spec.syncPolicy?.managedNamespaceMetadata ?? {};
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: task.key.name,
      ...(metadata.labels && { labels: metadata.labels }),
      ...(metadata.annotations && { annotations: metadata.annotations }),
    },
  };
  const { api } = run.input.cluster;
  const { signal } = run.input;
  if (run.input.judge && !run.dryRun) {
    const outcome = await judgedly(run, task, async ({ live }) => {
      await api.apply(bound(object, live), { signal });
      return 'written';
    });
    if (outcome === 'stopped' || outcome === 'failed') return;
  } else if (isGuarded(run, task, false)) return;
  else await api.apply(object, { dryRun: run.dryRun, signal });
  record(task, { status: 'Synced', hookPhase: 'Succeeded', message: `${kubectlName(task.key)} created` });
}
