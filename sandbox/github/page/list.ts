// Lists: repositories, pull requests, branches that wait for one, and changes that are ready to be made.
import type { Html } from './html.ts';
import type { View } from './layout.ts';
import type { Pull, Repository } from '../world.ts';
import { git, refs } from '../git/git.ts';
import { href, html } from './html.ts';
import { action, icon, layout, login, statePill, time } from './layout.ts';
import { checkMark } from './checks.ts';
import { checksOf } from '../check.ts';
import { fullName } from '../world.ts';

/** A change that the page offers to make with one click. */
export interface Scenario {
  /** `owner/name`. */
  repo: string;
  title: string;
  /** One sentence for the person who chooses. */
  description: string;
  branch: string;
  /** The pull request's body. */
  body: string;
  /**
   * New contents by path (null removes the file), from the contents on the default branch (null when there is none).
   */
  change(read: (path: string) => Promise<string | null>): Promise<Record<string, string | null>>;
}

export function repositoriesPage(view: View): Html {
  const row = (repository: Repository): Html => html`<div class="row"><span class="grow"><a class="strong"
    href="${href(fullName(repository), 'pulls')}">${fullName(repository)}</a>
    <span class="label">${repository.private ? 'private' : 'public'}</span></span><span class="muted">pushed
    ${time(repository.pushedAt)}</span></div>`;
  const live = html`<div class="title"><h1>Repositories</h1></div>
    <section class="box">${view.world.repositories.map(row)}</section>`;
  return layout(view, { title: 'Repositories', live });
}

function pullRow(repository: Repository, pull: Pull): Html {
  const checks = checksOf(repository, pull.mergeCommit ?? pull.headSha, { all: false });
  const said = repository.comments.filter((comment) => comment.pull === pull.number).length;
  const to = href(fullName(repository), 'pull', pull.number);
  return html`<div class="row">${statePill(pull, true)}<span class="grow"><a class="strong"
    href="${to}">${pull.title}</a> ${checks.map(checkMark)}
    <br><span class="muted">#${pull.number} opened ${time(pull.createdAt)} by ${pull.user.login.replace('[bot]', '')} ·
    <code class="ref">${pull.headRef}</code></span></span>
    ${said > 0 ? html`<a class="muted" href="${to}">💬 ${said}</a>` : null}</div>`;
}

/** Branches without a pull request that have something the default branch lacks. */
async function waitingBranches(repository: Repository): Promise<string[]> {
  const taken = new Set([...repository.pulls.values()].map((pull) => pull.headRef));
  const names = (await refs(repository.dir))
    .filter((ref) => ref.name.startsWith('refs/heads/'))
    .map((ref) => ref.name.slice('refs/heads/'.length));
  const waiting: string[] = [];
  for (const name of names) {
    if (name === repository.defaultBranch || taken.has(name)) continue;
    const ahead = await git(repository.dir, [
      'rev-list',
      '--max-count=1',
      `refs/heads/${repository.defaultBranch}..refs/heads/${name}`,
    ]);
    if (ahead !== '') waiting.push(name);
  }
  return waiting;
}

function scenarioRow(view: View, scenario: Scenario): Html {
  const button = action(
    view,
    'scenario',
    { repo: scenario.repo, branch: scenario.branch },
    html`<button class="small">Make this change</button>`,
  );
  return html`<div class="row"><span class="grow"><b>${scenario.title}</b><br><span
    class="muted">${scenario.description}</span></span>${button}</div>`;
}

export async function pullsPage(
  view: View,
  repository: Repository,
  at: { closed: boolean; scenarios: readonly Scenario[] },
): Promise<Html> {
  const all = [...repository.pulls.values()].reverse();
  const open = all.filter((pull) => pull.state === 'open');
  const shown = at.closed ? all.filter((pull) => pull.state === 'closed') : open;
  const name = fullName(repository);
  const banner = (
    branch: string,
  ): Html => html`<div class="banner">${icon('pull')} <span class="grow"><code class="ref">${branch}</code> has changes
    that no pull request proposes yet</span>
    <a class="button primary" href="${href(
      name,
      'compare',
      repository.defaultBranch,
    )}...${href(branch).slice(1)}">Compare &amp; pull request</a></div>`;
  const offered = at.scenarios.filter((scenario) => scenario.repo === name);
  const live = html`${(await waitingBranches(repository)).map(banner)}
    <section class="box"><div class="box-head"><a href="${href(name, 'pulls')}"
    class="${at.closed ? 'muted' : 'strong'}">${icon('pull')} ${open.length} Open</a>
    <a href="${href(name, 'pulls')}?closed=1" class="${at.closed ? 'strong' : 'muted'}">${icon('success')}
    ${all.length - open.length} Closed</a><span class="grow"></span>
    <a class="button primary" href="${href(name, 'tree', repository.defaultBranch)}">New change</a></div>
    ${
      shown.length > 0
        ? shown.map((pull) => pullRow(repository, pull))
        : html`<p class="empty">${
            at.closed
              ? 'Nothing closed yet.'
              : 'No open pull requests. Choose a file under Code, edit it, and propose the change.'
          }</p>`
    }</section>
    ${
      offered.length > 0
        ? html`<section class="box"><div class="box-head"><b>Ready-made changes</b> <span class="muted">committed to a
        branch of their own as ${view.actor ? login(view.actor) : 'you'}</span></div>${offered.map((each) =>
          scenarioRow(view, each),
        )}</section>`
        : null
    }`;
  return layout(view, { title: `Pull requests · ${name}`, repository, tab: 'pulls', live });
}
