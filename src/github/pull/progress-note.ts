// What an open pull request shows while its first preview takes long: a running check, and a comment once something is
// known to be touched.
import type { Clock } from '../../base/clock.ts';
import type { CheckContext } from '../publish/check-run.ts';
import type { StickyContext } from '../publish/sticky-comment.ts';
import { isFinished, writeCheck } from '../publish/check-run.ts';
import { runningDiffCheck } from '../markdown/check-content.ts';
import { placeholderComment } from '../markdown/comment.ts';
import { writeComment } from '../publish/sticky-comment.ts';

/** A result that comes sooner needs no announcement. */
const announcedAfterMs = 2000;

interface AnnouncementOptions {
  clock: Clock;
  sticky: StickyContext;
  checks: CheckContext;
  /** The head. */
  sha: string;
  onError: (error: unknown) => void;
}

/**
 * A head that has a result keeps it until the next one: a finished check that others may require is not opened again.
 */
export class Announcement {
  readonly #options: AnnouncementOptions;
  readonly #cancel: () => void;
  #isLate = false;
  #isTouching = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: AnnouncementOptions) {
    this.#options = options;
    this.#cancel = options.clock.after(announcedAfterMs, () => {
      this.#isLate = true;
      this.#write();
    });
  }

  /** Some application is touched, so there will be a comment. */
  touches(): void {
    this.#isTouching = true;
    if (this.#isLate) this.#write();
  }

  /** Before the result is written: nothing of it is under way any more. */
  async end(): Promise<void> {
    this.#cancel();
    this.#isLate = false;
    await this.#work;
  }

  #write(): void {
    this.#work = this.#work.then(() => this.#announce()).catch(this.#options.onError);
  }

  async #announce(): Promise<void> {
    const { sticky, checks, sha } = this.#options;
    const check = runningDiffCheck(sha);
    if (await isFinished(checks, check)) return;
    if (this.#isTouching && sticky.memory.comment === null) await writeComment(sticky, placeholderComment(sha));
    await writeCheck(checks, check);
  }
}
