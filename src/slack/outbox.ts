// Cards in Slack: each stands once, says what the cluster says, and survives a crash between any two calls.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Approval, CardState, DriftEpisode } from '../model/coxswain.ts';
import type { Collection } from '../store/store.ts';
import type { Card } from './card.ts';
import type { PosterOptions } from './posting.ts';
import type { Places } from './card-context.ts';
import { KeyQueue } from '../base/queue.ts';
import { approvalCard } from './approval-card.ts';
import { Channels, listGapMs } from './channels.ts';
import { episodeCard } from './drift-card.ts';
import { missingScope, Poster, retryAfterMs, scopeHint } from './posting.ts';

interface OutboxOptions extends PosterOptions {
  places: Places;
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
}

interface Subject {
  object: Approval | DriftEpisode;
  card: Card;
  /** By channel id. */
  cards: Record<string, CardState>;
  save(channel: string, state: CardState): Promise<void>;
}

/**
 * Where a card belongs; without a channel nowhere. Not known: the channel that it is meant for is not there, or cannot
 * be looked up.
 */
interface Route {
  known: boolean;
  channel?: string;
}

function keyOf({ metadata }: Approval | DriftEpisode): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Everything that its cards tell has ended, and they all say so. */
function isSettled({ status }: Approval | DriftEpisode): boolean {
  if (!status || ['Pending', 'Approved', 'Open', 'Reverting'].includes(status.phase)) return false;
  return Object.values(status.cards ?? {}).every((card) => card.final === true);
}

function saver<T extends Approval | DriftEpisode>(collection: Collection<T>, key: string): Subject['save'] {
  // A card says nothing of the phase: another's decision must not be written over.
  return async (channel, state) => {
    // Meanwhile the story may have begun anew, and this card is of the former one.
    if (state.ts !== undefined && collection.get(key)?.status?.cards?.[channel]?.intent !== state.intent) return;
    await collection.patch(key, { status: { cards: { [channel]: state } } }, { subresource: 'status' });
  };
}

/** Level-triggered: a card is brought in line with its object whenever that changes, and at the start. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: KeyQueue;
  readonly #channels: Channels;
  readonly #poster: Poster;
  /** By card, the channel that it is meant for and that is not there: each is told once. */
  readonly #missing = new Map<string, string>();
  #ends: (() => void)[] = [];
  /** Slack asked for silence until then; events of the cluster do not end it. */
  #silentUntil = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channels = new Channels(options);
    this.#poster = new Poster(options);
    this.#queue = new KeyQueue({
      clock: options.clock,
      metrics: options.queues?.('slack_cards'),
      concurrency: 2,
      backoff: { baseMs: 300, maxMs: 60_000 },
      work: (key) => this.#work(key),
      onError: (key, error, retryMs) => {
        const needed = missingScope(error);
        options.log.warn(
          { card: key, err: error, retryMs, ...(needed !== undefined && { needed, hint: scopeHint(needed) }) },
          'Slack card could not be posted; it is tried again',
        );
      },
    });
  }

  start(): void {
    const { store } = this.#options.places;
    this.#ends = [
      store.approvals.onChange((key) => this.#queue.add(`approval ${key}`)),
      store.episodes.onChange((key) => this.#queue.add(`episode ${key}`)),
      store.applications.onChange((application) =>
        this.#add(store.approvals.of(application), store.episodes.of(application)),
      ),
      store.projects.onChange(() => this.#add(store.approvals.list(), store.episodes.list())),
      store.onSettings(() => this.#add(store.approvals.list(), store.episodes.list())),
    ];
    this.#add(store.approvals.list(), store.episodes.list());
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#queue.stop();
  }

  #add(approvals: Approval[], episodes: DriftEpisode[]): void {
    for (const approval of approvals) if (!isSettled(approval)) this.#queue.add(`approval ${keyOf(approval)}`);
    for (const episode of episodes) if (!isSettled(episode)) this.#queue.add(`episode ${keyOf(episode)}`);
  }

  async #subject(kind: string, key: string): Promise<Subject | undefined> {
    const { places } = this.#options;
    const { approvals, episodes } = places.store;
    // Without a phase its first status is still to come.
    if (kind === 'approval') {
      const object = approvals.get(key);
      if (!object?.status?.phase) return undefined;
      return {
        object,
        cards: object.status.cards ?? {},
        card: approvalCard(object, await places.of(object.spec.application, object.spec.revision)),
        save: saver(approvals, key),
      };
    }
    const object = episodes.get(key);
    if (!object?.status?.phase) return undefined;
    return {
      object,
      cards: object.status.cards ?? {},
      card: episodeCard(object, await places.of(object.spec.application)),
      save: saver(episodes, key),
    };
  }

  async #work(queueKey: string): Promise<{ after: number } | void> {
    const { clock } = this.#options;
    const silent = this.#silentUntil - clock.now();
    if (silent > 0) return { after: silent };
    const [kind = '', key = ''] = queueKey.split(' ');
    const subject = await this.#subject(kind, key);
    if (!subject || isSettled(subject.object)) {
      this.#poster.forget(queueKey);
      this.#missing.delete(queueKey);
      return undefined;
    }
    try {
      await this.#bring(subject, queueKey);
    } catch (error) {
      const after = retryAfterMs(error);
      if (after === undefined) throw error;
      this.#silentUntil = clock.now() + after;
      return { after };
    }
    return undefined;
  }

  /** One channel's refusal holds up no other; it is thrown in the end. That Slack wants silence is thrown at once. */
  async #bring({ object, card, cards, save }: Subject, key: string): Promise<void> {
    const waits: number[] = [];
    const refused: unknown[] = [];
    const step = async (work: () => Promise<{ after: number } | undefined>): Promise<void> => {
      try {
        const next = await work();
        if (next) waits.push(next.after);
      } catch (error) {
        if (retryAfterMs(error) !== undefined) throw error;
        refused.push(error);
      }
    };
    // Until it can be told where the card belongs, one that was meant and not posted yet may still be wanted.
    let route: Route = { known: card.final };
    if (!card.final) {
      await step(async () => {
        route = await this.#route(object.spec.application, key);
        return route.known ? undefined : { after: listGapMs };
      });
    }
    const { known, channel: own } = route;
    const standing = Object.keys(cards).filter((channel) => known || cards[channel]?.ts !== undefined);
    for (const channel of new Set([...(own === undefined ? [] : [own]), ...standing])) {
      await step(() =>
        this.#poster.bring({
          key,
          card,
          channel,
          state: cards[channel],
          mayPost: channel === own,
          save: (state) => save(channel, state),
        }),
      );
    }
    if (waits.length > 0) this.#queue.addAfter(key, Math.min(...waits));
    if (refused.length > 0)
      throw refused.length === 1 ? refused[0] : new AggregateError(refused, 'several channels refused the card');
  }

  async #route(application: string, card: string): Promise<Route> {
    const name = this.#options.places.channelOf(application);
    const channel = name && (await this.#channels.idOf(name));
    const told = name !== undefined && [...this.#missing.values()].includes(name);
    if (!name || channel !== undefined) {
      this.#missing.delete(card);
      return { known: true, ...(channel && { channel }) };
    }
    this.#missing.set(card, name);
    if (!told)
      this.#options.log.warn({ channel: name, card }, 'there is no such Slack channel yet, or the app is not in it');
    return { known: false };
  }
}
