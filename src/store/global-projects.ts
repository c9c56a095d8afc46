// Projects that take over the lists of others: `globalProjects` of argocd-cm (Argo CD:
// docs/user-guide/projects.md#configuring-global-projects-v18).
import type { AppProject, ProjectSpec, SyncWindow } from '../model/project.ts';
import type { RepositoryLogin } from './repository-secrets.ts';
import type { Collection } from './collection.ts';
import { parse } from 'yaml';
import { isObject } from '../model/kube.ts';

interface Requirement {
  key: string;
  operator: string;
  values: string[];
}

interface GlobalProject {
  /** Whose labels fulfil all of these takes over its lists. */
  requirements: Requirement[];
  projectName: string;
}

export interface GlobalProjects {
  projects: GlobalProject[];
  /** They cannot be read: what they forbid nobody knows. */
  fault?: string;
}

const operators: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function requirementOf(item: unknown): Requirement | undefined {
  if (!isObject(item)) return undefined;
  const { key, operator, values = [] } = item;
  if (typeof key !== 'string' || typeof operator !== 'string' || !operators.includes(operator)) return undefined;
  if (!isTexts(values) || operator.endsWith('In') !== values.length > 0) return undefined;
  return { key, operator, values };
}

function entryOf(item: unknown): GlobalProject | undefined {
  if (!isObject(item)) return undefined;
  const { projectName, labelSelector = {} } = item;
  if (typeof projectName !== 'string' || !isObject(labelSelector)) return undefined;
  const { matchLabels = {}, matchExpressions = [] } = labelSelector;
  if (!isObject(matchLabels) || !isTexts(Object.values(matchLabels)) || !Array.isArray(matchExpressions))
    return undefined;
  const equal = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [String(value)] }));
  const found = matchExpressions.map(requirementOf);
  const requirements = found.filter((each) => each !== undefined);
  return requirements.length < found.length ? undefined : { projectName, requirements: [...equal, ...requirements] };
}

/** `text` of argocd-cm; '' = there are none. */
export function readGlobalProjects(text: string): GlobalProjects {
  let items: unknown;
  try {
    items = parse(text, { maxAliasCount: 100 }) ?? [];
  } catch {
    items = undefined;
  }
  const found = Array.isArray(items) ? items.map(entryOf) : [undefined];
  const projects = found.filter((each) => each !== undefined);
  if (projects.length === found.length) return { projects };
  return {
    projects,
    fault: 'globalProjects of argocd-cm must be a list in YAML of maps with labelSelector and projectName',
  };
}

function fulfils(labels: Record<string, string>, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const isIn = value !== undefined && values.includes(value);
  return operator === 'In' ? isIn : !isIn;
}

/** Nothing syncs, by hand neither: what is forbidden nobody knows. */
function closed(why: string): SyncWindow {
  return { kind: 'deny', schedule: '* * * * *', duration: '24h', applications: ['*'], description: why };
}

const lists = [
  'clusterResourceWhitelist',
  'clusterResourceBlacklist',
  'namespaceResourceWhitelist',
  'namespaceResourceBlacklist',
  'syncWindows',
  'sourceRepos',
  'destinations',
] as const;

function merged(project: AppProject, { globals, own, why }: Omit<Known, 'project'>): AppProject {
  if (globals.length === 0 && own.length === 0 && why === undefined) return project;
  const spec: ProjectSpec = { ...project.spec };
  for (const list of lists) {
    const all = [project, ...globals].flatMap((each): unknown[] => each.spec[list] ?? []);
    if (all.length > 0) Object.assign(spec, { [list]: all });
  }
  if (own.length > 0) spec.sourceRepos = [...(spec.sourceRepos ?? []), ...own];
  if (why !== undefined) spec.syncWindows = [...(spec.syncWindows ?? []), closed(why)];
  return { ...project, spec };
}

interface Known {
  globals: readonly AppProject[];
  /** Repositories that have a Secret of this project. */
  own: readonly string[];
  why: string | undefined;
  project: AppProject;
}

/** What of the settings decides what a project takes over. */
interface Shared {
  globalProjects: GlobalProjects;
  repositories: readonly RepositoryLogin[];
}

/** Names of the projects whose lists that one takes over. */
function globalsOf({ metadata: { name, labels = {} } }: AppProject, { projects }: GlobalProjects): string[] {
  return projects.flatMap(({ projectName, requirements }) =>
    projectName !== name && requirements.every((each) => fulfils(labels, each)) ? [projectName] : [],
  );
}

/** What it takes over, and why nothing of it syncs: where that is not known. */
function taken(
  project: AppProject,
  { globalProjects, repositories }: Shared,
  get: (name: string) => AppProject | undefined,
): Omit<Known, 'project'> {
  const names = globalsOf(project, globalProjects);
  const found = names.map(get);
  const missing = names[found.indexOf(undefined)];
  const absent =
    missing === undefined ? undefined : `globalProjects of argocd-cm names ${missing}, which does not exist`;
  return {
    globals: found.filter((each) => each !== undefined),
    own: repositories.filter((each) => each.project === project.metadata.name && !each.prefix).map(({ url }) => url),
    why: globalProjects.fault ?? absent,
  };
}

/** One project with all that it takes over; `all`: the projects of its namespace. */
export function withGlobalLists(project: AppProject, all: readonly AppProject[], settings: Shared): AppProject {
  return merged(
    project,
    taken(project, settings, (name) => all.find(({ metadata }) => metadata.name === name)),
  );
}

/**
 * The same projects, each with the lists of its global ones, and its own repositories in `sourceRepos` (Argo CD:
 * docs/user-guide/projects.md#project-scoped-repositories-and-clusters); nothing of that is ever stored.
 */
export function withGlobals(projects: Collection<AppProject>, settings: () => Shared): Collection<AppProject> {
  const known = new WeakMap<AppProject, Known>();
  const virtual = (project: AppProject): AppProject => {
    const { namespace } = project.metadata;
    const now = taken(project, settings(), (name) => projects.get(`${namespace}/${name}`));
    const { globals, own, why } = now;
    const last = known.get(project);
    if (
      last &&
      last.why === why &&
      last.own.join(' ') === own.join(' ') &&
      last.globals.length === globals.length &&
      last.globals.every((each, at) => each === globals[at])
    )
      return last.project;
    const made = merged(project, now);
    known.set(project, { ...now, project: made });
    return made;
  };
  return {
    ...projects,
    get: (key) => {
      const found = projects.get(key);
      return found && virtual(found);
    },
    list: () => projects.list().map(virtual),
    of: (value) => projects.of(value).map(virtual),
    onChange: (fn) =>
      projects.onChange((key, now, before) => {
        fn(key, now && virtual(now), before);
        const name = (now ?? before)?.metadata.name ?? '';
        for (const each of projects.list())
          if (globalsOf(each, settings().globalProjects).includes(name))
            fn(`${each.metadata.namespace}/${each.metadata.name}`, virtual(each), undefined);
      }),
  };
}
