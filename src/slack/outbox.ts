// Cards in Slack: each stands once, says what the cluster says, and survives a crash between any two calls.
import type { QueueMetricsOf } from '../base/queue.ts';
import type { Approval, CardState, DriftEpisode } from '../model/coxswain.ts';
import type { Report } from '../model/report.ts';
import type { Collection } from '../store/store.ts';
import type { Card } from './card.ts';
import type { PosterOptions } from './posting.ts';
import type { Places } from './card-context.ts';
import type { About, Route } from './route.ts';
import { KeyQueue } from '../base/queue.ts';
import { isOpen } from '../engine/approval/approval.ts';
import { approvalCard } from './approval-card.ts';
import { Channels, listGapMs } from './channels.ts';
import { episodeCard, wokenCard } from './drift-card.ts';
import { Routes } from './route.ts';
import { newsMs } from './report/deploy.ts';
import { reportCard, reportDetails } from './report/report-card.ts';
import { missingScope, Poster, retryAfterMs, scopeHint } from './posting.ts';

interface OutboxOptions extends PosterOptions {
  places: Places;
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
}

type Told = Approval | DriftEpisode | Report;

/** One message for each channel, by channel id. */
interface Standing {
  card: Card;
  cards: Record<string, CardState>;
  save(channel: string, state: CardState): Promise<void>;
}

interface Subject extends Standing {
  object: Told;
  /** It is worth a card although its story has ended: nobody was told of the story. */
  news: boolean;
  /** What stands is better than what could be said now. */
  keeps?: boolean;
  /** In the thread of each card. */
  details?: Standing;
}

/** Whoever wants to hear of failures hears of a deploy that fails. */
function aboutOf({ kind, spec, status }: Told): About[] {
  if (kind === 'Approval') return ['approval'];
  if (!('about' in spec)) return ['drift'];
  // Of what people have agreed to nobody must hear, unless it is not what came of it.
  if (spec.about === 'deletion')
    return status && 'approval' in status && status.approval && !status.left ? [] : ['failure'];
  const fails = spec.about === 'deploy' && status !== undefined && 'trouble' in status && status.trouble !== undefined;
  return fails ? ['deploy', 'failure'] : [spec.about];
}

function keyOf({ metadata }: Told): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Everything that its cards tell has ended, and they all say so. */
function isSettled({ status, kind }: Told, now: number): boolean {
  if (!status || ['Pending', 'Approved', 'Open', 'Reverting', 'Snoozed'].includes(status.phase)) return false;
  if (kind === 'Report' && Object.keys(status.cards ?? {}).length === 0) return !isNews(status, now);
  return Object.values(status.cards ?? {}).every((card) => card.final === true);
}

/** A deploy may end before its card is posted, or while we were away. */
function isNews({ endedAt }: { endedAt?: string }, now: number): boolean {
  return now - Date.parse(endedAt ?? '') < newsMs;
}

function saver<T extends Told>(
  collection: Collection<T>,
  key: string,
  field: 'cards' | 'details' = 'cards',
): Standing['save'] {
  // A card says nothing of the phase: another's decision must not be written over.
  return async (channel, state) => {
    // Meanwhile the story may have begun anew, and this card is of the former one.
    const status: { cards?: Record<string, CardState>; details?: Record<string, CardState> } | undefined =
      collection.get(key)?.status;
    if (state.ts !== undefined && status?.[field]?.[channel]?.intent !== state.intent) return;
    await collection.patch(key, { status: { [field]: { [channel]: state } } }, { subresource: 'status' });
  };
}

/** So long after a start the effects of approvals may not be worked out again yet. */
const [youngMs, waitMs] = [60_000, 1_000];

/** Level-triggered: a card is brought in line with its object whenever that changes, and at the start. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: KeyQueue;
  readonly #poster: Poster;
  readonly #routes: Routes;
  #ends: (() => void)[] = [];
  /** Slack asked for silence until then; events of the cluster do not end it. */
  #silentUntil = 0;
  #began = -Infinity;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#routes = new Routes({ ...options, channels: new Channels(options) });
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
    this.#began = this.#options.clock.steady();
    const { store } = this.#options.places;
    this.#ends = [
      store.approvals.onChange((key) => this.#queue.add(`approval ${key}`)),
      store.episodes.onChange((key) => this.#queue.add(`episode ${key}`)),
      store.reports.onChange((key) => this.#queue.add(`report ${key}`)),
      store.applications.onChange((application) => this.#add((collection) => collection.of(application))),
      store.projects.onChange(() => this.#addAll()),
      store.onSettings(() => this.#addAll()),
    ];
    this.#addAll();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#queue.stop();
  }

  #addAll(): void {
    this.#add((collection) => collection.list());
  }

  #add(some: <T extends Told>(collection: Collection<T>) => T[]): void {
    const { approvals, episodes, reports } = this.#options.places.store;
    const now = this.#options.clock.now();
    const kinds = { approval: some(approvals), episode: some(episodes), report: some(reports) };
    for (const [kind, objects] of Object.entries(kinds))
      for (const object of objects) if (!isSettled(object, now)) this.#queue.add(`${kind} ${keyOf(object)}`);
  }

  async #subject(kind: string, key: string): Promise<Subject | undefined> {
    const { places } = this.#options;
    const { approvals } = places.store;
    if (kind === 'report') return this.#report(key);
    // Without a phase its first status is still to come.
    if (kind === 'approval') {
      const object = approvals.get(key);
      if (!object?.status?.phase) return undefined;
      const place = await places.of(object.spec.application, object.spec.revision);
      return {
        object,
        // After a restart the values are not known at once; the card that stands has them.
        keeps: isOpen(object) && place.effect?.digest !== object.spec.digest && this.#isYoung(),
        news: false,
        cards: object.status.cards ?? {},
        card: approvalCard(object, place),
        save: saver(approvals, key),
      };
    }
    return this.#episode(key);
  }

  async #episode(key: string): Promise<Subject | undefined> {
    const { places } = this.#options;
    const { episodes } = places.store;
    const object = episodes.get(key);
    if (!object?.status?.phase) return undefined;
    const woken = wokenCard(object);
    return {
      object,
      news: false,
      cards: object.status.cards ?? {},
      card: episodeCard(object, await places.of(object.spec.application)),
      save: saver(episodes, key),
      ...(woken && {
        details: { card: woken, cards: object.status.details ?? {}, save: saver(episodes, key, 'details') },
      }),
    };
  }

  /** The first comparisons after a start may still be under way. */
  #isYoung(): boolean {
    return this.#options.clock.steady() - this.#began < youngMs;
  }

  async #report(key: string): Promise<Subject | undefined> {
    const { places, clock } = this.#options;
    const { reports } = places.store;
    const object = reports.get(key);
    if (!object?.status?.phase) return undefined;
    const { application, revision, from } = object.spec;
    const place = await places.ofDeploy(application, revision, from);
    const details = reportDetails(object, place, await places.illOf(application));
    return {
      object,
      news: isNews(object.status, clock.now()),
      cards: object.status.cards ?? {},
      card: reportCard(object, place),
      save: saver(reports, key),
      ...(details && {
        details: { card: details, cards: object.status.details ?? {}, save: saver(reports, key, 'details') },
      }),
    };
  }

  async #work(queueKey: string): Promise<{ after: number } | void> {
    const { clock } = this.#options;
    const silent = this.#silentUntil - clock.now();
    if (silent > 0) return { after: silent };
    const [kind = '', key = ''] = queueKey.split(' ');
    const subject = await this.#subject(kind, key);
    if (!subject || isSettled(subject.object, clock.now())) {
      this.#poster.forget(`${queueKey} details`);
      this.#poster.forget(queueKey);
      this.#routes.forget(queueKey);
      return undefined;
    }
    const stands = Object.values(subject.cards).some(({ ts }) => ts !== undefined);
    if (subject.keeps && stands) return { after: waitMs };
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
  async #bring({ object, card, cards, news, save, details }: Subject, key: string): Promise<void> {
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
    let route: Route = { known: card.final, channels: [] };
    if (!card.final || news) {
      await step(async () => {
        route = await this.#routes.of(key, { application: object.spec.application, about: aboutOf(object) });
        return route.known ? undefined : { after: listGapMs };
      });
    }
    const { known, channels: own } = route;
    const standing = Object.keys(cards).filter((channel) => known || cards[channel]?.ts !== undefined);
    for (const channel of new Set([...own, ...standing])) {
      await step(() =>
        this.#poster.bring({
          key,
          card,
          channel,
          state: cards[channel],
          mayPost: own.includes(channel),
          save: (state) => save(channel, state),
        }),
      );
      const thread = cards[channel]?.ts;
      if (details && thread !== undefined)
        await step(() =>
          this.#poster.bring({
            key: `${key} details`,
            card: details.card,
            channel,
            thread,
            state: details.cards[channel],
            mayPost: own.includes(channel),
            save: (state) => details.save(channel, state),
          }),
        );
    }
    if (waits.length > 0) this.#queue.addAfter(key, Math.min(...waits));
    if (refused.length > 0)
      throw refused.length === 1 ? refused[0] : new AggregateError(refused, 'several channels refused the card');
  }
}
