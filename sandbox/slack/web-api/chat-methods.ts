// The Web API's chat methods and reactions.add.
import type { Channel, Message } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { isEmpty, readContent, readMetadata } from './content.ts';
import { ApiError, type Api, type Arguments, type ArgumentType, type Method } from './method.ts';
import { messageJson } from '../workspace/wire.ts';

/** Slack: chat.update takes 4,000 bytes of text after `&<>` are escaped. */
const updateTextBytes = 4_000;

const contentArgs: Record<string, ArgumentType> = {
  channel: 'string',
  text: 'string',
  blocks: 'json',
  attachments: 'json',
  markdown_text: 'string',
  parse: 'string',
  link_names: 'boolean',
  as_user: 'boolean',
};
const authorArgs: Record<string, ArgumentType> = { username: 'string', icon_url: 'string', icon_emoji: 'string' };

/** The channel that the bot may write to; a person's id means the direct conversation. */
function writable(state: SlackState, id: string): Channel {
  const person = state.users.get(id);
  const channel = person ? state.im(person) : state.channels.get(id);
  if (!channel) throw new ApiError('channel_not_found');
  if (channel.archived) throw new ApiError('is_archived');
  if (!channel.members.has(state.botUser.id)) throw new ApiError('not_in_channel');
  return channel;
}

function own(state: SlackState, args: Arguments, refusal: string): { channel: Channel; message: Message } {
  const channel = state.channels.get(args.need('channel'));
  if (!channel) throw new ApiError('channel_not_found');
  const message = state.message(channel, args.need('ts'));
  if (!message) throw new ApiError('message_not_found');
  if (message.user !== state.botUser.id) throw new ApiError(refusal);
  return { channel, message };
}

function noMarkdownText(args: Arguments): void {
  if (args.has('markdown_text'))
    throw new ApiError('invalid_arguments', ['[ERROR] markdown_text is not modelled; use a markdown block']);
}

const postMessage: Method = {
  args: {
    ...contentArgs,
    ...authorArgs,
    thread_ts: 'string',
    reply_broadcast: 'boolean',
    metadata: 'json',
    unfurl_links: 'boolean',
    unfurl_media: 'boolean',
    mrkdwn: 'boolean',
  },
  token: 'bot',
  mutates: true,
  handle(args, { state }) {
    noMarkdownText(args);
    const channel = writable(state, args.need('channel'));
    const content = readContent(state, args);
    if (isEmpty(content)) throw new ApiError('no_text');
    const threadTs = args.text('thread_ts');
    if (threadTs && !state.message(channel, threadTs)) throw new ApiError('thread_not_found');
    const metadata = readMetadata(args);
    const message: Message = {
      ts: state.ts(),
      user: state.botUser.id,
      ...content,
      reactions: [],
      values: {},
      ...(metadata && { metadata }),
      ...(threadTs && { threadTs }),
      ...(args.flag('reply_broadcast') && { broadcast: true }),
    };
    channel.messages.push(message);
    return { channel: channel.id, ts: message.ts, message: messageJson(state, channel, message, true) };
  },
};

function checkUpdateText(text: string | undefined): void {
  const escaped = (text ?? '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const size = Buffer.byteLength(escaped);
  if (size > updateTextBytes)
    throw new ApiError('msg_too_long', [`[ERROR] text has ${size} bytes, chat.update takes ${updateTextBytes}`]);
}

const update: Method = {
  args: { ...contentArgs, ts: 'string', metadata: 'json', file_ids: 'json', reply_broadcast: 'boolean' },
  token: 'bot',
  mutates: true,
  handle(args, { state }) {
    noMarkdownText(args);
    const { channel, message } = own(state, args, 'cant_update_message');
    checkUpdateText(args.text('text'));
    const content = readContent(state, args);
    if (!args.has('text') && !args.has('blocks') && !args.has('attachments')) throw new ApiError('no_text');
    // docs.slack.dev: what is not sent stays; an empty list or object removes it.
    if (args.has('text')) message.text = content.text;
    if (args.has('blocks')) message.blocks = content.blocks;
    if (args.has('attachments')) message.attachments = content.attachments;
    if (args.has('metadata')) {
      const metadata = readMetadata(args);
      if (metadata) message.metadata = metadata;
      else delete message.metadata;
    }
    message.editedTs = state.ts();
    return {
      channel: channel.id,
      ts: message.ts,
      text: message.text,
      message: messageJson(state, channel, message, true),
    };
  },
};

const remove: Method = {
  args: { channel: 'string', ts: 'string', as_user: 'boolean' },
  token: 'bot',
  mutates: true,
  handle(args, { state }) {
    const { channel, message } = own(state, args, 'cant_delete_message');
    channel.messages.splice(channel.messages.indexOf(message), 1);
    return { channel: channel.id, ts: message.ts };
  },
};

const postEphemeral: Method = {
  args: { ...contentArgs, ...authorArgs, user: 'string', thread_ts: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, { state }) {
    noMarkdownText(args);
    const channel = writable(state, args.need('channel'));
    const user = args.need('user');
    if (!channel.members.has(user)) throw new ApiError('user_not_in_channel');
    const content = readContent(state, args);
    if (isEmpty(content)) throw new ApiError('no_text');
    const threadTs = args.text('thread_ts');
    const ts = state.ts();
    channel.ephemerals.push({
      ts,
      for: user,
      from: state.botUser.id,
      ...content,
      values: {},
      ...(threadTs && { threadTs }),
    });
    return { message_ts: ts };
  },
};

function permalink(url: string, channel: string, ts: string): string {
  return `${url}/archives/${channel}/p${ts.replace('.', '')}`;
}

const getPermalink: Method = {
  args: { channel: 'string', message_ts: 'string' },
  token: 'bot',
  mutates: false,
  handle(args, { state, url }) {
    const channel = state.channels.get(args.need('channel'));
    if (!channel) throw new ApiError('channel_not_found');
    const ts = args.need('message_ts');
    if (!state.message(channel, ts)) throw new ApiError('message_not_found');
    return { channel: channel.id, permalink: permalink(url, channel.id, ts) };
  },
};

function react(state: SlackState, args: Arguments): Message {
  const channel = writable(state, args.need('channel'));
  const message = state.message(channel, args.need('timestamp'));
  if (!message) throw new ApiError('message_not_found');
  return message;
}

const addReaction: Method = {
  args: { channel: 'string', timestamp: 'string', name: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api: Api) {
    const message = react(api.state, args);
    const name = args.need('name');
    if (!/^[a-z0-9_+'-]+$/.test(name)) throw new ApiError('invalid_name', [`[ERROR] ${name} is no emoji name`]);
    const known = message.reactions.find((reaction) => reaction.name === name);
    if (known?.users.includes(api.state.botUser.id)) throw new ApiError('already_reacted');
    if (known) known.users.push(api.state.botUser.id);
    else message.reactions.push({ name, users: [api.state.botUser.id] });
    return {};
  },
};

export const chatMethods: Record<string, Method> = {
  'chat.postMessage': postMessage,
  'chat.update': update,
  'chat.delete': remove,
  'chat.postEphemeral': postEphemeral,
  'chat.getPermalink': getPermalink,
  'reactions.add': addReaction,
};
