// REST of pull requests, their comments and reactions.
import type { MergeOrder } from '../pull.ts';
import type { Call, Reply, Route } from './router.ts';
import type { Comment, Pull, ReactionContent, Repository } from '../world.ts';
import { addComment, deleteComment, editComment, react } from '../comment.ts';
import { Failure, invalid } from '../failure.ts';
import { presentComment, presentReaction } from '../present/present-parts.ts';
import {
  presentCommit,
  presentFile,
  presentPull,
  presentPullWhole,
  presentReview,
  pullContent,
} from '../present/present-pull.ts';
import { editPull, mergePull, openPull, testMerge } from '../pull.ts';
import { numberIn, paged, text } from './router.ts';

const repo = '/repos/{owner}/{repo}';

function pullIn(call: Call, parameter = 'pull_number'): Pull {
  const pull = call.repository().pulls.get(numberIn(call, parameter));
  if (!pull) throw new Failure(404, 'Not Found');
  return pull;
}

function commentIn(call: Call): Comment {
  const comment = call.repository().comments.find((each) => each.id === numberIn(call, 'comment_id'));
  if (!comment) throw new Failure(404, 'Not Found');
  return comment;
}

function place(call: Call): { repository: Repository; actor: ReturnType<Call['actor']> } {
  return { repository: call.repository(), actor: call.actor() };
}

function listPulls(call: Call): Promise<Reply> {
  const { state = 'open', head, base, sort = 'created', direction = sort === 'created' ? 'desc' : 'asc' } = call.query;
  const repository = call.repository();
  const time = (pull: Pull): string => (sort === 'updated' ? pull.updatedAt : pull.createdAt);
  const found = [...repository.pulls.values()]
    .filter((pull) => state === 'all' || pull.state === state)
    // GitHub ignores a head without `owner:`.
    .filter(
      (pull) =>
        head === undefined ||
        !head.includes(':') ||
        head === `${(pull.fork ?? repository).owner.login}:${pull.headRef}`,
    )
    .filter((pull) => base === undefined || pull.baseRef === base)
    .sort((a, b) => time(a).localeCompare(time(b)) || a.number - b.number);
  return paged(call, direction === 'desc' ? found.reverse() : found, (pull) =>
    presentPull(call.site.world, repository, pull),
  );
}

async function createPull(call: Call): Promise<Reply> {
  const { title, body, head, base, draft } = call.body;
  if (text(title) === undefined) throw invalid('PullRequest', 'title', { code: 'missing_field' });
  const made = {
    title: String(title),
    body: text(body) ?? null,
    head: String(head),
    base: String(base),
    draft: draft === true,
  };
  const pull = await openPull(call.site, place(call), made);
  return { status: 201, body: await presentPullWhole(call.site.world, call.repository(), pull) };
}

async function getPull(call: Call): Promise<Reply> {
  const pull = pullIn(call);
  const body = await presentPullWhole(call.site.world, call.repository(), pull);
  // As on GitHub, asking starts the test merge, and only the next answer knows its outcome.
  await testMerge(call.repository(), pull);
  return { status: 200, body };
}

async function patchPull(call: Call): Promise<Reply> {
  const pull = pullIn(call);
  await editPull(call.site, { ...place(call), pull }, call.body);
  return { status: 200, body: await presentPullWhole(call.site.world, call.repository(), pull) };
}

async function mergeRoute(call: Call): Promise<Reply> {
  const { merge_method: method, commit_title: title, commit_message: message, sha } = call.body;
  const order: MergeOrder = {
    method: method === 'squash' || method === 'rebase' ? method : 'merge',
    title: text(title),
    message: text(message),
    sha: text(sha),
  };
  const merged = await mergePull(call.site, { ...place(call), pull: pullIn(call) }, order);
  return { status: 200, body: { sha: merged, merged: true, message: 'Pull Request successfully merged' } };
}

async function pullFiles(call: Call): Promise<Reply> {
  const pull = pullIn(call);
  const { files } = await pullContent(call.repository(), pull);
  // 3,000 files is the most that GitHub lists.
  return paged(call, files.slice(0, 3000), (file) =>
    presentFile(call.site.world, call.repository(), { sha: pull.headSha, file }),
  );
}

async function pullCommits(call: Call): Promise<Reply> {
  const { commits } = await pullContent(call.repository(), pullIn(call));
  return paged(call, commits, (commit) => presentCommit(call.site.world, call.repository(), commit));
}

function listComments(call: Call, comments: readonly Comment[]): Promise<Reply> {
  const since = call.query['since'];
  const found = comments.filter((comment) => since === undefined || Date.parse(comment.updatedAt) >= Date.parse(since));
  const { sort, direction } = call.query;
  const ordered = sort === 'updated' ? [...found].sort((a, b) => a.updatedAt.localeCompare(b.updatedAt)) : found;
  return paged(call, direction === 'desc' ? [...ordered].reverse() : ordered, (comment) =>
    presentComment(call.site.world, call.repository(), comment),
  );
}

function createComment(call: Call): Reply {
  const comment = addComment(
    call.site,
    { ...place(call), pull: pullIn(call, 'issue_number') },
    String(call.body['body']),
  );
  return { status: 201, body: presentComment(call.site.world, call.repository(), comment) };
}

function patchComment(call: Call): Reply {
  const comment = commentIn(call);
  editComment(call.site, place(call), comment, String(call.body['body']));
  return { status: 200, body: presentComment(call.site.world, call.repository(), comment) };
}

function removeComment(call: Call): Reply {
  deleteComment(call.site, place(call), commentIn(call));
  return { status: 204 };
}

function listReactions(call: Call): Promise<Reply> {
  const { content } = call.query;
  const reactions = commentIn(call).reactions.filter(
    (reaction) => content === undefined || reaction.content === content,
  );
  return paged(call, reactions, (reaction) => presentReaction(call.site.world, reaction));
}

function createReaction(call: Call): Reply {
  const { reaction, existed } = react(
    call.site,
    call.actor(),
    commentIn(call),
    call.body['content'] as ReactionContent,
  );
  return { status: existed ? 200 : 201, body: presentReaction(call.site.world, reaction) };
}

function removeReaction(call: Call): Reply {
  const comment = commentIn(call);
  const id = numberIn(call, 'reaction_id');
  const found = comment.reactions.find((reaction) => reaction.id === id);
  if (!found) throw new Failure(404, 'Not Found');
  comment.reactions = comment.reactions.filter((reaction) => reaction !== found);
  call.site.world.changed();
  return { status: 204 };
}

export const pullRoutes: Route[] = [
  { route: `GET ${repo}/pulls`, needs: 'pull_requests:read', handle: listPulls },
  { route: `POST ${repo}/pulls`, needs: 'pull_requests:write', handle: createPull },
  { route: `GET ${repo}/pulls/{pull_number}`, needs: 'pull_requests:read', handle: getPull },
  { route: `PATCH ${repo}/pulls/{pull_number}`, needs: 'pull_requests:write', handle: patchPull },
  { route: `GET ${repo}/pulls/{pull_number}/files`, needs: 'pull_requests:read', handle: pullFiles },
  { route: `GET ${repo}/pulls/{pull_number}/commits`, needs: 'pull_requests:read', handle: pullCommits },
  {
    route: `GET ${repo}/pulls/{pull_number}/reviews`,
    needs: 'pull_requests:read',
    handle: (call: Call): Promise<Reply> => {
      const pull = pullIn(call);
      const reviews = call.repository().reviews.filter((review) => review.pull === pull.number);
      return paged(call, reviews, (review) => presentReview(call.site.world, call.repository(), review));
    },
  },
  { route: `PUT ${repo}/pulls/{pull_number}/merge`, needs: 'contents:write', handle: mergeRoute },
  {
    route: `GET ${repo}/issues/comments`,
    needs: 'issues:read|pull_requests:read',
    handle: (call) => listComments(call, call.repository().comments),
  },
  {
    route: `GET ${repo}/issues/{issue_number}/comments`,
    needs: 'issues:read|pull_requests:read',
    handle: (call: Call): Promise<Reply> => {
      const pull = pullIn(call, 'issue_number');
      return listComments(
        call,
        call.repository().comments.filter((comment) => comment.pull === pull.number),
      );
    },
  },
  {
    route: `POST ${repo}/issues/{issue_number}/comments`,
    needs: 'issues:write|pull_requests:write',
    handle: createComment,
  },
  {
    route: `GET ${repo}/issues/comments/{comment_id}`,
    needs: 'issues:read|pull_requests:read',
    handle: (call) => ({ status: 200, body: presentComment(call.site.world, call.repository(), commentIn(call)) }),
  },
  {
    route: `PATCH ${repo}/issues/comments/{comment_id}`,
    needs: 'issues:write|pull_requests:write',
    handle: patchComment,
  },
  {
    route: `DELETE ${repo}/issues/comments/{comment_id}`,
    needs: 'issues:write|pull_requests:write',
    handle: removeComment,
  },
  {
    route: `GET ${repo}/issues/comments/{comment_id}/reactions`,
    needs: 'issues:read|pull_requests:read',
    handle: listReactions,
  },
  {
    route: `POST ${repo}/issues/comments/{comment_id}/reactions`,
    needs: 'issues:write|pull_requests:write',
    handle: createReaction,
  },
  {
    route: `DELETE ${repo}/issues/comments/{comment_id}/reactions/{reaction_id}`,
    needs: 'issues:write|pull_requests:write',
    handle: removeReaction,
  },
];
