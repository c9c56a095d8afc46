// Which applications a request means, and whether the person may: asked at the click and again here, at the act.
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Action, Authoriser } from '../policy/rbac.ts';
import type { Store } from '../store/store.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { rbacObject } from '../policy/rbac.ts';
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

/** Applications of the pull request's repository for which an Approval waits. */
export function waitingApplications(store: Store, request: Request, repositoryOf: (url: string) => { owner: string; repo: string } | undefined): Application[] {
  const { pull } = request.spec;
  return store.applications.list().filter((app) => {
    const waits = store.approvals.of(applicationKey(app)).some((approval) => (approval.status?.phase ?? 'Pending') === 'Pending');
    const repository = repositoryOf(sourcesOf(app.spec)[0]?.repoURL ?? '');
    return waits && (!pull || (repository?.owner === pull.owner && repository.repo === pull.repo));
  });
}

/** undefined when allowed, else the sentence that names verb, application and who can grant it. */
export function refusal(store: Store, authoriser: Authoriser, person: { login: string; teams: string[] }, action: Action, app: Application): string | undefined {
  const object = rbacObject(app, store.namespace);
  // argocd-rbac-cm names groups `org:team`; the approvers annotation names them `@org/team`.
  const subjects = [person.login, ...person.teams.map((team) => team.replace('/', ':'))];
  const { allowed } = authoriser.can(subjects, 'applications', action, object);
  return allowed ? undefined : `${person.login} has no right to ${action} ${object}; argocd-rbac-cm or the project's roles can grant it`;
}
