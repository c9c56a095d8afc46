// A pull request: the conversation, its checks and deployments, the merge box; and its changed files.
import type { Commit } from '../git/git.ts';
import type { Part, Html } from './html.ts';
import type { View } from './layout.ts';
import type { Comment, Pull, Reaction, Repository, Review } from '../world.ts';
import { presentPullWhole, pullContent } from '../present/present-pull.ts';
import { href, html } from './html.ts';
import { checksBox, deploymentRow, reviewers } from './checks.ts';
import { fileDiffs } from './diff.ts';
import { action, avatar, icon, layout, login, statePill, tabs, time } from './layout.ts';
import { testMerge } from '../pull.ts';
import { fullName } from '../world.ts';

const faces: Record<Reaction['content'], string> = {
  '+1': '👍',
  '-1': '👎',
  laugh: '😄',
  confused: '😕',
  heart: '❤️',
  hooray: '🎉',
  rocket: '🚀',
  eyes: '👀',
};

interface Entry {
  at: string;
  shown: Html;
}

function reactions(view: View, repository: Repository, comment: Comment): Html {
  const groups = Map.groupBy(comment.reactions, (reaction) => reaction.content);
  const shown = [...groups].map(
    ([content, list]) =>
      html`<span class="reaction" title="${list.map((each) => each.user.login).join(', ')}">${faces[content]}
        ${list.length}</span>`,
  );
  const add = action(
    view,
    'react',
    { repo: fullName(repository), comment: comment.id, content: '+1' },
    html`<button class="reaction add" title="React">☺</button>`,
  );
  return html`<div class="reactions">${shown}${add}</div>`;
}

function commentEntry(view: View, repository: Repository, comment: Comment): Entry {
  const edited = comment.updatedAt === comment.createdAt ? null : html` · edited`;
  const shown = html`<article class="comment" id="issuecomment-${comment.id}">${avatar(comment.user, 40)}<div
    class="box ${comment.app ? 'by-app' : ''}">
    <div class="box-head">${login(comment.user)} <span class="muted">commented
    ${time(comment.createdAt)}${edited}</span></div>
    <div class="body markdown">${view.markdown(comment.body)}</div>${reactions(view, repository, comment)}</div>
    </article>`;
  return { at: comment.createdAt, shown };
}

function commitEntry(repository: Repository, commit: Commit): Entry {
  const shown = html`<p class="event">${icon('commit')}
    <a href="${href(fullName(repository), 'commit', commit.sha)}">${commit.message.split('\n')[0]}</a>
    <span class="muted">${commit.author.name} · ${time(commit.committer.date)}</span>
    <code class="right">${commit.sha.slice(0, 7)}</code></p>`;
  return { at: commit.committer.date, shown };
}

function reviewEntry(view: View, review: Review): Entry {
  const words = { APPROVED: 'approved these changes', CHANGES_REQUESTED: 'requested changes', COMMENTED: 'reviewed' };
  const body =
    review.body === ''
      ? null
      : html`<div class="box note"><div class="body markdown">${view.markdown(review.body)}</div></div>`;
  return {
    at: review.submittedAt,
    shown: html`<p class="event">${icon('eye')} ${avatar(review.user)} ${login(review.user)} ${words[review.state]}
      ${time(review.submittedAt)}</p>${body}`,
  };
}

function ending(pull: Pull, repository: Repository): Entry[] {
  if (pull.closedAt === null) return [];
  const merged = pull.mergedAt !== null && pull.mergeCommit !== null;
  const shown = merged
    ? html`<p class="event merged">${icon('merge')} ${pull.mergedBy ? login(pull.mergedBy) : null} merged commit
        <a href="${href(
          fullName(repository),
          'commit',
          pull.mergeCommit ?? '',
        )}"><code>${pull.mergeCommit?.slice(0, 7)}</code></a> into <code class="ref">${pull.baseRef}</code>
        ${time(pull.closedAt)}</p>`
    : html`<p class="event closed">${icon('closed')} closed this ${time(pull.closedAt)}</p>`;
  return [{ at: pull.closedAt, shown }];
}

function opening(view: View, pull: Pull): Html {
  const body =
    pull.body === null || pull.body === ''
      ? html`<p class="muted"><i>No description provided.</i></p>`
      : view.markdown(pull.body);
  return html`<article class="comment">${avatar(pull.user, 40)}<div class="box">
    <div class="box-head">${login(pull.user)} <span class="muted">opened this ${time(pull.createdAt)}</span></div>
    <div class="body markdown">${body}</div></div></article>`;
}

function head(
  repository: Repository,
  pull: Pull,
  counts: { commits: number; files: number; active: 'conversation' | 'files' },
): Html {
  const name = fullName(repository);
  const said = repository.comments.filter((comment) => comment.pull === pull.number).length;
  const verb = pull.mergedAt !== null ? 'merged' : 'wants to merge';
  const who = pull.mergedBy ?? pull.user;
  return html`<div class="title"><h1>${pull.title} <span class="number">#${pull.number}</span></h1>
    <p class="muted">${statePill(pull)} ${login(who)} ${verb} ${counts.commits}
    commit${counts.commits === 1 ? '' : 's'} into
    <code class="ref">${pull.baseRef}</code> from <code class="ref">${pull.headRef}</code></p></div>
    ${tabs([
      {
        label: 'Conversation',
        to: href(name, 'pull', pull.number),
        count: said,
        active: counts.active === 'conversation',
      },
      {
        label: 'Files changed',
        to: `${href(name, 'pull', pull.number)}/files`,
        count: counts.files,
        active: counts.active === 'files',
      },
    ])}`;
}

function mergeBox(view: View, repository: Repository, at: { pull: Pull; mergeable: boolean | null }): Part {
  const { pull, mergeable } = at;
  if (pull.state === 'closed') return null;
  const repo = fullName(repository);
  const state =
    mergeable === false ? 'This branch has conflicts that must be resolved' : 'No conflicts with the base branch';
  const methods = [
    ['merge', 'Create a merge commit'],
    ['squash', 'Squash and merge'],
    ['rebase', 'Rebase and merge'],
  ] as const;
  const button = action(
    view,
    'merge',
    { repo, number: pull.number },
    html`<select name="method">${methods.map(
      ([value, label]) => html`<option value="${value}">${label}</option>`,
    )}</select>
    <button class="primary" ${mergeable === false ? html`disabled` : null}>Merge pull request</button>`,
  );
  const close = action(view, 'edit-pull', { repo, number: pull.number, state: 'closed' }, html`<button>Close</button>`);
  return html`<section class="box merge-box">
    <div class="row"><span class="mark-${mergeable === false ? 'failure' : 'success'}">${icon(
      mergeable === false ? 'failure' : 'success',
    )}</span>
    <span class="grow"><b>${state}</b></span></div><div class="row">${button}<span class="grow"></span>${close}</div>
    </section>`;
}

function sidebar(repository: Repository, pull: Pull): Html {
  const shas = new Set([pull.headSha, pull.mergeCommit]);
  const deployments = repository.deployments.filter((each) => shas.has(each.sha)).reverse();
  const environments = [...new Set(deployments.map((each) => each.environment))];
  return html`<aside><h3>Reviewers</h3>${reviewers(repository, pull.number)}
    <h3>Deployments</h3>${
      environments.length > 0
        ? environments.map(
            (each) =>
              html`<p>${icon('rocket')} ${each} <span class="muted">${
                deployments.filter((other) => other.environment === each).length
              }</span></p>`,
          )
        : html`<p class="muted">None yet</p>`
    }
    <h3>Head</h3><p><a href="${href(
      fullName(repository),
      'tree',
      pull.headRef,
    )}"><code>${pull.headSha.slice(0, 7)}</code></a></p></aside>`;
}

function deploymentsBox(repository: Repository, pull: Pull): Part {
  const shown = repository.deployments.filter((each) => each.sha === pull.mergeCommit).reverse();
  if (shown.length === 0) return null;
  return html`<section class="box"><div class="box-head"><b>Deployments of the merge
    commit</b></div>${shown.map((each) => deploymentRow(repository, each))}</section>`;
}

/** What it would be good to say here. */
function commentForm(view: View, repository: Repository, pull: Pull): Html {
  const fields = { repo: fullName(repository), number: pull.number };
  const hints = ['/cox help', '/cox diff', '/cox approve', '/cox revert'];
  const review = (state: string, label: string): Html => html`<button name="review" value="${state}">${label}</button>`;
  return html`<article class="comment reply">${view.actor ? avatar(view.actor, 40) : null}${action(
    view,
    'comment',
    fields,
    html`<div class="box"><div class="box-head"><b>Add a comment</b>
    <span class="hints">${hints.map(
      (hint) => html`<button type="button" class="hint" data-insert="${hint}">${hint}</button>`,
    )}</span></div>
    <textarea name="body" rows="4" placeholder="Leave a comment as ${view.actor?.login ?? 'somebody'}"></textarea>
    <div class="row"><span class="grow"></span>${review(
      'CHANGES_REQUESTED',
      'Request changes',
    )}${review('APPROVED', 'Approve')}<button class="primary">Comment</button></div></div>`,
  )}</article>`;
}

export async function conversationPage(view: View, repository: Repository, pull: Pull): Promise<Html> {
  await testMerge(repository, pull);
  const content = await pullContent(repository, pull);
  const whole = await presentPullWhole(view.world, repository, pull);
  const mergeable = typeof whole['mergeable'] === 'boolean' ? whole['mergeable'] : null;
  const entries: Entry[] = [
    ...content.commits.map((commit) => commitEntry(repository, commit)),
    ...repository.comments
      .filter((comment) => comment.pull === pull.number)
      .map((comment) => commentEntry(view, repository, comment)),
    ...repository.reviews.filter((review) => review.pull === pull.number).map((review) => reviewEntry(view, review)),
    ...ending(pull, repository),
  ].sort((a, b) => a.at.localeCompare(b.at));
  const live = html`${head(repository, pull, {
    commits: content.commits.length,
    files: content.files.length,
    active: 'conversation',
  })}
    <div class="columns"><div class="timeline">${opening(view, pull)}${entries.map((entry) => entry.shown)}
    ${checksBox(view, repository, { sha: pull.headSha })}
    ${
      pull.mergeCommit === null
        ? null
        : checksBox(view, repository, { sha: pull.mergeCommit, title: 'After the merge' })
    }
    ${deploymentsBox(repository, pull)}${mergeBox(view, repository, {
      pull,
      mergeable,
    })}</div>${sidebar(repository, pull)}</div>`;
  return layout(view, {
    title: `${pull.title} #${pull.number}`,
    repository,
    tab: 'pulls',
    live,
    steady: commentForm(view, repository, pull),
  });
}

export async function filesPage(view: View, repository: Repository, pull: Pull): Promise<Html> {
  const content = await pullContent(repository, pull);
  const live = html`${head(repository, pull, {
    commits: content.commits.length,
    files: content.files.length,
    active: 'files',
  })}${fileDiffs(content.files)}`;
  return layout(view, { title: `Files of #${pull.number}`, repository, tab: 'pulls', live });
}
