// Posts to a response_url: five in thirty minutes, to one person or the channel, new or in place of the original.
import type { Json, JsonObject } from '../workspace/json.ts';
import type { Channel, Hook } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { isEmpty, readContent, readMetadata } from './content.ts';
import { ApiError, readArguments, type Arguments, type Method } from './method.ts';

const shape: Method = {
  args: {
    text: 'string',
    blocks: 'json',
    attachments: 'json',
    response_type: 'string',
    replace_original: 'boolean',
    delete_original: 'boolean',
    thread_ts: 'string',
    metadata: 'json',
    mrkdwn: 'boolean',
    unfurl_links: 'boolean',
    unfurl_media: 'boolean',
  },
  token: 'none',
  mutates: true,
  handle: () => ({}),
};

const useLimit = 5;

/** Carries out a post; throws ApiError `expired_url`, `used_url` or what is wrong with the content. */
export function answerHook(state: SlackState, id: string, raw: Record<string, Json>): JsonObject {
  const hook = state.hooks.get(id);
  if (!hook || state.clock.now() > hook.expires) throw new ApiError('expired_url');
  if (hook.uses >= useLimit) throw new ApiError('used_url');
  hook.uses += 1;
  respond(state, hook, raw);
  return {};
}

/** What an acknowledgement with a payload or a response_url post does to the conversation. */
export function respond(state: SlackState, hook: Hook, raw: Record<string, Json>): void {
  const args = readArguments(shape, raw);
  const channel = state.channels.get(hook.channel);
  if (!channel) throw new ApiError('channel_not_found');
  if (args.flag('delete_original')) return removeOriginal(channel, hook);
  const type = args.text('response_type') ?? 'ephemeral';
  if (type !== 'ephemeral' && type !== 'in_channel')
    throw new ApiError('invalid_arguments', [`[ERROR] response_type is ${type}`]);
  if (args.flag('replace_original') && hook.origin) return replaceOriginal(state, channel, hook, args);
  const content = readContent(state, args);
  if (isEmpty(content)) throw new ApiError('no_text', ['[ERROR] nothing to show']);
  const threadTs = args.text('thread_ts');
  const shared = { ts: state.ts(), ...content, values: {}, ...(threadTs && { threadTs }) };
  if (type === 'ephemeral') return void channel.ephemerals.push({ ...shared, for: hook.user, from: state.botUser.id });
  const metadata = readMetadata(args);
  channel.messages.push({ ...shared, user: state.botUser.id, reactions: [], ...(metadata && { metadata }) });
}

function removeOriginal(channel: Channel, hook: Hook): void {
  const keep = (message: { ts: string }): boolean => message.ts !== hook.origin?.ts;
  channel.messages = channel.messages.filter(keep);
  channel.ephemerals = channel.ephemerals.filter(keep);
}

function replaceOriginal(state: SlackState, channel: Channel, hook: Hook, args: Arguments): void {
  const { origin } = hook;
  const all: { ts: string; text: string; blocks: JsonObject[]; attachments: JsonObject[]; editedTs?: string }[] =
    origin?.ephemeral ? channel.ephemerals : channel.messages;
  const message = all.find((candidate) => candidate.ts === origin?.ts);
  if (!message) throw new ApiError('message_not_found');
  Object.assign(message, readContent(state, args));
  if (!origin?.ephemeral) message.editedTs = state.ts();
}
