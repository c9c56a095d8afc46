// The payloads Slack sends to an app, built from the workspace.
import type { JsonObject } from '../workspace/json.ts';
import type { Placed } from '../block-kit/inputs.ts';
import type { Channel, Ephemeral, Message, User, View } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { messageJson, viewJson } from '../workspace/wire.ts';

/** The deprecated verification token; apps must not rely on it. */
const token = 'sandbox-verification';

function base(state: SlackState, user: User): JsonObject {
  return {
    token,
    api_app_id: state.appId,
    team: { id: state.team.id, domain: state.team.domain },
    enterprise: null,
    is_enterprise_install: false,
    user: { id: user.id, username: user.name, name: user.name, team_id: state.team.id },
  };
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

interface CommandLine {
  command: string;
  text: string;
  responseUrl: string;
}

export function commandPayload(state: SlackState, user: User, channel: Channel, line: CommandLine): JsonObject {
  return {
    token,
    team_id: state.team.id,
    team_domain: state.team.domain,
    channel_id: channel.id,
    channel_name: channel.kind === 'im' ? 'directmessage' : channel.name,
    user_id: user.id,
    user_name: user.name,
    command: line.command,
    text: escapeText(line.text),
    api_app_id: state.appId,
    is_enterprise_install: 'false',
    response_url: line.responseUrl,
    trigger_id: state.newTrigger(user.id),
  };
}

/** What of the element's value goes into `actions[0]`. */
export function actionJson(state: SlackState, placed: Placed, value: JsonObject): JsonObject {
  const { element } = placed;
  const shown =
    element['type'] === 'button'
      ? {
          text: element['text'] ?? null,
          ...(element['value'] !== undefined && { value: element['value'] }),
          ...(element['url'] !== undefined && { url: element['url'] }),
          ...(element['style'] !== undefined && { style: element['style'] }),
        }
      : value;
  return {
    ...shown,
    type: element['type'] ?? '',
    action_id: placed.actionId,
    block_id: placed.blockId,
    action_ts: state.ts(),
  };
}

interface MessageClick {
  channel: Channel;
  message: Message | Ephemeral;
  action: JsonObject;
  responseUrl: string;
}

export function messageActionPayload(state: SlackState, user: User, click: MessageClick): JsonObject {
  const { channel, message, action } = click;
  const ephemeral = 'for' in message;
  return {
    ...base(state, user),
    type: 'block_actions',
    trigger_id: state.newTrigger(user.id),
    response_url: click.responseUrl,
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: ephemeral,
      ...(message.threadTs && { thread_ts: message.threadTs }),
    },
    channel: { id: channel.id, name: channel.kind === 'im' ? 'directmessage' : channel.name },
    ...(!ephemeral && { message: messageJson(state, channel, message, true) }),
    state: { values: message.values },
    actions: [action],
  };
}

export function viewActionPayload(state: SlackState, user: User, view: View, action: JsonObject): JsonObject {
  const shown = viewJson(state, view);
  return {
    ...base(state, user),
    type: 'block_actions',
    trigger_id: state.newTrigger(user.id, view.id),
    container: { type: 'view', view_id: view.id },
    view: shown,
    state: { values: view.values },
    actions: [action],
  };
}

export function submissionPayload(state: SlackState, user: User, view: View): JsonObject {
  return {
    ...base(state, user),
    type: 'view_submission',
    trigger_id: state.newTrigger(user.id, view.id),
    view: viewJson(state, view),
    response_urls: [],
  };
}

export function closedPayload(state: SlackState, user: User, view: View, cleared: boolean): JsonObject {
  return { ...base(state, user), type: 'view_closed', view: viewJson(state, view), is_cleared: cleared };
}

/** A dynamic select asks for its options. */
export function suggestionPayload(
  state: SlackState,
  user: User,
  placed: Placed,
  { text, from }: { text: string; from: JsonObject },
): JsonObject {
  return {
    ...base(state, user),
    type: 'block_suggestion',
    action_id: placed.actionId,
    block_id: placed.blockId,
    value: text,
    ...from,
  };
}

export function eventPayload(state: SlackState, event: JsonObject): JsonObject {
  return {
    token,
    team_id: state.team.id,
    context_team_id: state.team.id,
    context_enterprise_id: null,
    api_app_id: state.appId,
    type: 'event_callback',
    event_id: state.id('Ev'),
    event_time: Math.floor(state.clock.now() / 1000),
    event,
    is_ext_shared_channel: false,
    authorizations: [
      {
        enterprise_id: null,
        team_id: state.team.id,
        user_id: state.botUser.id,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
  };
}
