// The Web API's conversations methods.
import type { JsonObject } from '../workspace/json.ts';
import type { Channel, Message } from '../workspace/model.ts';
import { ApiError, type Api, type Arguments, type ArgumentType, type Method } from './method.ts';
import { channelJson, messageJson } from '../workspace/wire.ts';

const timeline: Record<string, ArgumentType> = {
  channel: 'string',
  oldest: 'string',
  latest: 'string',
  inclusive: 'boolean',
  limit: 'number',
  cursor: 'string',
  include_all_metadata: 'boolean',
};

/** Timestamps as integers of microseconds, so that no digit is lost. */
function micros(ts: string): bigint {
  if (!/^\d+(\.\d{1,6})?$/.test(ts)) throw new ApiError('invalid_ts_oldest', [`[ERROR] ${ts} is no timestamp`]);
  const [seconds = '0', fraction = ''] = ts.split('.');
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

function inRange(args: Arguments, message: Message): boolean {
  const at = micros(message.ts);
  const edge = args.flag('inclusive') ? 1n : 0n;
  const oldest = args.text('oldest');
  const latest = args.text('latest');
  return (!oldest || at > micros(oldest) - edge) && (!latest || at < micros(latest) + edge);
}

function readable(api: Api, args: Arguments): Channel {
  const channel = api.state.channels.get(args.need('channel'));
  if (!channel) throw new ApiError('channel_not_found');
  if (!channel.members.has(api.state.botUser.id)) throw new ApiError('not_in_channel');
  return channel;
}

interface Page<T> {
  items: T[];
  next: string;
}

function page<T>(items: T[], args: Arguments): Page<T> {
  const limit = args.number('limit') ?? 100;
  if (limit < 1 || limit > 1000) throw new ApiError('invalid_limit', ['[ERROR] limit must be from 1 to 1000']);
  const cursor = args.text('cursor');
  const start = cursor
    ? Number(
        Buffer.from(cursor, 'base64url')
          .toString('utf8')
          .replace(/^next:/, ''),
      )
    : 0;
  if (!Number.isInteger(start)) throw new ApiError('invalid_cursor', ['[ERROR] the cursor is not one of ours']);
  const end = start + limit;
  return {
    items: items.slice(start, end),
    next: end < items.length ? Buffer.from(`next:${end}`).toString('base64url') : '',
  };
}

function messagesPage(api: Api, channel: Channel, messages: Message[], args: Arguments): JsonObject {
  const { items, next } = page(messages, args);
  return {
    messages: items.map((message) => messageJson(api.state, channel, message, args.flag('include_all_metadata'))),
    has_more: next !== '',
    ...(next && { response_metadata: { next_cursor: next } }),
  };
}

const history: Method = {
  args: timeline,
  token: 'bot',
  mutates: false,
  handle(args, api) {
    const channel = readable(api, args);
    const top = channel.messages.filter(
      (message) => !message.threadTs || message.threadTs === message.ts || message.broadcast,
    );
    return {
      ...messagesPage(api, channel, top.filter((message) => inRange(args, message)).reverse(), args),
      pin_count: 0,
    };
  },
};

const replies: Method = {
  args: { ...timeline, ts: 'string' },
  token: 'bot',
  mutates: false,
  handle(args, api) {
    const channel = readable(api, args);
    const ts = args.need('ts');
    const parent = api.state.message(channel, ts);
    if (!parent) throw new ApiError('thread_not_found');
    const found = channel.messages.filter(
      (message) => message.threadTs === ts && message !== parent && inRange(args, message),
    );
    return messagesPage(api, channel, [parent, ...found], args);
  },
};

const kinds: Record<string, Channel['kind']> = { public_channel: 'public', private_channel: 'private', im: 'im' };

const listAll: Method = {
  args: { limit: 'number', cursor: 'string', exclude_archived: 'boolean', types: 'string', team_id: 'string' },
  token: 'bot',
  mutates: false,
  handle(args, api) {
    const wanted = (args.text('types') ?? 'public_channel').split(',').map((type) => kinds[type.trim()]);
    const visible = [...api.state.channels.values()].filter(
      (channel) =>
        wanted.includes(channel.kind) &&
        (channel.kind === 'public' || channel.members.has(api.state.botUser.id)) &&
        !(args.flag('exclude_archived') && channel.archived),
    );
    const { items, next } = page(visible, args);
    return {
      channels: items.map((channel) => channelJson(api.state, channel)),
      response_metadata: { next_cursor: next },
    };
  },
};

const info: Method = {
  args: { channel: 'string', include_locale: 'boolean', include_num_members: 'boolean' },
  token: 'bot',
  mutates: false,
  handle(args, api) {
    const channel = api.state.channels.get(args.need('channel'));
    if (!channel || (channel.kind !== 'public' && !channel.members.has(api.state.botUser.id)))
      throw new ApiError('channel_not_found');
    return { channel: channelJson(api.state, channel) };
  },
};

const join: Method = {
  args: { channel: 'string' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const channel = api.state.channels.get(args.need('channel'));
    if (!channel) throw new ApiError('channel_not_found');
    if (channel.kind !== 'public') throw new ApiError('method_not_supported_for_channel_type');
    channel.members.add(api.state.botUser.id);
    return { channel: channelJson(api.state, channel) };
  },
};

const open: Method = {
  args: { channel: 'string', users: 'string', prevent_creation: 'boolean', return_im: 'boolean' },
  token: 'bot',
  mutates: true,
  handle(args, api) {
    const ids = args.need('users').split(',');
    const user = api.state.users.get(ids[0] ?? '');
    if (!user || ids.length !== 1) throw new ApiError('users_not_found');
    const channel = api.state.im(user);
    return {
      no_op: false,
      already_open: false,
      channel: args.flag('return_im') ? channelJson(api.state, channel) : { id: channel.id },
    };
  },
};

export const conversationMethods: Record<string, Method> = {
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.list': listAll,
  'conversations.info': info,
  'conversations.join': join,
  'conversations.open': open,
};
