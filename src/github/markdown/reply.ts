// The answer to a command in a pull request: one comment of its own, which quotes what was asked.
import type { Request } from '../../model/coxswain.ts';
import { applicationName } from '../../model/application.ts';
import { answerIcon, commandText, commentOf } from './activity.ts';
import { code, fence, plain, prose } from './escape.ts';

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

/** `/cox sync <app> — what it does` on each line: a fence would show it on one line that nobody can read to its end. */
function commandList(message: string): string {
  const items = message.split('\n').map((line) => {
    const [usage = '', does = ''] = line.split(' — ');
    return `- ${code(usage)} — ${prose(does, 2000)}`;
  });
  return ['What Coxswain can do', '', ...items].join('\n');
}

function messageText(message: string, most: number): string {
  return message.trim().includes('\n') ? `\n\n${fence(message.slice(0, most))}` : ` ${prose(message, 2000)}`;
}

const mostEnds = 40;

/** What it began, and what became of that: this comment is edited when it ends. */
function endText(request: Request): string {
  const syncs = request.status?.syncs ?? [];
  const ended = syncs.filter((each) => each.ended);
  const lines = ended
    .slice(0, mostEnds)
    .map(
      ({ application, ended: end }) =>
        `${end?.ok ? '✅' : '❌'} **${plain(applicationName(application))}**: ${prose(end?.message ?? '', 2000)}`,
    );
  const left = syncs.length - ended.length;
  const more = ended.length > mostEnds ? [`… and ${ended.length - mostEnds} more`] : [];
  const running =
    left > 0 ? [`⏳ ${left === 1 ? 'What becomes of it' : `What becomes of ${left} of them`} follows here.`] : [];
  return [...lines, ...more, ...running].join('\n\n');
}

/** `found`: what the answer shows beside its sentence. */
export function replyBody(request: Request, found = ''): string {
  const { spec, status } = request;
  const message = status?.message ?? '';
  const told =
    spec.verb === 'help' && status?.phase === 'Done'
      ? ` ${commandList(message)}`
      : messageText(message, found === '' ? 20_000 : 1000);
  return [
    `${replyMarker(commentOf(spec))}\n> ${code(spec.actor.login)}: ${code(commandText(request), 200)}`,
    `${answerIcon(request)}${told}`,
    found,
    endText(request),
  ]
    .filter(Boolean)
    .join('\n\n');
}
