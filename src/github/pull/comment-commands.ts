// Commands of people in pull requests: each comment becomes one Request, named by the comment, whatever arrives how
// often.
import type { Actor, PullRef, Request } from '../../model/coxswain.ts';
import type { Clock } from '../../base/clock.ts';
import type { HumanComment } from '../publish/sticky-comment.ts';
import type { RepositoryClient } from '../client/installations.ts';
import type { Store } from '../../store/store.ts';
import type { Refusals } from '../publish/refusals.ts';
import { hashOf } from '../../base/canonical.ts';
import { commandIn, parseCommand, verbs } from '../../chatops/command.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { readPull } from './read-pull.ts';
import { permitted } from '../publish/refusals.ts';

interface CommandContext {
  client: RepositoryClient;
  store: Store;
  pull: PullRef;
  signal: AbortSignal;
  clock: Clock;
  /** Of the pull request. */
  refusals: Refusals;
}

/** What was asked longer ago and not heard then is not carried out any more: its reason may be gone. */
const heardMs = 3_600_000;

function requestName(comment: { nodeId: string }): string {
  return `comment-${hashOf(comment.nodeId).slice(0, 24)}`;
}

/**
 * Only comments of people that are as they were first sent: anyone with write access may edit another's comment, and an
 * edit must not speak in their name.
 */
export function isCommand(comment: HumanComment): boolean {
  return !comment.edited && commandIn(comment.body) !== undefined;
}

/**
 * The digest that waits at this moment: what the person could see. A digest that they name wins, its first digits
 * suffice.
 */
function shownDigest(store: Store, application: string, named: string | undefined): string | undefined {
  const key = application.includes('/') ? application : `${store.namespace}/${application}`;
  const waiting = store.approvals.of(key).filter((approval) => (approval.status?.phase ?? 'Pending') === 'Pending');
  if (named) return waiting.find((approval) => approval.spec.digest.startsWith(named))?.spec.digest ?? named;
  return waiting.length === 1 ? waiting[0]?.spec.digest : undefined;
}

function specOf({ store, pull, clock }: CommandContext, comment: HumanComment): Request['spec'] {
  const text = commandIn(comment.body) ?? '';
  const actor: Actor = {
    login: comment.login.toLowerCase(),
    id: comment.userId,
    via: 'pull-request',
    known: comment.known,
  };
  const base = {
    pull,
    actor,
    origin: { kind: 'comment' as const, commentId: comment.id },
    createdAt: comment.createdAt,
  };
  const typed = text.slice(0, 200);
  if (clock.now() - Date.parse(comment.createdAt) > heardMs)
    return {
      ...base,
      verb: 'help',
      args: {
        text: typed,
        error:
          'this was asked more than an hour before it was heard, and is not carried out; ask again if it still holds',
      },
    };
  const parsed = parseCommand(text);
  if (!parsed.ok) return { ...base, verb: 'help', args: { text: typed, error: parsed.message } };
  const { verb, application, rest, options } = parsed.command;
  const decides = verb === 'approve' || verb === 'reject';
  const digest = decides && application ? shownDigest(store, application, options['digest']) : undefined;
  return {
    ...base,
    verb,
    ...(application && { application }),
    args: { ...options, text: typed, ...(rest && { rest }), ...(verbs[verb].freeText && rest && { reason: rest }) },
    ...(digest && { digest }),
  };
}

/** A stranger's branch stands behind it: nothing that its author writes there is carried out, whatever they may do. */
async function forkRefusal(
  { client, pull, signal }: CommandContext,
  comment: HumanComment,
): Promise<string | undefined> {
  const { pull: read } = await readPull(client, pull.number, signal);
  return read.fork && read.author.id === comment.userId
    ? 'this pull request comes from a fork, and no command of its author is carried out in it; ' +
        'somebody else who may can give it here'
    : undefined;
}

/** A sign alone: where GitHub refuses it, the command counts all the same, and the living comment tells the answer. */
async function react(
  { client, signal, refusals }: Pick<CommandContext, 'client' | 'signal' | 'refusals'>,
  commentId: number,
  content: 'eyes' | 'rocket' | 'confused',
): Promise<void> {
  const { owner, repo, octokit } = client;
  await permitted(refusals, 'Reactions', async () => {
    await octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
      owner,
      repo,
      comment_id: commentId,
      content,
      request: { signal },
    });
  });
}

/** Takes a command up, or answers it again when its Request has ended already. Doing it twice is doing it once. */
export async function takeCommand(context: CommandContext, comment: HumanComment): Promise<void> {
  const { store } = context;
  if (!isCommand(comment)) return;
  const name = requestName(comment);
  const known = store.requests.get(`${store.namespace}/${name}`);
  if (known?.status && known.status.phase !== 'Pending') {
    await react(context, comment.id, known.status.phase === 'Done' ? 'rocket' : 'confused');
    return;
  }
  await react(context, comment.id, 'eyes');
  if (known) return;
  const spec = specOf(context, comment);
  const refused = spec.verb === 'help' ? undefined : await forkRefusal(context, comment);
  const request: Request = {
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Request',
    metadata: { name, namespace: store.namespace },
    spec:
      refused === undefined ? spec : { ...spec, verb: 'help', args: { text: spec.args['text'] ?? '', error: refused } },
  };
  await store.requests.create(request);
}
