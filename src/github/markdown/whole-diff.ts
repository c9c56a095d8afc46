// Every change of a preview, application by application, in one piece: for the text of a check, and for `/cox diff`.
import type { AppPreview, PullPreview } from '../../change/pull.ts';
import type { AppSection } from './app-section.ts';
import type { ObjectSection } from './object-section.ts';
import { appHeading, leftText, sameText } from './app-section.ts';
import { buildSections } from './build-sections.ts';
import { errorsOf, errorsOfAll } from './errors.ts';
import { shortRevision } from '../../model/application.ts';
import { keyTitle } from '../../model/kube.ts';
import { bodyBudget, code, fitted, plain, sizeOf } from './escape.ts';
import { cutMarkdown } from './record.ts';

/** Room for what stands around it. */
const frame = 4000;

function heading({ app }: AppSection): string {
  return `#### ${appHeading(app)}\n`;
}

/** What of it should be looked at twice: whoever approves after the merge reads it here. */
function riskText({ app }: AppSection): string[] {
  const risks = (app.effect?.risks ?? []).slice(0, 20);
  return risks.length > 0
    ? [risks.map(({ key, text }) => `- ⚠️ ${code(keyTitle(key))}: ${plain(text)}`).join('\n')]
    : [];
}

function textsOf(section: AppSection, moved: ReadonlySet<ObjectSection>): string[] {
  const objects = section.objects.filter((object) => !moved.has(object)).map(({ markdown }) => markdown);
  return [...riskText(section), ...section.before, ...objects, ...sameText(section), ...section.after].map(
    (text) => `${text}\n`,
  );
}

/**
 * What was moved out of the comment first, then, as far as there is room, what stands in the comment too: that changes,
 * and this stays. `apps`: all of them.
 */
export function diffText(apps: AppPreview[], sections: AppSection[], moved: ReadonlySet<ObjectSection>): string {
  const gone = sections.flatMap((section) => {
    const found = section.objects.filter((object) => moved.has(object)).map(({ markdown }) => `${markdown}\n`);
    return found.map((block, at) => (at === 0 ? `${heading(section)}\n${block}` : block));
  });
  const rest = sections.flatMap((section) => {
    const texts = textsOf(section, moved);
    return texts.length > 0 ? [heading(section), ...texts] : [];
  });
  const all = apps.reduce((count, app) => count + (app.effect?.change.length ?? 0), 0);
  const built = sections.reduce((count, section) => count + section.objects.length, 0);
  const first = fitted(gone, bodyBudget, leftText, all - built);
  const errors = cutMarkdown(errorsOfAll(apps).join(''), bodyBudget - sizeOf(first) - 10);
  const second = cutMarkdown(rest.join('\n'), bodyBudget - sizeOf(first) - sizeOf(errors) - 20);
  return [errors, first, second].filter(Boolean).join('\n\n').trimEnd();
}

function nothingText({ app }: AppSection): string {
  return errorsOf(app).length > 0 ? 'It cannot be told what it would change.' : 'No object changes.';
}

function isNamed(app: AppPreview, wanted: string): boolean {
  return app.application === wanted || app.name === wanted;
}

/** Of the application that was named, or of all; Markdown. */
export async function diffAnswer({ apps, pull, base }: PullPreview, wanted: string | undefined): Promise<string> {
  const named = wanted === undefined ? apps : apps.filter((app) => isNamed(app, wanted));
  const onto = `${code(shortRevision(pull.head.sha))} onto ${code(`${pull.base.ref}@${shortRevision(base)}`)}`;
  if (named.length === 0) return `${onto}: it touches no application${wanted === undefined ? '' : ' of that name'}.`;
  const { sections } = await buildSections(named, 3, bodyBudget - frame);
  const texts = sections.flatMap((section) => {
    const found = textsOf(section, new Set());
    return found.length > 0 ? [heading(section), ...found] : [`${heading(section)}\n${nothingText(section)}\n`];
  });
  const blocks = [...errorsOfAll(named).map((text) => `${text}\n`), ...texts];
  const left = sections.reduce((count, section) => count + section.left, named.length - sections.length);
  return `${onto}\n\n${fitted(blocks, bodyBudget - frame, leftText, left).trimEnd()}`;
}
