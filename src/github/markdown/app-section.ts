// One application of a pull request's preview as Markdown: its row in the table and its folded section.
import type { AppPreview } from '../../change/pull.ts';
import type { GateAfter } from '../../model/coxswain.ts';
import type { Effect, FieldChange, ObjectDiff } from '../../model/effect.ts';
import type { ObjectSection } from './object-section.ts';
import type { ResourceKey } from '../../model/kube.ts';
import { keyTitle } from '../../model/kube.ts';
import { driftText, fieldText, hookList } from './object-section.ts';
import { errorsOf } from './errors.ts';
import { gateAfterText } from '../../policy/gate-text.ts';
import { code, fitted, html, namesOf, plain, plural, prose, sizeOf } from './escape.ts';

interface Counts {
  created: number;
  changed: number;
  deleted: number;
  moved: number;
}

/** What cannot be undone comes first, and is never moved out of the comment. */
export function isDestructive(action: ObjectDiff['action']): boolean {
  return action === 'delete' || action === 'recreate';
}

const order: Record<ObjectDiff['action'], number> = { delete: 0, recreate: 1, change: 2, create: 3, move: 4, hook: 5 };

/** What cannot be undone first. */
export function byRisk(diffs: ObjectDiff[]): ObjectDiff[] {
  return [...diffs].sort((a, b) => order[a.action] - order[b.action]);
}

/** Objects of the change alone, without drift and what waits. */
export function countsOf(effect: Effect | undefined): Counts {
  const diffs = effect?.change ?? [];
  return {
    created: diffs.filter((diff) => diff.action === 'create').length,
    changed: diffs.filter((diff) => diff.action === 'change' || diff.action === 'recreate').length,
    deleted: diffs.filter((diff) => diff.action === 'delete').length,
    moved: diffs.filter((diff) => diff.action === 'move').length,
  };
}

/** `+1 ~2 −3`, or `none`. */
export function countsText({ created, changed, deleted, moved }: Counts): string {
  const parts = [
    created ? `+${created}` : '',
    changed ? `~${changed}` : '',
    deleted ? `−${deleted}` : '',
    moved ? `→${moved}` : '',
  ].filter(Boolean);
  return parts.join('\u00a0') || 'none';
}

/** Markdown; one of each list must agree. */
export function approversText(lists: string[][]): string {
  return lists
    .filter((list) => list.length > 0)
    .map((list) => list.map((entry) => code(entry)).join(' or '))
    .join(' and ');
}

/** 0 cannot be synced, 1 deletes or is risky, 2 needs approval or has drift, 3 the rest. */
export function rankOf(app: AppPreview): number {
  if (errorsOf(app).length > 0) return 0;
  const diffs = app.effect?.change ?? [];
  if (diffs.some((diff) => isDestructive(diff.action)) || (app.effect?.risks.length ?? 0) > 0) return 1;
  if (app.gated || (app.effect?.drift.length ?? 0) > 0) return 2;
  return 3;
}

/** What cannot be looked at as a whole does not count as unchanged. */
export function changeText(app: AppPreview, unknown: string): string {
  const counts = countsOf(app.effect);
  return errorsOf(app).length > 0 && counts.created + counts.changed + counts.deleted + counts.moved === 0
    ? unknown
    : countsText(counts);
}

const soon: Readonly<Record<string, string>> = { create: 'will be created', delete: 'will be deleted' };

/** Facts that are not of this pull request: objects and fields without a whole diff. */
function factList(title: string, diffs: ObjectDiff[], fieldOf: (change: FieldChange) => string): string {
  if (diffs.length === 0) return '';
  const items = byRisk(diffs)
    .slice(0, 20)
    .map((diff) => {
      const fields = diff.action === 'change' ? diff.changes.slice(0, 8).map((change) => `  - ${fieldOf(change)}`) : [];
      const more =
        diff.action === 'change' && diff.changes.length > 8
          ? [`  - … and ${plural(diff.changes.length - 8, 'more field')}`]
          : [];
      const word = diff.action === 'change' ? '' : ` · ${soon[diff.action] ?? diff.action}`;
      return [`- ${code(keyTitle(diff.key))}${word}`, ...fields, ...more].join('\n');
    });
  const more = diffs.length > 20 ? [`- … and ${plural(diffs.length - 20, 'more object')}`] : [];
  return [title, '', ...items, ...more].join('\n');
}

const namedMost = 5;

/** What the deletion of Applications takes along: named while it is little, else counted by kind. */
function goneList(effect: Effect): string {
  const gone = effect.deleted ?? [];
  if (gone.length === 0) return '';
  const whatOf = (objects: ResourceKey[]): string => {
    if (objects.length === 0) return 'its objects stay: no finalizer takes them along';
    if (objects.length <= namedMost) return objects.map((key) => code(keyTitle(key))).join(', ');
    return [...Map.groupBy(objects, ({ kind }) => kind)].map(([kind, all]) => `${all.length} ${code(kind)}`).join(', ');
  };
  const items = gone
    .slice(0, 20)
    .map(
      ({ application, environment, gated, objects }) =>
        `- **${plain(application.split('/').at(-1) ?? '')}**${environment ? ` (${plain(environment)})` : ''}` +
        `${gated ? ' ⏸️' : ''}: ${whatOf(objects)}`,
    );
  const more = gone.length > 20 ? [`- … and ${plural(gone.length - 20, 'more application')}`] : [];
  return ['**Applications that are deleted, and what goes with them**', '', ...items, ...more].join('\n');
}

const mostGates = 10;

/** What stands of the gates that end or are loosened with it. */
export function gatesText(gates: readonly GateAfter[] = []): string[] {
  const lines = gates.slice(0, mostGates).map((gate) => `- 🔓 **${plain(gateAfterText(gate), 400)}**`);
  const more = gates.length > mostGates ? [`- … and ${plural(gates.length - mostGates, 'more gate')}`] : [];
  return lines.length > 0 ? [[...lines, ...more].join('\n')] : [];
}

/** What the gate cannot hold. */
export function toldText({ name, told = [] }: { name: string; told?: string[] }): string[] {
  return told.length > 0 ? [told.map((each) => `- ⚠️ **${plain(name)}** ${prose(each, 600)}`).join('\n')] : [];
}

export interface AppSection {
  app: AppPreview;
  objects: ObjectSection[];
  /** Objects that change as they do in another application, which shows them. */
  same: { title: string; as: AppPreview }[];
  /** So many objects of the change are not among them: there was no room. */
  left: number;
  before: string[];
  after: string[];
}

/** All but its objects; see `buildSections`. */
export function appSection(app: AppPreview): AppSection {
  const { effect } = app;
  const before: string[] = [];
  if (app.status === 'removed')
    before.push(
      'The Application itself is removed by this pull request' +
        (effect || app.error
          ? ''
          : '; its objects stay in the cluster, because it has no finalizer that deletes them') +
        '.',
    );
  before.push(...gatesText(app.gates), ...toldText(app));
  if (!effect) return { app, objects: [], same: [], left: 0, before, after: [] };
  const notes = effect.notes.map((note) => `- ${plain(note)}`).join('\n');
  const after = [
    goneList(effect),
    hookList(effect, 'hook'),
    hookList(effect, 'create'),
    factList('**Drifted before this pull request** (the sync sets it back)', effect.drift, driftText),
    factList('**Waiting on the branch**, not from this pull request', effect.waiting, fieldText),
    notes,
  ].filter(Boolean);
  return { app, objects: [], same: [], left: effect.change.length, before, after };
}

/** The application that shows all there is to say of this one. */
export function twinOf({ objects, same, left, before, after }: AppSection): AppPreview | undefined {
  const [first, ...others] = same;
  const alone = objects.length + left + before.length + after.length === 0;
  return alone && first && others.every(({ as }) => as === first.as) ? first.as : undefined;
}

/** Of objects for which neither comment nor check has room. */
export function leftText(count: number): string {
  return `… and ${plural(count, 'more object')}: ${code('cox app diff')} shows all of it`;
}

/** `<b>web</b> · prod · ~1 · digest …`, for a summary or a heading. */
export function appHeading(app: AppPreview): string {
  const digest = app.effect?.digest ? ` · digest <code>${html(app.effect.digest.slice(0, 12))}</code>` : '';
  const environment = app.environment ? ` · ${html(app.environment)}` : '';
  return `<b>${html(app.name)}</b>${environment} · ${changeText(app, 'error')}${digest}`;
}

/** Objects that another application shows, by that one. */
export function sameText({ same }: AppSection): string[] {
  const lines = [...Map.groupBy(same, ({ as }) => as)].map(
    ([as, objects]) =>
      `- as in **${plain(as.name)}**: ${namesOf(
        objects.map(({ title }) => title),
        20,
      )}`,
  );
  return lines.length > 0 ? [lines.join('\n')] : [];
}

const twinsMost = 6000;

/** What stands below an application for those that change just as it does. */
export function twinsText(as: AppPreview, twins: readonly AppPreview[]): string[] {
  if (twins.length === 0) return [];
  const items = twins.map((app) => `- ${appHeading(app)}`);
  return [
    `<details><summary>${plural(twins.length, 'more application changes', 'more applications change')} ` +
      `in the same way as <b>${html(as.name)}</b></summary>\n\n` +
      `${fitted(items, twinsMost, (left) => `- … and ${left} more`)}\n\n</details>`,
  ];
}

/** Which objects are not shown as they are. */
interface Places {
  /** Named only; the check has them. */
  moved: ReadonlySet<ObjectSection>;
  /** One click further away. */
  folded: ReadonlySet<ObjectSection>;
  /** Sections that stand open. */
  open: ReadonlySet<AppSection>;
}

function objectText(object: ObjectSection, { folded }: Places): string {
  if (!folded.has(object)) return object.markdown;
  return (
    `<details><summary>${object.summary} · +${object.added} −${object.removed} lines</summary>\n\n` +
    `${object.markdown}\n\n</details>`
  );
}

/** The `<details>` of an application. */
export function appMarkdown(section: AppSection, places: Places): string {
  const { app, objects, left, before, after } = section;
  const shown = objects.filter((object) => !places.moved.has(object)).map((object) => objectText(object, places));
  const moved = objects
    .filter((object) => places.moved.has(object))
    .map((object) => `- ${object.title} · +${object.added} −${object.removed} lines`);
  const movedBlock =
    moved.length > 0
      ? [['Too long for this comment; the whole diff stands in the check `coxswain/diff`:', '', ...moved].join('\n')]
      : [];
  const leftBlock = left > 0 ? [leftText(left)] : [];
  return [
    `<details${places.open.has(section) ? ' open' : ''}><summary>${appHeading(app)}</summary>`,
    ...before,
    ...shown,
    ...sameText(section),
    ...movedBlock,
    ...leftBlock,
    ...after,
    '</details>',
  ].join('\n\n');
}

const openMost = 4000;

/** The riskiest stand open, until so many characters are used; what is too long for that is folded by itself. */
export function openFirst(sections: readonly AppSection[], moved: ReadonlySet<ObjectSection>): Places {
  const [folded, open] = [new Set<ObjectSection>(), new Set<AppSection>()];
  let used = 0;
  for (const section of sections) {
    if (used >= openMost) break;
    open.add(section);
    for (const text of [...section.before, ...section.after]) used += sizeOf(text);
    for (const object of section.objects.filter((each) => !moved.has(each))) {
      if (used + object.seen > openMost) folded.add(object);
      else used += object.seen;
    }
    if (folded.size > 0) used = openMost;
  }
  return { moved, folded, open };
}
