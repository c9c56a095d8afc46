// JSON of pull requests, their reviews, commits and files.
import type { ChangedFile, Commit } from '../git/git.ts';
import type { Json } from './present.ts';
import type { Account, Pull, PullContent, Repository, Review, World } from '../world.ts';
import { changedFiles, commits, git } from '../git/git.ts';
import { api, nodeId, presentRepository, presentUser } from './present.ts';
import { fullName } from '../world.ts';

/**
 * Whoever is in a team is in its organization; others are invited to the repository, or wrote something that was
 * merged.
 */
export function association({ teams }: World, repository: Repository, account: Account): string {
  const login = account.login.toLowerCase();
  const org = repository.owner.login.toLowerCase();
  if (account === repository.owner) return 'OWNER';
  if (
    teams.some(
      (team) => team.org.toLowerCase() === org && [...team.members].some((member) => member.toLowerCase() === login),
    )
  )
    return 'MEMBER';
  if (repository.roles.has(login)) return 'COLLABORATOR';
  return [...repository.pulls.values()].some((pull) => pull.user === account && pull.mergedAt !== null)
    ? 'CONTRIBUTOR'
    : 'NONE';
}

function presentEnd(world: World, repository: Repository, end: { ref: string; sha: string }): Json {
  return {
    label: `${repository.owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: presentUser(world, repository.owner),
    repo: presentRepository(world, repository),
  };
}

/** What lists and webhooks of lists show; the counts are in presentPullWhole. */
export function presentPull(world: World, repository: Repository, pull: Pull): Json {
  const url = api(world, `/repos/${fullName(repository)}/pulls/${pull.number}`);
  const issue = api(world, `/repos/${fullName(repository)}/issues/${pull.number}`);
  const statuses = api(world, `/repos/${fullName(repository)}/statuses/${pull.headSha}`);
  const html = `${world.url}/${fullName(repository)}/pull/${pull.number}`;
  const links = {
    self: url,
    html,
    issue,
    comments: `${issue}/comments`,
    review_comments: `${url}/comments`,
    review_comment: api(world, `/repos/${fullName(repository)}/pulls/comments{/number}`),
    commits: `${url}/commits`,
    statuses,
  };
  return {
    url,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: presentUser(world, pull.user),
    body: pull.body,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommit,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: statuses,
    head: presentEnd(world, pull.fork ?? repository, { ref: pull.headRef, sha: pull.headSha }),
    base: presentEnd(world, repository, { ref: pull.baseRef, sha: pull.baseSha }),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: association(world, repository, pull.user),
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** The commits and files that a pull request brings, against the merge base; kept for as long as neither end moves. */
export async function pullContent(repository: Repository, pull: Pull): Promise<PullContent> {
  const of = `${pull.baseSha}..${pull.headSha}`;
  if (pull.content?.of === of) return pull.content;
  const base = (await git(repository.dir, ['merge-base', pull.baseSha, pull.headSha])).trim();
  const [listed, files] = await Promise.all([
    commits(repository.dir, [`${base}..${pull.headSha}`]),
    changedFiles(repository.dir, base, pull.headSha),
  ]);
  pull.content = { of, commits: listed.reverse(), files };
  return pull.content;
}

export async function presentPullWhole(world: World, repository: Repository, pull: Pull): Promise<Json> {
  const content = await pullContent(repository, pull);
  const sum = (of: (file: ChangedFile) => number): number => content.files.reduce((total, file) => total + of(file), 0);
  const mergeable = pull.state === 'closed' ? null : (pull.tested?.mergeable ?? null);
  return {
    ...presentPull(world, repository, pull),
    merged: pull.mergedAt !== null,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeable === null ? 'unknown' : mergeable ? 'clean' : 'dirty',
    merged_by: pull.mergedBy ? presentUser(world, pull.mergedBy) : null,
    comments: repository.comments.filter((comment) => comment.pull === pull.number).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: content.commits.length,
    additions: sum((file) => file.additions),
    deletions: sum((file) => file.deletions),
    changed_files: content.files.length,
  };
}

/** The issue behind a pull request, as comment webhooks show it. */
export function presentIssue(world: World, repository: Repository, pull: Pull): Json {
  const url = api(world, `/repos/${fullName(repository)}/issues/${pull.number}`);
  const whole = presentPull(world, repository, pull);
  const reactions = {
    url: `${url}/reactions`,
    total_count: 0,
    '+1': 0,
    '-1': 0,
    laugh: 0,
    confused: 0,
    heart: 0,
    hooray: 0,
    eyes: 0,
    rocket: 0,
  };
  return {
    ...whole,
    url,
    repository_url: api(world, `/repos/${fullName(repository)}`),
    labels_url: `${url}/labels{/name}`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    node_id: nodeId('Issue', pull.id),
    comments: repository.comments.filter((comment) => comment.pull === pull.number).length,
    performed_via_github_app: null,
    state_reason: null,
    reactions,
    pull_request: {
      url: whole['url'],
      html_url: whole['html_url'],
      diff_url: whole['diff_url'],
      patch_url: whole['patch_url'],
      merged_at: pull.mergedAt,
    },
  };
}

export function presentReview(world: World, repository: Repository, review: Review): Json {
  const pull = api(world, `/repos/${fullName(repository)}/pulls/${review.pull}`);
  const html = `${world.url}/${fullName(repository)}/pull/${review.pull}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: presentUser(world, review.user),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: pull,
    author_association: association(world, repository, review.user),
    _links: { html: { href: html }, pull_request: { href: pull } },
    submitted_at: review.submittedAt,
    commit_id: review.commit,
  };
}

export function presentFile(world: World, repository: Repository, at: { sha: string; file: ChangedFile }): Json {
  const path = at.file.path.split('/').map(encodeURIComponent).join('/');
  const html = `${world.url}/${fullName(repository)}`;
  return {
    sha: at.file.blob,
    filename: at.file.path,
    status: at.file.status,
    additions: at.file.additions,
    deletions: at.file.deletions,
    changes: at.file.additions + at.file.deletions,
    blob_url: `${html}/blob/${at.sha}/${path}`,
    raw_url: `${html}/raw/${at.sha}/${path}`,
    contents_url: `${api(world, `/repos/${fullName(repository)}/contents/${path}`)}?ref=${at.sha}`,
    ...(at.file.patch === '' ? {} : { patch: at.file.patch }),
    ...(at.file.previous === null ? {} : { previous_filename: at.file.previous }),
  };
}

export function presentCommit(world: World, repository: Repository, commit: Commit): Json {
  const url = api(world, `/repos/${fullName(repository)}`);
  const html = `${world.url}/${fullName(repository)}/commit`;
  const known = (email: string): Json | null => {
    const account = [...world.accounts.values()].find((each) => emailOf(each) === email);
    return account ? presentUser(world, account) : null;
  };
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', Number.parseInt(commit.sha.slice(0, 8), 16)),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      comment_count: 0,
    },
    author: known(commit.author.email),
    committer: known(commit.committer.email),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/${sha}` })),
  };
}

/** The address by which GitHub knows whose commit it is. */
export function emailOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`;
}
