// What a pull request would do, who must agree, and what became of it; knows nothing of the forge it comes from.
import type { ChangeDeps } from './deps.ts';
import type { PullInput, PullPreview, PullProgress } from './pull.ts';
import { previewPull } from './preview.ts';
import { pullProgress } from './progress.ts';
import { mergedRange, touchedBy } from './touched.ts';

export interface Change {
  /**
   * What merging would do now. Rejects with the signal's reason when superseded. `onTouched`: before the result, when
   * some application is.
   */
  preview(pull: PullInput, signal: AbortSignal, onTouched?: () => void): Promise<PullPreview>;
  /** Keys of the applications that it touches, or touched by its merge. */
  touched(pull: PullInput, signal: AbortSignal): Promise<string[]>;
  /** The commit that was the branch before a merged pull request; undefined when there was none. */
  before(pull: PullInput, merged: string): Promise<string | undefined>;
  /** How far the applications have followed a merged pull request. */
  progress(pull: PullInput, signal: AbortSignal): Promise<PullProgress>;
}

/** Keeps nothing: each question is answered from Git and the cluster as they are. */
export function createChange(deps: ChangeDeps): Change {
  return {
    preview: (pull, signal, onTouched) => previewPull(deps, pull, signal, onTouched),
    touched: (pull, signal) => touchedBy(deps, pull, signal),
    before: async (pull, merged) => (await mergedRange(deps, pull, merged))?.base,
    progress: (pull, signal) => pullProgress(deps, pull, signal),
  };
}
