// What the deletion of an Application takes along: its objects, and those of the Applications among them, to any depth.
import type { Application } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';

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
  const left = [root];
  for (let app = left.shift(); app; app = left.shift()) {
    const key = applicationKey(app);
    if (tree.has(key)) continue;
    const objects = forest.takes(app);
    tree.set(key, { app, objects });
    left.push(
      ...objects.filter(isApplication).flatMap((each) => forest.application(`${each.namespace}/${each.name}`) ?? []),
    );
  }
  return [...tree.values()];
}
