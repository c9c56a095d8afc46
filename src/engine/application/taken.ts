// What a deletion of an Application takes along, and what it has to leave: its objects, and those of the Applications
// among them, to any depth.
import type { Application } from '../../model/application.ts';
import type { AppProject } from '../../model/project.ts';
import type { KubeObject, ResourceKey } from '../../model/kube.ts';
import type { LiveRecord } from '../../cluster/live.ts';
import type { Target } from './assess.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { ApiResource } from '../../cluster/discovery/discovery.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, syncOptions } from '../../model/application.ts';
import { argoGroup, isApplication } from '../../model/argo-kinds.ts';
import { keyText } from '../../model/kube.ts';
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

/** Whoever deletes its application leaves it: a definition, or what says so itself (Argo CD: shouldBeDeleted). */
export function saysItStays(object: KubeObject): boolean {
  return (
    object.kind === 'CustomResourceDefinition' ||
    resourceOptions(object).get('Delete') === 'false' ||
    object.metadata.annotations?.[argo.helmResourcePolicy] === 'keep'
  );
}

/** It stays where another one holds it, the project denies it, its own options say so, or it is a definition. */
export function isKept(cascade: Owned, { record: { key }, object }: Item): boolean {
  const { app, project, target, heldBy } = cascade;
  if (heldBy(key) !== undefined) return true;
  if (key.kind === 'Application' && key.name === app.metadata.name && key.namespace === app.metadata.namespace)
    return true;
  const namespaced = target.cluster.discovery.resourceOf(key)?.namespaced ?? key.namespace !== '';
  if (resourceDenied(project, key, namespaced, target) !== undefined) return true;
  return saysItStays(object) || deleteOption(cascade, object) === 'false';
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

/** Whether an object goes when that Namespace or definition goes. */
export function goesUnder(
  { discovery }: Pick<Cluster, 'discovery'>,
  container: ResourceKey,
): ((key: ResourceKey) => boolean) | undefined {
  if (container.group === '' && container.kind === 'Namespace') return (key) => key.namespace === container.name;
  if (container.kind !== 'CustomResourceDefinition') return undefined;
  const defined = definedBy(discovery, container);
  return (key) => defined !== undefined && key.group === defined.group && key.kind === defined.kind;
}

function definedBy(discovery: Cluster['discovery'], { name }: ResourceKey): ApiResource | undefined {
  return discovery.resources().find(({ plural, group }) => `${plural}.${group}` === name);
}

/** What the garbage collector takes with the object, or with all that the definition defines, to any depth. */
export function collectedWith(
  { live, discovery }: Pick<Cluster, 'live' | 'discovery'>,
  key: ResourceKey,
): LiveRecord[] {
  const defined = key.kind === 'CustomResourceDefinition' ? definedBy(discovery, key) : undefined;
  const own = live.get(key);
  const roots = [...(own ? [own] : []), ...(defined ? live.records(defined) : [])];
  const seen = new Set(roots.map(({ uid }) => uid));
  const found: LiveRecord[] = [];
  // A Set gives out what is put into it meanwhile.
  for (const uid of seen)
    for (const child of live.childrenOf(uid)) {
      if (!seen.has(child.uid)) found.push(child);
      seen.add(child.uid);
    }
  return found;
}

interface Forest {
  /** By `namespace/name`. */
  application(key: string): Application | undefined;
  /** What goes with it: nothing where no finalizer asks for that. */
  takes(app: Application): readonly ResourceKey[];
  /** Applications that go with one of its objects that is none. */
  along(app: Application, key: ResourceKey): readonly Application[];
}

/** The Applications themselves first; each once, whatever circles they make. */
export function treeOf(roots: readonly Application[], forest: Forest): Branch[] {
  const tree = new Map<string, Branch>();
  // A Map gives out what is put into it meanwhile.
  const found = new Map(roots.map((root) => [applicationKey(root), root]));
  for (const [name, app] of found) {
    const taken = forest.takes(app);
    const along = taken.flatMap((key) => (isApplication(key) ? [] : forest.along(app, key)));
    const refs = along.map(({ metadata: { namespace, name: child } }) => ({
      group: argoGroup,
      kind: 'Application',
      namespace,
      name: child,
    }));
    const objects = [...new Map([...taken, ...refs].map((key) => [keyText(key), key])).values()];
    tree.set(name, { app, objects });
    for (const { namespace, name: child } of objects.filter(isApplication)) {
      const key = `${namespace}/${child}`;
      const next = forest.application(key);
      if (next && !found.has(key)) found.set(key, next);
    }
  }
  return [...tree.values()];
}
