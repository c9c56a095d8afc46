// Which live objects a deletion of the application takes along, and which it has to leave.
import type { Application } from '../../model/application.ts';
import type { AppProject } from '../../model/project.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveRecord } from '../../cluster/live.ts';
import type { Target } from './assess.ts';
import { argo } from '../../model/annotations.ts';
import { syncOptions } from '../../model/application.ts';
import { resourceOptions } from '../../model/hooks.ts';
import { resourceDenied } from '../../policy/project.ts';

export interface Cascade {
  app: Application;
  project: AppProject;
  target: Target;
  tracking: string;
  /** Another application whose desired state holds the object: it takes it over. */
  heldBy(key: ResourceKey): string | undefined;
  signal: AbortSignal;
}

/** Only with its body is an object known well enough to be deleted. */
export interface Item {
  record: LiveRecord;
  object: KubeObject;
}

/** Delete=false and Delete=confirm: the object's own word wins over the application's. */
export function deleteOption({ app }: Pick<Cascade, 'app'>, object: KubeObject): string | undefined {
  return resourceOptions(object).get('Delete') ?? syncOptions(app.spec.syncPolicy?.syncOptions).get('Delete');
}

type Owned = Pick<Cascade, 'app' | 'project' | 'target' | 'heldBy'>;

export function isKept(cascade: Owned, { record: { key }, object }: Item): boolean {
  const { app, project, target, heldBy } = cascade;
  if (heldBy(key) !== undefined) return true;
  if (key.kind === 'CustomResourceDefinition') return true;
  if (key.kind === 'Application' && key.name === app.metadata.name && key.namespace === app.metadata.namespace)
    return true;
  const namespaced = target.cluster.discovery.resourceOf(key)?.namespaced ?? key.namespace !== '';
  if (resourceDenied(project, key, namespaced, target) !== undefined) return true;
  return deleteOption(cascade, object) === 'false' || object.metadata.annotations?.[argo.helmResourcePolicy] === 'keep';
}

/**
 * What a deletion of the application would delete now, as far as is known without asking. Without the project nothing
 * goes, and nobody knows what will.
 */
export function takenBy(
  input: Omit<Owned, 'project'> & { project: AppProject | undefined; tracking: string },
): ResourceKey[] {
  const {
    project,
    target: {
      cluster: { live },
    },
    tracking,
  } = input;
  return live.keysOf(tracking).filter((key) => {
    const record = live.get(key);
    return (
      record !== undefined &&
      !(project && record.object && isKept({ ...input, project }, { record, object: record.object }))
    );
  });
}
