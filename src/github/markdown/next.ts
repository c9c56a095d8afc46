// What comes next for an open pull request, and which of its applications change at all.
import type { AppPreview, PullPreview } from '../../change/pull.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import { authorsText, hiddenText } from '../../policy/gate-text.ts';
import { countsOf } from './app-section.ts';
import { errorsOf } from './errors.ts';
import { code, plain, plural } from './escape.ts';

/** Whether merging would do anything about it. */
export const withChanges = (app: AppPreview): boolean => {
  const { created, changed, deleted, moved } = countsOf(app.effect);
  return created + changed + deleted + moved > 0 || app.status === 'new' || app.status === 'removed';
};

/** Markdown: the first of them by name. */
export function names(apps: AppPreview[]): string {
  const shown = apps.slice(0, 8).map((app) => `*${plain(app.name)}*`);
  return shown.join(', ') + (apps.length > 8 ? ` and ${apps.length - 8} more` : '');
}

/** An object that only stays as it is has a note and no change. */
function isWritten(diff: ObjectDiff): boolean {
  return diff.action !== 'change' || diff.changes.length > 0;
}

function gatedText(app: AppPreview): string {
  const { people = [], unknown = [] } = app.authors ?? {};
  const made = people.length > 0 ? ` (${plain(authorsText(people), 1000)})` : '';
  const hidden = app.approvals < 2 ? hiddenText(unknown) : '';
  return (
    `- After the merge *${plain(app.name)}* waits for **${plural(app.approvals, 'approval')}** by someone ` +
    `else than its authors${made}: ${code(`/cox approve ${app.name}`)} here, or the card in Slack.` +
    (hidden ? ` Two people must agree unless it is known by then: ${plain(hidden, 300)}.` : '')
  );
}

/** What comes of it, with the commands to copy; Markdown, '' for nothing. */
export function next(preview: PullPreview): string {
  if (preview.conflicts.length > 0)
    return (
      `**Next** — merge ${code(preview.pull.base.ref)} into the branch, resolve the conflicts and push; ` +
      'this comment follows.'
    );
  if (preview.errors.length > 0 || preview.apps.some((app) => errorsOf(app).length > 0))
    return '**Next** — correct the error and push; this comment follows. After a change outside of Git: `/cox diff`.';
  const changing = preview.apps.filter(
    (app) => app.status !== 'removed' && (withChanges(app) || (app.effect?.total ?? []).some(isWritten)),
  );
  const removed = preview.apps.filter((app) => app.status === 'removed');
  const parents = [...new Set(removed.map((app) => app.parent?.split('/').at(-1) ?? ''))].filter(Boolean);
  const gated = changing.filter((app) => app.gated);
  const auto = changing.filter((app) => !app.gated && app.automated);
  const manual = changing.filter((app) => !app.gated && !app.automated);
  const lines = [
    ...(auto.length > 0
      ? [`- On merge ${names(auto)} ${auto.length === 1 ? 'syncs by itself' : 'sync by themselves'}.`]
      : []),
    ...(manual.length > 0
      ? [
          `- After the merge ${names(manual)} ${manual.length === 1 ? 'waits' : 'wait'} for ${manual
            .slice(0, 5)
            .map((app) => code(`/cox sync ${app.name}`))
            .join(', ')}.`,
        ]
      : []),
    ...(removed.length > 0
      ? [
          `- ${names(removed)} ${removed.length === 1 ? 'goes' : 'go'} with what is listed above` +
            (parents.length > 0
              ? `, as soon as ${parents.map((name) => `*${plain(name)}*`).join(' and ')} has synced`
              : '') +
            '.',
        ]
      : []),
    ...gated.slice(0, 8).map(gatedText),
  ];
  return lines.length > 0 ? ['**Next**', '', ...lines].join('\n') : '';
}
