// The living comment of a merged pull request: how far every application has followed.
import type { AppProgress, ProgressState, PullProgress } from '../../change/pull.ts';
import type { Approval } from '../../model/coxswain.ts';
import type { EffectOperation } from '../../model/effect.ts';
import type { ShownDiff } from './record.ts';
import { authorsText, hiddenText } from '../../policy/gate-text.ts';
import { commentMarker } from '../../model/annotations.ts';
import { actionWords } from '../../model/effect.ts';
import { keyTitle } from '../../model/kube.ts';
import { approversText, gatesText, toldText } from './app-section.ts';
import { errorBlocks } from './errors.ts';
import { shortRevision } from '../../model/application.ts';
import { cutMarkdown, otherText, recordBlock, sectionOf } from './record.ts';
import { bodyBudget, cell, code, fitted, html, namesOf, plain, plural, sizeOf } from './escape.ts';

interface TrackerInput {
  progress: PullProgress;
  /** Markdown of `activityList`. */
  activity: string;
  publicUrl: string;
  /** Markdown of `refusalRows`. */
  refused: string;
  /** What the pull request showed while it was open. */
  shown?: ShownDiff | undefined;
}

const icons: Record<ProgressState, string> = {
  queued: '🕓',
  waiting: '⏸️',
  rejected: '⛔',
  syncing: '🔄',
  progressing: '⏳',
  success: '✅',
  failure: '❌',
  superseded: '⏭️',
};
/** A state as people say it. */
export const stateWords: Record<ProgressState, string> = {
  queued: 'queued',
  waiting: 'waits for approval',
  rejected: 'rejected',
  syncing: 'syncing',
  progressing: 'progressing',
  success: 'done',
  failure: 'failed',
  superseded: 'superseded',
};

/** One sentence; also the title of the rollout check. */
export function trackerVerdict({ apps }: PullProgress): string {
  const count = (state: ProgressState): number => apps.filter((app) => app.state === state).length;
  const done = count('success') + count('superseded');
  if (apps.length === 0) return '✅ Merged · no application is touched';
  const parts = [
    ...(count('failure') > 0 ? [`${count('failure')} failed`] : []),
    ...(count('rejected') > 0 ? [`${count('rejected')} rejected`] : []),
    ...(count('waiting') > 0 ? [`${count('waiting')} ${count('waiting') === 1 ? 'waits' : 'wait'} for approval`] : []),
  ];
  const all = `${done} of ${plural(apps.length, 'application')} done`;
  if (count('failure') > 0) return `❌ Merged · ${[...parts, all].join(' · ')}`;
  if (count('rejected') > 0) return `⛔ Merged · ${[...parts, all].join(' · ')}`;
  if (done === apps.length) return `✅ Merged and rolled out · ${all}`;
  if (count('waiting') > 0 && done + count('waiting') === apps.length)
    return `⏸️ Merged · ${[...parts, all].join(' · ')}`;
  return `🔄 Merged · rolling out · ${[...parts, all].join(' · ')}`;
}

function link(app: AppProgress, publicUrl: string): string {
  return (
    `[${plain(app.name)}](${publicUrl}/applications/` +
    `${app.application.split('/').map(encodeURIComponent).join('/')})`
  );
}

function row(app: AppProgress, publicUrl: string): string {
  const steps = app.steps && app.steps.all > 0 ? ` ${app.steps.done}/${app.steps.all}` : '';
  const cells = [
    icons[app.state],
    link(app, publicUrl),
    app.environment ? `**${plain(app.environment)}**` : '',
    `${stateWords[app.state]}${steps}`,
    app.revision ? code(shortRevision(app.revision)) : '',
    plain(app.message, 200),
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** What it destroys stands first. A sign alone could be Markdown of its own. */
const order = Object.keys(actionWords);

/** Of an Approval, what destroys first; Markdown. */
export function operationList(operations: EffectOperation[], budget: number): string {
  const sorted = operations.toSorted((a, b) => order.indexOf(a.op) - order.indexOf(b.op));
  return fitted(
    sorted.map(operationText),
    budget,
    (left) => `- … and ${left} more; the page of the application lists them`,
  );
}

function operationText(operation: EffectOperation): string {
  const fields =
    operation.op === 'change'
      ? `: ${operation.fields
          .slice(0, 6)
          .map(([path]) => code(path, 120))
          .join(', ')}${operation.fields.length > 6 ? ', …' : ''}`
      : '';
  const title =
    operation.op === 'hook' && operation.generateName
      ? `${operation.key.kind} ${operation.generateName}…`
      : keyTitle(operation.key);
  return (
    `- ${actionWords[operation.op]} ` +
    `${code(title)}${fields}${operation.op === 'hook' ? ` (${plain(operation.phase)})` : ''}`
  );
}

function whoText(app: AppProgress, { spec }: Approval): string {
  const needed = spec.policy?.approvals ?? 1;
  const who = approversText(app.approvers ?? []);
  const why = hiddenText(spec.unknown ?? []);
  return (
    `${needed === 1 ? 'one person' : `${needed} people`}${who ? ` of ${who}` : ''} ` +
    `who did not write it${why ? ` (${plain(why, 300)})` : ''}`
  );
}

interface Waiting {
  app: AppProgress;
  approval: Approval;
}

interface Around {
  pull: PullProgress['pull'];
  publicUrl: string;
  shown: ShownDiff | undefined;
}

/** Both values of each field, as the pull request showed them, if it showed this very effect. */
function fieldsText({ app, approval }: Waiting, { shown, publicUrl }: Around, budget: number): string[] {
  const section = sectionOf(shown, app.name, approval.spec.digest);
  if (section === undefined)
    return [[otherText(shown), `Line by line: ${link(app, publicUrl)}.`].filter(Boolean).join(' ')];
  const text = cutMarkdown(section, budget);
  return [
    ...(text === '' ? [] : ['As the pull request showed it:', text]),
    `${text.length < section.length ? 'The rest stands below; line' : 'Line'} by line: ${link(app, publicUrl)}.`,
  ];
}

/** Whose change it is, by all commits that it is made of; none of them may approve it. */
export function madeText({ spec: { authors, ranges } }: Approval, { author }: PullProgress['pull']): string {
  const opener = `Opened by ${code(author.login)}.`;
  if (!authors) return ranges ? `${opener} Who else made it is not known yet.` : opener;
  return authors.length > 0
    ? `Made by ${plain(authorsText(authors), 1000)}.`
    : `${opener} No commit tells who made it.`;
}

function agreedText({ status }: Approval): string {
  const agreed = (status?.approvals ?? []).map(({ actor }) => code(actor.login));
  return agreed.length > 0 ? ` Approved so far by ${namesOf(agreed, 8)}.` : '';
}

/** `budget`: how long the list of what it would do, and its fields, may be. */
function approvalBlock(waiting: Waiting, around: Around, budget: number): string {
  const { app, approval } = waiting;
  const { operations, digest } = approval.spec;
  const list = operationList(operations, budget / 2);
  return [
    `<details open><summary><b>${html(app.name)}</b> waits for approval · ` +
      `${plural(operations.length, 'operation')} · digest <code>${html(digest.slice(0, 12))}</code></summary>`,
    list,
    ...gatesText(approval.spec.gates),
    ...fieldsText(waiting, around, budget - sizeOf(list)),
    `${madeText(approval, around.pull)}${agreedText(approval)} ` +
      `Needs ${whoText(app, approval)}: ${code(`/cox approve ${app.name}`)} here, or the card in Slack, ` +
      `approves exactly this. ${code(`/cox reject ${app.name} <reason>`)} refuses it.`,
    '</details>',
  ].join('\n\n');
}

/** What stands around the list of one approval, and the shortest list that is worth it. */
const blockFrame = 1500;
const shortestList = 1000;
const longestList = 8000;

/** As many as fit, each with its part of the budget. */
function approvalBlocks(apps: AppProgress[], around: Around, budget: number): string {
  const waiting = apps.flatMap((app): Waiting[] =>
    app.state === 'waiting' && app.approval && app.approval.status?.phase !== 'Rejected'
      ? [{ app, approval: app.approval }]
      : [],
  );
  const shown = waiting.slice(0, Math.floor(budget / (blockFrame + shortestList)));
  const share = Math.min(longestList, Math.floor(budget / Math.max(1, shown.length)) - blockFrame);
  const more =
    waiting.length > shown.length
      ? [
          `… and ${plural(waiting.length - shown.length, 'more application')} ` +
            `that ${waiting.length - shown.length === 1 ? 'waits' : 'wait'} for approval`,
        ]
      : [];
  return [...shown.map((each) => approvalBlock(each, around, share)), ...more].join('\n\n');
}

/** What to do about what was not applied. */
function next({ pull, apps }: PullProgress): string {
  const has = (state: ProgressState): boolean => apps.some((app) => app.state === state);
  const lines = [
    ...(has('failure')
      ? [`- Correct what failed in another pull request, or try the same again: ${code('/cox sync <app>')}.`]
      : []),
    ...(has('rejected')
      ? [
          `- What was rejected is not applied, but it is still on ${code(pull.base.ref)}: ` +
            'revert this pull request, or merge a correction, which asks again.',
        ]
      : []),
  ];
  return lines.length > 0 ? ['**Next**', '', ...lines].join('\n') : '';
}

/** Within `bodyBudget`: the table may take half of what the rest leaves free, then come the lists of what waits. */
export function renderTracker({ progress, activity, publicUrl, refused, shown }: TrackerInput): string {
  const { pull, apps, errors } = progress;
  const merged = pull.merged ? `Merged into ${code(pull.base.ref)} as ${code(shortRevision(pull.merged.sha))}` : '';
  const head = [
    `${commentMarker}\n### ${trackerVerdict(progress)}`,
    merged,
    refused,
    errors.length > 0 ? errorBlocks(errors) : '',
  ];
  const told = apps.slice(0, 10).flatMap(toldText).join('\n');
  const tail = [
    told,
    next(progress),
    activity,
    `<sub>${code('/cox help')} lists the commands · ${code('/cox revert <app>')} takes a deploy back</sub>`,
  ];
  const free = bodyBudget - sizeOf([...head, ...tail].join('\n\n')) - 100;
  const rows = [
    '| | Application | Environment | State | Revision | Details |',
    '|---|---|---|---|---|---|',
    ...apps.map((app) => row(app, publicUrl)),
  ];
  const table = apps.length > 0 ? fitted(rows, free / 2, (left) => `\n… and ${plural(left, 'more application')}`) : '';
  const blocks = approvalBlocks(apps, { pull, publicUrl, shown }, free - sizeOf(table));
  const record = recordBlock(shown, free - sizeOf(table) - sizeOf(blocks));
  const [footer, ...above] = tail.toReversed();
  return [...head, table, blocks, ...above.toReversed(), record, footer].filter(Boolean).join('\n\n');
}
