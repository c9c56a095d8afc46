// What a project lets its applications use: repositories, destinations and kinds, with its messages (Argo CD:
// pkg/apis/application/v1alpha1/app_project_types.go).
import type { Application, Condition } from '../model/application.ts';
import type { AppProject, GroupKind } from '../model/project.ts';
import { RE2JS } from 're2js';
import { coxGroup } from '../model/coxswain.ts';
import { findingText, idleFields, idleProjectFields } from '../model/contract.ts';
import { globMatch } from '../base/glob.ts';
import { sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { policyFaults } from './policy.ts';

export interface NamedCluster {
  server: string;
  name: string;
}

/**
 * An entry that begins with `!` denies, and wins; it permits what it does not deny (Argo CD:
 * AppProject.IsSourcePermitted).
 */
function listed(entries: readonly string[] | undefined, matches: (pattern: string) => boolean): boolean {
  const all = entries ?? [];
  if (all.some((entry) => entry.startsWith('!') && matches(entry.slice(1)))) return false;
  return all.some((entry) => entry.startsWith('!') || matches(entry));
}

/** A pattern with `!` denies (Argo CD: pkg/apis/application/v1alpha1/types.go IsSourcePermitted). */
export function sourcePermitted(project: AppProject, repoURL: string): boolean {
  const url = normaliseRepo(repoURL);
  return listed(
    project.spec.sourceRepos,
    (pattern) => pattern === '*' || globMatch(normaliseRepo(pattern), url, { separators: '/' }),
  );
}

/**
 * Whether the project means that very repository, or all of its owner: it is permitted, and by an entry that names
 * server and owner (`https://github.com/acme/*`). `*`, which the `default` project has, says nothing of anybody's.
 */
export function sourceNamed(project: AppProject, repoURL: string): boolean {
  const url = normaliseRepo(repoURL);
  const named = (project.spec.sourceRepos ?? []).some((entry) => {
    const pattern = normaliseRepo(entry);
    const [scheme = '', , server = '', owner = ''] = pattern.split('/');
    const isPlain = [scheme, server, owner].every((part) => part !== '' && !/[!*?[\]{}\\]/.test(part));
    return isPlain && globMatch(pattern, url, { separators: '/' });
  });
  return named && sourcePermitted(project, repoURL);
}

/** A pattern with `!` matches what it does not deny. */
function hits(pattern: string, text: string): boolean {
  return pattern.startsWith('!') ? !globMatch(pattern.slice(1), text) : globMatch(pattern, text);
}

/**
 * `name` and `namespace` may be ''. A denied server, name or namespace denies, and a denied name whatever the
 * namespace; what an entry does not deny it permits, so that a project may name nothing but exceptions (Argo CD:
 * AppProject.isDestinationMatched).
 */
export function destinationPermitted(
  project: AppProject,
  destination: { server: string; name: string; namespace: string },
): boolean {
  let permitted = false;
  for (const { server = '', name = '', namespace = '' } of project.spec.destinations ?? []) {
    const serverHit = server !== '' && destination.server !== '' && hits(server, destination.server);
    const nameHit = name !== '' && destination.name !== '' && hits(name, destination.name);
    const namespaceHit = hits(namespace, destination.namespace);
    const denied =
      (name.startsWith('!') && destination.name !== '' && !nameHit) ||
      (server.startsWith('!') && !serverHit && namespaceHit) ||
      (namespace.startsWith('!') && !namespaceHit && (serverHit || nameHit));
    if (denied) return false;
    permitted ||= (serverHit || nameHit) && namespaceHit;
  }
  return permitted;
}

function inList(
  list: readonly GroupKind[] | undefined,
  object: { group: string; kind: string; name: string },
): boolean {
  return (list ?? []).some(
    (entry) =>
      globMatch(entry.kind, object.kind) &&
      globMatch(entry.group, object.group) &&
      (!entry.name || globMatch(entry.name, object.name)),
  );
}

function kindPermitted(
  project: AppProject,
  object: { group: string; kind: string; name: string },
  namespaced: boolean,
): boolean {
  const { spec } = project;
  if (!namespaced)
    return !inList(spec.clusterResourceBlacklist, object) && inList(spec.clusterResourceWhitelist, object);
  if (inList(spec.namespaceResourceBlacklist, object)) return false;
  // No list allows every namespaced kind; an empty one allows none.
  return (
    spec.namespaceResourceWhitelist === undefined ||
    spec.namespaceResourceWhitelist === null ||
    inList(spec.namespaceResourceWhitelist, object)
  );
}

/** Whether the project forbids the kind anywhere. */
export function kindDenied(
  project: AppProject,
  object: { group: string; kind: string; name: string },
  namespaced: boolean,
): boolean {
  return object.group === coxGroup || !kindPermitted(project, object, namespaced);
}

/** undefined if the object is permitted, else Argo CD's message. */
export function resourceDenied(
  project: AppProject,
  object: { group: string; kind: string; namespace: string; name: string },
  namespaced: boolean,
  cluster: NamedCluster,
): string | undefined {
  const name = project.metadata.name;
  // Approvals, Requests and SyncRecords say what people agreed to: Git, whoever may write it, is not to say so.
  if (object.group === coxGroup)
    return `resource ${object.group}:${object.kind} is not permitted in any project: Coxswain alone writes it`;
  if (!kindPermitted(project, object, namespaced))
    return `resource ${object.group}:${object.kind} is not permitted in project ${name}`;
  if (namespaced && !destinationPermitted(project, { ...cluster, namespace: object.namespace }))
    return `namespace ${object.namespace} is not permitted in project '${name}'`;
  return undefined;
}

/**
 * Whether an application's naming an object in Git keeps others from pruning it. Where the project permits the place,
 * a kind that it forbids does not matter: nobody can take the object over, and its former application must not delete
 * what Git has not given up.
 */
export function mayHold(
  project: AppProject,
  object: { group: string; kind: string; namespace: string; name: string },
  namespaced: boolean,
  cluster: NamedCluster,
): boolean {
  return (
    resourceDenied(project, object, namespaced, cluster) === undefined ||
    (namespaced && destinationPermitted(project, { ...cluster, namespace: object.namespace }))
  );
}

/**
 * By RE2, whose time is linear in the text whatever the pattern is. What is no pattern, or needs more than RE2 has,
 * matches nothing.
 */
function matches(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).test(text);
  } catch {
    return false;
  }
}

function namespacePermitted(app: Application, project: AppProject, controlNamespace: string): boolean {
  const namespace = app.metadata.namespace;
  return (
    namespace === controlNamespace ||
    (project.spec.sourceNamespaces ?? []).some((pattern) =>
      pattern.length > 1 && pattern.startsWith('/') && pattern.endsWith('/')
        ? matches(pattern.slice(1, -1), namespace)
        : globMatch(pattern, namespace),
    )
  );
}

interface SpecCheck {
  app: Application;
  /** undefined if it does not exist. */
  project: AppProject | undefined;
  /** undefined if the destination names none that is known. */
  cluster: NamedCluster | undefined;
  controlNamespace: string;
}

/** Of fields that have no effect, and on which nothing depends that is deployed; and of a gate that cannot be read. */
export function specWarnings(app: Application, project: AppProject | undefined): Condition[] {
  const found = [...idleFields(app.spec), ...(project ? idleProjectFields(project) : [])].filter(
    ({ refused }) => !refused,
  );
  return [
    ...found.map((finding): Condition => ({ type: 'IgnoredFieldWarning', message: findingText(finding) })),
    ...policyFaults(app, project).map((message): Condition => ({ type: 'InvalidGateWarning', message })),
  ];
}

/** InvalidSpecError conditions (without time) of an application's spec; empty if it may be synced. */
export function specConditions({ app, project, cluster, controlNamespace }: SpecCheck): Condition[] {
  const { destination } = app.spec;
  const invalid = (message: string): Condition => ({ type: 'InvalidSpecError', message });
  const name = app.spec.project || 'default';
  if (!project) return [invalid(`Application referencing project ${name} which does not exist`)];
  if (!namespacePermitted(app, project, controlNamespace))
    return [
      invalid(
        `application '${app.metadata.name}' in namespace '${app.metadata.namespace}' is not allowed to use ` +
          `project ${name}`,
      ),
    ];
  const found: Condition[] = [...idleFields(app.spec), ...idleProjectFields(project)]
    .filter(({ refused }) => refused)
    .map((finding) => invalid(findingText(finding)));
  const sources = sourcesOf(app.spec);
  if (sources.length === 0)
    found.push(
      invalid('spec.source.repoURL and either spec.source.path, spec.source.chart, or spec.source.ref are required'),
    );
  for (const source of sources) {
    if (!source.repoURL || (!source.path && !source.chart && !source.ref))
      found.push(
        invalid('spec.source.repoURL and either spec.source.path, spec.source.chart, or spec.source.ref are required'),
      );
    else if (source.chart && !source.targetRevision)
      found.push(invalid('spec.source.targetRevision is required if the manifest source is a helm chart'));
    else if (!sourcePermitted(project, source.repoURL))
      found.push(invalid(`application repo ${source.repoURL} is not permitted in project '${name}'`));
  }
  if (destination.server && destination.name)
    found.push(
      invalid(
        `application destination can't have both name and server defined: ${destination.name} ${destination.server}`,
      ),
    );
  else if (!destination.server && !destination.name) found.push(invalid('Destination server missing from app spec'));
  else if (!cluster)
    found.push(
      invalid(
        destination.name
          ? `unable to find destination server: there are no clusters with this name: ${destination.name}`
          : `cluster '${destination.server ?? ''}' has not been configured`,
      ),
    );
  else if (!destinationPermitted(project, { ...cluster, namespace: destination.namespace ?? '' })) {
    found.push(
      invalid(
        `application destination server '${cluster.server}' and namespace '${destination.namespace ?? ''}' do not ` +
          `match any of the allowed destinations in project '${name}'`,
      ),
    );
  }
  return found;
}
