// What a person does — commands, clicks, submits — carried to the app, and the app's answer carried out.
import type { Channel, Ephemeral, Message, User, View } from '../workspace/model.ts';
import type { Fault } from '../block-kit/schema.ts';
import type { Delivery, SocketMode } from './socket-mode.ts';
import type { SlackState } from '../workspace/state.ts';
import { suggestions } from '../block-kit/elements.ts';
import {
  holdsValue,
  isBlank,
  inputElements,
  placedElements,
  valueOf,
  type Input,
  type Placed,
} from '../block-kit/inputs.ts';
import { isObject, objectsOf, stringOf, textOf, type JsonObject } from '../workspace/json.ts';
import { ApiError, refuse } from '../web-api/method.ts';
import {
  actionJson,
  closedPayload,
  commandPayload,
  messageActionPayload,
  submissionPayload,
  suggestionPayload,
  viewActionPayload,
} from './payloads.ts';
import { respond } from '../web-api/response-url.ts';
import { closeView, pushView, readView, replaceView } from '../web-api/view-store.ts';

interface InteractionParts {
  state: SlackState;
  sockets: SocketMode;
  url: string;
  /** Slash commands the app has, with the slash. */
  commands: string[];
}

const unanswered = 'This app is not responding right now. If the problem persists, please contact its owner.';

export class Interactions {
  readonly #parts: InteractionParts;

  constructor(parts: InteractionParts) {
    this.#parts = parts;
  }

  async command(user: User, channel: Channel, line: string): Promise<Delivery> {
    const { state, sockets, commands } = this.#parts;
    const [command = '', ...rest] = line.trim().split(/\s+/);
    if (!commands.includes(command)) {
      state.notice({ user: user.id, channel: channel.id, text: `${command} is not a valid command.` });
      return { acked: false, error: 'no_socket', response: {}, envelopeId: '' };
    }
    const hookId = state.newHook({ channel: channel.id, user: user.id });
    const text = line.trim().slice(command.length).trim();
    const delivery = await sockets.deliver(
      'slash_commands',
      commandPayload(state, user, channel, {
        command,
        text: rest.length > 0 ? text : '',
        responseUrl: this.#hookUrl(hookId),
      }),
    );
    const hook = state.hooks.get(hookId);
    if (!delivery.acked)
      state.notice({
        user: user.id,
        channel: channel.id,
        text:
          `${command} failed with the error ` +
          `"${delivery.error === 'no_socket' ? 'dispatch_failed' : 'operation_timeout'}"`,
      });
    else if (hook && Object.keys(delivery.response).length > 0)
      this.#obey('slash_commands', () => respond(state, hook, delivery.response));
    state.changed();
    return delivery;
  }

  /** A click or choice in a message. */
  async act(
    user: User,
    channel: Channel,
    { message, placed }: { message: Message | Ephemeral; placed: Placed },
    input: Input,
  ): Promise<Delivery> {
    const { state, sockets } = this.#parts;
    const value = placed.element['type'] === 'button' ? {} : valueOf(placed.element, input);
    if (holdsValue(placed.element)) (message.values[placed.blockId] ??= {})[placed.actionId] = value;
    const hookId = state.newHook({
      channel: channel.id,
      user: user.id,
      origin: { ts: message.ts, ephemeral: 'for' in message },
    });
    const payload = messageActionPayload(state, user, {
      channel,
      message,
      action: actionJson(state, placed, value),
      responseUrl: this.#hookUrl(hookId),
    });
    const delivery = await sockets.deliver('interactive', payload);
    if (!delivery.acked) state.notice({ user: user.id, channel: channel.id, text: unanswered });
    state.changed();
    return delivery;
  }

  /** A click or choice in a modal or on App Home; input blocks stay silent unless they dispatch. */
  async actInView(user: User, view: View, placed: Placed, input: Input): Promise<Delivery> {
    const { state, sockets } = this.#parts;
    const value = placed.element['type'] === 'button' ? {} : valueOf(placed.element, input);
    if (holdsValue(placed.element)) (view.values[placed.blockId] ??= {})[placed.actionId] = value;
    if (placed.block['type'] === 'input' && placed.block['dispatch_action'] !== true)
      return { acked: true, response: {}, envelopeId: '' };
    const delivery = await sockets.deliver(
      'interactive',
      viewActionPayload(state, user, view, actionJson(state, placed, value)),
    );
    if (!delivery.acked) state.notice({ user: user.id, viewId: view.id, text: unanswered });
    state.changed();
    return delivery;
  }

  /** Fills in the inputs and submits; Slack's own checks come first and reach no app. */
  async submit(user: User, view: View, inputs: Record<string, Input>): Promise<Delivery> {
    const { state, sockets } = this.#parts;
    fill(view, inputs);
    view.errors = ownErrors(view);
    if (Object.keys(view.errors).length > 0) {
      state.changed();
      return { acked: false, response: { response_action: 'errors', errors: view.errors }, envelopeId: '' };
    }
    const delivery = await sockets.deliver('interactive', submissionPayload(state, user, view));
    if (!delivery.acked)
      state.notice({ user: user.id, viewId: view.id, text: 'We had some trouble connecting. Try again?' });
    else this.#obey('view_submission', () => this.#answerSubmission(view, delivery.response));
    state.changed();
    return delivery;
  }

  async close(user: User, view: View, all = false): Promise<Delivery | undefined> {
    const { state, sockets } = this.#parts;
    const cleared = all || view.body['clear_on_close'] === true;
    const payload = closedPayload(state, user, view, cleared);
    if (cleared) state.closeModals(user.id);
    else closeView(state, view);
    state.changed();
    return view.body['notify_on_close'] === true ? sockets.deliver('interactive', payload) : undefined;
  }

  /** The options an external_select offers for what was typed. */
  async suggest(user: User, placed: Placed, text: string, from: JsonObject): Promise<JsonObject[]> {
    const { state, sockets } = this.#parts;
    const delivery = await sockets.deliver('interactive', suggestionPayload(state, user, placed, { text, from }));
    if (!delivery.acked) return [];
    this.#obey('block_suggestion', () => {
      const faults: Fault[] = [];
      suggestions(delivery.response, '', faults);
      refuse('invalid_arguments', faults);
    });
    return [
      ...objectsOf(delivery.response['options']),
      ...objectsOf(delivery.response['option_groups']).flatMap((group) => objectsOf(group['options'])),
    ];
  }

  #answerSubmission(view: View, response: JsonObject): void {
    const { state } = this.#parts;
    const action = stringOf(response['response_action']);
    if (action === '') return closeView(state, view);
    if (action === 'clear') return state.closeModals(view.user);
    if (action === 'update') return void replaceView(state, view, readView(state, response['view'], 'modal'));
    if (action === 'push') return void pushView(state, readView(state, response['view'], 'modal'), view);
    if (action !== 'errors') throw new ApiError('invalid_arguments', [`[ERROR] response_action is ${action}`]);
    const errors = isObject(response['errors']) ? response['errors'] : {};
    const inputBlocks = objectsOf(view.body['blocks'])
      .filter((block) => block['type'] === 'input')
      .map((block) => block['block_id']);
    const unknown = Object.keys(errors).filter((blockId) => !inputBlocks.includes(blockId));
    if (unknown.length > 0 || Object.keys(errors).length === 0)
      throw new ApiError('invalid_arguments', [
        `[ERROR] errors must name input blocks of the view; unknown: ${unknown.join(', ')}`,
      ]);
    view.errors = Object.fromEntries(Object.entries(errors).map(([blockId, text]) => [blockId, stringOf(text)]));
  }

  /** An answer that Slack would refuse is a violation: nobody gets an error for it. */
  #obey(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#parts.state.violate(what, error.error, error.messages.length > 0 ? error.messages : [error.error]);
    }
  }

  #hookUrl(id: string): string {
    return `${this.#parts.url}/hooks/${id}`;
  }
}

/** Inputs are named by block_id or action_id. */
function fill(view: View, inputs: Record<string, Input>): void {
  const elements = inputElements(view.body);
  for (const [name, input] of Object.entries(inputs)) {
    const placed = elements.find((element) => element.blockId === name || element.actionId === name);
    if (!placed)
      throw new Error(
        `the view has no input ${name}; it has ${elements.map((element) => element.actionId).join(', ') || 'none'}`,
      );
    (view.values[placed.blockId] ??= {})[placed.actionId] = valueOf(placed.element, input);
  }
}

function ownErrors(view: View): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { blockId, actionId, element, block } of inputElements(view.body)) {
    if (block['type'] !== 'input') continue;
    const value = view.values[blockId]?.[actionId];
    const length = stringOf(value?.['value']).length;
    const { min_length: min, max_length: max } = element;
    if (isBlank(value)) {
      if (block['optional'] !== true) errors[blockId] = 'Please complete this required field.';
    } else if (typeof min === 'number' && length < min) errors[blockId] = `Please enter at least ${min} characters.`;
    else if (typeof max === 'number' && length > max) errors[blockId] = `Please enter at most ${max} characters.`;
  }
  return errors;
}

/**
 * Finds an element by action_id, `block_id/action_id`, block_id of a single element, its text, or the text or value of
 * an overflow option.
 */
export function findElement(blocks: JsonObject[], name: string): { placed: Placed; option?: string } | undefined {
  const all = placedElements(blocks);
  const direct =
    all.find(
      ({ blockId, actionId, element }) =>
        actionId === name || `${blockId}/${actionId}` === name || textOf(element['text']) === name,
    ) ?? all.find(({ blockId }) => blockId === name);
  if (direct) return { placed: direct };
  for (const placed of all) {
    const option = objectsOf(placed.element['options']).find(
      (candidate) => textOf(candidate['text']) === name || candidate['value'] === name,
    );
    if (option) return { placed, option: stringOf(option['value']) || textOf(option['text']) };
  }
  return undefined;
}
