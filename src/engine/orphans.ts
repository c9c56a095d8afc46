// Orphaned resources: objects in an application's namespace that belong to no application (Argo CD:
// docs/user-guide/orphaned-resources.md). What controllers made of one goes with it.
import type { Live, LiveRecord } from '../cluster/live.ts';
import type { Comparison } from '../compare/compare.ts';
import type { Application, Condition } from '../model/application.ts';
import type { ResourceKey } from '../model/kube.ts';
import type { AppProject } from '../model/project.ts';
import type { Store } from '../store/store.ts';
import type { Target } from './application/assess.ts';
import { globMatch } from '../base/glob.ts';
import { applicationKey } from '../model/application.ts';
import { keyText } from '../model/kube.ts';
import { kindDenied } from '../policy/project.ts';
import { projectOf } from './application/ownership.ts';

interface OrphanInput {
  live: Pick<Live, 'rootsIn'>;
  app: Pick<Application, 'spec'>;
  project: AppProject | undefined;
  /** What the application itself has, or wants. */
  own: Iterable<ResourceKey>;
  /** Whether there is an application of that tracking name. */
  isApplication(tracking: string): boolean;
}

/** Whether there is an application of that tracking name (`<name>` or `<namespace>_<name>`). */
export function isApplicationName(
  { applications, namespace }: Pick<Store, 'applications' | 'namespace'>,
  tracking: string,
): boolean {
  const elsewhere = tracking.replace('_', '/');
  return applications.get(`${namespace}/${tracking}`) !== undefined || applications.get(elsewhere) !== undefined;
}

/** The namespace in which its project wants orphans to be looked for; undefined: in none. */
export function orphanPlace(app: Pick<Application, 'spec'>, project: AppProject | undefined): string | undefined {
  return project?.spec.orphanedResources ? app.spec.destination.namespace || undefined : undefined;
}

/** What is in every namespace, and what the project leaves out. */
function isExpected({ group, kind, namespace, name }: ResourceKey, project: AppProject): boolean {
  if (group === '' && kind === 'ServiceAccount' && name === 'default') return true;
  if (group === '' && kind === 'ConfigMap' && name === 'kube-root-ca.crt') return true;
  if (group === '' && kind === 'Service' && namespace === 'default' && name === 'kubernetes') return true;
  return (project.spec.orphanedResources?.ignore ?? []).some(
    (each) =>
      (!each.kind || globMatch(each.kind, kind)) &&
      globMatch(each.group, group) &&
      (!each.name || globMatch(each.name, name)),
  );
}

/** Those without an owner, by kind and name; none where the project does not want them looked for. */
export function orphansOf({ live, app, project, own, isApplication }: OrphanInput): LiveRecord[] {
  const namespace = orphanPlace(app, project);
  if (project === undefined || namespace === undefined) return [];
  const known = new Set([...own].map(keyText));
  return [...live.rootsIn(namespace)]
    .filter(
      ({ key, application }) =>
        !known.has(keyText(key)) &&
        !isExpected(key, project) &&
        !kindDenied(project, key, true) &&
        !(application !== undefined && isApplication(application)),
    )
    .sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1));
}

/** Where the project wants them told (Argo CD: controller/appcontroller.go getResourceTree). */
export function orphanConditions(project: AppProject | undefined, orphans: readonly LiveRecord[]): Condition[] {
  if (project?.spec.orphanedResources?.warn !== true || orphans.length === 0) return [];
  return [{ type: 'OrphanedResourceWarning', message: `Application has ${orphans.length} orphaned resources` }];
}

interface Seen {
  clusters: { connectedTo(app: Application): Target | undefined };
  comparison(application: string): Comparison | undefined;
}

/** As far as they are known: none before the application was compared. */
export function orphansSeen(store: Store, app: Application, { clusters, comparison }: Seen): ResourceKey[] {
  const own = comparison(applicationKey(app))?.objects.map(({ key }) => key);
  const live = clusters.connectedTo(app)?.cluster.live;
  if (!own || !live) return [];
  const isApplication = (name: string): boolean => isApplicationName(store, name);
  return orphansOf({ live, app, project: projectOf(store, app), own, isApplication }).map(({ key }) => key);
}
