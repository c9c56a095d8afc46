// Events of the workspace, delivered with Slack's three retries.
import type { JsonObject } from '../workspace/json.ts';
import type { Channel, Message, User } from '../workspace/model.ts';
import type { Delivery, SocketMode } from './socket-mode.ts';
import type { SlackState } from '../workspace/state.ts';
import { escapeText, eventPayload } from './payloads.ts';
import { viewJson } from '../workspace/wire.ts';

/** Slack: at once, after a minute, after five. */
const retryMs = [0, 60_000, 300_000];

export class Events {
  readonly #state: SlackState;
  readonly #sockets: SocketMode;
  readonly #subscribed: Set<string>;
  readonly #cancels = new Set<() => void>();

  /**
   * `subscribed`: names as in an app's manifest, `app_mention`, `message.channels`, `message.im`, `app_home_opened`.
   */
  constructor(state: SlackState, sockets: SocketMode, subscribed: string[]) {
    this.#state = state;
    this.#sockets = sockets;
    this.#subscribed = new Set(subscribed);
  }

  /** A person writes; the events of it are delivered to the app, if it subscribed to them. */
  async say(user: User, channel: Channel, text: string, threadTs?: string): Promise<Message> {
    const message: Message = {
      ts: this.#state.ts(),
      user: user.id,
      text: this.#link(text),
      blocks: [],
      attachments: [],
      reactions: [],
      values: {},
      ...(threadTs && { threadTs }),
    };
    channel.messages.push(message);
    this.#state.changed();
    const shared = {
      user: user.id,
      text: message.text,
      ts: message.ts,
      event_ts: message.ts,
      channel: channel.id,
      team: this.#state.team.id,
      client_msg_id: crypto.randomUUID(),
      ...(threadTs && { thread_ts: threadTs }),
    };
    const kind = { public: 'channel', private: 'group', im: 'im' }[channel.kind];
    const names = { public: 'message.channels', private: 'message.groups', im: 'message.im' };
    const mentioned = message.text.includes(`<@${this.#state.botUser.id}>`);
    await Promise.all([
      mentioned && channel.kind !== 'im' ? this.#send('app_mention', { type: 'app_mention', ...shared }) : undefined,
      this.#send(names[channel.kind], { type: 'message', channel_type: kind, ...shared }),
    ]);
    return message;
  }

  async openHome(user: User): Promise<void> {
    const home = [...this.#state.views.values()].find((view) => view.kind === 'home' && view.user === user.id);
    await this.#send('app_home_opened', {
      type: 'app_home_opened',
      user: user.id,
      channel: this.#state.im(user).id,
      tab: 'home',
      event_ts: this.#state.ts(),
      ...(home && { view: viewJson(this.#state, home) }),
    });
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  /** What a person types: `@cox` becomes a mention, everything else is escaped. */
  #link(text: string): string {
    const names = [...this.#state.users.values()].map((user) => [`@${user.name}`, `<@${user.id}>`] as const);
    return names.reduce((linked, [name, mention]) => linked.replaceAll(name, mention), escapeText(text));
  }

  async #send(name: string, event: JsonObject): Promise<void> {
    if (!this.#subscribed.has(name)) return;
    const payload = eventPayload(this.#state, event);
    const first = await this.#sockets.deliver('events_api', payload);
    if (!first.acked) this.#retry(payload, first, 1);
  }

  #retry(payload: JsonObject, failed: Delivery, attempt: number): void {
    const wait = retryMs[attempt - 1];
    if (wait === undefined) return;
    const cancel = this.#state.clock.after(wait, () => {
      this.#cancels.delete(cancel);
      const again = this.#sockets.deliver('events_api', payload, {
        attempt,
        reason: failed.error === 'operation_timeout' ? 'timeout' : 'connection_failed',
      });
      void again.then((delivery) => (delivery.acked ? undefined : this.#retry(payload, delivery, attempt + 1)));
    });
    this.#cancels.add(cancel);
  }
}
