// The workspace: people, channels, messages and open views, and a signal whenever any of it changes.
import type { Clock } from '../../../src/base/clock.ts';
import type { Channel, Hook, Message, Notice, Request, Trigger, User, View, Violation } from './model.ts';

export interface Team {
  id: string;
  domain: string;
  name: string;
}

/** Slack Web API: a trigger_id lives three seconds and works once. */
const triggerMs = 3_000;
/** Slack: a response_url works five times within thirty minutes. */
const hookMs = 30 * 60_000;

interface StateOptions {
  clock: Clock;
  team: Team;
  botName: string;
}

export class SlackState {
  readonly clock: Clock;
  readonly team: Team;
  readonly appId = 'A0SANDBOX';
  readonly botId = 'B0SANDBOX';
  readonly botUser: User;
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  readonly views = new Map<string, View>();
  readonly triggers = new Map<string, Trigger>();
  readonly hooks = new Map<string, Hook>();
  readonly notices: Notice[] = [];
  readonly violations: Violation[] = [];
  readonly requests: Request[] = [];
  /** Scopes that the bot token was not given. */
  readonly lacks = new Set<string>();
  /**
   * Begins at the clock: ids of an earlier workspace do not come again, and a cluster may remember what was done by
   * them.
   */
  #counter: number;
  #lastMicros = 0;
  #listeners = new Set<() => void>();

  constructor(options: StateOptions) {
    this.clock = options.clock;
    this.#counter = Math.floor(options.clock.now());
    this.team = options.team;
    this.botUser = {
      id: 'U0BOT',
      name: options.botName,
      realName: options.botName,
      email: '',
      isBot: true,
      guest: false,
    };
    this.users.set(this.botUser.id, this.botUser);
  }

  /** Calls `fn` after every change; the returned function ends it. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  next(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** An id in Slack's shape: a letter, then digits and capitals. */
  id(prefix: string): string {
    return `${prefix}0${this.next().toString(36).toUpperCase().padStart(5, '0')}`;
  }

  ts(): string {
    this.#lastMicros = Math.max(this.clock.now() * 1000, this.#lastMicros + 1);
    const digits = String(this.#lastMicros).padStart(16, '0');
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  /** By id, or by name with or without `#`. */
  channel(idOrName: string): Channel | undefined {
    const name = idOrName.replace(/^#/, '');
    return (
      this.channels.get(idOrName) ??
      [...this.channels.values()].find((channel) => channel.name === name && channel.kind !== 'im')
    );
  }

  message(channel: Channel, ts: string): Message | undefined {
    return channel.messages.find((message) => message.ts === ts);
  }

  /** The direct conversation of the app with one person, made on first use. */
  im(user: User): Channel {
    const id = `D0${user.id}`;
    const found = this.channels.get(id);
    if (found) return found;
    const channel: Channel = {
      id,
      name: user.id,
      topic: '',
      kind: 'im',
      members: new Set([user.id, this.botUser.id]),
      archived: false,
      messages: [],
      ephemerals: [],
    };
    this.channels.set(id, channel);
    return channel;
  }

  newTrigger(user: string, viewId?: string): string {
    const id = `${this.next()}.${this.team.id}.trigger`;
    this.triggers.set(id, { user, expires: this.clock.now() + triggerMs, used: false, ...(viewId && { viewId }) });
    return id;
  }

  newHook(hook: Omit<Hook, 'uses' | 'expires'>): string {
    const id = `${this.team.id}/${this.next()}/${crypto.randomUUID()}`;
    this.hooks.set(id, { ...hook, uses: 0, expires: this.clock.now() + hookMs });
    return id;
  }

  /** A person's open modals, the lowest first. */
  modalsOf(user: string): View[] {
    return [...this.views.values()].filter((view) => view.user === user && view.kind === 'modal');
  }

  closeModals(user: string): void {
    for (const view of this.modalsOf(user)) this.views.delete(view.id);
  }

  notice(notice: Omit<Notice, 'ts'>): void {
    this.notices.push({ ...notice, ts: this.ts() });
    this.changed();
  }

  violate(method: string, error: string, messages: string[]): void {
    this.violations.push({ method, error, messages });
    this.changed();
  }
}
