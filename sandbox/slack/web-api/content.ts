// The content of a message: checked as Slack checks it, and with the ids that Slack fills in.
import type { SlackState } from '../workspace/state.ts';
import { checkBlocks, overBudget } from '../block-kit/block-kit.ts';
import { copy, isObject, objectsOf, type Json, type JsonObject } from '../workspace/json.ts';
import { ApiError, refuse, type Arguments } from './method.ts';
import { list, object, text, type Fault } from '../block-kit/schema.ts';

interface Content {
  text: string;
  blocks: JsonObject[];
  attachments: JsonObject[];
}

/** Slack: 40,000 characters in a new message. */
const textLimit = 40_000;
/** Slack: 8 KB of metadata payload. */
const metadataBytes = 8_000;

/** Attachments as the sandbox models them: a coloured bar around blocks. */
const attachmentShape = object(
  {},
  { color: text({ max: 32 }), fallback: text(), text: text(), blocks: () => undefined },
);

export function isGenerated(id: Json | undefined): boolean {
  return typeof id === 'string' && /^auto\d+$/.test(id);
}

function withActionId(state: SlackState, element: Json | undefined): void {
  if (!isObject(element) || ['image', 'plain_text', 'mrkdwn'].includes(String(element['type']))) return;
  if (String(element['type']).startsWith('rich_text')) return;
  element['action_id'] ??= `auto${state.next()}`;
}

/** A copy in which every block has a block_id and every element that can act has an action_id. */
export function withIds(state: SlackState, blocks: JsonObject[]): JsonObject[] {
  const filled = copy(blocks);
  const visit = (block: JsonObject): void => {
    block['block_id'] ??= `auto${state.next()}`;
    withActionId(state, block['accessory']);
    withActionId(state, block['element']);
    if (block['type'] === 'actions') objectsOf(block['elements']).forEach((element) => withActionId(state, element));
    objectsOf(block['child_blocks']).forEach(visit);
  };
  filled.forEach(visit);
  return filled;
}

function readBlocks(state: SlackState, value: Json | undefined, path: string): JsonObject[] {
  if (value === undefined) return [];
  refuse('invalid_blocks', checkBlocks(value, 'message', path));
  const blocks = objectsOf(value);
  if (overBudget(blocks))
    throw new ApiError('msg_blocks_too_long', ['[ERROR] the blocks of one message carry too much text']);
  return withIds(state, blocks);
}

function readAttachments(state: SlackState, value: Json | undefined): JsonObject[] {
  if (value === undefined) return [];
  const faults: Fault[] = [];
  list(attachmentShape, { max: 20 })(value, '/attachments', faults);
  refuse('invalid_attachments', faults);
  return objectsOf(value).map((attachment, index) => ({
    ...attachment,
    blocks: readBlocks(state, attachment['blocks'], `/attachments/${index}/blocks`),
  }));
}

/** Reads text, blocks and attachments; throws what Slack answers. */
export function readContent(state: SlackState, args: Arguments): Content {
  const content = {
    text: args.text('text') ?? '',
    blocks: readBlocks(state, args.json('blocks'), '/blocks'),
    attachments: readAttachments(state, args.json('attachments')),
  };
  if (content.text.length > textLimit)
    throw new ApiError('msg_too_long', [
      `[ERROR] text has ${content.text.length} characters, ${textLimit} are allowed`,
    ]);
  return content;
}

export function isEmpty(content: Content): boolean {
  return content.text === '' && content.blocks.length === 0 && content.attachments.length === 0;
}

/** `{event_type, event_payload}`; undefined when absent or empty. */
export function readMetadata(args: Arguments): JsonObject | undefined {
  const value = args.json('metadata');
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  const faults: Fault[] = [];
  object({
    event_type: text({ min: 1, max: 255 }),
    event_payload: (payload, path, found) =>
      void (isObject(payload) || found.push({ path, message: 'must be an object' })),
  })(value, '/metadata', faults);
  refuse('invalid_metadata_format', faults);
  if (Buffer.byteLength(JSON.stringify(value)) > metadataBytes)
    throw new ApiError('metadata_too_large', ['[ERROR] metadata is larger than 8 KB']);
  return value;
}
