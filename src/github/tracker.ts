// The living comment of a merged pull request: how far every application has followed.
import type { AppProgress, ProgressState, PullProgress } from '../change/pull.ts';
import type { Approval } from '../model/coxswain.ts';
import type { EffectOperation } from '../model/effect.ts';
import { commentMarker } from '../model/annotations.ts';
import { keyTitle } from '../model/kube.ts';
import { errorBlocks } from './app-section.ts';
import { shortRevision } from '../model/application.ts';
import { cell, code, html, plain, plural } from './text.ts';

export interface TrackerInput {
  progress: PullProgress;
  /** Markdown of `activityList`. */
  activity: string;
  publicUrl: string;
}

const icons: Record<ProgressState, string> = { queued: '🕓', waiting: '⏸️', syncing: '🔄', progressing: '⏳', success: '✅', failure: '❌', superseded: '⏭️' };
const words: Record<ProgressState, string> = { queued: 'queued', waiting: 'waits for approval', syncing: 'syncing', progressing: 'progressing', success: 'done', failure: 'failed', superseded: 'superseded' };

/** One sentence; also the title of the rollout check. */
export function trackerVerdict({ apps }: PullProgress): string {
  const count = (state: ProgressState): number => apps.filter((app) => app.state === state).length;
  const done = count('success') + count('superseded');
  if (apps.length === 0) return '✅ Merged · no application is touched';
  const parts = [
    ...(count('failure') > 0 ? [`${count('failure')} failed`] : []),
    ...(count('waiting') > 0 ? [`${count('waiting')} ${count('waiting') === 1 ? 'waits' : 'wait'} for approval`] : []),
  ];
  const all = `${done} of ${plural(apps.length, 'application')} done`;
  if (count('failure') > 0) return `❌ Merged · ${[...parts, all].join(' · ')}`;
  if (done === apps.length) return `✅ Merged and rolled out · ${all}`;
  if (count('waiting') > 0 && done + count('waiting') === apps.length) return `⏸️ Merged · ${[...parts, all].join(' · ')}`;
  return `🔄 Merged · rolling out · ${[...parts, all].join(' · ')}`;
}

function link(app: AppProgress, publicUrl: string): string {
  return `[${plain(app.name)}](${publicUrl}/applications/${app.application.split('/').map(encodeURIComponent).join('/')})`;
}

function row(app: AppProgress, publicUrl: string): string {
  const steps = app.steps && app.steps.all > 0 ? ` ${app.steps.done}/${app.steps.all}` : '';
  const cells = [icons[app.state], link(app, publicUrl), app.environment ? `**${plain(app.environment)}**` : '', `${words[app.state]}${steps}`, app.revision ? code(shortRevision(app.revision)) : '', plain(app.message, 200)];
  return `| ${cells.map(cell).join(' | ')} |`;
}

const signs: Record<EffectOperation['op'], string> = { create: '+', change: '~', delete: '−', hook: '⚙', recreate: '±' };

function operationText(operation: EffectOperation): string {
  const fields = operation.op === 'change' ? `: ${operation.fields.slice(0, 6).map(([path]) => code(path, 120)).join(', ')}${operation.fields.length > 6 ? ', …' : ''}` : '';
  const title = operation.op === 'hook' && operation.generateName ? `${operation.key.kind} ${operation.generateName}…` : keyTitle(operation.key);
  return `- ${signs[operation.op]} ${code(title)}${fields}`;
}

function approvalBlock(app: AppProgress, approval: Approval): string {
  const { operations, digest } = approval.spec;
  const items = operations.slice(0, 30).map(operationText);
  const more = operations.length > 30 ? [`- … and ${operations.length - 30} more`] : [];
  return [
    `<details open><summary><b>${html(app.name)}</b> waits for approval · ${plural(operations.length, 'operation')} · digest <code>${html(digest.slice(0, 12))}</code></summary>`,
    [...items, ...more].join('\n'),
    `Exactly this is approved, by someone else than the author: ${code(`/cox approve ${app.name}`)} · to refuse: ${code(`/cox reject ${app.name} <reason>`)} · or the card in Slack.`,
    '</details>',
  ].join('\n\n');
}

export function renderTracker({ progress, activity, publicUrl }: TrackerInput): string {
  const { pull, apps, errors } = progress;
  const merged = pull.merged ? `Merged into ${code(pull.base.ref)} as ${code(shortRevision(pull.merged.sha))}` : '';
  const rows = apps.slice(0, 100).map((app) => row(app, publicUrl));
  const table = rows.length > 0 ? ['| | Application | Environment | State | Revision | |', '|---|---|---|---|---|---|', ...rows].join('\n') : '';
  const more = apps.length > 100 ? `… and ${apps.length - 100} more applications` : '';
  const waiting = apps.slice(0, 20).flatMap((app) => (app.state === 'waiting' && app.approval?.status?.phase !== 'Rejected' && app.approval ? [approvalBlock(app, app.approval)] : []));
  return [
    `${commentMarker}\n### ${trackerVerdict(progress)}`,
    merged,
    errors.length > 0 ? errorBlocks(errors) : '',
    table,
    more,
    ...waiting,
    activity,
    `<sub>${code('/cox help')} lists the commands · ${code('/cox revert <app>')} takes a deploy back</sub>`,
  ].filter(Boolean).join('\n\n');
}
