// Block Kit as Slack's server judges it: closed schemas, limits, and the whole-message budget.
import {
  accessory,
  actionElement,
  anyText,
  contextElement,
  id,
  imageElement,
  imageSource,
  inputElement,
  oneImageSource,
  plainText,
} from './elements.ts';
import { isList, isObject, objectsOf, type Json, type JsonObject } from '../workspace/json.ts';
import { richTextElement } from './rich-text.ts';
import {
  both,
  byType,
  flag,
  integer,
  list,
  matching,
  object,
  oneOf,
  rule,
  text,
  type Check,
  type Fault,
} from './schema.ts';

export type Surface = 'message' | 'modal' | 'home';

/**
 * Undocumented in Slack; a message with 11,341 characters of text is known to have been refused, so the sandbox stops
 * before.
 */
export const messageBudget = 11_000;
/** docs.slack.dev: a view may be at most 250 KB. */
const viewBytes = 250_000;

const block_id = id;
const richText = object({ type: oneOf('rich_text'), elements: list(richTextElement, { min: 1 }) }, { block_id });
const rawText = object({ type: oneOf('raw_text'), text: text() });
const rawNumber = object({ type: oneOf('raw_number'), text: text(), value: integer() });
const cell = byType({ rich_text: richText, raw_text: rawText, raw_number: rawNumber });
const column = object({}, { align: oneOf('left', 'center', 'right'), is_wrapped: flag });
const taskStatus = oneOf('pending', 'in_progress', 'complete', 'error');
const source = object({ type: oneOf('url'), url: text({ min: 1, max: 3000 }), text: text({ min: 1 }) });
const task = object(
  { type: oneOf('task_card'), task_id: text({ min: 1, max: 255 }), title: text({ min: 1 }), status: taskStatus },
  { block_id, details: richText, output: richText, sources: list(source) },
);

const simple: Record<string, Check> = {
  section: both(
    object(
      { type: oneOf('section') },
      {
        block_id,
        text: anyText({ max: 3000 }),
        fields: list(anyText({ max: 2000 }), { min: 1, max: 10 }),
        accessory,
        expand: flag,
      },
    ),
    rule('a section needs text or fields', (value) => 'text' in value || 'fields' in value),
  ),
  header: object({ type: oneOf('header'), text: plainText({ max: 150 }) }, { block_id }),
  context: object({ type: oneOf('context'), elements: list(contextElement, { min: 1, max: 10 }) }, { block_id }),
  actions: object({ type: oneOf('actions'), elements: list(actionElement, { min: 1, max: 25 }) }, { block_id }),
  divider: object({ type: oneOf('divider') }, { block_id }),
  image: both(
    object(
      { type: oneOf('image'), alt_text: text({ max: 2000 }) },
      { block_id, title: plainText({ max: 2000 }), ...imageSource },
    ),
    oneImageSource,
  ),
  rich_text: richText,
  table: object(
    { type: oneOf('table'), rows: list(list(cell, { min: 1, max: 20 }), { min: 1, max: 100 }) },
    { block_id, column_settings: list(column, { max: 20 }) },
  ),
  input: object(
    { type: oneOf('input'), label: plainText({ max: 2000 }), element: inputElement },
    { block_id, hint: plainText({ max: 2000 }), optional: flag, dispatch_action: flag },
  ),
};

const container = both(
  object(
    { type: oneOf('container'), child_blocks: list(byType(simple), { min: 1, max: 10 }) },
    {
      block_id,
      title: plainText({ max: 150 }),
      rich_text_title: richText,
      subtitle: anyText({ max: 150 }),
      width: oneOf('narrow', 'standard', 'wide', 'full'),
      icon: imageElement,
      is_collapsible: flag,
      default_collapsed: flag,
      has_header_divider: flag,
    },
  ),
  rule('a container needs title or rich_text_title', (value) => 'title' in value || 'rich_text_title' in value),
);
const markdown = object({ type: oneOf('markdown'), text: text({ min: 1, max: 12_000 }) }, { block_id });
const plan = object({ type: oneOf('plan'), title: text({ min: 1 }) }, { block_id, tasks: list(task) });
const alert = object(
  { type: oneOf('alert'), text: anyText({ max: 3000 }) },
  { block_id, level: oneOf('default', 'info', 'warning', 'error', 'success') },
);

const bySurface: Record<Surface, Record<string, Check>> = {
  message: { ...simple, markdown, container, plan, task_card: task },
  modal: { ...simple, alert },
  home: simple,
};

function checkIds(blocks: JsonObject[], path: string, faults: Fault[]): void {
  const blockIds = new Set<string>();
  blocks.forEach((block, index) => {
    const own = block['block_id'];
    if (typeof own === 'string' && blockIds.has(own))
      faults.push({ path: `${path}/${index}/block_id`, message: `block_id ${own} already exists` });
    if (typeof own === 'string') blockIds.add(own);
    const actionIds = objectsOf(block['elements'])
      .map((element) => element['action_id'])
      .filter((value) => value !== undefined);
    if (new Set(actionIds).size < actionIds.length)
      faults.push({ path: `${path}/${index}/elements`, message: 'action_id must be unique within a block' });
  });
}

/** Characters that a reader sees: every string under `text`, `title`, `value`-free members of the blocks. */
export function textLength(value: Json): number {
  if (isList(value)) return value.reduce((sum: number, item) => sum + textLength(item), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [key, member]) =>
      sum + (typeof member === 'string' ? (key === 'text' || key === 'title' ? member.length : 0) : textLength(member)),
    0,
  );
}

/** What Slack would find wrong with a list of blocks; `path` is their JSON pointer. */
export function checkBlocks(blocks: unknown, surface: Surface, path = '/blocks'): Fault[] {
  const faults: Fault[] = [];
  list(byType(bySurface[surface]), { max: surface === 'message' ? 50 : 100 })(blocks, path, faults);
  const known = isList(blocks) ? blocks.filter(isObject) : [];
  checkIds(known, path, faults);
  if (known.filter((block) => block['type'] === 'table').length > 1)
    faults.push({ path, message: 'only one table is allowed in a message' });
  return faults;
}

export function overBudget(blocks: JsonObject[]): boolean {
  return textLength(blocks) > messageBudget;
}

const viewText = plainText({ max: 24 });
const anything: Check = () => undefined;
const external = matching(/^.{1,255}$/s, 'at most 255 characters');
const shared = { private_metadata: text({ max: 3000 }), callback_id: text({ max: 255 }), external_id: external };
const viewShape = byType({
  modal: object(
    { type: oneOf('modal'), title: viewText, blocks: anything },
    {
      ...shared,
      submit: viewText,
      close: viewText,
      clear_on_close: flag,
      notify_on_close: flag,
      submit_disabled: flag,
    },
  ),
  home: object({ type: oneOf('home'), blocks: anything }, shared),
});

/** What Slack would find wrong with a view of views.open, update, push or publish. */
export function checkView(view: unknown, surface: 'modal' | 'home'): Fault[] {
  const faults: Fault[] = [];
  viewShape(view, '/view', faults);
  if (!isObject(view)) return faults;
  if (view['type'] !== surface) faults.push({ path: '/view/type', message: `must be ${surface} here` });
  faults.push(...checkBlocks(view['blocks'], surface, '/view/blocks'));
  if (
    surface === 'modal' &&
    view['submit'] === undefined &&
    objectsOf(view['blocks']).some((block) => block['type'] === 'input')
  ) {
    faults.push({ path: '/view', message: 'a modal with input blocks needs submit' });
  }
  return faults;
}

export function viewTooLarge(view: Json): boolean {
  return Buffer.byteLength(JSON.stringify(view)) > viewBytes;
}
