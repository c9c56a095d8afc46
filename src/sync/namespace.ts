// The destination namespace, made before everything else when CreateNamespace=true asks for it (argocd.md §2.6).
import type { KubeObject } from '../model/kube.ts';
import type { Run } from './run.ts';
import { kubectlName, record, rowOf } from './task.ts';
import type { Task } from './task.ts';

/** undefined if it is not asked for, exists already, or is one of the manifests. It is never tracked, so it is never pruned. */
export async function namespaceTask(run: Run, planned: readonly Task[]): Promise<Task | undefined> {
  const name = run.input.app.spec.destination.namespace ?? '';
  if (run.options.get('CreateNamespace') !== 'true' || name === '' || (run.input.operation.sync?.resources ?? []).length > 0) return undefined;
  const key = { group: '', kind: 'Namespace', namespace: '', name };
  if (planned.some((task) => task.key.group === '' && task.key.kind === 'Namespace' && task.key.name === name)) return undefined;
  const managed = run.input.app.spec.syncPolicy?.managedNamespaceMetadata !== undefined;
  const named = { kind: 'namespace' as const, key, version: 'v1', phase: 'PreSync' as const };
  if (!managed && (run.input.live(key) ?? await run.read(named))) return undefined;
  return { ...named, wave: 0, object: undefined, previous: undefined, hook: undefined, manifestHash: '', validated: true, unchanged: false, options: new Map(), invalid: undefined, row: rowOf(named) };
}

/** Applied, so that labels and annotations which others have put there stay. */
export async function makeNamespace(run: Run, task: Task): Promise<void> {
  const metadata = run.input.app.spec.syncPolicy?.managedNamespaceMetadata ?? {};
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: task.key.name, ...(metadata.labels && { labels: metadata.labels }), ...(metadata.annotations && { annotations: metadata.annotations }) },
  };
  await run.input.cluster.api.apply(object, { dryRun: run.dryRun, signal: run.input.signal });
  record(task, { status: 'Synced', hookPhase: 'Succeeded', message: `${kubectlName(task.key)} created` });
}
