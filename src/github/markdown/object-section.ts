// Objects of an effect as Markdown: title, diff in a fence, and what is to be said beside it; hooks in a list.
import type { Effect, FieldChange, ObjectDiff } from '../../model/effect.ts';
import { keyTitle } from '../../model/kube.ts';
import { diffObjects } from '../../diff/diff.ts';
import { code, fence, html, namesOf, oneLine, plain, plural, sizeOf } from './escape.ts';
import { stringifyJson } from '../../base/json.ts';

export interface ObjectSection {
  /** `Deployment shop/checkout`, in a code span. */
  title: string;
  action: ObjectDiff['action'];
  added: number;
  removed: number;
  /** Title and deed, for a `<summary>`. */
  summary: string;
  /** How much of it is seen before anything is unfolded. */
  seen: number;
  /** The whole block; fences are closed. */
  markdown: string;
}

const verbs: Record<ObjectDiff['action'], string> = {
  create: 'created',
  change: 'changed',
  delete: '**deleted**',
  recreate: '**deleted and created anew**',
  hook: 'hook',
  move: 'moves',
};

function valueText(value: unknown): string {
  return value === undefined ? 'absent' : code(typeof value === 'string' ? value : (stringifyJson(value) ?? ''), 120);
}

/** `spec.replicas`: `3` → `6`, for lists of fields. */
export function fieldText(change: FieldChange): string {
  return `${code(change.text, 160)}: ${valueText(change.before)} → ${valueText(change.after)}`;
}

/** `spec.replicas`: `6` live, `3` in Git. An arrow would not tell which is which. */
export function driftText(change: FieldChange): string {
  return `${code(change.text, 160)}: ${valueText(change.before)} live, ${valueText(change.after)} in Git`;
}

function diffText(diff: ObjectDiff, context: number): string {
  const hunks = diffObjects(diff.before, diff.after, context);
  if (hunks) return hunks;
  return diff.changes
    .flatMap((change) => [
      ...(change.before === undefined
        ? []
        : [`- ${change.text}: ${oneLine(stringifyJson(change.before) ?? '', 2000)}`]),
      ...(change.after === undefined ? [] : [`+ ${change.text}: ${oneLine(stringifyJson(change.after) ?? '', 2000)}`]),
    ])
    .join('\n');
}

/** Markdown of `file:line`; '' where it is not known. */
export function placeText(place: { file: string; line?: number } | undefined): string {
  return place ? code(`${place.file}${place.line ? `:${place.line}` : ''}`) : '';
}

/** `context`: unchanged lines around each change; `also`: names of other applications that it changes so in. */
export function objectSection(diff: ObjectDiff, context: number, also: readonly string[] = []): ObjectSection {
  const hunks = diffText(diff, context);
  const lines = hunks.split('\n');
  const title = code(keyTitle(diff.key));
  const head = [`**${title}**`, verbs[diff.action], placeText(diff.place)].filter(Boolean).join(' · ');
  const others = also.map((name) => `*${plain(name)}*`);
  const notes = [
    ...(others.length > 0 ? [`- the same in ${namesOf(others, 12)}`] : []),
    ...diff.notes.map((note) => `- ${plain(note)}`),
  ];
  // What goes is named; all its lines in red would only hide the other changes.
  const box =
    diff.action === 'delete'
      ? `<details><summary>what it was: ${plural(diff.before ? lines.length - 1 : 0, 'line')}</summary>\n\n` +
        `${fence(hunks, 'diff')}\n\n</details>`
      : fence(hunks, 'diff');
  const parts = [head, ...(notes.length > 0 ? [notes.join('\n')] : []), ...(hunks ? [box] : [])];
  const markdown = parts.join('\n\n');
  return {
    title,
    summary: `<code>${html(keyTitle(diff.key))}</code> · ${verbs[diff.action].replaceAll('**', '')}`,
    seen: diff.action === 'delete' ? sizeOf(head) : sizeOf(markdown),
    action: diff.action,
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
    markdown,
  };
}

const mostHooks = 10;

/** Hooks, or what each sync makes anew: nothing live stands for either. */
export function hookList(effect: Effect, action: 'hook' | 'create'): string {
  const hooks = effect.hooks.filter((hook) => hook.action === action);
  if (hooks.length === 0) return '';
  const items = hooks.slice(0, mostHooks).map((hook) => {
    const operation = effect.operations.find(
      (each) => each.op === 'hook' && each.key.kind === hook.key.kind && each.key.name === hook.key.name,
    );
    return (
      `- ${code(keyTitle(hook.key))}${operation ? ` in ${plain(operation.phase)}` : ''}` +
      `${hook.place ? ` · ${placeText(hook.place)}` : ''}`
    );
  });
  const more = hooks.length > mostHooks ? [`- … and ${hooks.length - mostHooks} more`] : [];
  const title = action === 'hook' ? '**Hooks that the sync runs**' : '**What each sync creates anew**';
  return [title, '', ...items, ...more].join('\n');
}
