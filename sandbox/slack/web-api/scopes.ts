// The scopes of the bot token: without one a method that needs it answers missing_scope, as Slack does.
import type { Json } from '../workspace/json.ts';
import type { SlackState } from '../workspace/state.ts';

const kinds: Record<string, string> = { public_channel: 'channels', private_channel: 'groups', mpim: 'mpim', im: 'im' };
const prefixes = { public: 'channels', private: 'groups', im: 'im' } as const;

/** Of conversations.list: one for each type that is asked for. */
function listScopes(types: Json | undefined): string[] {
  return String(types ?? 'public_channel')
    .split(',')
    .map((type) => `${kinds[type.trim()] ?? 'channels'}:read`);
}

function historyScope(state: SlackState, channel: Json | undefined): string {
  return `${prefixes[state.channel(String(channel ?? ''))?.kind ?? 'public']}:history`;
}

/** Slack Web API, "Required scopes" of each method. */
function neededScopes(state: SlackState, method: string, args: Record<string, Json>): string[] {
  if (method.startsWith('chat.')) return ['chat:write'];
  if (method === 'conversations.list') return listScopes(args['types']);
  const reads = method === 'conversations.history' || method === 'conversations.replies';
  return reads ? [historyScope(state, args['channel'])] : [];
}

const manifest = ['commands', 'chat:write', 'channels:read', 'groups:read', 'channels:history', 'groups:history'];

/** Slack Web API: each answer names in its header x-oauth-scopes what the token has. */
export function scopesHeader(state: SlackState): Record<string, string> {
  return { 'x-oauth-scopes': manifest.filter((scope) => !state.lacks.has(scope)).join(',') };
}

/** The first that the token lacks, of those that were taken from it. */
export function lackedScope(state: SlackState, method: string, args: Record<string, Json>): string | undefined {
  return neededScopes(state, method, args).find((scope) => state.lacks.has(scope));
}
