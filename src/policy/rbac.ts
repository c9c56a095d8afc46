// Who may do what: Argo CD's RBAC (policy.csv and project roles) on GitHub logins and `org:team` groups, by casbin.
import type { Enforcer } from 'casbin';
import type { RE2JS } from 're2js';
import type { AppProject } from '../model/project.ts';
import type { MatchMode } from './policy-csv.ts';
import { newEnforcer, newModelFromString } from 'casbin';
import { globMatch } from '../base/glob.ts';
import { expression, fieldsOf, firstFault, isRole, linesOf, policyFault, subjectOf, trimmed } from './policy-csv.ts';

export interface RbacPolicy {
  /** `policy.csv` and every `policy.*.csv` of argocd-rbac-cm, joined. */
  policyCsv: string;
  /** Why it cannot be used; default `policyFault` of it. */
  policyFault?: string | undefined;
  /** `policy.matchMode`: how a line says resources, actions and objects. Default: glob. */
  matchMode?: MatchMode;
  /** Role of everybody who is known; Argo's `policy.default`. Default: none. */
  policyDefault?: string;
  projects: readonly AppProject[];
}

export type Action =
  'get' | 'create' | 'update' | 'delete' | 'sync' | 'override' | 'approve' | 'revert' | 'adopt' | 'snooze';

interface Who {
  /** The login and its `org:team` groups, in any case of letters; one that is allowed suffices. */
  subjects: readonly string[];
  /**
   * Belongs to the house, so that `policy.default` counts: Argo CD means whoever could log in, and here strangers can
   * write too.
   */
  known: boolean;
}

export interface Authoriser {
  /** `object`: see `rbacObject`. */
  can(who: Who, resource: string, action: Action, object: string): { allowed: boolean; why: string; faulty?: true };
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
m = g(r.sub, p.sub) && matches(r.res, p.res) && matches(r.act, p.act) && matches(r.obj, p.obj)
`;

/**
 * The roles that Argo CD brings along, without its local user `admin`; our own actions are covered by the wildcard of
 * `role:admin`.
 */
const builtin = [
  ...['applications', 'applicationsets', 'logs'].map((resource) => `p, role:readonly, ${resource}, get, */*, allow`),
  ...['certificates', 'clusters', 'repositories', 'projects', 'accounts', 'gpgkeys'].map(
    (resource) => `p, role:readonly, ${resource}, get, *, allow`,
  ),
  ...['applications', 'applicationsets'].map((resource) => `p, role:admin, ${resource}, *, */*, allow`),
  ...['certificates', 'clusters', 'repositories', 'projects', 'accounts', 'gpgkeys', 'exec'].map(
    (resource) => `p, role:admin, ${resource}, *, *, allow`,
  ),
  'g, role:admin, role:readonly',
].join('\n');

/** As Argo CD reads it: a line of the policy, of which a comma in the group makes another one. */
function groupLine(project: AppProject, role: string, group: string): string[] | undefined {
  const [type = '', ...fields] = fieldsOf(trimmed(`g, ${group}, ${roleSubject(project, role)}`)) ?? [];
  return fields.length === 2 && !group.includes('\n') ? [type, ...fields.map(subjectOf)] : undefined;
}

/** A role of a project whose policies cannot be read as they are meant. */
function roleFault(project: AppProject, mode: MatchMode): string | undefined {
  for (const role of project.spec.roles ?? []) {
    const group = (role.groups ?? []).find((each) => !groupLine(project, role.name, each));
    if (group !== undefined) return `role ${role.name} has ${JSON.stringify(group)}, which is no group`;
    for (const policy of role.policies ?? []) {
      const found = firstFault(policy, mode);
      if (found) return `a policy of role ${role.name} ${found.fault}`;
      // What such a role cannot permit is passed over; a denial that is passed over would be a permission (Argo CD
      // enforces `*/*`, and refuses the others).
      const foreign = linesOf(policy).some((line) => line.at(-1) === 'deny' && !isOwn(project, role.name, line));
      if (foreign)
        return (
          `a policy of role ${role.name} must deny to ${roleSubject(project, role.name)}, ` +
          `and of ${project.metadata.name}/…`
        );
    }
  }
  return undefined;
}

function roleSubject(project: AppProject, role: string): string {
  return `proj:${project.metadata.name}:${role}`;
}

/** A project's role speaks of itself and of objects of its own project alone (Argo CD: docs/user-guide/projects.md). */
function isOwn(project: AppProject, role: string, [type, who, , , object]: readonly string[]): boolean {
  const { name } = project.metadata;
  return (
    type === 'p' && who === roleSubject(project, role) && (object === name || object?.startsWith(`${name}/`) === true)
  );
}

function projectLines(project: AppProject): string[][] {
  const { name } = project.metadata;
  return (project.spec.roles ?? []).flatMap((role) => {
    const subject = roleSubject(project, role.name);
    const own = linesOf((role.policies ?? []).join('\n')).filter((line) => isOwn(project, role.name, line));
    return [
      ['p', subject, 'projects', 'get', name, 'allow'],
      ...own,
      ...(role.groups ?? []).flatMap((group) => [groupLine(project, role.name, group) ?? []]),
    ];
  });
}

/** Expressions need not fit the whole text (Argo CD: casbin's RegexMatch). */
function byExpression(): (text: string, pattern: string) => boolean {
  const compiled = new Map<string, RE2JS | undefined>();
  return (text, pattern) => {
    if (!compiled.has(pattern)) compiled.set(pattern, expression(pattern));
    return compiled.get(pattern)?.test(text) ?? false;
  };
}

async function enforcerOf(lines: readonly string[][], mode: MatchMode): Promise<Enforcer> {
  const enforcer = await newEnforcer(newModelFromString(model));
  const matches = mode === 'regex' ? byExpression() : (text: string, pattern: string) => globMatch(pattern, text);
  await enforcer.addFunction('matches', matches);
  const unique = [...new Map(lines.map((fields) => [JSON.stringify(fields), fields])).values()];
  await enforcer.addPolicies(unique.filter(([type]) => type === 'p').map((fields) => fields.slice(1)));
  await enforcer.addGroupingPolicies(unique.filter(([type]) => type === 'g').map((fields) => fields.slice(1)));
  return enforcer;
}

function refusing(why: string): Authoriser {
  return { can: () => ({ allowed: false, why, faulty: true }) };
}

/**
 * Compiles a policy; questions are then answered without waiting. A policy with a fault permits nothing, and neither
 * does a project with one in its roles: a denial that is passed over would be a permission.
 */
export async function authoriser(policy: RbacPolicy): Promise<Authoriser> {
  const { matchMode: mode = 'glob' } = policy;
  const fault = policy.policyFault ?? policyFault(policy.policyCsv, mode);
  if (fault !== undefined) return refusing(`argocd-rbac-cm permits nothing until it is mended: ${fault}`);
  const roles = mode === 'regex' ? builtin.replaceAll('*', '.*') : builtin;
  const shared = linesOf(`${roles}\n${policy.policyCsv}`);
  const everyone = await enforcerOf(shared, mode);
  const byProject = new Map<string, Enforcer>();
  const faulty = new Map<string, string>();
  for (const project of policy.projects) {
    const { name } = project.metadata;
    const wrong = roleFault(project, mode);
    if (wrong === undefined) byProject.set(name, await enforcerOf([...shared, ...projectLines(project)], mode));
    else faulty.set(name, `project ${name} permits nothing until it is mended: ${wrong}`);
  }
  return {
    can({ subjects, known }, resource, action, object) {
      const wrong = faulty.get(object.split('/')[0] ?? '');
      if (wrong !== undefined) return { allowed: false, why: wrong, faulty: true };
      const enforcer = byProject.get(object.split('/')[0] ?? '') ?? everyone;
      const may = (subject: string): boolean => enforcer.enforceSync(subject, resource, action, object);
      if (known && policy.policyDefault && may(subjectOf(policy.policyDefault)))
        return { allowed: true, why: `everybody may ${action}` };
      // An organization may be called "role": its teams are no roles.
      const subject = subjects
        .filter((one) => one !== '' && !isRole(one))
        .map(subjectOf)
        .find(may);
      if (subject !== undefined) return { allowed: true, why: `${subject} may ${action}` };
      return { allowed: false, why: `permission denied: ${resource}, ${action}, ${object}` };
    },
  };
}

/** Keeps the authoriser of the newest policy text: the same text compiles once. */
export function authorisers(): (policy: RbacPolicy) => Promise<Authoriser> {
  let kept: { key: string; value: Promise<Authoriser> } | undefined;
  return (policy) => {
    const key = JSON.stringify([
      policy.policyCsv,
      policy.policyDefault,
      policy.matchMode,
      policy.projects.map((project) => [project.metadata.name, project.spec.roles]),
    ]);
    if (kept?.key !== key) kept = { key, value: authoriser(policy) };
    return kept.value;
  };
}

/**
 * `<project>/<application>`, or `<project>/<namespace>/<application>` outside the control plane's namespace (Argo CD:
 * docs/operator-manual/app-any-namespace.md).
 */
export function rbacObject(
  app: { metadata: { namespace?: string; name?: string }; spec: { project: string } },
  controlNamespace: string,
): string {
  const name = app.metadata.name ?? '';
  const namespace = app.metadata.namespace ?? controlNamespace;
  return [app.spec.project || 'default', ...(namespace === controlNamespace ? [] : [namespace]), name].join('/');
}
