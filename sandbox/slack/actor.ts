// One person at the keyboard, for tests, the story and the page.
import type { Events } from './socket-mode/events.ts';
import type { Channel, Ephemeral, Message, User, View } from './workspace/model.ts';
import type { Delivery } from './socket-mode/socket-mode.ts';
import type { SlackState } from './workspace/state.ts';
import { findElement, type Interactions } from './socket-mode/interaction.ts';
import { placedElements, type Input, type Placed } from './block-kit/inputs.ts';
import { objectsOf, type JsonObject } from './workspace/json.ts';

interface ActorParts {
  state: SlackState;
  interactions: Interactions;
  events: Events;
}

/** Channels are named by id or name; every act resolves when the app has answered or Slack has given up. */
export class Actor {
  readonly user: User;
  readonly #parts: ActorParts;

  constructor(user: User, parts: ActorParts) {
    this.user = user;
    this.#parts = parts;
  }

  /** `line` is the whole command, `/cox status`. */
  command(channel: string, line: string): Promise<Delivery> {
    return this.#parts.interactions.command(this.user, this.#channel(channel), line);
  }

  /**
   * Clicks or sets the element named by action_id, `block_id/action_id`, block_id, its text, or the text of an overflow
   * option; `input` is a select's option.
   */
  click(channel: string, ts: string, name: string, input?: Input): Promise<Delivery> {
    const where = this.#channel(channel);
    const message = this.#message(where, ts);
    const found = findElement(blocksOf(message), name);
    if (!found) throw new Error(`message ${ts} has no "${name}"; it has ${labels(blocksOf(message))}`);
    return this.#parts.interactions.act(
      this.user,
      where,
      { message, placed: found.placed },
      input ?? found.option ?? '',
    );
  }

  clickInView(viewId: string, name: string, input?: Input): Promise<Delivery> {
    const view = this.#view(viewId);
    const blocks = objectsOf(view.body['blocks']);
    const found = findElement(blocks, name);
    if (!found) throw new Error(`view ${viewId} has no "${name}"; it has ${labels(blocks)}`);
    return this.#parts.interactions.actInView(this.user, view, found.placed, input ?? found.option ?? '');
  }

  /** The lowest first; the last one is what the person sees. */
  openModals(): View[] {
    return this.#parts.state.modalsOf(this.user.id);
  }

  /** The modal on top. Throws when none is open. */
  modal(): View {
    const top = this.openModals().at(-1);
    if (!top) throw new Error(`${this.user.name} has no modal open`);
    return top;
  }

  /** `inputs` by block_id or action_id. */
  submit(viewId: string, inputs: Record<string, Input> = {}): Promise<Delivery> {
    return this.#parts.interactions.submit(this.user, this.#view(viewId), inputs);
  }

  close(viewId: string, all = false): Promise<Delivery | undefined> {
    return this.#parts.interactions.close(this.user, this.#view(viewId), all);
  }

  /** The options that an external_select of a view or message offers. */
  suggest(placed: Placed, text: string, from: JsonObject): Promise<JsonObject[]> {
    return this.#parts.interactions.suggest(this.user, placed, text, from);
  }

  /** Writes a message; `@name` mentions. */
  say(channel: string, text: string, threadTs?: string): Promise<Message> {
    return this.#parts.events.say(this.user, this.#channel(channel), text, threadTs);
  }

  openHome(): Promise<void> {
    return this.#parts.events.openHome(this.user);
  }

  /** What only this person sees in a channel, oldest first. */
  ephemerals(channel: string): Ephemeral[] {
    return this.#channel(channel).ephemerals.filter((message) => message.for === this.user.id);
  }

  #channel(idOrName: string): Channel {
    const { state } = this.#parts;
    const channel = state.channel(idOrName);
    if (!channel) throw new Error(`there is no channel ${idOrName}`);
    return channel;
  }

  #message(channel: Channel, ts: string): Message | Ephemeral {
    const message =
      this.#parts.state.message(channel, ts) ??
      channel.ephemerals.find((candidate) => candidate.ts === ts && candidate.for === this.user.id);
    if (!message) throw new Error(`${channel.name} has no message ${ts}`);
    return message;
  }

  #view(id: string): View {
    const view = this.#parts.state.views.get(id);
    if (!view || view.user !== this.user.id) throw new Error(`${this.user.name} has no view ${id}`);
    return view;
  }
}

/** All blocks of a message, those of its attachments included. */
export function blocksOf(message: Message | Ephemeral): JsonObject[] {
  return [...message.blocks, ...message.attachments.flatMap((attachment) => objectsOf(attachment['blocks']))];
}

function labels(blocks: JsonObject[]): string {
  return (
    placedElements(blocks)
      .map(({ blockId, actionId }) => `${blockId}/${actionId}`)
      .join(', ') || 'no elements'
  );
}
