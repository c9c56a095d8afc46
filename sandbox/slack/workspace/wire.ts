// How people, channels, messages and views look on the wire.
import type { JsonObject } from './json.ts';
import type { Channel, Message, User, Values, View } from './model.ts';
import type { SlackState } from './state.ts';

export function userJson(state: SlackState, user: User): JsonObject {
  return {
    id: user.id,
    team_id: state.team.id,
    name: user.name,
    real_name: user.realName,
    deleted: false,
    tz: 'Europe/Berlin',
    tz_label: 'Central European Time',
    tz_offset: 3600,
    is_bot: user.isBot,
    is_app_user: false,
    is_admin: false,
    is_owner: false,
    is_restricted: user.guest,
    is_ultra_restricted: false,
    updated: 0,
    profile: {
      real_name: user.realName,
      display_name: user.name,
      team: state.team.id,
      ...(user.email && { email: user.email }),
    },
  };
}

export function channelJson(state: SlackState, channel: Channel): JsonObject {
  const im = channel.kind === 'im';
  return {
    id: channel.id,
    is_channel: !im,
    is_group: false,
    is_im: im,
    is_mpim: false,
    is_private: channel.kind !== 'public',
    is_archived: channel.archived,
    is_general: false,
    is_shared: false,
    is_ext_shared: false,
    is_org_shared: false,
    created: 0,
    creator: '',
    context_team_id: state.team.id,
    ...(im
      ? { user: channel.name }
      : {
          name: channel.name,
          name_normalized: channel.name,
          is_member: channel.members.has(state.botUser.id),
          topic: { value: channel.topic, creator: '', last_set: 0 },
          purpose: { value: '', creator: '', last_set: 0 },
          num_members: channel.members.size,
        }),
  };
}

function threadJson(channel: Channel, message: Message): JsonObject {
  const replies = channel.messages.filter((other) => other.threadTs === message.ts && other !== message);
  const last = replies.at(-1);
  if (!last) return message.threadTs ? { thread_ts: message.threadTs } : {};
  return {
    thread_ts: message.ts,
    reply_count: replies.length,
    reply_users: [...new Set(replies.map((reply) => reply.user))],
    latest_reply: last.ts,
  };
}

/** Metadata is only shown to those who asked for it. */
export function messageJson(state: SlackState, channel: Channel, message: Message, metadata = false): JsonObject {
  const byBot = message.user === state.botUser.id;
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    team: state.team.id,
    ...(byBot && { bot_id: state.botId, app_id: state.appId }),
    ...(message.blocks.length > 0 && { blocks: message.blocks }),
    ...(message.attachments.length > 0 && { attachments: message.attachments }),
    ...(message.editedTs && { edited: { user: message.user, ts: message.editedTs } }),
    ...(message.reactions.length > 0 && {
      reactions: message.reactions.map((reaction) => ({ ...reaction, count: reaction.users.length })),
    }),
    ...threadJson(channel, message),
    ...(metadata && message.metadata && { metadata: message.metadata }),
  };
}

export function viewJson(state: SlackState, view: View, values: Values = view.values): JsonObject {
  return {
    id: view.id,
    team_id: state.team.id,
    app_id: state.appId,
    app_installed_team_id: state.team.id,
    bot_id: state.botId,
    title: { type: 'plain_text', text: '', emoji: true },
    close: null,
    submit: null,
    callback_id: '',
    private_metadata: '',
    external_id: '',
    clear_on_close: false,
    notify_on_close: false,
    ...view.body,
    state: { values },
    hash: view.hash,
    root_view_id: view.rootViewId,
    previous_view_id: view.previousViewId ?? null,
  };
}
