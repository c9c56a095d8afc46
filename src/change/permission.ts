// What the projects let a preview look at: whoever opens a pull request sees what its applications may use, and nothing
// else.
import type { Application } from '../model/application.ts';
import type { AppProject } from '../model/project.ts';
import type { ChangeDeps } from './deps.ts';
import { AppError } from '../base/errors.ts';
import { resourceDenied, specConditions } from '../policy/project.ts';

type Deps = Pick<ChangeDeps, 'projects' | 'namespace' | 'clusterOf'>;

/** Undefined when there is no such project. */
export function projectOf(deps: Pick<ChangeDeps, 'projects' | 'namespace'>, app: Application): AppProject | undefined {
  return deps.projects.get(`${deps.namespace}/${app.spec.project}`);
}

/**
 * Why neither the sources nor the live objects of such an application are read: what the engine would refuse too.
 * undefined = permitted.
 */
export function denialOf(deps: Deps, app: Application): AppError | undefined {
  const project = projectOf(deps, app);
  const faults = specConditions({ app, project, cluster: deps.clusterOf(app), controlNamespace: deps.namespace });
  if (faults.length === 0) return undefined;
  const hint = project
    ? 'Change the Application, or have the AppProject permit it first.'
    : 'The AppProject must be in the cluster before its applications are looked at.';
  return new AppError('E_PROJECT', faults.map(({ message }) => message).join('; '), { hint });
}

/**
 * Whether syncing the parent makes the child an Application of ours: it deploys beside us, and its project permits the
 * child's object.
 */
export function mayHold(deps: Deps & Pick<ChangeDeps, 'isHome'>, parent: Application, child: Application): boolean {
  const [project, cluster] = [projectOf(deps, parent), deps.clusterOf(parent)];
  if (!project || !cluster || !deps.isHome(cluster.server)) return false;
  const { namespace, name } = child.metadata;
  return (
    resourceDenied(project, { group: 'argoproj.io', kind: 'Application', namespace, name }, true, cluster) === undefined
  );
}
