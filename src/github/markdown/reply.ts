// The answer to a command in a pull request: one comment of its own, which quotes what was asked.
import type { Request } from '../../model/coxswain.ts';
import { answerIcon, commandText, commentOf } from './activity.ts';
import { code, fence, prose } from './escape.ts';

/** An answer that is older is no news: the list in the living comment has it. */
const newsMs = 3_600_000;
/** Of people who do not belong to the repository so many are answered each; the list tells of the others. */
const mostForStrangers = 3;

/** First line of the answer to that comment: it is found by it. */
export function replyMarker(question: number): string {
  return `<!-- coxswain-answer ${question} -->`;
}

/** Id of the comment that it answers; undefined when it is no answer of ours. */
export function questionOf(body: string): number | undefined {
  const [, id] = /^<!-- coxswain-answer (\d{1,16}) -->/.exec(body) ?? [];
  return id === undefined ? undefined : Number(id);
}

function isNews({ spec, status }: Request, now: number): boolean {
  const ended = status !== undefined && status.phase !== 'Pending';
  return ended && spec.origin.kind === 'comment' && !(now - Date.parse(status.finishedAt ?? '') > newsMs);
}

/** Carried out a short while ago. Whoever likes may write comments: strangers do not make us write as many. */
export function deservingReply(requests: Request[], now: number): Request[] {
  const before = new Map<number, number>();
  const commented = requests.filter(({ spec }) => commentOf(spec) !== 0);
  return commented.filter((request) => {
    const { actor } = request.spec;
    const count = (before.get(actor.id) ?? 0) + 1;
    before.set(actor.id, count);
    return (actor.known === true || count <= mostForStrangers) && isNews(request, now);
  });
}

function messageText(message: string, most: number): string {
  return message.trim().includes('\n') ? `\n\n${fence(message.slice(0, most))}` : ` ${prose(message, 2000)}`;
}

/** `found`: what the answer shows beside its sentence. */
export function replyBody(request: Request, found = ''): string {
  const { spec, status } = request;
  return [
    `${replyMarker(commentOf(spec))}\n> ${code(spec.actor.login)}: ${code(commandText(request), 200)}`,
    `${answerIcon(request)}${messageText(status?.message ?? '', found === '' ? 20_000 : 1000)}`,
    found,
  ]
    .filter(Boolean)
    .join('\n\n');
}
