// Cards in Slack: each stands once, says what the cluster says, and survives a crash between any two calls (design §4h).
import { randomUUID } from 'node:crypto';
import { ErrorCode } from '@slack/web-api';
import type { WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Approval, CardState, DriftEpisode } from '../model/coxswain.ts';
import type { Collection, Store } from '../store/store.ts';
import type { Card } from './card.ts';
import { hashOf } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { KeyQueue } from '../base/queue.ts';
import { effectivePolicy } from '../policy/policy.ts';
import { approvalCard, episodeCard } from './card.ts';
import { Channels } from './channels.ts';

export interface OutboxOptions {
  store: Store;
  /** Retries off: an unknown outcome is a look-up, not a retry. */
  client: WebClient;
  publicUrl: string;
  clock: Clock;
  log: Logger;
}

type Subject = { object: Approval; collection: Collection<Approval>; card: Card } | { object: DriftEpisode; collection: Collection<DriftEpisode>; card: Card };

/** Another process that stored the intent may still be posting; after this it is dead. */
const patienceMs = 10_000;

function slackError(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || error.code !== ErrorCode.PlatformError || !('data' in error)) return undefined;
  const { data } = error;
  return typeof data === 'object' && data !== null && 'error' in data ? String(data.error) : undefined;
}

function retryAfterMs(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'retryAfter' in error && typeof error.retryAfter === 'number' ? error.retryAfter * 1000 : undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: KeyQueue;
  readonly #channels: Channels;
  /** Intents stored by this very process: nobody else can be posting them. */
  readonly #own = new Set<string>();
  #ends: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channels = new Channels(options.client);
    this.#queue = new KeyQueue({
      clock: options.clock,
      concurrency: 2,
      backoff: { baseMs: 300, maxMs: 60_000 },
      work: (key) => this.#work(key),
      onError: (key, error, retryMs) => options.log.warn({ card: key, err: error, retryMs }, 'the card could not be sent yet'),
    });
  }

  start(): void {
    const { store } = this.#options;
    const cardsOf = (application: string): void => {
      for (const approval of store.approvals.of(application)) this.#add('approval', approval);
      for (const episode of store.episodes.of(application)) this.#add('episode', episode);
    };
    this.#ends = [
      store.approvals.onChange((key) => this.#queue.add(`approval ${key}`)),
      store.episodes.onChange((key) => this.#queue.add(`episode ${key}`)),
      store.applications.onChange(cardsOf),
      store.onSettings(() => this.#addAll()),
    ];
    this.#addAll();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#queue.stop();
  }

  #add(kind: string, object: Approval | DriftEpisode): void {
    this.#queue.add(`${kind} ${object.metadata.namespace}/${object.metadata.name}`);
  }

  #addAll(): void {
    for (const approval of this.#options.store.approvals.list()) this.#add('approval', approval);
    for (const episode of this.#options.store.episodes.list()) this.#add('episode', episode);
  }

  #subject(kind: string, key: string): Subject | undefined {
    const { store, publicUrl } = this.#options;
    const object = kind === 'approval' ? store.approvals.get(key) : store.episodes.get(key);
    if (!object?.status?.phase) return undefined; // its first status is still to come
    const app = store.applications.get(object.spec.application);
    const place = { app, environment: app && effectivePolicy(app, store.projects.get(`${store.namespace}/${app.spec.project}`)).environment, publicUrl };
    if (kind === 'approval') {
      const approval = store.approvals.get(key);
      return approval && { object: approval, collection: store.approvals, card: approvalCard(approval, place) };
    }
    const episode = store.episodes.get(key);
    return episode && { object: episode, collection: store.episodes, card: episodeCard(episode, place) };
  }

  #route(application: string): string {
    const { store } = this.#options;
    const app = store.applications.get(application);
    const policy = app && effectivePolicy(app, store.projects.get(`${store.namespace}/${app.spec.project}`));
    return policy?.slack || store.settings().slackChannel;
  }

  async #work(queueKey: string): Promise<{ after: number } | void> {
    const [kind = '', key = ''] = queueKey.split(' ');
    const subject = this.#subject(kind, key);
    const route = subject && this.#route(subject.object.spec.application);
    if (!subject || !route) return undefined;
    try {
      const channel = await this.#channels.idOf(route);
      if (!channel) return this.#options.log.warn({ channel: route, card: queueKey }, 'there is no such Slack channel, or the app is not in it');
      return await this.#bring(queueKey, subject, channel);
    } catch (error) {
      const after = retryAfterMs(error);
      if (after !== undefined) return { after };
      throw error;
    }
  }

  /** Stores the intent, posts or finds the card, then keeps it up to date. */
  async #bring(queueKey: string, subject: Subject, channel: string): Promise<{ after: number } | void> {
    const state = subject.object.status?.cards?.[channel] ?? (await this.#intend(subject, channel));
    const hash = hashOf(subject.card);
    if (state.ts !== undefined) return this.#update(subject, channel, { ...state, ts: state.ts }, hash);
    const found = this.#own.has(state.intent) ? undefined : await this.#find(channel, state);
    if (found === undefined && !this.#own.has(state.intent)) {
      const wait = Date.parse(state.at) + patienceMs - this.#options.clock.now();
      if (wait > 0) return { after: wait };
    }
    // Whatever happens to this post, its outcome is unknown from here on: the next try looks first.
    this.#own.delete(state.intent);
    const ts = found ?? (await this.#post(queueKey, subject.card, channel, state));
    await this.#save(subject, channel, { ...state, ts, ...(found === undefined && { hash }) });
    return found === undefined ? undefined : { after: 0 };
  }

  async #intend(subject: Subject, channel: string): Promise<CardState> {
    const state: CardState = { intent: randomUUID(), at: rfc3339(this.#options.clock.now()) };
    await this.#save(subject, channel, state);
    this.#own.add(state.intent);
    return state;
  }

  async #save(subject: Subject, channel: string, state: CardState): Promise<void> {
    const key = `${subject.object.metadata.namespace}/${subject.object.metadata.name}`;
    await subject.collection.patch(key, { status: { phase: subject.object.status?.phase, cards: { [channel]: state } } }, { subresource: 'status' });
  }

  async #post(key: string, card: Card, channel: string, state: CardState): Promise<string> {
    const answer = await this.#options.client.chat.postMessage({
      channel,
      text: card.text,
      blocks: card.blocks,
      unfurl_links: false,
      metadata: { event_type: 'coxswain_card', event_payload: { key, intent: state.intent } },
    });
    return answer.ts ?? '';
  }

  async #update(subject: Subject, channel: string, state: CardState & { ts: string }, hash: string): Promise<void> {
    if (state.hash === hash) return;
    try {
      await this.#options.client.chat.update({ channel, ts: state.ts, text: subject.card.text, blocks: subject.card.blocks });
    } catch (error) {
      if (slackError(error) !== 'message_not_found') throw error;
      this.#options.log.warn({ channel }, 'a card was deleted by hand; it is not posted again');
    }
    await this.#save(subject, channel, { ...state, hash });
  }

  /** The oldest card with this intent; younger doubles are deleted. */
  async #find(channel: string, state: CardState): Promise<string | undefined> {
    const oldest = String(Date.parse(state.at) / 1000 - 5);
    const history = await this.#options.client.conversations.history({ channel, oldest, include_all_metadata: true, limit: 200 });
    const mine = (history.messages ?? []).filter((message) => {
      const payload: unknown = message.metadata?.event_payload;
      return typeof payload === 'object' && payload !== null && 'intent' in payload && payload.intent === state.intent;
    });
    const [first, ...surplus] = mine.map((message) => message.ts ?? '').sort();
    for (const ts of surplus) await this.#options.client.chat.delete({ channel, ts });
    return first;
  }
}
