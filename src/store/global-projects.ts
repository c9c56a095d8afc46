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

/**
 * The same projects, each with the lists of its global ones, and its own repositories in `sourceRepos` (Argo CD:
 * docs/user-guide/projects.md#project-scoped-repositories-and-clusters); nothing of that is ever stored.
 */
export function withGlobals(
  projects: Collection<AppProject>,
  settings: () => { globalProjects: GlobalProjects; repositories: readonly RepositoryLogin[] },
): Collection<AppProject> {
  const known = new WeakMap<AppProject, Known>();
  const namesFor = ({ metadata: { name, labels = {} } }: AppProject): string[] =>
    settings().globalProjects.projects.flatMap(({ projectName, requirements }) =>
      projectName !== name && requirements.every((each) => fulfils(labels, each)) ? [projectName] : [],
    );
  const virtual = (project: AppProject): AppProject => {
    const names = namesFor(project);
    const found = names.map((name) => projects.get(`${project.metadata.namespace}/${name}`));
    const globals = found.filter((each) => each !== undefined);
    const missing = names[found.indexOf(undefined)];
    const why =
      settings().globalProjects.fault ??
      (missing === undefined ? undefined : `globalProjects of argocd-cm names ${missing}, which does not exist`);
    const own = settings()
      .repositories.filter((each) => each.project === project.metadata.name && !each.prefix)
      .map(({ url }) => url);
    const last = known.get(project);
    if (
      last &&
      last.why === why &&
      last.own.join(' ') === own.join(' ') &&
      last.globals.length === globals.length &&
      last.globals.every((each, at) => each === globals[at])
    )
      return last.project;
    const made = merged(project, { globals, own, why });
    known.set(project, { globals, own, why, project: made });
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
          if (namesFor(each).includes(name))
            fn(`${each.metadata.namespace}/${each.metadata.name}`, virtual(each), undefined);
      }),
  };
}
