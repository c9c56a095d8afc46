// Who may do what: Argo CD's RBAC (policy.csv and project roles) on GitHub logins and `org:team` groups, by casbin.
import { newEnforcer, newModelFromString } from 'casbin';
import type { Enforcer } from 'casbin';
import { globMatch } from '../base/glob.ts';
import type { AppProject } from '../model/project.ts';

export interface RbacPolicy {
  /** `policy.csv` and every `policy.*.csv` of argocd-rbac-cm, joined. */
  policyCsv: string;
  /** Role of everybody who is known; Argo's `policy.default`. Default: none. */
  policyDefault?: string;
  projects: readonly AppProject[];
}

export type Action = 'get' | 'create' | 'update' | 'delete' | 'sync' | 'override' | 'approve' | 'revert' | 'adopt' | 'snooze';

export interface Who {
  /** The login and its `org:team` groups, in any case of letters; one that is allowed suffices. */
  subjects: readonly string[];
  /** Belongs to the house, so that `policy.default` counts: Argo CD means whoever could log in, and here strangers can write too. */
  known: boolean;
}

export interface Authoriser {
  /** `object`: see `rbacObject`. */
  can(who: Who, resource: string, action: Action, object: string): { allowed: boolean; why: string };
}

const model = `
[request_definition]
r = sub, res, act, obj
[policy_definition]
p = sub, res, act, obj, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && glob(r.res, p.res) && glob(r.act, p.act) && glob(r.obj, p.obj)
`;

/** The roles that Argo CD brings along, without its local user `admin`; our own actions are covered by the wildcard of `role:admin`. */
const builtin = [
  ...['applications', 'applicationsets', 'logs'].map((resource) => `p, role:readonly, ${resource}, get, */*, allow`),
  ...['certificates', 'clusters', 'repositories', 'projects', 'accounts', 'gpgkeys'].map((resource) => `p, role:readonly, ${resource}, get, *, allow`),
  ...['applications', 'applicationsets'].map((resource) => `p, role:admin, ${resource}, *, */*, allow`),
  ...['certificates', 'clusters', 'repositories', 'projects', 'accounts', 'gpgkeys', 'exec'].map((resource) => `p, role:admin, ${resource}, *, *, allow`),
  'g, role:admin, role:readonly',
].join('\n');

/** One line of comma-separated values; a field in double quotes may contain commas. */
function fieldsOf(line: string): string[] {
  const outside = line.split('"');
  if (outside.length % 2 === 0) return line.split(',').map((field) => field.trim());
  const fields = outside.map((part, at) => (at % 2 === 1 ? part.replaceAll(',', '\0') : part)).join('').split(',');
  return fields.map((field) => field.replaceAll('\0', ',').trim());
}

function isRole(subject: string): boolean {
  return subject.startsWith('role:') || subject.startsWith('proj:');
}

/** Logins, organizations and teams are the same in any case of letters (GitHub); roles are not. */
function subjectOf(text: string): string {
  return isRole(text) ? text : text.toLowerCase();
}

/** The lines that are policies; others are passed over: one bad line must not take the good ones with it. */
function linesOf(csv: string): string[][] {
  return csv.split('\n').flatMap((line) => {
    const [type = '', ...fields] = fieldsOf(line.trim());
    if (type === 'p' && fields.length === 5) return [[type, subjectOf(fields[0] ?? ''), ...fields.slice(1)]];
    return type === 'g' && fields.length === 2 ? [[type, ...fields.map(subjectOf)]] : [];
  });
}

function projectLines(project: AppProject): string[][] {
  const name = project.metadata.name;
  return (project.spec.roles ?? []).flatMap((role) => {
    const subject = `proj:${name}:${role.name}`;
    // A project's role speaks of itself and of objects of its own project alone (Argo CD: docs/user-guide/projects.md).
    const own = linesOf((role.policies ?? []).join('\n')).filter(([type, who, , , object]) => type === 'p' && who === subject && (object === name || object?.startsWith(`${name}/`)));
    return [['p', subject, 'projects', 'get', name, 'allow'], ...own, ...(role.groups ?? []).map((group) => ['g', subjectOf(group), subject])];
  });
}

async function enforcerOf(lines: readonly string[][]): Promise<Enforcer> {
  const enforcer = await newEnforcer(newModelFromString(model));
  await enforcer.addFunction('glob', (text: string, pattern: string) => globMatch(pattern, text));
  const unique = [...new Map(lines.map((fields) => [JSON.stringify(fields), fields])).values()];
  await enforcer.addPolicies(unique.filter(([type]) => type === 'p').map((fields) => fields.slice(1)));
  await enforcer.addGroupingPolicies(unique.filter(([type]) => type === 'g').map((fields) => fields.slice(1)));
  return enforcer;
}

/** Compiles a policy; questions are then answered without waiting. Lines that are no policy are passed over, as Argo CD does. */
export async function authoriser(policy: RbacPolicy): Promise<Authoriser> {
  const shared = linesOf(`${builtin}\n${policy.policyCsv}`);
  const everyone = await enforcerOf(shared);
  const byProject = new Map<string, Enforcer>();
  for (const project of policy.projects) byProject.set(project.metadata.name, await enforcerOf([...shared, ...projectLines(project)]));
  return {
    can({ subjects, known }, resource, action, object) {
      const enforcer = byProject.get(object.split('/')[0] ?? '') ?? everyone;
      const may = (subject: string): boolean => enforcer.enforceSync(subject, resource, action, object);
      if (known && policy.policyDefault && may(subjectOf(policy.policyDefault))) return { allowed: true, why: `everybody may ${action}` };
      // An organization may be called "role": its teams are no roles.
      const subject = subjects.filter((one) => one !== '' && !isRole(one)).map(subjectOf).find(may);
      if (subject !== undefined) return { allowed: true, why: `${subject} may ${action}` };
      return { allowed: false, why: `permission denied: ${resource}, ${action}, ${object}` };
    },
  };
}

/** Keeps the authoriser of the newest policy text: the same text compiles once. */
export function authorisers(): (policy: RbacPolicy) => Promise<Authoriser> {
  let kept: { key: string; value: Promise<Authoriser> } | undefined;
  return (policy) => {
    const key = JSON.stringify([policy.policyCsv, policy.policyDefault, policy.projects.map((project) => [project.metadata.name, project.spec.roles])]);
    if (kept?.key !== key) kept = { key, value: authoriser(policy) };
    return kept.value;
  };
}

/** `<project>/<application>`, or `<project>/<namespace>/<application>` outside the control plane's namespace (Argo CD: docs/operator-manual/app-any-namespace.md). */
export function rbacObject(app: { metadata: { namespace?: string; name?: string }; spec: { project: string } }, controlNamespace: string): string {
  const name = app.metadata.name ?? '';
  const namespace = app.metadata.namespace ?? controlNamespace;
  return [app.spec.project || 'default', ...(namespace === controlNamespace ? [] : [namespace]), name].join('/');
}
