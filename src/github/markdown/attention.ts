// What a reader of the comment must not miss: drift, risks, what cannot be shown, as alerts above everything else.
import type { AppPreview } from '../../change/pull.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import { errorsOf, isDestructive } from './app-section.ts';
import { keyTitle } from '../../model/kube.ts';
import { plain, code, plural } from './escape.ts';
import { driftText, placeText } from './object-section.ts';

function alert(kind: 'CAUTION' | 'WARNING', items: string[]): string {
  if (items.length === 0) return '';
  const shown = items.slice(0, 12);
  const more = items.length > shown.length ? [`> - … and ${items.length - shown.length} more`] : [];
  return [`> [!${kind}]`, ...shown.map((item) => `> - ${item}`), ...more].join('\n');
}

/** The rest of the sentence that begins with the object. */
function driftedText(diff: ObjectDiff): string {
  if (diff.action === 'create') return 'is missing in the cluster. Syncing creates it.';
  if (diff.action === 'delete') return 'is in the cluster, but not in Git. Syncing deletes it.';
  const [first] = diff.changes;
  const more = diff.changes.length > 1 ? ` and ${plural(diff.changes.length - 1, 'more field')}` : '';
  return `${first ? `${driftText(first)}${more}` : 'differs'}. Syncing sets it back.`;
}

/** Markdown in GitHub's alert boxes; [] where nobody has to look twice. */
export function attention(apps: AppPreview[]): string[] {
  const cautions = apps.flatMap((app) => [
    ...errorsOf(app)
      .slice(0, 2)
      .map(
        (error) =>
          `**${plain(app.name)}** cannot be synced: ` +
          `${[placeText(error.place), plain(error.message, 240)].filter(Boolean).join(' · ')}`,
      ),
    ...(app.effect?.total ?? [])
      .filter((diff) => isDestructive(diff.action))
      .map(
        (diff) =>
          `**${plain(app.name)}** ${diff.action === 'delete' ? 'deletes' : 'deletes and creates anew'} ` +
          code(keyTitle(diff.key)),
      ),
    ...(app.effect?.risks ?? []).map(
      (risk) => `**${plain(app.name)}** ${code(keyTitle(risk.key))}: ${plain(risk.text)}`,
    ),
  ]);
  const warnings = apps.flatMap((app) =>
    (app.effect?.drift ?? []).map(
      (diff) =>
        `**${plain(app.name)}** drifted before this pull request: ${code(keyTitle(diff.key))} ${driftedText(diff)}`,
    ),
  );
  return [alert('CAUTION', cautions), alert('WARNING', warnings)].filter(Boolean);
}
