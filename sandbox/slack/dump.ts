// The workspace as canonical text: equal histories give equal dumps, whatever their ids and times.
import type { Channel, Message } from './workspace/model.ts';
import type { SlackState } from './workspace/state.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import { isGenerated } from './web-api/content.ts';
import { isList, isObject, type Json, type JsonObject } from './workspace/json.ts';

/** Replaces what differs between two equal runs: times, timestamps, ids and hashes. */
function neutral(text: string): string {
  return text
    .replace(/<!date\^\d+\^/g, '<!date^0^')
    .replace(/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})/g, '(time)')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '(id)')
    .replace(/\b\d{10}\.\d{6}\b/g, '(ts)')
    .replace(/\b[0-9a-f]{7,64}\b/g, '(hash)');
}

/** Members whose values are ids or times by their name. */
const volatile = new Set(['ts', 'at', 'id', 'uid', 'intent', 'action_ts', 'timestamp']);

function clean(value: Json): Json {
  if (typeof value === 'string') return neutral(value);
  if (isList(value)) return value.map(clean);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(
    ([key, member]) => !volatile.has(key) && !((key === 'block_id' || key === 'action_id') && isGenerated(member)),
  );
  return Object.fromEntries(members.map(([key, member]) => [key, clean(member)]));
}

function messageOf(state: SlackState, channel: Channel, message: Message): JsonObject {
  const replies = channel.messages.filter((other) => other.threadTs === message.ts && other !== message);
  return {
    by: state.users.get(message.user)?.name ?? message.user,
    text: clean(message.text),
    blocks: clean(message.blocks),
    ...(message.attachments.length > 0 && { attachments: clean(message.attachments) }),
    ...(message.metadata && { metadata: clean(message.metadata) }),
    ...(message.reactions.length > 0 && {
      reactions: message.reactions.map(({ name, users }) => ({
        name,
        users: users.map((id) => state.users.get(id)?.name ?? id).sort(),
      })),
    }),
    ...(replies.length > 0 && { replies: sorted(replies.map((reply) => messageOf(state, channel, reply))) }),
  };
}

/** By content: what happens at the same time has no order. */
function sorted(items: JsonObject[]): JsonObject[] {
  return items
    .map((item) => ({ item, key: canonicalJson(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** Messages of every channel by name, without ephemeral ones, notices, times and generated ids. */
export function dumpSlack(state: SlackState): JsonObject {
  const channels = [...state.channels.values()].filter((channel) => channel.messages.length > 0);
  const name = (channel: Channel): string =>
    channel.kind === 'im' ? `@${state.users.get(channel.name)?.name ?? channel.name}` : channel.name;
  const top = (channel: Channel): Message[] =>
    channel.messages.filter((message) => !message.threadTs || message.threadTs === message.ts);
  return Object.fromEntries(
    channels
      .map(
        (channel) =>
          [name(channel), sorted(top(channel).map((message) => messageOf(state, channel, message)))] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
