// What people asked for in a pull request and what came of it, as a list in the living comment.
import type { Request } from '../../model/coxswain.ts';
import { code, fence, prose } from './escape.ts';

const shown = 8;

/** One line of a command as a person would type it again. */
function commandText(request: Request): string {
  const { verb, application, args } = request.spec;
  const name = application?.split('/').at(-1);
  return ['/cox', args['text'] ?? [verb, name].filter(Boolean).join(' ')].join(' ');
}

/** One line follows the command; several stand below it as they are. */
function answerText(message: string): string {
  if (!message.trim().includes('\n')) return ` — ${prose(message, 400)}`;
  return `\n\n${fence(message.slice(0, 1500)).replace(/^/gm, '  ')}\n`;
}

/** Comments of one second are told apart by their ids. */
function commentOf({ spec }: Request): number {
  return spec.origin.kind === 'comment' ? spec.origin.commentId : 0;
}

/** The newest requests last; '' when there is none. Only finished ones are listed. */
export function activityList(requests: Request[]): string {
  const finished = requests
    .filter((request) => request.status && request.status.phase !== 'Pending')
    .sort((a, b) => Date.parse(a.spec.createdAt) - Date.parse(b.spec.createdAt) || commentOf(a) - commentOf(b));
  if (finished.length === 0) return '';
  const items = finished.slice(-shown).map((request) => {
    const icon = request.status?.phase === 'Done' ? '🚀' : '😕';
    const via = request.spec.actor.via === 'slack' ? ' in Slack' : '';
    return (
      `- ${icon} ${code(request.spec.actor.login)}${via} ` +
      `${code(commandText(request), 120)}${answerText(request.status?.message ?? '')}`
    );
  });
  return ['**Activity**', '', ...items].join('\n');
}
