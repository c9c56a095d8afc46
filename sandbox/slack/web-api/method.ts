// What a Web API method is: its closed list of arguments, and a function over the workspace.
import type { Fault } from '../block-kit/schema.ts';
import type { SlackState } from '../workspace/state.ts';
import { isObject, parseJson, type Json, type JsonObject } from '../workspace/json.ts';

export type ArgumentType = 'string' | 'boolean' | 'number' | 'json';

export interface Method {
  /** Allowed arguments, from the argument types of @slack/web-api 8.2.0; `token` is always allowed. */
  args: Record<string, ArgumentType>;
  token: 'bot' | 'app' | 'none';
  /** Counted by the kill switch. */
  mutates: boolean;
  handle(args: Arguments, api: Api): JsonObject;
}

/** What a method may use. */
export interface Api {
  state: SlackState;
  /** Without a trailing slash. */
  url: string;
  /** Makes a Socket Mode address that can be used once. */
  newTicket(): string;
}

/** An answer `{ok: false, error}`; a `violation` is also recorded, because no correct app runs into it. */
export class ApiError extends Error {
  readonly error: string;
  readonly messages: string[];
  readonly violation: boolean;

  /** Beside Slack's usual fields. */
  readonly more: JsonObject;

  constructor(error: string, messages: string[] = [], violation = messages.length > 0, more: JsonObject = {}) {
    super(error);
    this.more = more;
    this.error = error;
    this.messages = messages;
    this.violation = violation;
  }
}

/** Throws as Slack answers when a schema found faults. */
export function refuse(error: string, faults: Fault[]): void {
  if (faults.length > 0)
    throw new ApiError(
      error,
      faults.map((fault) => `[ERROR] ${fault.message} [json-pointer:${fault.path}]`),
    );
}

export class Arguments {
  readonly values: Record<string, Json>;

  constructor(values: Record<string, Json>) {
    this.values = values;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  need(name: string): string {
    const value = this.text(name);
    if (!value) throw new ApiError('invalid_arguments', [`[ERROR] missing required field: ${name}`]);
    return value;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  number(name: string): number | undefined {
    const value = this.values[name];
    return typeof value === 'number' ? value : undefined;
  }

  json(name: string): Json | undefined {
    return this.values[name];
  }

  object(name: string): JsonObject {
    const value = this.values[name];
    if (!isObject(value))
      throw new ApiError('invalid_arguments', [`[ERROR] must be an object [json-pointer:/${name}]`]);
    return value;
  }
}

function convert(name: string, type: ArgumentType, value: Json): Json {
  if (type === 'json') return typeof value === 'string' ? (parseJson(value) ?? invalid(name, 'valid JSON')) : value;
  if (type === 'string') return typeof value === 'object' ? invalid(name, 'a string') : String(value);
  if (type === 'number') return Number.isFinite(Number(value)) ? Number(value) : invalid(name, 'a number');
  if (value === true || value === 'true' || value === '1') return true;
  return value === false || value === 'false' || value === '0' ? false : invalid(name, 'a boolean');
}

function invalid(name: string, what: string): never {
  throw new ApiError('invalid_arguments', [`[ERROR] must be ${what} [json-pointer:/${name}]`]);
}

/** WebClient adds `team_id` to every call that a listener's client makes. */
const alwaysAllowed = new Set(['token', 'team_id']);

/** Form bodies carry everything as text, JSON bodies carry values; both end as the declared types. */
export function readArguments(method: Method, raw: Record<string, Json>): Arguments {
  const values: Record<string, Json> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (alwaysAllowed.has(name) || value === null) continue;
    const type = method.args[name];
    if (!type) throw new ApiError('invalid_arguments', [`[ERROR] invalid additional property: ${name}`]);
    values[name] = convert(name, type, value);
  }
  return new Arguments(values);
}
