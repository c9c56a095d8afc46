// Looks at installations, repositories, branches and comments afresh, and finds the pull requests that need a pass;
// sweeps for what webhooks lost.
import type { QueueMetricsOf } from '../../base/queue.ts';
import type { Clock } from '../../base/clock.ts';
import type { Host } from '../client/probot.ts';
import type { HumanComment } from '../publish/sticky-comment.ts';
import type { Installations } from '../client/installations.ts';
import type { Logger } from '../../base/log.ts';
import type { PullQueue } from './pull-queue.ts';
import type { PullRef } from '../../model/coxswain.ts';
import type { Recurring } from '../../store/schedules.ts';
import type { Store } from '../../store/store.ts';
import type { FactMemory } from '../client/commit-facts.ts';
import { errorKind } from '../../base/errors.ts';
import { KeyQueue } from '../../base/queue.ts';
import { pullKey } from '../../change/pull.ts';
import { isGitHub, paginating } from '../client/api.ts';
import { parsePullKey } from './check-actions.ts';
import { takeCommand } from './comment-commands.ts';
import { redeliverClicks } from './redelivery.ts';
import { humanComment } from '../publish/sticky-comment.ts';
import { factMemory } from '../client/commit-facts.ts';
import { pullsOfRange, waitingRanges } from './waiting-pulls.ts';

/** Merged pull requests are taken up again for so long. */
const followMs = 7 * 24 * 3_600_000;
/** Of a hundred closed pull requests each. */
const maxClosedPages = 10;

interface IntakeOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  api: Host;
  installations: Installations;
  pulls: PullQueue;
  store: Store;
  every: Recurring;
  clock: Clock;
  log: Logger;
}

type Key =
  | { kind: 'installations' }
  | { kind: 'deliveries' }
  | { kind: 'repository'; owner: string; repo: string }
  | { kind: 'branch'; owner: string; repo: string; branch: string }
  | { kind: 'comment'; pull: string; id: number };

function keyOf(key: Key): string {
  return JSON.stringify(key);
}

function parseKey(text: string): Key {
  return JSON.parse(text) as Key; // made by keyOf above
}

/** Told of what webhooks name, and looks by schedule; it only puts keys on queues and stores Requests. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #facts: FactMemory;
  readonly #queue: KeyQueue;
  /** By repository: approvals whose pull requests are followed. */
  readonly #followed = new Map<string, ReadonlySet<string>>();
  #unschedule: () => void = () => undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#facts = factMemory(options.clock);
    this.#queue = new KeyQueue({
      clock: options.clock,
      metrics: options.queues?.('sweep'),
      concurrency: 4,
      backoff: { baseMs: 500, maxMs: 60_000 },
      work: (key, signal) => this.#work(parseKey(key), signal),
      onError: (key, error, retryMs) =>
        options.log.warn({ key, err: error, retryMs }, 'sweep of GitHub failed; it is tried again'),
    });
  }

  /** Begins with a sweep of everything; webhooks get lost, so more follow by the schedule. */
  start(): void {
    this.installations();
    this.#queue.start();
    this.#unschedule = this.#options.every('sweep', () => this.installations());
  }

  async stop(): Promise<void> {
    this.#unschedule();
    await this.#queue.stop();
  }

  get idle(): boolean {
    return this.#queue.idle;
  }

  installations(): void {
    this.#queue.add(keyOf({ kind: 'installations' }));
  }

  branch({ owner, repo }: { owner: string; repo: string }, branch: string): void {
    this.#queue.add(keyOf({ kind: 'branch', owner, repo, branch }));
  }

  comment(pull: PullRef, id: number): void {
    this.#queue.add(keyOf({ kind: 'comment', pull: pullKey(pull), id }));
  }

  async #work(key: Key, signal: AbortSignal): Promise<void> {
    const { installations } = this.#options;
    if (key.kind === 'installations') return this.#sweep();
    if (key.kind === 'deliveries') return redeliverClicks(this.#options.api.app, this.#options.clock.now(), signal);
    if (!installations.loaded) await installations.load();
    if (key.kind === 'comment') return this.#comment(key, signal);
    if (!installations.named(key.owner, key.repo)) return;
    if (key.kind === 'branch') return this.#branch(key, signal);
    return this.#repository(key, signal);
  }

  /** A refusal ends this sweep, never sweeping. */
  async #sweep(): Promise<void> {
    const { installations, log } = this.#options;
    this.#queue.add(keyOf({ kind: 'deliveries' }));
    try {
      await installations.load();
    } catch (error) {
      if (errorKind(error) !== 'terminal') throw error;
      log.warn({ err: error }, 'the installations of the GitHub App cannot be read');
    }
    if (installations.loaded) this.#forgetGone();
    for (const { owner, repo } of installations.repositories)
      this.#queue.add(keyOf({ kind: 'repository', owner, repo }));
  }

  /** Repositories in which the App is not installed any more. */
  #forgetGone(): void {
    const { installations, pulls } = this.#options;
    for (const name of this.#followed.keys()) {
      const [owner = '', repo = ''] = name.split('/');
      if (!installations.named(owner, repo)) this.#followed.delete(name);
    }
    for (const key of pulls.memories.keys()) {
      const ref = parsePullKey(key);
      if (ref && !installations.named(ref.owner, ref.repo)) pulls.forget(key);
    }
  }

  /** Those of the repository that were closed long ago, and of which nothing waits any more. */
  #forgetClosed({ owner, repo }: { owner: string; repo: string }, listed: ReadonlySet<string>): void {
    const { installations, pulls } = this.#options;
    const here = installations.named(owner, repo);
    for (const key of pulls.memories.keys()) {
      const ref = parsePullKey(key);
      const isHere = ref && installations.named(ref.owner, ref.repo) === here;
      if (isHere && !listed.has(key) && !pulls.follows(key)) pulls.forget(key);
    }
  }

  /** A branch moved: the open pull requests that would be merged into it are looked at again. */
  async #branch(
    { owner, repo, branch }: { owner: string; repo: string; branch: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { octokit } = this.#options.installations.client(owner, repo);
    const open = await paginating(octokit, signal)('GET /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      state: 'open',
      base: branch,
      per_page: 100,
    });
    for (const { number } of open) this.#options.pulls.add(pullKey({ owner, repo, number }));
  }

  async #repository({ owner, repo }: { owner: string; repo: string }, signal: AbortSignal): Promise<void> {
    const { installations, pulls, clock } = this.#options;
    const { octokit } = installations.client(owner, repo);
    const paginate = paginating(octokit, signal);
    const common = { owner, repo, per_page: 100 };
    const open = await paginate('GET /repos/{owner}/{repo}/pulls', { ...common, state: 'open' });
    const newestFirst = { ...common, state: 'closed', sort: 'updated', direction: 'desc' } as const;
    let pages = 0;
    const recent = await paginate('GET /repos/{owner}/{repo}/pulls', newestFirst, ({ data }, done) => {
      const followed = data.filter((pull) => Date.parse(pull.updated_at) > clock.now() - followMs);
      pages += 1;
      if (followed.length < data.length || pages === maxClosedPages) done();
      return followed;
    });
    const listed = [...open, ...recent].map(({ number, ...rest }) => ({
      ...rest,
      key: pullKey({ owner, repo, number }),
    }));
    this.#forgetClosed({ owner, repo }, new Set(listed.map(({ key }) => key)));
    for (const { key, updated_at: updatedAt } of listed) {
      if (pulls.changedSince(key, updatedAt)) pulls.forgetComment(key);
    }
    await this.#waiting({ owner, repo });
  }

  /**
   * What waits for an approval may have been merged long ago. Once for each approval: from then on its changes are
   * followed.
   */
  async #waiting({ owner, repo }: { owner: string; repo: string }): Promise<void> {
    const { installations, pulls, store, log } = this.#options;
    const here = installations.named(owner, repo);
    const before = this.#followed.get(`${owner}/${repo}`);
    const followed = new Set<string>();
    this.#followed.set(`${owner}/${repo}`, followed);
    for (const range of waitingRanges(store, (repoUrl) => here !== undefined && installations.at(repoUrl) === here)) {
      const name = `${range.name} ${range.to}`;
      if (before?.has(name)) {
        followed.add(name);
        continue;
      }
      try {
        for (const number of await pullsOfRange(installations.client(owner, repo), this.#facts, range))
          pulls.add(pullKey({ owner, repo, number }));
        followed.add(name);
      } catch (error) {
        if (errorKind(error) !== 'terminal') throw error;
        log.warn({ approval: name, err: error }, 'the pull requests of an approval cannot be found');
      }
    }
  }

  /** Read afresh: what the webhook said of it is not obeyed. */
  async #comment({ pull, id }: { pull: string; id: number }, signal: AbortSignal): Promise<void> {
    const ref = parsePullKey(pull);
    if (!ref || !this.#options.installations.named(ref.owner, ref.repo)) return;
    const client = this.#options.installations.client(ref.owner, ref.repo);
    const { owner, repo, octokit } = client;
    const found = await octokit
      .request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        owner,
        repo,
        comment_id: id,
        request: { signal },
      })
      .catch((error: unknown) => {
        if (!isGitHub(error, 404)) throw error; // deleted meanwhile
        return undefined;
      });
    const comment = found && humanComment(found.data);
    if (!comment || (await this.#answered(comment, { ref, signal }))) return;
    await takeCommand(
      {
        client,
        refusals: this.#options.pulls.memories.of(pull).refusals,
        clock: this.#options.clock,
        store: this.#options.store,
        pull: { ...ref, owner, repo },
        signal,
      },
      comment,
    );
  }

  /** Does the comment carry our 🚀 or 😕? Other people's do not count. */
  async #answered(comment: HumanComment, { ref, signal }: { ref: PullRef; signal: AbortSignal }): Promise<boolean> {
    if (!comment.maybeAnswered) return false;
    const { installations } = this.#options;
    const { owner, repo, octokit } = installations.client(ref.owner, ref.repo);
    const reactions = await paginating(octokit, signal)(
      'GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
      { owner, repo, comment_id: comment.id, per_page: 100 },
    );
    const ours = reactions.some(
      (each) => each.user?.login === installations.bot && (each.content === 'rocket' || each.content === 'confused'),
    );
    if (ours) this.#options.pulls.memories.of(pullKey(ref)).answered.add(comment.id);
    return ours;
  }
}
