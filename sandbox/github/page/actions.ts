// What the page's forms do, each as the person whom the viewer acts as.
import type { Scenario } from './list.ts';
import type { Person } from '../person.ts';
import type { Site } from '../site.ts';
import type { Account, ReactionContent, Repository } from '../world.ts';
import { installApp, makeApp } from './app-setup.ts';
import { Failure } from '../failure.ts';
import { href } from './html.ts';
import { fileAt } from './files.ts';
import { createPerson } from '../person.ts';
import { resolveCommit } from '../git/git.ts';
import { findAccount, findRepository } from '../world.ts';

interface Deed {
  site: Site;
  scenarios: readonly Scenario[];
  actor: Account | null;
  form: URLSearchParams;
}

/** Where to go afterwards, and whom the viewer acts as from now on. */
interface Outcome {
  to: string;
  actAs?: string;
}

function field(deed: Deed, name: string): string {
  return deed.form.get(name) ?? '';
}

function person(deed: Deed): Person {
  if (!deed.actor) throw new Failure(403, 'Nobody to act as: the sandbox has no people yet.');
  return createPerson(deed.site, deed.actor);
}

function repositoryOf(deed: Deed): Repository {
  const [owner = '', name = ''] = field(deed, 'repo').split('/');
  const found = findRepository(deed.site.world, owner, name);
  if (!found) throw new Failure(404, 'Not Found');
  return found;
}

/** Only paths of this site. */
function back(deed: Deed): string {
  const to = field(deed, 'back');
  return /^\/(?!\/)/.test(to) ? to : '/';
}

async function commitFile(deed: Deed): Promise<Outcome> {
  const repository = repositoryOf(deed);
  const branch = field(deed, 'branch');
  // Browsers send text areas with CRLF.
  const content = field(deed, 'content').replaceAll('\r\n', '\n');
  const files = { [field(deed, 'path')]: deed.form.has('remove') ? null : content };
  await person(deed).commit(field(deed, 'repo'), {
    branch,
    from: field(deed, 'from'),
    files,
    message: field(deed, 'message'),
  });
  const known = [...repository.pulls.values()].find((pull) => pull.state === 'open' && pull.headRef === branch);
  if (known) return { to: href(field(deed, 'repo'), 'pull', known.number) };
  if (branch === repository.defaultBranch) return { to: href(field(deed, 'repo'), 'tree', branch) };
  return { to: comparePath(deed, repository, branch) };
}

function comparePath(deed: Deed, repository: Repository, branch: string): string {
  return `${href(field(deed, 'repo'), 'compare', repository.defaultBranch)}...${href(branch).slice(1)}`;
}

/** Merged once, a change cannot be made again. */
async function filesOf(
  scenario: Scenario,
  read: Parameters<Scenario['change']>[0],
): Promise<Record<string, string | null>> {
  try {
    return await scenario.change(read);
  } catch (error) {
    throw new Failure(
      422,
      `"${scenario.title}" cannot be made now: the branch has it already, or has moved on. Revert it first, ` +
        `or edit a file under Code. (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

async function makeScenario(deed: Deed): Promise<Outcome> {
  const repository = repositoryOf(deed);
  const scenario = deed.scenarios.find(
    (each) => each.repo === field(deed, 'repo') && each.branch === field(deed, 'branch'),
  );
  const sha = await resolveCommit(repository.dir, `refs/heads/${repository.defaultBranch}`);
  if (!scenario || sha === null) throw new Failure(404, 'Not Found');
  let branch = scenario.branch;
  for (let at = 2; (await resolveCommit(repository.dir, `refs/heads/${branch}`)) !== null; at++)
    branch = `${scenario.branch}-${at}`;
  const files = await filesOf(scenario, (path) => fileAt(repository, sha, path));
  await person(deed).commit(scenario.repo, { branch, files, message: `${scenario.title}\n\n${scenario.body}`.trim() });
  return { to: comparePath(deed, repository, branch) };
}

async function comment(deed: Deed): Promise<Outcome> {
  const [repo, number, body] = [
    field(deed, 'repo'),
    Number(field(deed, 'number')),
    field(deed, 'body').replaceAll('\r\n', '\n'),
  ];
  const review = deed.form.get('review');
  if (review === 'APPROVED' || review === 'CHANGES_REQUESTED')
    await person(deed).review(repo, number, { state: review, body });
  else person(deed).comment(repo, number, body);
  return { to: back(deed) };
}

async function merge(deed: Deed): Promise<Outcome> {
  const method = field(deed, 'method');
  await person(deed).merge(
    field(deed, 'repo'),
    Number(field(deed, 'number')),
    method === 'squash' || method === 'rebase' ? method : 'merge',
  );
  return { to: back(deed) };
}

async function openPull(deed: Deed): Promise<Outcome> {
  const order = {
    head: field(deed, 'head'),
    base: field(deed, 'base'),
    title: field(deed, 'title'),
    body: field(deed, 'body').replaceAll('\r\n', '\n'),
  };
  const number = await person(deed).openPullRequest(field(deed, 'repo'), order);
  return { to: href(field(deed, 'repo'), 'pull', number) };
}

const deeds: Record<string, (deed: Deed) => Promise<Outcome> | Outcome> = {
  as: (deed) => ({ to: back(deed), actAs: findAccount(deed.site.world, field(deed, 'login'))?.login ?? '' }),
  comment,
  merge,
  commit: commitFile,
  scenario: makeScenario,
  'open-pull': openPull,
  'edit-pull': async (deed) => {
    await person(deed).editPullRequest(field(deed, 'repo'), Number(field(deed, 'number')), {
      state: field(deed, 'state') === 'open' ? 'open' : 'closed',
    });
    return { to: back(deed) };
  },
  react: (deed) => {
    person(deed).react(field(deed, 'repo'), Number(field(deed, 'comment')), field(deed, 'content') as ReactionContent);
    return { to: back(deed) };
  },
  press: (deed) => {
    person(deed).pressCheck(field(deed, 'repo'), {
      sha: field(deed, 'sha'),
      name: field(deed, 'name'),
      identifier: field(deed, 'identifier'),
    });
    return { to: back(deed) };
  },
  rerun: (deed) => {
    person(deed).rerunCheck(field(deed, 'repo'), { sha: field(deed, 'sha'), name: field(deed, 'name') });
    return { to: back(deed) };
  },
  'make-app': (deed) => ({ to: makeApp(deed.site, deed.form) }),
  'install-app': (deed) => ({ to: installApp(deed.site, deed.actor, field(deed, 'account')) }),
  redeliver: (deed) => {
    const delivery = deed.site.hooks.deliveries().find((each) => each.id === Number(field(deed, 'delivery')));
    if (!delivery) throw new Failure(404, 'Not Found');
    deed.site.hooks.redeliver(delivery);
    return { to: back(deed) };
  },
};

export async function carryOut(name: string, deed: Deed): Promise<Outcome> {
  const found = Object.hasOwn(deeds, name) ? deeds[name] : undefined;
  if (!found) throw new Failure(404, 'Not Found');
  return found(deed);
}
