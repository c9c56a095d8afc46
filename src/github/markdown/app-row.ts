// One application of a pull request's preview as a row of the comment's table.
import type { AppPreview } from '../../change/pull.ts';
import { rankOf, changeText, isDestructive, errorsOf, approversText } from './app-section.ts';
import { plain, cell, code, plural } from './escape.ts';

/** Markdown of a whole row; `publicUrl`: of our own page. */
export function tableRow(app: AppPreview, publicUrl: string): string {
  const note = app.status === 'new' ? ' (new)' : app.status === 'removed' ? ' (removed)' : '';
  const cells = [
    icons[rankOf(app)] ?? '',
    `${appLink(app, publicUrl)}${note}`,
    app.environment ? `**${plain(app.environment)}** · ${plain(app.destination)}` : plain(app.destination),
    changeText(app, '–'),
    riskText(app),
    liveText(app),
    gateText(app),
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
