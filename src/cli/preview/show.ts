// A preview as a terminal shows it: the verdict, then for each application what changes, what had drifted, what is
// risky.
import type { Effect, ObjectDiff } from '../../model/effect.ts';
import type { AppPreview, PreviewError, PullPreview } from '../../change/pull.ts';
import { diffObjects } from '../../diff/diff.ts';
import { verdict } from '../../github/markdown/comment.ts';
import { keyTitle } from '../../model/kube.ts';
import { shortRevision } from '../../model/application.ts';
import { diffText, plain } from '../output.ts';

const verbs: Record<ObjectDiff['action'], string> = {
  create: 'created',
  change: 'changed',
  delete: 'deleted',
  recreate: 'deleted and created anew',
  hook: 'hook',
  move: 'moves',
};

function placeText(place: { file: string; line?: number } | undefined): string {
  return place ? ` · ${place.file}${place.line ? `:${place.line}` : ''}` : '';
}

function errorText({ message, hint, place, code }: PreviewError): string {
  const at = place ? `${place.file}${place.line ? `:${place.line}` : ''}: ` : '';
  return plain(`error: ${at}${message} (${code})${hint ? `. ${hint}` : ''}`);
}

function objectText(diff: ObjectDiff, color: boolean): string {
  const title = `===== ${keyTitle(diff.key)} · ${verbs[diff.action]}${placeText(diff.place)} =====`;
  const hunks = diffObjects(diff.before, diff.after, 3) ?? diff.changes.map(({ text }) => `  ${text}`).join('\n');
  return [
    plain(title),
    ...diff.notes.map((note) => plain(`note: ${note}`)),
    ...(hunks ? [diffText(hunks, color)] : []),
  ].join('\n');
}

function effectText({ change, drift, risks, hooks, errors }: Effect, color: boolean): string[] {
  return [
    ...risks.map(({ text }) => plain(`risk: ${text}`)),
    ...drift.map(({ key, changes }) =>
      plain(`drifted: ${keyTitle(key)}${changes.length > 0 ? ` · ${changes.map(({ text }) => text).join(', ')}` : ''}`),
    ),
    ...hooks.filter(({ action }) => action === 'hook').map(({ key }) => plain(`hook: ${keyTitle(key)}`)),
    ...errors.map(({ key, message, place }) =>
      plain(
        `error: ${place ? `${place.file}${place.line ? `:${place.line}` : ''}: ` : ''}${keyTitle(key)}: ${message}`,
      ),
    ),
    ...change.map((diff) => objectText(diff, color)),
  ];
}

function gateText({ gated, approvals, automated }: AppPreview): string {
  if (gated) return `waits for ${approvals} approval${approvals === 1 ? '' : 's'} after the merge`;
  return automated ? 'syncs by itself on merge' : 'waits for a sync after the merge';
}

function appText(app: AppPreview, color: boolean): string {
  const facts = [app.environment, app.destination, app.status, gateText(app)].filter(Boolean).join(' · ');
  return [
    plain(`${app.name} · ${facts}`),
    ...(app.error ? [errorText(app.error)] : []),
    ...(app.effect ? effectText(app.effect, color) : []),
  ].join('\n');
}

/** `color`: lines of diffs as a terminal colours them. */
export function previewText(preview: PullPreview, color: boolean): string {
  const { pull, base, apps, conflicts, errors } = preview;
  const head = [
    verdict(preview).replaceAll('`', ''),
    `${shortRevision(pull.head.sha)} onto ${pull.base.ref}@${shortRevision(base)}`,
    ...conflicts.map((file) => `conflict: ${file}`),
    ...errors.map(errorText),
  ].map(plain);
  return [head.join('\n'), ...apps.map((app) => appText(app, color))].join('\n\n');
}
