// `/cox diff` once a pull request is merged or closed: what it showed then, and what of it is left.
import type { Application } from '../../model/application.ts';
import type { AppProgress } from '../../change/pull.ts';
import type { ShownDiff } from './record.ts';
import { shortRevision } from '../../model/application.ts';
import { keyTitle } from '../../model/kube.ts';
import { bodyBudget, code, fitted, html, plain, sizeOf } from './escape.ts';
import { cutMarkdown, sectionsOf } from './record.ts';
import { stateWords } from './tracker.ts';

const mostLeft = 20;
/** For what stands above the diff, and the answer's own frame. */
const frame = 4000;

/** Objects that differ from Git now; '' where none does, or nobody has looked. */
function leftText(app: Application | undefined): string {
  const { sync, resources = [] } = app?.status ?? {};
  const left = resources.filter(({ status, hook }) => status === 'OutOfSync' && !hook);
  if (sync?.status !== 'OutOfSync' || left.length === 0) return '';
  const names = left.map(({ group = '', kind, namespace = '', name }) =>
    code(keyTitle({ group, kind, namespace, name })),
  );
  const shown = names.slice(0, mostLeft).join(', ');
  return `\n  - what is left: ${shown}${left.length > mostLeft ? ` and ${left.length - mostLeft} more` : ''}`;
}

interface Followed {
  /** [] of one that was closed without merging. */
  apps: readonly AppProgress[];
  shown: ShownDiff | undefined;
  /** As the cluster has it. */
  live: (application: string) => Application | undefined;
}

/** Of the application that was named, or of all; Markdown. */
export function mergedDiffAnswer({ apps, shown, live }: Followed, wanted: string | undefined): string {
  const named = apps.filter((app) => wanted === undefined || [app.application, app.name].includes(wanted));
  const lines = named.map(
    (app) =>
      `- **${plain(app.name)}**: ${stateWords[app.state]} · ${plain(app.message, 200)}` +
      leftText(live(app.application)),
  );
  const state = lines.length > 0 ? fitted(lines, frame / 2, (left) => `- … and ${left} more`) : '';
  const text = wanted === undefined ? (shown?.text ?? '') : sectionsOf(shown, named[0]?.name ?? wanted);
  if (!shown || text === '') {
    const what = wanted === undefined ? 'no diff of it is kept' : `it showed no diff of ${code(wanted)}`;
    return [state, `${what[0]?.toUpperCase()}${what.slice(1)}.`].filter(Boolean).join('\n\n');
  }
  const fit = cutMarkdown(text, bodyBudget - frame - sizeOf(state));
  return [
    state,
    `As it was shown at <code>${html(shortRevision(shown.head))}</code>, before the merge:`,
    fit,
    fit.length < text.length
      ? `… the rest stands in the [check](${shown.url}).`
      : `[Every version](${shown.versions}) that was shown.`,
  ]
    .filter(Boolean)
    .join('\n\n');
}
