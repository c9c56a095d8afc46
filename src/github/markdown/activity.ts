// What people asked for in a pull request and what came of it, as a short list in the living comment.
import type { Request } from '../../model/coxswain.ts';
import { applicationName } from '../../model/application.ts';
import { code, fence, plural, prose } from './escape.ts';

const shown = 8;

/** The command as a person would type it again. */
export function commandText({ spec: { verb, application, args } }: Request): string {
  const name = application?.split('/').at(-1);
  return ['/cox', args['text'] ?? [verb, name].filter(Boolean).join(' ')].join(' ');
}

/** Done, or refused; or what it began has failed. */
export function answerIcon({ status }: Request): string {
  if (status?.syncs?.some(({ ended }) => ended?.ok === false)) return '❌';
  return status?.phase === 'Done' ? '🚀' : '😕';
}

/** What it began, and how that has ended: a line of plain text for each that has. */
function endLines({ status }: Request): string[] {
  return (status?.syncs ?? []).flatMap(({ application, ended }) =>
    ended ? [`${applicationName(application)}: ${ended.message}`] : [],
  );
}

/** One line follows the command; several stand below it as they are. */
function answerText(message: string): string {
  if (!message.trim().includes('\n')) return ` — ${prose(message, 400)}`;
  return `\n\n${fence(message.slice(0, 1500)).replace(/^/gm, '  ')}\n`;
}

/** The whole answer stands where the link leads. */
function linkedText(message: string, url: string): string {
  return `${message.trim().includes('\n') ? '' : ` — ${prose(message, 160)}`} · [answer](${url})`;
}

/** Id of the comment in which it was asked; 0 when it was asked elsewhere. */
export function commentOf({ origin }: Request['spec']): number {
  return origin.kind === 'comment' ? origin.commentId : 0;
}

/** The oldest first; comments of one second are told apart by their ids. */
export function inOrder(requests: Request[]): Request[] {
  return requests.toSorted(
    (a, b) => Date.parse(a.spec.createdAt) - Date.parse(b.spec.createdAt) || commentOf(a.spec) - commentOf(b.spec),
  );
}

/**
 * Of requests in order, the newest last; '' when there is none. Only finished ones are listed. `replyUrl`: where the
 * comment that was asked in is answered.
 */
export function activityList(requests: Request[], replyUrl: (comment: number) => string | undefined): string {
  const finished = requests.filter((request) => request.status && request.status.phase !== 'Pending');
  if (finished.length === 0) return '';
  const items = finished.slice(-shown).map((request) => {
    const via = request.spec.actor.via === 'slack' ? ' in Slack' : '';
    const ends = endLines(request).join('\n');
    const [message, url] = [ends || (request.status?.message ?? ''), replyUrl(commentOf(request.spec))];
    return (
      `- ${answerIcon(request)} ${code(request.spec.actor.login)}${via} ${code(commandText(request), 120)}` +
      (url === undefined ? answerText(message) : linkedText(message, url))
    );
  });
  const left = finished.length - items.length;
  const before = left > 0 ? [`- … and ${plural(left, 'earlier one')}, each answered where it was asked`] : [];
  return ['**Activity**', '', ...before, ...items].join('\n');
}
