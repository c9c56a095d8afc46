// The people of the sandbox, the same in GitHub and in Slack, and what each of them may do.
import type { SandboxGitHub } from './github/github.ts';
import type { Person } from './github/person.ts';
import type { RoleName } from './github/world.ts';
import type { Actor, Slack } from './slack/slack.ts';

/** alice writes changes, bob leads and approves, carol reads along and has no rights; dave runs the platform. */
const names = ['alice', 'bob', 'carol', 'dave'] as const;
export type Name = (typeof names)[number];

interface Someone {
  login: Name;
  slackId: string;
  /** On GitHub. */
  github: Person;
  /** In Slack. */
  slack: Actor;
}

export type People = Record<Name, Someone>;

const roles: Record<Name, RoleName> = { alice: 'write', bob: 'maintain', carol: 'read', dave: 'admin' };
const realNames: Record<Name, string> = {
  alice: 'Alice Author',
  bob: 'Bob Lead',
  carol: 'Carol Curious',
  dave: 'Dave Platform',
};

/** Who is in which team of the organization; `argocd-rbac-cm` gives the teams their roles. */
const teams: Record<string, readonly Name[]> = {
  storefront: ['alice', 'bob'],
  platform: ['dave'],
  leads: ['bob'],
};

/** Cards go to `deploys`. */
export const channel = 'deploys';

export function invite(github: SandboxGitHub, slack: Slack, repository: string): People {
  const [owner = ''] = repository.split('/');
  slack.createChannel({ name: channel, topic: 'What is deployed, what waits, what drifts' });
  const invited = names.map((login): [Name, Someone] => {
    const person = github.user(login, { [repository]: roles[login] });
    const user = slack.createUser({ id: `U0${login.toUpperCase()}`, name: login, realName: realNames[login] });
    return [login, { login, slackId: user.id, github: person, slack: slack.actAs(login) }];
  });
  for (const [team, members] of Object.entries(teams)) github.team(owner, team, members);
  return Object.fromEntries(invited) as People;
}
