// What a deletion of an Application takes along, and what it has to leave: its objects, and those of the Applications
// among them, to any depth.
import type { Application } from '../../model/application.ts';
import type { AppProject } from '../../model/project.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveRecord } from '../../cluster/live.ts';
import type { Target } from './assess.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, syncOptions } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';
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

/** It stays where another one holds it, the project denies it, its own options say so, or it is a definition. */
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

/** One Application that goes, with what its finalizer deletes. */
export interface Branch {
  app: Application;
  objects: readonly ResourceKey[];
}

interface Forest {
  /** By `namespace/name`. */
  application(key: string): Application | undefined;
  /** What goes with it: nothing where no finalizer asks for that. */
  takes(app: Application): readonly ResourceKey[];
}

/** The Application itself first; each once, whatever circles they make. */
export function treeOf(root: Application, forest: Forest): Branch[] {
  const tree = new Map<string, Branch>();
  // A Map gives out what is put into it meanwhile.
  const found = new Map([[applicationKey(root), root]]);
  for (const [name, app] of found) {
    const objects = forest.takes(app);
    tree.set(name, { app, objects });
    for (const { namespace, name: child } of objects.filter(isApplication)) {
      const key = `${namespace}/${child}`;
      const next = forest.application(key);
      if (next && !found.has(key)) found.set(key, next);
    }
  }
  return [...tree.values()];
}
