// Policy: what an application's and its project's annotations ask of everyone who wants to change it; the stricter
// wins.
import type { KubeObject, ObjectMeta, ResourceKey } from '../model/kube.ts';
import type { AskedEnvironment } from '../model/coxswain.ts';
import type { AppProject } from '../model/project.ts';
import { cox } from '../model/annotations.ts';
import { argoGroup } from '../model/argo-kinds.ts';
import { isObject, keyOf } from '../model/kube.ts';
import { parseDuration } from './duration.ts';
import { textAt } from '../model/read.ts';
import { normaliseRepo } from '../model/repository.ts';

/** What holds for one application. */
export interface EffectivePolicy {
  /** Nothing new is applied without an Approval of its digest. */
  gated: boolean;
  environment: string | undefined;
  /** An approver must stand in every list; entries: a GitHub login, or `@org/team`. No list: whoever may `approve`. */
  approvers: string[][];
  /** People who must agree; at least 1. */
  approvals: number;
  /** Slack channel; the application's own wins over its project's. */
  slack: string | undefined;
  /** Milliseconds after which an approval that is not applied counts no more. Default: as coxswain-cm says. */
  expires?: number;
  /** An approver must be among the required reviewers of each that has some. Default: none. */
  reviewers?: AskedEnvironment[];
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(/[\s,;]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase());
}

function isSameEnvironment(a: AskedEnvironment, b: AskedEnvironment): boolean {
  return a.environment === b.environment && normaliseRepo(a.repository) === normaliseRepo(b.repository);
}

/** GitHub logins, of Apps and managed accounts too, and teams; a pattern in linear time. */
const person = /^[a-z\d][a-z\d_-]{0,99}(\[bot\])?$/;
const team = /^@[\w.-]{1,100}\/[\w.-]{1,100}$/;

/** GitHub: names of environments. */
const longestEnvironment = 255;

/** People who must agree where what is written says no number. */
const unreadApprovals = 2;

function approvalsOf(text: string): { count: number; fault?: string } {
  if (text === '') return { count: 1 };
  if (/^[1-9]\d{0,2}$/.test(text)) return { count: Number(text) };
  // As many as it seems to say, if those are more.
  return {
    count: Math.max(unreadApprovals, Math.min(Number.parseInt(text, 10) || 0, 999)),
    fault: `is no number of people from 1 to 999, so ${unreadApprovals} or more must agree`,
  };
}

function expiresOf(text: string): { expires?: number; fault?: string } {
  const expires = parseDuration(text);
  if (expires !== undefined && expires > 0) return { expires };
  return text === '' ? {} : { fault: 'is no duration such as 36h or 90m, so the default holds' };
}

/** No list, where nobody is named; one that names nobody who can be read is a list of nobody. */
function approversOf(text: string): { approvers: string[][]; fault?: string } {
  if (text === '') return { approvers: [] };
  const entries = listOf(text);
  const unread = entries.filter((entry) => !person.test(entry) && !team.test(entry));
  const approvers = [entries.filter((entry) => !unread.includes(entry))];
  if (entries.length > 0 && unread.length === 0) return { approvers };
  const what = entries.length === 0 ? 'names nobody' : `has no login and no @org/team in ${unread.join(', ')}`;
  return { approvers, fault: `${what}, so ${approvers[0]?.length ? 'only the others' : 'nobody'} may approve` };
}

interface Read {
  policy: EffectivePolicy;
  /** What of the annotations cannot be read, as sentences; a stricter one stands in for each. */
  faults: string[];
}

function readPolicy({ annotations = {} }: ObjectMeta): Read {
  const text = (name: string): string => annotations[name]?.trim() ?? '';
  const approval = text(cox.approval);
  const environment = text(cox.environment);
  const isNamed = environment.length <= longestEnvironment && !/\p{Cc}/u.test(environment);
  const [approvers, approvals] = [approversOf(text(cox.approvers)), approvalsOf(text(cox.approvals))];
  const { expires, fault } = expiresOf(text(cox.expires));
  const faults: [name: string, fault: string | undefined][] = [
    [
      cox.approval,
      ['', 'none', 'required'].includes(approval) ? undefined : 'is neither required nor none, so it asks',
    ],
    [cox.approvers, approvers.fault],
    [cox.approvals, approvals.fault],
    [cox.expires, fault],
    [cox.environment, isNamed ? undefined : `is no name of an environment, so ${unreadApprovals} people must agree`],
  ];
  return {
    policy: {
      // A word that we do not know must not open a gate.
      gated: approval !== '' && approval !== 'none',
      environment: environment || undefined,
      approvers: approvers.approvers,
      approvals: Math.max(approvals.count, isNamed ? 1 : unreadApprovals),
      slack: text(cox.slack) || undefined,
      ...(expires !== undefined && { expires }),
    },
    faults: faults.flatMap(([name, why]) =>
      why === undefined ? [] : [`${name}: ${JSON.stringify(text(name).slice(0, 200))} ${why}`],
    ),
  };
}

function ownPolicy(metadata: ObjectMeta): EffectivePolicy {
  return readPolicy(metadata).policy;
}

/** What of the gate's annotations, of the application and of its project, cannot be read, and what holds instead. */
export function policyFaults(app: Described, project: { metadata: ObjectMeta } | undefined): string[] {
  const own = readPolicy(app.metadata).faults;
  const above = project ? readPolicy(project.metadata).faults : [];
  return [...own, ...above.map((fault) => `project ${project?.metadata.name ?? ''}: ${fault}`)];
}

/** Both hold; environment and channel are those of the first, if it names any. */
export function stricter(a: EffectivePolicy, b: EffectivePolicy): EffectivePolicy {
  const { reviewers = [] } = a;
  const more = (b.reviewers ?? []).filter((each) => !reviewers.some((known) => isSameEnvironment(known, each)));
  const expires = Math.min(a.expires ?? Infinity, b.expires ?? Infinity);
  const lists = new Map([...a.approvers, ...b.approvers].map((list) => [list.toSorted().join(','), list]));
  return {
    gated: a.gated || b.gated,
    environment: a.environment ?? b.environment,
    approvers: [...lists.values()],
    approvals: Math.max(a.approvals, b.approvals),
    slack: a.slack ?? b.slack,
    ...(expires < Infinity && { expires }),
    ...(reviewers.length + more.length > 0 && { reviewers: [...reviewers, ...more] }),
  };
}

/** URL of the first source, where environments are looked up; '' for a project. */
function repositoryOf({ spec }: Described): string {
  const source: unknown = isObject(spec)
    ? Array.isArray(spec['sources']) && spec['sources'].length > 0
      ? (spec['sources'] as unknown[])[0]
      : spec['source']
    : undefined;
  return isObject(source) ? textAt(source, 'repoURL') : '';
}

/** An Application or AppProject, as it is or as Git has it. */
interface Described {
  metadata: ObjectMeta;
  spec?: unknown;
}

/** The policy of an application; an absent project adds nothing. */
export function effectivePolicy(app: Described, project: { metadata: ObjectMeta } | undefined): EffectivePolicy {
  const own = ownPolicy(app.metadata);
  const policy = project ? stricter(own, ownPolicy(project.metadata)) : own;
  const repository = repositoryOf(app);
  // Without an annotation an application's environment bears its name.
  const environment = policy.environment ?? (repository === '' ? undefined : app.metadata.name);
  return environment === undefined ? policy : { ...policy, reviewers: [{ repository, environment }] };
}

/** Each must still be implied: some new list allows nobody whom it did not allow. */
function impliesList(after: EffectivePolicy, old: readonly string[]): boolean {
  const allowed = new Set(old.map((entry) => entry.toLowerCase()));
  return after.approvers.some((list) => list.every((entry) => allowed.has(entry.toLowerCase())));
}

/**
 * True unless what needed approval before is proven to need as much of it after: another environment, or the same
 * elsewhere, may ask anybody.
 */
export function loosens(before: EffectivePolicy, after: EffectivePolicy): boolean {
  if (!before.gated) return false;
  if (!after.gated || after.approvals < before.approvals) return true;
  if ((before.reviewers ?? []).some((asked) => !(after.reviewers ?? []).some((now) => isSameEnvironment(now, asked))))
    return true;
  if ((after.expires ?? Infinity) > (before.expires ?? Infinity)) return true;
  return before.approvers.some((old) => !impliesList(after, old));
}

function isKind(object: KubeObject | undefined, kind: string): object is KubeObject {
  return object !== undefined && object.kind === kind && object.apiVersion.startsWith(`${argoGroup}/`);
}

function projectName(app: KubeObject): string {
  const spec = app['spec'];
  const name = isObject(spec) ? spec['project'] : undefined;
  return typeof name === 'string' && name !== '' ? name : 'default';
}

export interface LoosenedGate {
  key: ResourceKey;
  /** The policy that the operation would weaken or delete: under it the operation needs approval. */
  before: EffectivePolicy;
  /** What the operation would do, where it loosens nothing: `delete application prod`. */
  does?: string;
}

/**
 * Gates that an operation would weaken, move away from or delete: those of the Applications and AppProjects among its
 * objects. `pairs`: every object that it changes or deletes (`target` undefined). `projects`: live AppProjects by name.
 * `formerly`: what holds for a live Application beside its annotations.
 */
export function loosenedGates(
  pairs: readonly { live: KubeObject | undefined; target: KubeObject | undefined }[],
  projects: ReadonlyMap<string, AppProject>,
  formerly: (app: KubeObject) => EffectivePolicy | undefined = () => undefined,
): LoosenedGate[] {
  const targetProjects = new Map<string, KubeObject>();
  for (const { target } of pairs)
    if (isKind(target, 'AppProject')) targetProjects.set(target.metadata.name ?? '', target);
  const after = (app: KubeObject): EffectivePolicy =>
    effectivePolicy(app, targetProjects.get(projectName(app)) ?? projects.get(projectName(app)));
  return pairs.flatMap(({ live, target }): LoosenedGate[] => {
    if (isKind(live, 'AppProject')) {
      const before = effectivePolicy(live, undefined);
      return before.gated && (target === undefined || loosens(before, effectivePolicy(target, undefined)))
        ? [{ key: keyOf(live), before }]
        : [];
    }
    if (!isKind(live, 'Application')) return [];
    const [now, former] = [effectivePolicy(live, projects.get(projectName(live))), formerly(live)];
    const before = former?.gated ? stricter(now, former) : now;
    return before.gated && (target === undefined || loosens(before, after(target)))
      ? [{ key: keyOf(live), before }]
      : [];
  });
}
