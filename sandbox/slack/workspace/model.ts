// The things a Slack workspace consists of, as plain values.
import type { Json, JsonObject } from './json.ts';

export interface User {
  id: string;
  name: string;
  realName: string;
  email: string;
  isBot: boolean;
  /** A guest of the workspace (`is_restricted`). */
  guest: boolean;
}

/** Input values by block_id and action_id, as `state.values` carries them. */
export type Values = Record<string, Record<string, JsonObject>>;

export interface Message {
  /** `seconds.micros`, unique in the workspace. */
  ts: string;
  user: string;
  text: string;
  blocks: JsonObject[];
  attachments: JsonObject[];
  metadata?: JsonObject;
  threadTs?: string;
  broadcast?: boolean;
  editedTs?: string;
  reactions: { name: string; users: string[] }[];
  values: Values;
}

/** A message that only one person sees; it does not survive a reload in Slack and is in no history. */
export interface Ephemeral {
  ts: string;
  for: string;
  from: string;
  text: string;
  blocks: JsonObject[];
  attachments: JsonObject[];
  threadTs?: string;
  values: Values;
}

export interface Channel {
  id: string;
  name: string;
  topic: string;
  kind: 'public' | 'private' | 'im';
  members: Set<string>;
  archived: boolean;
  /** Oldest first, replies included. */
  messages: Message[];
  ephemerals: Ephemeral[];
}

export interface View {
  id: string;
  user: string;
  kind: 'modal' | 'home';
  hash: string;
  rootViewId: string;
  previousViewId?: string;
  /** What the app sent, with block and action ids filled in. */
  body: JsonObject;
  values: Values;
  /** Error texts by block_id, from `response_action: errors` or Slack's own checks. */
  errors: Record<string, string>;
}

/** Where a response_url leads; 5 uses in 30 minutes. */
export interface Hook {
  channel: string;
  user: string;
  uses: number;
  expires: number;
  origin?: { ts: string; ephemeral: boolean };
}

export interface Trigger {
  user: string;
  expires: number;
  used: boolean;
  /** The modal the interaction came from: only such a trigger may push. */
  viewId?: string;
}

/** What Slack itself tells one person: a command that failed, a click nobody answered. */
export interface Notice {
  user: string;
  channel?: string;
  viewId?: string;
  ts: string;
  text: string;
}

/** Something a real Slack would refuse, or that the sandbox does not model. */
export interface Violation {
  method: string;
  error: string;
  messages: string[];
}

export interface Request {
  method: string;
  args: Record<string, Json>;
  /** `ok`, Slack's error code, or what a fault made of it. */
  outcome: string;
}
