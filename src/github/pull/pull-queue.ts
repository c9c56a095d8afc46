// The pull requests we answer for: each pass reads one afresh and makes comment, checks and deployments say what is so.
import type { Outcome, QueueMetricsOf } from '../../base/queue.ts';
import type { Change } from '../../change/change.ts';
import type { Clock } from '../../base/clock.ts';
import type { HumanComment } from '../publish/sticky-comment.ts';
import type { Installations } from '../client/installations.ts';
import type { Logger } from '../../base/log.ts';
import type { PullRef } from '../../model/coxswain.ts';
import type { ReadPull } from './read-pull.ts';
import type { Store } from '../../store/store.ts';
import type { Comment } from '../markdown/comment.ts';
import type { Pass } from './pull-pass.ts';
import { KeyQueue } from '../../base/queue.ts';
import { mergedDiffAnswer } from '../markdown/after-merge.ts';
import { diffAnswer } from '../markdown/whole-diff.ts';
import { Announcement } from './progress-note.ts';
import { isGitHub } from '../client/api.ts';
import { checkKey } from '../publish/check-run.ts';
import { diffCheck, forkCheck } from '../markdown/check-content.ts';
import { parsePullKey } from './check-actions.ts';
import { isCommand } from './comment-commands.ts';
import { closedComment, forkComment, untouchedComment } from '../markdown/comment.ts';
import { PullMemories } from '../publish/pull-memory.ts';
import {
  answerAll,
  check,
  checksOf,
  commentFirst,
  logRefusals,
  previewComment,
  say,
  shownOf,
  stickyOf,
  unanswered,
} from './pull-pass.ts';
import { PullIndex } from './pull-index.ts';
import { readPull } from './read-pull.ts';
import { permitted } from '../publish/refusals.ts';
import { findComment } from '../publish/sticky-comment.ts';
import { followMerge } from './merged-pass.ts';

interface PullQueueOptions {
  /** Default: none are kept. */
  queues?: QueueMetricsOf | undefined;
  appId: number;
  installations: Installations;
  store: Store;
  change: Change;
  publicUrl: string;
  clock: Clock;
  log: Logger;
  /** A comment of a person that may be a command without an answer. */
  onCommand: (pull: PullRef, comment: HumanComment) => void;
}

/** Something outside of Git and cluster failed: look again. */
const retryMs = 30_000;

/**
 * GitHub's times are seconds of its own clock: what was changed so shortly before it was read may have changed again
 * since.
 */
const sameTimeMs = 60_000;
/** Live changes show in open pull requests at most so often. */
const openRefreshMs = 10_000;
/**
 * A rollout moves in small steps; each would cost a comment, two checks and some statuses of GitHub's 900 points a
 * minute.
 */
const followGapMs = 1_500;

class Superseded extends Error {}

/** Keys are `owner/repo#number`; one pass at a time for each, and a newer head ends the preview of an older one. */
export class PullQueue {
  readonly #options: PullQueueOptions;
  readonly #queue: KeyQueue;
  readonly memories = new PullMemories();
  readonly #index = new PullIndex();
  /** Applications that changed during each pass under way: the index does not know yet whom they concern. */
  readonly #passes = new Set<Set<string>>();
  /** The preview under way of each pull request, and for which head. */
  readonly #running = new Map<string, { head: string; abort: AbortController }>();

  constructor(options: PullQueueOptions) {
    this.#options = options;
    this.#queue = new KeyQueue({
      clock: options.clock,
      metrics: options.queues?.('pulls'),
      concurrency: 4,
      backoff: { baseMs: 500, maxMs: 60_000 },
      work: (key, signal) => this.#work(key, signal),
      onError: (key, error, retry) =>
        options.log.warn({ pull: key, err: error, retryMs: retry }, 'reconcile of the pull request failed'),
    });
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  get idle(): boolean {
    return this.#queue.idle;
  }

  add(key: string): void {
    this.#queue.add(key);
  }

  addAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  /** A new head makes the preview of the former one worthless. */
  headMoved(key: string, head: string): void {
    const running = this.#running.get(key);
    if (running && running.head !== head) running.abort.abort(new Superseded(`the head moved to ${head}`));
    this.#queue.add(key);
  }

  /** GitHub shows the check as queued until it is written again. */
  rerun(key: string, check: { name: string; sha: string }): void {
    this.memories.of(key).rerequested.add(checkKey(check));
    this.#queue.add(key);
  }

  /** Somebody touched our comment: the next pass looks for it again, whatever one that runs now remembers. */
  forgetComment(key: string): void {
    const memory = this.memories.get(key);
    if (memory) memory.touched = true;
    this.#queue.add(key);
  }

  /**
   * What an open pull request shows of the cluster may be a little old; a merged one is followed at once, and then with
   * a gap.
   */
  applicationChanged(application: string): void {
    for (const pass of this.#passes) pass.add(application);
    for (const key of this.#index.of(application)) this.#refresh(key);
  }

  #refresh(key: string): void {
    const { open, followedAt } = this.memories.of(key);
    this.#queue.addAfter(key, open ? openRefreshMs : Math.max(0, followedAt + followGapMs - this.#options.clock.now()));
  }

  /** Whether it shows applications that change under it. */
  follows(key: string): boolean {
    return this.#index.has(key);
  }

  forget(key: string): void {
    this.memories.delete(key);
    this.#index.set(key, []);
  }

  /** False when a pass saw it in this state, ended well and left nothing out: then a sweep has nothing to ask. */
  changedSince(key: string, updatedAt: string): boolean {
    const memory = this.memories.of(key);
    return memory.updatedAt !== updatedAt || memory.refusals.size > 0;
  }

  async #read(
    key: string,
    signal: AbortSignal,
  ): Promise<(Omit<Pass, 'memory' | 'options' | 'asked'> & ReadPull) | undefined> {
    const ref = parsePullKey(key);
    if (!ref || !this.#options.installations.named(ref.owner, ref.repo)) return undefined;
    const client = this.#options.installations.client(ref.owner, ref.repo);
    return { key, client, signal, ...(await readPull(client, ref.number, signal)) };
  }

  async #work(key: string, signal: AbortSignal): Promise<Outcome | void> {
    const changed = new Set<string>();
    this.#passes.add(changed);
    try {
      return await this.#pass(key, signal);
    } finally {
      this.#passes.delete(changed);
      if ([...changed].some((application) => this.#index.of(application).includes(key))) this.#refresh(key);
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<Outcome | void> {
    const readAt = this.#options.clock.now();
    const read = await this.#read(key, signal).catch((error: unknown) => {
      if (!isGitHub(error, 404)) throw error; // gone, or not ours to see any more
      return undefined;
    });
    if (!read) {
      this.forget(key);
      return;
    }
    const pass: Pass = { ...read, memory: this.memories.of(key), options: this.#options, asked: [] };
    pass.memory.open = read.state === 'open';
    const looks = pass.memory.touched || pass.memory.comment === undefined;
    if (looks) Object.assign(pass.memory, { touched: false, comment: undefined });
    const comments = await permitted(pass.memory.refusals, 'Comments', () => findComment(stickyOf(pass)));
    for (const comment of comments ?? []) this.#offer(pass, comment);
    const [soon, later] = unanswered(pass, this.#options.clock.now());
    pass.asked = later;
    await answerAll(pass, soon);
    const outcome = await this.#show(pass, read.state);
    if (outcome !== 'superseded') await answerAll(pass, later);
    logRefusals(pass);
    if (outcome === 'superseded') return undefined;
    // Who did not look at the comments knows of none that came with it.
    if (looks) pass.memory.updatedAt = readAt - Date.parse(read.updatedAt) > sameTimeMs ? read.updatedAt : '';
    return outcome;
  }

  async #show(pass: Pass, state: 'open' | 'closed' | 'merged'): Promise<Outcome | 'superseded' | void> {
    if (state === 'open') return this.#open(pass);
    if (state === 'merged') return this.#merged(pass);
    this.#index.set(pass.key, []);
    const shown = pass.pull.fork ? undefined : await shownOf(pass);
    const live = (): undefined => undefined;
    pass.diffFor = ({ spec }) =>
      Promise.resolve(mergedDiffAnswer({ apps: [], shown, live }, spec.application || undefined));
    await say(pass, (activity) => closedComment(activity, shown));
  }

  #offer({ pull, memory }: Pass, comment: HumanComment): void {
    if (!isCommand(comment) || memory.answered.has(comment.id)) return;
    this.#options.onCommand({ owner: pull.owner, repo: pull.repo, number: pull.number }, comment);
  }

  async #open(pass: Pass): Promise<Outcome | 'superseded' | void> {
    const { key, pull } = pass;
    if (pull.fork) {
      await say(pass, forkComment);
      return check(pass, forkCheck(pull.head.sha));
    }
    const abort = new AbortController();
    this.#running.set(key, { head: pull.head.sha, abort });
    const onError = (error: unknown): void =>
      this.#options.log.warn({ pull: key, err: error }, 'the note that a preview is being made could not be published');
    const announcement = new Announcement({
      clock: this.#options.clock,
      sticky: stickyOf(pass),
      checks: checksOf(pass),
      sha: pull.head.sha,
      onError,
    });
    try {
      const preview = await this.#options.change.preview(pull, AbortSignal.any([pass.signal, abort.signal]), () =>
        announcement.touches(),
      );
      await announcement.end();
      abort.signal.throwIfAborted();
      this.#index.set(
        key,
        preview.apps.map((app) => app.application),
      );
      pass.diffFor = (request) => diffAnswer(preview, request.spec.application);
      await answerAll(pass, pass.asked);
      let shown: Comment | undefined;
      const comment = async (): Promise<Comment> => (shown = await previewComment(pass, preview));
      const touched = preview.apps.length > 0 || preview.errors.length > 0 || preview.conflicts.length > 0;
      if (!touched && (await this.#hasMoved(pass))) return { after: 0 };
      const rest = async (): Promise<void> => check(pass, diffCheck(preview, (shown ?? (await comment())).diff));
      if (touched) await commentFirst(pass, async () => (await comment()).body, rest);
      else await say(pass, untouchedComment).then(rest);
      const unsure = preview.apps.some((app) => app.error?.code === 'E_API_UNREACHABLE' || app.error?.code === 'E_API');
      return unsure ? { after: retryMs } : undefined;
    } catch (error) {
      if (abort.signal.aborted) return 'superseded'; // whoever aborted it has asked for another pass
      throw error;
    } finally {
      await announcement.end();
      this.#running.delete(key);
    }
  }

  /** Merged while the preview was made, its changes are in the base already and seem to touch nothing. */
  async #hasMoved({ key, pull, signal }: Pass): Promise<boolean> {
    const now = await this.#read(key, signal);
    return now?.state !== 'open' || now.pull.head.sha !== pull.head.sha;
  }

  async #merged(pass: Pass): Promise<Outcome | void> {
    const { key, memory } = pass;
    const followed = await followMerge(pass, this.#options.change, (applications) =>
      this.#index.set(key, applications),
    );
    if (!followed) return;
    memory.followedAt = this.#options.clock.now();
    if (followed.waitMs !== undefined) return { after: followed.waitMs };
    if (followed.done) this.#index.set(key, []);
  }
}
