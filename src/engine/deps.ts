// What a pass over an application works with.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Worker } from '../base/worker.ts';
import type { Application } from '../model/application.ts';
import type { Store } from '../store/store.ts';
import type { Target } from './assess.ts';
import type { Desiring } from './desired.ts';
import type { Memory } from './known.ts';
import type { Authors } from './authors.ts';
import type { GateDeps } from './gating.ts';
import type { Holdings } from './holdings.ts';
import type { Sources } from './sources.ts';

export interface ReconcileDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  desiring: Desiring;
  /** Knows the schedules of sync windows. */
  worker: Worker;
  authors: Authors;
  standing?: GateDeps['standing'];
  memory: Memory;
  holdings: Holdings;
  /** Looks at an application, by key, as soon as somebody can. */
  enqueue(key: string): void;
  sources: Pick<Sources, 'behind' | 'heads'>;
  /** The cluster of a destination; undefined when no Secret names it. Throws when it cannot be reached. */
  targetOf(app: Application): Promise<Target | undefined>;
  /** The same, if it is connected already; asks nobody. */
  connectedTo(app: Application): Target | undefined;
  /** When this process began to work (clock ms): older mirrors are not read. */
  startedAt: number;
  /**
   * Brings the mirrors of the application's repositories up to what the remotes had at `since` (clock ms) or later;
   * undefined when they are.
   */
  fetch(app: Application, since: number, signal: AbortSignal): Promise<void> | undefined;
  /** Drops what the application's cluster keeps for it. */
  forgetTracking(known: { tracking: string; server: string }): void;
  /** `argocd`: the status writer and the operation runner are off. */
  passive: boolean;
}
