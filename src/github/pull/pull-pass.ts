// One pass over a pull request, and what it tells: the comment first, then the checks, then the rest; GitHub may refuse
// each alone.
import type { CheckContent } from '../markdown/check-content.ts';
import type { CheckContext } from '../publish/check-run.ts';
import type { Logger } from '../../base/log.ts';
import type { Comment } from '../markdown/comment.ts';
import type { PullInput, PullPreview } from '../../change/pull.ts';
import type { Request } from '../../model/coxswain.ts';
import type { PullMemory } from '../publish/pull-memory.ts';
import type { RepositoryClient } from '../client/installations.ts';
import type { StickyContext } from '../publish/sticky-comment.ts';
import type { Store } from '../../store/store.ts';
import type { ShownDiff } from '../markdown/record.ts';
import { renderComment } from '../markdown/comment.ts';
import { pullUrl } from '../../change/pull.ts';
import { recordUrl } from '../markdown/record.ts';
import { activityList, commentOf, inOrder } from '../markdown/activity.ts';
import { deservingReply, replyBody } from '../markdown/reply.ts';
import { shownDiff, writeCheck } from '../publish/check-run.ts';
import { permitted, refusalRows } from '../publish/refusals.ts';
import { writeComment, writeReply } from '../publish/sticky-comment.ts';

export interface Pass {
  key: string;
  pull: PullInput;
  client: RepositoryClient;
  memory: PullMemory;
  signal: AbortSignal;
  options: { appId: number; store: Store; publicUrl: string; log: Logger };
  /** What `/cox diff` is answered with, as Markdown; absent where nothing is compared. */
  diffFor?: (request: Request) => Promise<string>;
  /** Carried out, and answered by what the pass finds out. */
  asked: Request[];
}

/** What writing the comment takes. */
export function stickyOf({ client, pull, memory, signal, options: { appId } }: Pass): StickyContext {
  return { client, number: pull.number, appId, memory, signal };
}

/** What writing checks takes. */
export function checksOf({ client, key, memory, signal, options: { appId, publicUrl } }: Pass): CheckContext {
  return { client, externalId: key, appId, memory, detailsUrl: recordUrl(publicUrl, key), signal };
}

/** Of the pull request, the oldest first. */
function requestsOf({ pull: { owner, repo, number }, options: { store } }: Pass): Request[] {
  return inOrder(
    store.requests
      .list()
      .filter(({ spec }) => spec.pull?.number === number && spec.pull.repo === repo && spec.pull.owner === owner),
  );
}

/** Markdown: what was asked in the pull request and what came of it; '' when nothing was. */
export function activityOf(pass: Pass): string {
  const { pull, memory } = pass;
  return activityList(requestsOf(pass), (question) => {
    const reply = memory.replies.get(question);
    return reply === undefined ? undefined : `${pullUrl(pull)}#issuecomment-${reply.id}`;
  });
}

/**
 * Carried out, and without a reply: those that can be answered at once, and those whose answer is what the pass finds
 * out.
 */
export function unanswered(pass: Pass, now: number): [soon: Request[], later: Request[]] {
  const requests = requestsOf(pass);
  const isAnswered = ({ spec }: Request): boolean => pass.memory.replies.has(commentOf(spec));
  const open = [
    ...deservingReply(requests, now).filter((request) => !isAnswered(request)),
    // What a command began goes on after its answer, which tells how it ends.
    ...requests.filter((request) => isAnswered(request) && request.status?.syncs !== undefined),
  ];
  const isLater = ({ spec, status }: Request): boolean => spec.verb === 'diff' && status?.phase === 'Done';
  return [open.filter((request) => !isLater(request)), open.filter(isLater)];
}

/** Each question gets one comment of ours. */
export async function answerAll(pass: Pass, requests: Request[]): Promise<void> {
  const { refusals, comment: known } = pass.memory;
  // Not even reading them is permitted: nobody knows what is answered already.
  if (known === undefined && refusals.has('Comments')) return;
  for (const request of requests)
    await permitted(refusals, 'Comments', async () =>
      writeReply(stickyOf(pass), commentOf(request.spec), replyBody(request, await pass.diffFor?.(request))),
    );
}

/** As of now: with what was asked in the pull request, and what GitHub refuses. */
export function previewComment(pass: Pass, preview: PullPreview): Promise<Comment> {
  const { publicUrl } = pass.options;
  return renderComment({ preview, activity: activityOf(pass), publicUrl, refused: refusalRows(pass.memory.refusals) });
}

async function comment(pass: Pass, body: () => string | Promise<string>): Promise<void> {
  const { refusals, comment: known } = pass.memory;
  // Not even reading them is permitted: one more would be made at each pass.
  if (known === undefined && refusals.has('Comments')) return;
  await permitted(refusals, 'Comments', async () => writeComment(stickyOf(pass), await body()));
}

/** The comment before the rest; once more when GitHub refused something of that, or takes it again. */
export async function commentFirst<T>(
  pass: Pass,
  body: () => string | Promise<string>,
  rest: () => Promise<T>,
): Promise<T> {
  await comment(pass, body);
  const before = refusalRows(pass.memory.refusals);
  const done = await rest();
  if (refusalRows(pass.memory.refusals) !== before) await comment(pass, body);
  return done;
}

/** One sentence: said only where a comment stands already or somebody asked something. */
export async function say(pass: Pass, sentence: (activity: string) => string): Promise<void> {
  const activity = activityOf(pass);
  if (pass.memory.comment || activity) await comment(pass, () => sentence(activity));
}

/** Where comments are refused, the checks tell of it. */
export async function check(pass: Pass, content: CheckContent): Promise<void> {
  const { refusals } = pass.memory;
  const summary = [refusalRows(refusals), content.summary].filter(Boolean).join('\n\n');
  await permitted(refusals, 'Checks', () => writeCheck(checksOf(pass), { ...content, summary }));
}

/** Once for each change of what is refused. */
export function logRefusals({ key, memory, options: { log } }: Pass): void {
  const refused = [...memory.refusals.values()].join(' ');
  if (refused !== '' && refused !== memory.toldRefusals)
    log.warn(
      { pull: key, parts: [...memory.refusals.keys()], detail: refused },
      'GitHub refuses parts of what a pull request shows',
    );
  memory.toldRefusals = refused;
}

/** The diff of the head, as it was shown while the pull request was open. */
export async function shownOf(pass: Pass): Promise<ShownDiff | undefined> {
  return permitted(pass.memory.refusals, 'Checks', () => shownDiff(checksOf(pass), pass.pull.head.sha));
}
