// The living comment of an open pull request: what merging would do, within GitHub's limits.
import type { AppPreview, PullPreview } from '../../change/pull.ts';
import type { AppSection } from './app-section.ts';
import type { ObjectSection } from './object-section.ts';
import type { ShownDiff } from './record.ts';
import { commentMarker } from '../../model/annotations.ts';
import { appMarkdown, isDestructive, openFirst, rankOf, twinOf, twinsText } from './app-section.ts';
import { appTable } from './app-row.ts';
import { errorBlocks, errorsOf, errorsOfAll } from './errors.ts';
import { legendOf } from './legend.ts';
import { shortRevision } from '../../model/application.ts';
import { bodyBudget, code, plain, plural, sizeOf } from './escape.ts';
import { pullKey } from '../../change/pull.ts';
import { names, next, withChanges } from './next.ts';
import { recordBlock, recordUrl } from './record.ts';
import { diffText } from './whole-diff.ts';
import { attention, isLocked } from './attention.ts';
import { buildSections } from './build-sections.ts';

interface CommentInput {
  preview: PullPreview;
  /** Markdown of `activityList`. */
  activity: string;
  publicUrl: string;
  /** Markdown of `refusalRows`. */
  refused: string;
}

export interface Comment {
  body: string;
  /** Every diff, for the text of the check, which keeps it; what did not fit into the comment comes first. */
  diff: string;
}

/** One sentence that a manager understands; also the title of the check. */
export function verdict(preview: PullPreview): string {
  const { apps, conflicts } = preview;
  if (conflicts.length > 0)
    return (
      `⚔️ The branch conflicts with ${code(preview.pull.base.ref)} in ${plural(conflicts.length, 'file')} ` +
      '· resolve that first'
    );
  const failed = apps.filter((app) => errorsOf(app).length > 0).length;
  if (failed > 0)
    return (
      `❌ ${failed === apps.length ? '' : `${failed} of `}${plural(apps.length, 'application')} ` +
      'cannot be synced as it stands'
    );
  if (preview.errors.length > 0) return '❌ The pull request could not be looked at as a whole';
  const changing = apps.filter(withChanges);
  if (changing.length === 0) return apps.length === 0 ? '✅ No application is touched' : '✅ No object changes';
  const gated = changing.filter((app) => app.gated).length;
  const verb = changing.length === 1 ? 'changes' : 'change';
  const wait = gated > 0 ? ` · ${gated} ${gated === 1 ? 'needs' : 'need'} approval after the merge` : '';
  return `${gated > 0 ? '⏸️' : '✅'} ${plural(changing.length, 'application')} ${verb}${wait} · nothing is applied yet`;
}

function factsLine({ pull, base, mergeCommit }: PullPreview): string {
  const onto = `${plain(pull.base.ref)}@${shortRevision(base)}`;
  return mergeCommit
    ? `${code(shortRevision(pull.head.sha))} merged onto ${code(onto)}`
    : `${code(shortRevision(pull.head.sha))} onto ${code(onto)}`;
}

/** The part that a push to the base branch alone changes; two comments that differ only here are the same. */
export function withoutBase(body: string): string {
  return body
    .split('\n')
    .map((line, at) => (at < 4 ? line.replace(/ onto `[^`]*`/, '') : line))
    .join('\n');
}

interface Frame {
  head: string[];
  tail: string[];
  apps: AppPreview[];
  publicUrl: string;
}

function frame({ preview, activity, publicUrl, refused }: CommentInput): Frame {
  const apps = [...preview.apps].sort(
    (a, b) => rankOf(a) - rankOf(b) || Number(b.gated) - Number(a.gated) || (a.application < b.application ? -1 : 1),
  );
  const conflicts = preview.conflicts
    .slice(0, 20)
    .map((file) => `- ${code(file)}`)
    .join('\n');
  return {
    apps,
    publicUrl,
    head: [
      `${commentMarker}\n### ${verdict(preview)}`,
      factsLine(preview),
      refused,
      conflicts,
      preview.errors.length > 0 ? errorBlocks(preview.errors) : '',
    ].filter(Boolean),
    tail: [
      next({ ...preview, apps: preview.apps.filter((app) => !isLocked(app)) }),
      activity,
      `<sub>${preview.apps.length} of ${plural(preview.considered, 'application')} ` +
        `touched · ${versions(preview, publicUrl)}` +
        `${code('/cox help')} lists the commands</sub>`,
    ].filter(Boolean),
  };
}

/** What is no pull request yet has shown nothing before. */
function versions({ pull }: PullPreview, publicUrl: string): string {
  return pull.number > 0 ? `[every version](${recordUrl(publicUrl, pullKey(pull))}) of this · ` : '';
}

/** Whose inputs changed, but nothing else: there is nothing to look at. */
function isUnchanged(app: AppPreview): boolean {
  const { change = [], total = [], drift = [], waiting = [] } = app.effect ?? {};
  const nothing = [change, total, drift, waiting].every(({ length }) => length === 0);
  return app.status === 'unchanged' && nothing && errorsOf(app).length === 0 && (app.told ?? []).length === 0;
}

function unchangedText(apps: AppPreview[]): string {
  const found = apps.filter(isUnchanged);
  return found.length > 0 ? `The inputs of ${names(found)} changed, but no object does.` : '';
}

/** What stands below the verdict, in the room that is left. */
function overview({ apps, publicUrl }: Frame, budget: number): string[] {
  const rows = apps.filter((app) => !isUnchanged(app));
  const rest = [unchangedText(apps), ...errorsOfAll(apps), ...attention(apps)].filter(Boolean);
  return [appTable(rows, publicUrl, Math.max(2000, budget - sizeOf(rest.join('\n\n')) - 10)), ...rest].filter(Boolean);
}

function details(sections: AppSection[], moved: ReadonlySet<ObjectSection>): string[] {
  const twins = Map.groupBy(sections, twinOf);
  const shown = (twins.get(undefined) ?? []).filter(
    ({ objects, same, left, before, after }) =>
      [objects, same, before, after].some(({ length }) => length > 0) || left > 0,
  );
  const places = openFirst(shown, moved);
  return shown.flatMap((section) => [
    appMarkdown(section, places),
    ...twinsText(
      section.app,
      (twins.get(section.app) ?? []).map(({ app }) => app),
    ),
  ]);
}

function withLegend(above: string[], tail: string[]): string {
  const text = above.join('\n\n');
  return [text, ...tail.slice(0, -1), legendOf(text), ...tail.slice(-1)].filter(Boolean).join('\n\n');
}

function assemble(parts: Frame, sections: AppSection[], moved: ReadonlySet<ObjectSection>): string {
  return withLegend([...parts.head, ...overview(parts, bodyBudget), ...details(sections, moved)], parts.tail);
}

/** Objects that may leave the comment, the biggest first; what deletes stays. */
function movable(sections: AppSection[]): ObjectSection[] {
  return sections
    .flatMap((section) => section.objects)
    .filter((object) => !isDestructive(object.action))
    .sort((a, b) => sizeOf(b.markdown) - sizeOf(a.markdown));
}

/**
 * The comment within the budget: less context first, then the biggest objects move to the check, then the table alone.
 */
export async function renderComment(input: CommentInput): Promise<Comment> {
  const parts = frame(input);
  const none = new Set<ObjectSection>();
  const { sections: full, whole } = await buildSections(parts.apps, 3, bodyBudget);
  const body = whole ? assemble(parts, full, none) : '';
  if (whole && sizeOf(body) <= bodyBudget) return { body, diff: diffText(parts.apps, full, none) };
  // Room for the comment and the check.
  const { sections } = await buildSections(parts.apps, 1, 2 * bodyBudget);
  const folded = assemble(parts, sections, none);
  if (sizeOf(folded) <= bodyBudget) return { body: folded, diff: diffText(parts.apps, sections, none) };
  return moving(parts, sections, sizeOf(folded));
}

/** The biggest objects move, one after the other, until the rest fits. */
function moving(parts: Frame, sections: AppSection[], before: number): Comment {
  const moved = new Set<ObjectSection>();
  let size = before;
  for (const object of movable(sections)) {
    if (size <= bodyBudget - 1000) break;
    moved.add(object);
    size -= sizeOf(object.markdown) - sizeOf(object.title) - 100;
  }
  const body = assemble(parts, sections, moved);
  if (sizeOf(body) <= bodyBudget) return { body, diff: diffText(parts.apps, sections, moved) };
  return tableOnly(parts, sections);
}

const longestLegend = 1000;

function tableOnly(parts: Frame, sections: AppSection[]): Comment {
  const rest = ['The diffs are too long for a comment; they stand in the check `coxswain/diff`.', ...parts.tail];
  const room = bodyBudget - sizeOf([...parts.head, ...rest].join('\n\n')) - longestLegend;
  const body = withLegend([...parts.head, ...overview(parts, room)], rest);
  const all = new Set(sections.flatMap((section) => section.objects));
  return { body, diff: diffText(parts.apps, sections, all) };
}

function short(sentence: string, activity: string): string {
  return [`${commentMarker}\n${sentence}`, activity].filter(Boolean).join('\n\n');
}

/** What stays of the comment when the pull request touches nothing any more. */
export function untouchedComment(activity: string): string {
  return short('✅ No application is touched by this pull request.', activity);
}

/** `activity`: markdown of what was asked there; `shown`: what it would have done. */
export function closedComment(activity: string, shown?: ShownDiff): string {
  const said = short('Closed without merging: nothing was applied.', activity);
  return [said, recordBlock(shown, bodyBudget - sizeOf(said) - 10)].filter(Boolean).join('\n\n');
}

/** `activity`: markdown of what was asked there. */
export function forkComment(activity: string): string {
  return short(
    'Branches of forks are not looked at. Push the branch to this repository to see what it would change.',
    activity,
  );
}

/** What stands until the first preview is there. `head`: the commit. */
export function placeholderComment(head: string): string {
  return `${commentMarker}\n⏳ Looking at what ${code(shortRevision(head))} would change in the cluster…`;
}
