// Which applications a request means, and whether the person may: asked at the click and again here, at the act.
import type { Application } from '../model/application.ts';
import type { Approval, Request } from '../model/coxswain.ts';
import type { Action, Authoriser } from '../policy/rbac.ts';
import type { Store } from '../store/store.ts';
import type { MergedPull } from './brought.ts';
import type { ChatopsOptions } from './ports.ts';
import { isOpen } from '../engine/approval.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { rbacObject } from '../policy/rbac.ts';
import { isBrought } from './brought.ts';
import { nearest } from './command.ts';

export type Found = { ok: true; apps: Application[] } | { ok: false; message: string };

/** By `namespace/name` or name; an exact name always wins, an unknown one is answered with the nearest. */
export function findApplication(store: Store, text: string): Found {
  const exact = store.applications.get(text) ?? store.applications.get(`${store.namespace}/${text}`);
  if (exact) return { ok: true, apps: [exact] };
  const same = store.applications.list().filter((app) => app.metadata.name === text);
  if (same.length === 1) return { ok: true, apps: same };
  if (same.length > 1) return { ok: false, message: `several applications are called ${text}: ${same.map(applicationKey).join(', ')}` };
  const near = nearest(text, store.applications.list().map((app) => app.metadata.name));
  return { ok: false, message: `there is no application "${text.slice(0, 80)}"${near ? `; did you mean ${near}?` : ''}` };
}

/** Whole seconds since the epoch: what the cluster keeps of a time. NaN without one. */
export function seconds(time: string | null | undefined): number {
  return Math.floor(Date.parse(time ?? '') / 1000);
}

/** Waits, or was decided by this very Request before a crash. */
export function isMeant(approval: Approval, { verb, actor, createdAt }: Pick<Request['spec'], 'verb' | 'actor' | 'createdAt'>): boolean {
  const { approvals = [], rejectedBy } = approval.status ?? {};
  if (isOpen(approval) || (verb === 'reject' && rejectedBy?.login === actor.login)) return true;
  return approvals.some((item) => item.actor.login === actor.login && seconds(item.at) >= seconds(createdAt));
}

/** Applications for which an Approval waits; in a pull request, one that its merge brought. */
export async function waitingApplications(options: Pick<ChatopsOptions, 'store' | 'git' | 'forge'>, request: Request, merged: MergedPull | undefined): Promise<Application[]> {
  const { store } = options;
  const found: Application[] = [];
  for (const app of store.applications.list()) {
    for (const approval of store.approvals.of(applicationKey(app)).filter((each) => isMeant(each, request.spec))) {
      if (merged && !(await isBrought(options, approval, merged))) continue;
      found.push(app);
      break;
    }
  }
  return found;
}

/** Whoever asks, as GitHub knows them. */
export interface Person {
  login: string;
  /** 0: GitHub has no such account. */
  id: number;
  /** As `org/team`. */
  teams: string[];
  /** `policy.default` counts. */
  known: boolean;
}

/** Teams are asked of the organization that owns the application's repository, or the pull request's. */
export async function personOf({ forge }: Pick<ChatopsOptions, 'forge'>, { actor, pull }: Pick<Request['spec'], 'actor' | 'pull'>, app: Application): Promise<Person> {
  await forge?.ready();
  const owner = pull?.owner ?? forge?.repositoryOf(sourcesOf(app.spec)[0]?.repoURL ?? '')?.owner;
  const teams = forge && owner ? await forge.teams(actor.login, owner) : [];
  const id = actor.id || ((await forge?.userId(actor.login)) ?? 0);
  return { login: actor.login, id, teams: teams.map((team) => team.replace(':', '/')), known: actor.known === true };
}

export interface Rights {
  authoriser: Authoriser;
  /** The control plane's. */
  namespace: string;
}

/** undefined when allowed, else the sentence that names verb, application and who can grant it. */
export function refusal({ authoriser, namespace }: Rights, person: Pick<Person, 'login' | 'teams' | 'known'>, action: Action, app: Application): string | undefined {
  const object = rbacObject(app, namespace);
  // argocd-rbac-cm names groups `org:team`; the approvers annotation names them `@org/team`.
  const subjects = [person.login, ...person.teams.map((team) => team.replace('/', ':'))];
  const { allowed } = authoriser.can({ subjects, known: person.known }, 'applications', action, object);
  const grant = `whoever keeps argocd-rbac-cm or the roles of project ${app.spec.project || 'default'} can grant it`;
  return allowed ? undefined : `${person.login} may not ${action === 'get' ? 'see' : action} ${app.metadata.name}: the right "applications, ${action}, ${object}" is missing; ${grant}`;
}
