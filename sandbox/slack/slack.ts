// A Slack workspace on loopback: Web API, Socket Mode and a page, with Slack's limits, lifetimes and failures.
import type { Channel, User, Violation } from './workspace/model.ts';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { canonicalJson } from '../../src/base/canonical.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { Actor } from './actor.ts';
import { dumpSlack } from './dump.ts';
import { Events } from './socket-mode/events.ts';
import { FaultPlan } from './fault-plan.ts';
import { Interactions } from './socket-mode/interaction.ts';
import { Page } from './page/page.ts';
import { SocketMode } from './socket-mode/socket-mode.ts';
import { SlackState, type Team } from './workspace/state.ts';
import { WebApi, type KillSwitch } from './web-api/web-api.ts';

export type { Delivery } from './socket-mode/socket-mode.ts';
export type { Channel, Message, View } from './workspace/model.ts';
export type { KillSwitch } from './web-api/web-api.ts';
export { Actor } from './actor.ts';

interface SlackOptions {
  /** Default: a free one. */
  port?: number;
  botToken: string;
  appToken: string;
  team?: Team;
  /** The app's user; default `cox`. */
  botName?: string;
  /** Slash commands of the app; default `/cox`. */
  commands?: string[];
  /** Event subscriptions of the app; default app_mention, app_home_opened and message.im. */
  events?: string[];
  killSwitch?: KillSwitch;
  clock?: Clock;
}

interface NewUser {
  name: string;
  id?: string;
  realName?: string;
  /** Default `<name>@example.test`. */
  email?: string;
  guest?: boolean;
}

interface NewChannel {
  name: string;
  id?: string;
  topic?: string;
  private?: boolean;
  /** Whether the app is a member; default true. */
  withBot?: boolean;
}

/** Faults of answers, and of sockets. */
interface SlackFaults extends Pick<
  FaultPlan,
  'rateLimit' | 'serverError' | 'error' | 'slow' | 'cut' | 'duplicateEnvelopes' | 'loseAcks' | 'clear'
> {
  /** Cuts every socket as a broken network does. */
  dropSockets(): void;
  /** Asks the app to reconnect, as Slack does every few hours. */
  recycleSockets(): void;
}

/** Milliseconds that waitFor waits at most. */
const patienceMs = 20_000;

export class Slack {
  readonly url: string;
  /** For WebClient's and Bolt's `slackApiUrl`. */
  readonly apiUrl: string;
  readonly state: SlackState;
  readonly faults: SlackFaults;
  readonly #server: Server;
  readonly #sockets: SocketMode;
  readonly #events: Events;
  readonly #interactions: Interactions;
  readonly #page: Page;

  constructor(server: Server, url: string, options: SlackOptions) {
    const team = options.team ?? { id: 'T0SANDBOX', domain: 'sandbox', name: 'Sandbox' };
    const plan = new FaultPlan();
    this.url = url;
    this.apiUrl = `${url}/api/`;
    this.#server = server;
    this.state = new SlackState({ clock: options.clock ?? systemClock, team, botName: options.botName ?? 'cox' });
    this.#sockets = new SocketMode(this.state, plan);
    this.faults = Object.assign(plan, {
      dropSockets: () => this.#sockets.drop(),
      recycleSockets: () => this.#sockets.recycle(),
    });
    this.#interactions = new Interactions({
      state: this.state,
      sockets: this.#sockets,
      url,
      commands: options.commands ?? ['/cox'],
    });
    this.#events = new Events(
      this.state,
      this.#sockets,
      options.events ?? ['app_mention', 'app_home_opened', 'message.im'],
    );
    this.#page = new Page({
      state: this.state,
      actAs: (id) => this.actAs(id),
      connected: () => this.connected,
      commands: options.commands ?? ['/cox'],
    });
    const newTicket = (): string =>
      `${url.replace(/^http/, 'ws')}/link/?ticket=${this.#sockets.newTicket()}&app_id=${this.state.appId}`;
    const { botToken, appToken, killSwitch } = options;
    const api = new WebApi({
      api: { state: this.state, url, newTicket },
      faults: plan,
      botToken,
      appToken,
      ...(killSwitch && { killSwitch }),
    });
    server.on('request', (request, response) => void this.#serve(api, request, response));
    this.#sockets.listen(server);
  }

  /** Open sockets of the app. */
  get connected(): number {
    return this.#sockets.connected;
  }

  get channels(): Channel[] {
    return [...this.state.channels.values()];
  }

  get violations(): readonly Violation[] {
    return this.state.violations;
  }

  /** Hands over the violations so far, for tests that expect them. */
  takeViolations(): Violation[] {
    return this.state.violations.splice(0);
  }

  /** Everybody known is a member. */
  createChannel(channel: NewChannel): Channel {
    const people = [...this.state.users.values()]
      .filter((user) => !user.isBot || channel.withBot !== false)
      .map((user) => user.id);
    const made: Channel = {
      id: channel.id ?? this.state.id('C'),
      name: channel.name,
      topic: channel.topic ?? '',
      kind: channel.private ? 'private' : 'public',
      members: new Set(people),
      archived: false,
      messages: [],
      ephemerals: [],
    };
    this.state.channels.set(made.id, made);
    this.state.changed();
    return made;
  }

  /** Joins every channel there is. */
  createUser(user: NewUser): User {
    const made: User = {
      id: user.id ?? this.state.id('U'),
      name: user.name,
      realName: user.realName ?? user.name,
      email: user.email ?? `${user.name}@example.test`,
      isBot: false,
      guest: user.guest ?? false,
    };
    this.state.users.set(made.id, made);
    for (const channel of this.state.channels.values()) if (channel.kind !== 'im') channel.members.add(made.id);
    this.state.changed();
    return made;
  }

  /** By id or name. */
  actAs(idOrName: string): Actor {
    const user =
      this.state.users.get(idOrName) ?? [...this.state.users.values()].find((candidate) => candidate.name === idOrName);
    if (!user) throw new Error(`there is no user ${idOrName}`);
    return new Actor(user, { state: this.state, interactions: this.#interactions, events: this.#events });
  }

  /**
   * Resolves with the first value of `look` that is not undefined, null or false; looked at again after every change.
   * Rejects on a new violation.
   */
  waitFor<T>(what: string, look: (slack: this) => T | undefined | null | false, timeoutMs = patienceMs): Promise<T> {
    const before = this.state.violations.length;
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        stopListening();
        clearTimeout(timer);
        finish();
      };
      const check = (): void => {
        const violation = this.state.violations.slice(before)[0];
        if (violation)
          return end(() => reject(new Error(`while waiting for ${what}, Slack refused: ${describe(violation)}`)));
        try {
          const value = look(this);
          if (value !== undefined && value !== null && value !== false) end(() => resolve(value));
        } catch (error) {
          end(() => reject(error));
        }
      };
      const stopListening = this.state.onChange(check);
      const timer = setTimeout(
        () =>
          end(() =>
            reject(
              new Error(`${what} did not happen within ${timeoutMs} ms; last requests: ${lastRequests(this.state)}`),
            ),
          ),
        timeoutMs,
      );
      check();
    });
  }

  /** Canonical JSON of all lasting messages, see dump.ts. */
  dump(): string {
    return canonicalJson(dumpSlack(this.state));
  }

  /** Ends everything; rejects when violations were recorded that nobody took. */
  async stop(): Promise<void> {
    this.#events.stop();
    this.#page.stop();
    this.#sockets.stop();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    const [first, ...more] = this.state.violations;
    if (first) throw new Error(`Slack would have refused: ${[first, ...more].map(describe).join('; ')}`);
  }

  async #serve(api: WebApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://sandbox').pathname;
    try {
      if (path.startsWith('/api/') || path.startsWith('/hooks/')) await api.handle(request, response, path);
      else await this.#page.handle(request, response, path);
    } catch (error) {
      this.state.violate(path, 'internal_error', [
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      ]);
      response.destroy();
    }
  }
}

function describe(violation: Violation): string {
  return `${violation.method}: ${violation.error} ${violation.messages.join(' ')}`;
}

function lastRequests(state: SlackState): string {
  return (
    state.requests
      .slice(-8)
      .map(({ method, outcome }) => `${method} (${outcome})`)
      .join(', ') || 'none'
  );
}

/** Listens on 127.0.0.1. */
export async function startSlack(options: SlackOptions): Promise<Slack> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return new Slack(server, `http://127.0.0.1:${address.port}`, options);
}
