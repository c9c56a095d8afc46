// What a reader of the comment must not miss: drift and risks, as alerts above everything else.
import type { AppPreview } from '../../change/pull.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import { isDestructive } from './app-section.ts';
import { keyTitle } from '../../model/kube.ts';
import { errorsOf } from './errors.ts';
import { plain, code, namesOf, plural } from './escape.ts';
import { driftText } from './object-section.ts';

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

/** What would come next does not, before the lock ends; who must approve may all the same. */
export function isLocked(app: AppPreview): boolean {
  return app.lock !== undefined && !app.gated && errorsOf(app).length === 0;
}

function lockedText(name: string, lock: string): string {
  return `🔒 ${plain(lock, 600)}. Nothing of it is synced before: ${code(`/cox unlock ${name}`)} ends that.`;
}

interface Item {
  app: AppPreview;
  text: string;
}

/** What several applications have alike is said once. */
function sentences(items: readonly Item[]): string[] {
  return [...Map.groupBy(items, ({ text }) => text)].map(([text, all]) => {
    const names = [...new Set(all.map(({ app }) => app))].map(({ name }) => `**${plain(name)}**`);
    return `${namesOf(names, 8)}${names.length > 1 ? ':' : ''} ${text}`;
  });
}

/** Markdown in GitHub's alert boxes; [] where nobody has to look twice. */
export function attention(apps: AppPreview[]): string[] {
  const cautions = apps.flatMap((app): Item[] => [
    ...(app.effect?.total ?? [])
      .filter((diff) => isDestructive(diff.action))
      .map((diff) => ({
        app,
        text: `${diff.action === 'delete' ? 'deletes' : 'deletes and creates anew'} ${code(keyTitle(diff.key))}`,
      })),
    ...(app.effect?.risks ?? []).map((risk) => ({ app, text: `${code(keyTitle(risk.key))}: ${plain(risk.text)}` })),
  ]);
  const warnings = apps.flatMap((app): Item[] => [
    ...(app.lock === undefined ? [] : [{ app, text: lockedText(app.name, app.lock) }]),
    ...(app.effect?.drift ?? []).map((diff) => ({
      app,
      text: `drifted before this pull request: ${code(keyTitle(diff.key))} ${driftedText(diff)}`,
    })),
  ]);
  return [alert('CAUTION', sentences(cautions)), alert('WARNING', sentences(warnings))].filter(Boolean);
}
