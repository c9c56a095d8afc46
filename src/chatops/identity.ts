// Whoever asks: who they are on GitHub, what they may do, and which applications they may know of.
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Action, Authoriser, RbacPolicy } from '../policy/rbac.ts';
import type { Store } from '../store/store.ts';
import type { People } from './ports.ts';
import { describeError, errorKind } from '../base/errors.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { rbacObject } from '../policy/rbac.ts';

export interface Person {
  login: string;
  /** 0: GitHub has no such account. */
  id: number;
  /** As `org/team`. */
  teams: string[];
  /** Why nobody can tell their teams, one sentence: then their login alone counts. */
  teamless?: string;
}

interface Asker {
  /**
   * As GitHub knows them now. Teams are asked of the organization that owns the application's repository, or the pull
   * request's.
   */
  person(app: Application): Promise<Person>;
  /**
   * undefined when allowed, else the sentence that names right, application and who can grant it. GitHub is asked only
   * where the login alone does not suffice.
   */
  refusal(action: Action, app: Application): Promise<string | undefined>;
  /**
   * Whether it may be named to them: they may `get` it, or do to it what they ask for, or the place where they ask
   * shows it anyway.
   */
  sees(action: Action, app: Application): Promise<boolean>;
}

export interface AskerDeps {
  store: Store;
  /** Undefined without a GitHub App. */
  forge: People | undefined;
  authorise: (policy: RbacPolicy) => Promise<Authoriser>;
  /** `namespace/name` of what the pull request shows where they ask. Default: none. */
  touched?: () => Promise<string[]>;
}

type Asked = Pick<Request['spec'], 'actor' | 'pull' | 'application' | 'shown'>;

interface Rights {
  authoriser: Authoriser;
  /** The control plane's. */
  namespace: string;
}

function refusalOf(
  { authoriser, namespace }: Rights,
  { actor }: Asked,
  teams: readonly string[],
  { action, app }: { action: Action; app: Application },
): string | undefined {
  const object = rbacObject(app, namespace);
  const { allowed, why, faulty } = authoriser.can(
    { subjects: [actor.login, ...teams], known: actor.known === true },
    'applications',
    action,
    object,
  );
  const grant = `whoever keeps argocd-rbac-cm or the roles of project ${app.spec.project || 'default'} can grant it`;
  if (faulty) return `${actor.login} may not ${action === 'get' ? 'see' : action} ${app.metadata.name}: ${why}`;
  return allowed
    ? undefined
    : `${actor.login} may not ${action === 'get' ? 'see' : action} ${app.metadata.name}: the right "applications, ` +
        `${action}, ${object}" is missing; ${grant}`;
}

interface Teams {
  /** As `org:team`. */
  names: string[];
  why?: string;
}

/** A forge that refuses for good takes away what only a team may do, and nothing else. */
async function askTeams(asked: Promise<string[]>): Promise<Teams> {
  try {
    return { names: await asked };
  } catch (error) {
    if (errorKind(error) !== 'terminal') throw error;
    return { names: [], why: `the forge does not tell anybody's teams: ${describeError(error)}` };
  }
}

/** The teams that policies name; asked once for each organization. */
function teamsOf(forge: AskerDeps['forge'], { actor, pull }: Asked): (app: Application) => Promise<Teams> {
  const known = new Map<string, Promise<Teams>>();
  return async (app) => {
    await forge?.ready();
    const owner = pull?.owner ?? forge?.repositoryOf(sourcesOf(app.spec)[0]?.repoURL ?? '')?.owner;
    if (!forge || !owner) return { names: [] };
    const teams = known.get(owner) ?? askTeams(forge.teams(actor.login, owner));
    known.set(owner, teams);
    return teams;
  };
}

/** The sentence, and what might have made it another one. */
export function withTeamless(sentence: string, why: string | undefined): string {
  return why === undefined ? sentence : `${sentence}. A team may hold what is asked for, but ${why}`;
}

/** For one Request or one click: what GitHub says is not kept longer, for approvals rest on it. */
export async function createAsker({ store, forge, authorise, touched }: AskerDeps, asked: Asked): Promise<Asker> {
  const { policyCsv, policyFault, policyDefault, matchMode } = store.settings();
  const rights: Rights = {
    authoriser: await authorise({
      policyCsv,
      policyFault,
      policyDefault,
      matchMode,
      projects: store.projects.list(),
    }),
    namespace: store.namespace,
  };
  const { actor } = asked;
  const teams = teamsOf(forge, asked);
  let id: Promise<number | undefined> | undefined;
  let there: Promise<string[]> | undefined;
  const refusal: Asker['refusal'] = async (action, app) => {
    if (refusalOf(rights, asked, [], { action, app }) === undefined) return undefined;
    const { names, why } = await teams(app);
    const refused = refusalOf(rights, asked, names, { action, app });
    return refused && withTeamless(refused, why);
  };
  return {
    refusal,
    async person(app) {
      const { names, why } = await teams(app);
      id ??= actor.id ? Promise.resolve(actor.id) : (forge?.userId(actor.login) ?? Promise.resolve(undefined));
      return {
        login: actor.login,
        id: (await id) ?? 0,
        // argocd-rbac-cm names groups `org:team`; the approvers annotation names them `@org/team`
        teams: names.map((team) => team.replace(':', '/')),
        ...(why !== undefined && { teamless: why }),
      };
    },
    async sees(action, app) {
      const key = applicationKey(app);
      if (asked.shown && asked.application === key) return true;
      for (const each of new Set<Action>(['get', action])) if ((await refusal(each, app)) === undefined) return true;
      there ??= touched?.() ?? Promise.resolve([]);
      return (await there).includes(key);
    },
  };
}
