// Whoever shows what the engine finds, to others than its own pages.
import type { Describing, LiveChange } from '../../cluster/live.ts';

/** Only keys travel: what there is to see is read when it is shown. */
export interface View {
  /** What the live caches keep for it. */
  describing: Describing;
  /** There may be something else to see of the application. */
  look(application: string): void;
  /** The same, for somebody who waits: resolves when it is shown, or in a second where that cannot be. */
  shown(application: string): Promise<void>;
  /** Something happened in the cluster behind that URL. */
  onLive(server: string, change: LiveChange): void;
}
