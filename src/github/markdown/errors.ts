// What cannot be done, as Markdown: each error once and whole, with its place, and all the applications that have it.
import type { AppPreview, PreviewError } from '../../change/pull.ts';
import { keyTitle } from '../../model/kube.ts';
import { placeText } from './object-section.ts';
import { code, fence, fitted, namesOf, plain, plural, prose } from './escape.ts';

/** Failures of the application and of its objects alike. */
export function errorsOf(app: AppPreview): PreviewError[] {
  const objects = (app.effect?.errors ?? []).map((error) => ({
    code: error.code,
    message: `${keyTitle(error.key)}: ${error.message}`,
    ...(error.place && { place: error.place }),
  }));
  return [...(app.error ? [app.error] : []), ...objects];
}

const longest = 4000;
const together = 20_000;

function errorBlock(error: PreviewError, whose: string): string {
  const head = ['❌', [whose, placeText(error.place), code(error.code)].filter(Boolean).join(' · ')].join(' ');
  const hint = error.hint ? `\n\n${prose(error.hint)}` : '';
  return `${head}\n\n${fence(error.message.slice(0, longest))}${hint}\n`;
}

function fit(blocks: string[]): string {
  return fitted(blocks, together, (left) => `… and ${plural(left, 'more error')}`).trimEnd();
}

/** Of what belongs to no application. */
export function errorBlocks(errors: readonly PreviewError[]): string {
  return fit(errors.map((error) => errorBlock(error, '')));
}

/** One that several applications have is said once. [] where all can be synced. */
export function errorsOfAll(apps: readonly AppPreview[]): string[] {
  const all = apps.flatMap((app) => errorsOf(app).map((error) => ({ app, error })));
  const same = Map.groupBy(all, ({ error }) => JSON.stringify([error.code, error.message, error.place, error.hint]));
  const blocks = [...same.values()].flatMap((found) => {
    const names = [...new Set(found.map(({ app }) => app))].map(({ name }) => `**${plain(name)}**`);
    return found.slice(0, 1).map(({ error }) => errorBlock(error, `${namesOf(names, 8)} cannot be synced`));
  });
  return blocks.length > 0 ? [fit(blocks)] : [];
}
