// One application of a pull request's preview as a row of the comment's table: verdict, risk and gate first.
import type { AppPreview } from '../../change/pull.ts';
import { rankOf, changeText, isDestructive, approversText } from './app-section.ts';
import { errorsOf } from './errors.ts';
import { plain, cell, code, fitted, plural, sizeOf } from './escape.ts';

// A phone shows the first columns.
const head = '| | Application | Risk | Gate | Change | Environment | Live now |\n|---|---|---|---|---|---|---|';
const mostRows = 30;

/** One row for each; `publicUrl`: of our own page. Beyond the first ones they are one click away. */
export function appTable(apps: readonly AppPreview[], publicUrl: string, budget: number): string {
  if (apps.length === 0) return '';
  const more = (left: number): string => `\n… and ${plural(left, 'more application')}`;
  const rows = apps.map((app) => tableRow(app, publicUrl));
  const first = fitted([head, ...rows.slice(0, mostRows)], budget, more);
  const room = budget - sizeOf(first) - 200;
  const rest = rows.slice(mostRows);
  if (rest.length === 0) return first;
  if (room < 1000) return `${first}\n${more(rest.length)}`;
  return (
    `${first}\n\n<details><summary>${plural(rest.length, 'more application')}</summary>\n\n` +
    `${fitted([head, ...rest], room, more)}\n\n</details>`
  );
}

/** `publicUrl`: of our own page. */
function tableRow(app: AppPreview, publicUrl: string): string {
  const note = app.status === 'new' ? ' (new)' : app.status === 'removed' ? ' (removed)' : '';
  const cells = [
    icons[rankOf(app)] ?? '',
    `${appLink(app, publicUrl)}${note}`,
    riskText(app),
    gateText(app),
    changeText(app, '–'),
    app.environment ? `**${plain(app.environment)}** · ${plain(app.destination)}` : plain(app.destination),
    liveText(app),
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

function appLink(app: { application: string; name: string }, publicUrl: string): string {
  return (
    `[${plain(app.name)}](${publicUrl}/applications/` +
    `${app.application.split('/').map(encodeURIComponent).join('/')})`
  );
}

const icons = ['❌', '🔴', '🟡', '🟢'];

function liveText(app: AppPreview): string {
  if (app.status === 'new') return 'not there yet';
  const drift = app.effect?.drift.length ?? 0;
  const sync = drift > 0 ? `🟠 drifted (${drift})` : app.sync === 'OutOfSync' ? '🟠 OutOfSync' : app.sync;
  return `${hearts[app.health] ?? ''} ${app.health} · ${sync}`;
}

const hearts: Record<string, string> = {
  Healthy: '💚',
  Progressing: '⏳',
  Degraded: '💔',
  Suspended: '⏸️',
  Missing: '👻',
  Unknown: '❔',
};

function riskText(app: AppPreview): string {
  if (errorsOf(app).length > 0) return '**error**';
  const deletes = (app.effect?.change ?? []).filter((diff) => isDestructive(diff.action)).map((diff) => diff.key.kind);
  const kinds = [...new Set(deletes)]
    .slice(0, 3)
    .map((kind) => code(kind))
    .join(', ');
  if (deletes.length > 0) return `**deletes ${kinds}**`;
  const risk = app.effect?.risks[0];
  return risk ? plain(risk.text, 80) : 'none';
}

function gateText(app: AppPreview): string {
  return `${app.lock === undefined ? '' : '🔒 locked · '}${openGateText(app)}`;
}

function openGateText(app: AppPreview): string {
  if (app.status === 'removed' && app.parent) return `goes with ${plain(parentName(app))}`;
  if (app.gated) {
    const who = approversText(app.approvers);
    const unheld = app.automated && app.told ? ' · ⚠️ **not held**' : '';
    return `⏸️ ${plural(app.approvals, 'approval')}${who ? ` by ${who}` : ''}${unheld}`;
  }
  return app.automated ? 'auto on merge' : `manual: ${code(`/cox sync ${app.name}`)}`;
}

function parentName(app: AppPreview): string {
  return app.parent?.split('/').at(-1) ?? '';
}
