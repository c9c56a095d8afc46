// Every change of a preview, application by application, in one piece: what `/cox diff` is answered with.
import type { AppPreview, PullPreview } from '../../change/pull.ts';
import type { AppSection } from './app-section.ts';
import { appHeading, leftText } from './app-section.ts';
import { buildSections } from './build-sections.ts';
import { shortRevision } from '../../model/application.ts';
import { bodyBudget, code, fitted } from './escape.ts';

/** Room for what stands around it. */
const frame = 4000;

function blocksOf(section: AppSection): string[] {
  const { app, before, objects, after } = section;
  return [`#### ${appHeading(app)}`, ...before, ...objects.map(({ markdown }) => markdown), ...after];
}

function isNamed(app: AppPreview, wanted: string): boolean {
  return app.application === wanted || app.name === wanted;
}

/** Cut between objects alone; Markdown. */
async function wholeDiff(apps: AppPreview[], budget: number): Promise<string> {
  const { sections } = await buildSections(apps, 3, budget);
  const blocks = sections.flatMap(blocksOf).map((block) => `${block}\n`);
  const left = sections.reduce((count, section) => count + section.left, apps.length - sections.length);
  return fitted(blocks, budget, leftText, left).trimEnd();
}

/** Of the application that was named, or of all; Markdown. */
export async function diffAnswer({ apps, pull, base }: PullPreview, wanted: string | undefined): Promise<string> {
  const named = wanted === undefined ? apps : apps.filter((app) => isNamed(app, wanted));
  const onto = `${code(shortRevision(pull.head.sha))} onto ${code(`${pull.base.ref}@${shortRevision(base)}`)}`;
  if (named.length === 0) return `${onto}: it touches no application${wanted === undefined ? '' : ' of that name'}.`;
  return `${onto}\n\n${await wholeDiff(named, bodyBudget - frame)}`;
}
