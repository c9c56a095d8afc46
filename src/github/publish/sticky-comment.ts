// The one comment of a pull request: found by its marker and our App, edited in place, surplus ones removed.
import type { PullMemory } from './pull-memory.ts';
import type { RepositoryClient } from '../client/installations.ts';
import { commentMarker } from '../../model/annotations.ts';
import { hashOf } from '../../base/canonical.ts';
import { isGitHub, paginating } from '../client/api.ts';
import { questionOf } from '../markdown/reply.ts';
import { withoutBase } from '../markdown/comment.ts';

export interface StickyContext {
  client: RepositoryClient;
  number: number;
  appId: number;
  memory: PullMemory;
  signal: AbortSignal;
}

/** A comment of a person as far as commands need it. */
export interface HumanComment {
  id: number;
  nodeId: string;
  body: string;
  login: string;
  userId: number;
  /** GitHub counts them among those who belong to the repository. */
  known: boolean;
  createdAt: string;
  /** Its text is not the one that was first sent. */
  edited: boolean;
  /** Somebody, perhaps we, left one of our answers' reactions. */
  maybeAnswered: boolean;
}

interface RawComment {
  id: number | bigint;
  node_id: string;
  body?: string | undefined;
  user: { login: string; id: number | bigint; type: string } | null;
  author_association?: string | undefined;
  created_at: string;
  updated_at: string;
  performed_via_github_app?: { id: number | bigint } | null | undefined;
  reactions?: { rocket: number; confused: number } | undefined;
}

/** GitHub: `author_association`; the others (CONTRIBUTOR, FIRST_TIMER, NONE …) anybody becomes by writing something. */
const belonging: ReadonlySet<string> = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** Undefined for what an App or a bot wrote: only people give commands. */
export function humanComment(raw: RawComment): HumanComment | undefined {
  if (!raw.user || raw.user.type !== 'User' || raw.performed_via_github_app) return undefined;
  return {
    id: Number(raw.id),
    nodeId: raw.node_id,
    body: raw.body ?? '',
    login: raw.user.login,
    userId: Number(raw.user.id),
    known: belonging.has(raw.author_association ?? ''),
    createdAt: raw.created_at,
    edited: raw.created_at !== raw.updated_at,
    maybeAnswered: (raw.reactions?.rocket ?? 0) + (raw.reactions?.confused ?? 0) > 0,
  };
}

/**
 * Looks for our comment unless it is known, and removes surplus ones: the lowest id stays. Answers with the comments of
 * people when it looked, so that commands which were never heard of are taken up.
 */
export async function findComment({ client, number, appId, memory, signal }: StickyContext): Promise<HumanComment[]> {
  if (memory.comment !== undefined) return [];
  const { owner, repo, octokit } = client;
  const all = await paginating(octokit, signal)('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner,
    repo,
    issue_number: number,
    per_page: 100,
  });
  const ours = all
    .filter((each) => each.performed_via_github_app?.id === appId && (each.body ?? '').startsWith(commentMarker))
    .sort((a, b) => Number(a.id) - Number(b.id));
  const [first, ...surplus] = ours;
  for (const { id } of surplus) {
    await octokit
      .request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        owner,
        repo,
        comment_id: Number(id),
        request: { signal },
      })
      .catch((error: unknown) => {
        if (!isGitHub(error, 404)) throw error; // gone already
      });
  }
  for (const each of all) {
    const question = each.performed_via_github_app?.id === appId ? questionOf(each.body ?? '') : undefined;
    if (question !== undefined && !memory.replies.has(question))
      memory.replies.set(question, { id: Number(each.id), saying: saying(each.body ?? '') });
  }
  memory.comment = first ? { id: Number(first.id), saying: saying(first.body ?? '') } : null;
  return all.flatMap((each) => humanComment(each) ?? []);
}

/** Answers its id. */
async function createComment({ client, number, signal }: StickyContext, body: string): Promise<number> {
  const { owner, repo, octokit } = client;
  const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner,
    repo,
    issue_number: number,
    body,
    request: { signal },
  });
  return Number(data.id);
}

/** One that somebody deleted stays away. */
async function editReply({ client, memory, signal }: StickyContext, question: number, body: string): Promise<void> {
  const known = memory.replies.get(question);
  if (!known || known.saying === saying(body)) return;
  const { owner, repo, octokit } = client;
  await octokit
    .request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...{ owner, repo, comment_id: known.id, body },
      request: { signal },
    })
    .catch((error: unknown) => {
      if (!isGitHub(error, 404)) throw error;
    });
  memory.replies.set(question, { id: known.id, saying: saying(body) });
}

/**
 * Needs `findComment` before. One that was answered is not answered again, but what has become of it is written into
 * its answer; a failure forgets what is known: the next pass looks first.
 */
export async function writeReply(context: StickyContext, question: number, body: string): Promise<void> {
  const { memory } = context;
  if (memory.replies.has(question)) return editReply(context, question, body);
  const { comment } = memory;
  memory.comment = undefined;
  const id = await createComment(context, body);
  memory.comment = comment;
  memory.replies.set(question, { id, saying: saying(body) });
}

/** Equal for bodies that say the same. */
function saying(body: string): string {
  return hashOf(withoutBase(body.replace(/\r\n/g, '\n')).trimEnd());
}

/**
 * Sends nothing when the comment says it already; one that somebody deleted is made anew. A
 * failure forgets the comment: the next pass looks again.
 */
export async function writeComment(context: StickyContext, body: string): Promise<void> {
  const { client, memory, signal } = context;
  const { owner, repo, octokit } = client;
  // One whose creation had no answer may be there, and be found; nothing is made by who does not know.
  if (memory.comment === undefined) await findComment(context);
  const known = memory.comment;
  if (known?.saying === saying(body)) return;
  memory.comment = undefined;
  if (!known) {
    memory.comment = { id: await createComment(context, body), saying: saying(body) };
    return;
  }
  try {
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      owner,
      repo,
      comment_id: known.id,
      body,
      request: { signal },
    });
  } catch (error) {
    if (!isGitHub(error, 404)) throw error;
    await findComment(context);
    if (context.memory.comment?.id === known.id) throw error; // there, and yet not ours to edit
    return writeComment(context, body);
  }
  memory.comment = { id: known.id, saying: saying(body) };
}
