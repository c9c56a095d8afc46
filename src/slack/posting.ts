// One card in one channel: its intent is stored before the post, and an unknown outcome is a look-up, not a retry
// (docs/decisions/0004).
import type { ChatPostMessageResponse, WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { CardState } from '../model/coxswain.ts';
import type { Card } from './card.ts';
import { randomUUID } from 'node:crypto';
import { ErrorCode } from '@slack/web-api';
import { hashOf } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { isObject } from '../model/kube.ts';

interface Posting {
  /** `approval namespace/name`, `episode …` or `report …`; of what stands in its thread with ` details` behind. */
  key: string;
  card: Card;
  channel: string;
  /** `ts` of the message in whose thread it stands; without it in the channel itself. */
  thread?: string | undefined;
  /** As stored; undefined: nothing was meant for this channel yet. */
  state: CardState | undefined;
  /** A card that is not there may be posted. */
  mayPost: boolean;
  save(state: CardState): Promise<void>;
}

export interface PosterOptions {
  /** Retries off: an unknown outcome is a look-up, not a retry. */
  client: WebClient;
  clock: Clock;
  log: Logger;
}

/** Another process that stored the intent may still be posting; after this it is dead. */
const patienceMs = 10_000;
/** Slack allows about 50 updates a minute; the last state wins. */
const updateGapMs = 1_000;

/**
 * Slack's answers after which something may have happened all the same (docs.slack.dev: errors of chat.postMessage).
 */
const unclear = new Set(['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']);

/**
 * Answers to chat.update and conversations.history that no repetition changes: nobody can write that message any more.
 */
const gone = new Set([
  'cant_update_message',
  'channel_not_found',
  'edit_window_closed',
  'is_archived',
  'message_not_found',
  'not_in_channel',
  'thread_not_found',
]);

/** Slack's own code, such as `channel_not_found`; undefined for anything but a refusal. */
export function slackError(error: unknown): string | undefined {
  if (!isObject(error) || error['code'] !== ErrorCode.PlatformError || !isObject(error['data'])) return undefined;
  return String(error['data']['error']);
}

/** The scopes that Slack wants for it; undefined for other errors. */
export function missingScope(error: unknown): string | undefined {
  if (slackError(error) !== 'missing_scope' || !isObject(error) || !isObject(error['data'])) return undefined;
  return String(error['data']['needed'] ?? '').slice(0, 200);
}

/** What to do about it, one sentence. */
export function scopeHint(needed: string): string {
  return (
    `The Slack app lacks the scope ${needed}: add it under "OAuth & Permissions" of the app, ` +
    "or take the manifest of deploy/slack-manifest.yaml, and let whoever manages the workspace's apps install it " +
    'again.'
  );
}

/** Milliseconds that a 429 asks to wait; undefined for other errors. */
export function retryAfterMs(error: unknown): number | undefined {
  return isObject(error) && error['code'] === ErrorCode.RateLimitedError && typeof error['retryAfter'] === 'number'
    ? error['retryAfter'] * 1000
    : undefined;
}

function isGone(error: unknown): boolean {
  return gone.has(slackError(error) ?? '');
}

/** True when Slack said that it did nothing. */
function isRefused(error: unknown): boolean {
  const platform = slackError(error);
  return retryAfterMs(error) !== undefined || (platform !== undefined && !unclear.has(platform));
}

function intentOf(message: { metadata?: { event_payload?: unknown } }): unknown {
  const payload = message.metadata?.event_payload;
  return isObject(payload) ? payload['intent'] : undefined;
}

/** What is remembered of one card. */
interface CardMemory {
  /** Intents stored by this very process and not sent yet: nobody else can be posting them. */
  own: Set<string>;
  /** When it was last updated, by channel. */
  updated: Map<string, number>;
}

/**
 * Posts and edits cards, each in turn. What it remembers of a card can be read again from the object and from Slack.
 */
export class Poster {
  readonly #options: PosterOptions;
  /** By card, as long as there is something to remember. */
  readonly #cards = new Map<string, CardMemory>();

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  /** It is gone, or says for good what it says. */
  forget(key: string): void {
    this.#cards.delete(key);
  }

  #of(key: string): CardMemory {
    const memory = this.#cards.get(key) ?? { own: new Set(), updated: new Map() };
    this.#cards.set(key, memory);
    return memory;
  }

  /** Brings the card as far as it gets now; `after`: look again in so many milliseconds. */
  async bring(posting: Posting): Promise<{ after: number } | undefined> {
    const { key, card, state, mayPost } = posting;
    if (state?.ts !== undefined) return this.#update(posting, { ...state, ts: state.ts });
    if (!state && !mayPost) return undefined;
    const intended = state ?? (await this.#intend(posting));
    const own = this.#of(key).own.has(intended.intent);
    const found = own ? undefined : await this.#look(posting, intended);
    if (found !== undefined) {
      await posting.save({ ...intended, ts: found });
      return { after: 0 };
    }
    const wait = Date.parse(intended.at) + patienceMs - this.#options.clock.now();
    if (!own && wait > 0) return { after: wait };
    if (!mayPost) return this.#giveUp(posting, intended);
    const ts = await this.#post(posting, intended);
    await posting.save({ ...intended, ts, hash: hashOf(card), final: card.final });
    return undefined;
  }

  async #intend({ key, save }: Posting): Promise<CardState> {
    const state: CardState = { intent: randomUUID(), at: rfc3339(this.#options.clock.now()) };
    await save(state);
    this.#of(key).own.add(state.intent);
    return state;
  }

  /** It was meant, but was never posted, and what it would have told has ended: it need not be looked for again. */
  async #giveUp({ save }: Posting, state: CardState): Promise<undefined> {
    if (state.final !== true) await save({ ...state, final: true });
  }

  async #post({ key, card, channel, thread }: Posting, { intent }: CardState): Promise<string> {
    // Whatever happens to this post, its outcome is unknown from here on, unless Slack says that it did nothing.
    this.#of(key).own.delete(intent);
    let answer: ChatPostMessageResponse;
    try {
      answer = await this.#options.client.chat.postMessage({
        channel,
        text: card.text,
        blocks: card.blocks,
        ...(thread && { thread_ts: thread }),
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: 'coxswain_card', event_payload: { key, intent } },
      });
    } catch (error) {
      if (isRefused(error)) this.#of(key).own.add(intent);
      throw error;
    }
    return answer.ts ?? '';
  }

  async #update(
    { key, card, channel, save }: Posting,
    state: CardState & { ts: string },
  ): Promise<{ after: number } | undefined> {
    const hash = hashOf(card);
    if (state.hash === hash || (state.final === true && card.final)) return undefined;
    const { updated } = this.#of(key);
    const now = this.#options.clock.now();
    const wait = (updated.get(channel) ?? 0) + updateGapMs - now;
    if (wait > 0) return { after: wait };
    updated.set(channel, now);
    try {
      await this.#options.client.chat.update({ channel, ts: state.ts, text: card.text, blocks: card.blocks });
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#options.log.warn({ channel, err: error }, 'a card cannot be changed any more; it is not posted again');
    }
    await save({ ...state, hash, final: card.final });
    return undefined;
  }

  /**
   * Where nothing more is posted, a channel that cannot be read any more holds no card. Where none may be read, one
   * that may be double is better than none.
   */
  async #look({ channel, thread, mayPost }: Posting, state: CardState): Promise<string | undefined> {
    try {
      return await this.#find({ channel, thread }, state);
    } catch (error) {
      const needed = missingScope(error);
      if (needed !== undefined)
        this.#options.log.warn(
          { channel, needed, hint: scopeHint(needed) },
          'a card cannot be looked for; it may be posted twice',
        );
      else if (mayPost || !isGone(error)) throw error;
      return undefined;
    }
  }

  /** The oldest card with this intent; younger doubles are deleted. */
  async #find({ channel, thread }: Pick<Posting, 'channel' | 'thread'>, state: CardState): Promise<string | undefined> {
    const { client } = this.#options;
    const oldest = String(Date.parse(state.at) / 1000 - 5);
    const found: string[] = [];
    let cursor = '';
    do {
      const asked = { channel, oldest, include_all_metadata: true, limit: 200, ...(cursor && { cursor }) };
      const page = await (thread
        ? client.conversations.replies({ ...asked, ts: thread })
        : client.conversations.history(asked));
      for (const message of page.messages ?? [])
        if (message.ts && intentOf(message) === state.intent) found.push(message.ts);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor);
    const [first, ...surplus] = found.sort();
    for (const ts of surplus) await client.chat.delete({ channel, ts });
    return first;
  }
}
