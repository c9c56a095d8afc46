// The elements a person can set, and their values as `state.values` carries them.
import type { Values } from '../workspace/model.ts';
import { isObject, objectsOf, stringOf, textOf, type Json, type JsonObject } from '../workspace/json.ts';

export interface Placed {
  blockId: string;
  actionId: string;
  element: JsonObject;
  block: JsonObject;
}

/** Every element of the blocks that can act or hold a value. */
export function placedElements(blocks: JsonObject[]): Placed[] {
  return blocks.flatMap((block) => {
    const own = [
      block['accessory'],
      block['element'],
      ...(block['type'] === 'actions' ? objectsOf(block['elements']) : []),
    ];
    const found = own.filter(isObject).filter((element) => typeof element['action_id'] === 'string');
    return [
      ...found.map((element) => ({
        blockId: stringOf(block['block_id']),
        actionId: stringOf(element['action_id']),
        element,
        block,
      })),
      ...placedElements(objectsOf(block['child_blocks'])),
    ];
  });
}

export function holdsValue(element: JsonObject): boolean {
  return element['type'] !== 'button' && element['type'] !== 'overflow';
}

export function inputElements(view: JsonObject): Placed[] {
  return placedElements(objectsOf(view['blocks'])).filter(({ element }) => holdsValue(element));
}

/** What a person chose or typed: option values or texts, a text, an id, or a date. */
export type Input = string | string[];

export function optionsOf(element: JsonObject): JsonObject[] {
  return [
    ...objectsOf(element['options']),
    ...objectsOf(element['option_groups']).flatMap((group) => objectsOf(group['options'])),
  ];
}

function chosen(element: JsonObject, input: string): JsonObject {
  const option =
    optionsOf(element).find((candidate) => candidate['value'] === input) ??
    optionsOf(element).find((candidate) => textOf(candidate['text']) === input);
  if (!option) throw new Error(`${stringOf(element['action_id'])} has no option "${input}"`);
  return option;
}

const single: Record<string, string> = {
  users_select: 'selected_user',
  conversations_select: 'selected_conversation',
  channels_select: 'selected_channel',
  datepicker: 'selected_date',
};

/** The value object of an element; an empty input means nothing chosen. Throws when an option does not exist. */
export function valueOf(element: JsonObject, input: Input): JsonObject {
  const type = stringOf(element['type']);
  const first = typeof input === 'string' ? input : (input[0] ?? '');
  if (type === 'plain_text_input') return { type, value: first === '' ? null : first };
  const key = single[type];
  if (key) return { type, [key]: first === '' ? null : first };
  if (type === 'checkboxes' || type === 'multi_static_select') {
    const all = (typeof input === 'string' ? [input] : input).filter((item) => item !== '');
    return { type, selected_options: all.map((item) => chosen(element, item)) };
  }
  if (type === 'external_select')
    return {
      type,
      selected_option: first === '' ? null : { text: { type: 'plain_text', text: first, emoji: true }, value: first },
    };
  return { type, selected_option: first === '' ? null : chosen(element, first) };
}

function initialOf(element: JsonObject): JsonObject {
  const type = stringOf(element['type']);
  const pick = (name: string): Json => element[name] ?? null;
  if (type === 'plain_text_input') return { type, value: pick('initial_value') };
  if (type === 'users_select') return { type, selected_user: pick('initial_user') };
  if (type === 'conversations_select') return { type, selected_conversation: pick('initial_conversation') };
  if (type === 'channels_select') return { type, selected_channel: pick('initial_channel') };
  if (type === 'datepicker') return { type, selected_date: pick('initial_date') };
  if (type === 'checkboxes' || type === 'multi_static_select')
    return { type, selected_options: element['initial_options'] ?? [] };
  return { type, selected_option: pick('initial_option') };
}

export function initialValues(view: JsonObject): Values {
  const values: Values = {};
  for (const { blockId, actionId, element } of inputElements(view))
    (values[blockId] ??= {})[actionId] = initialOf(element);
  return values;
}

export function isBlank(value: JsonObject | undefined): boolean {
  if (!value) return true;
  return Object.entries(value).every(
    ([key, member]) =>
      key === 'type' || member === null || member === '' || (Array.isArray(member) && member.length === 0),
  );
}
