// Whether changed paths concern somebody who reads certain files and folders.
import { breather } from '../base/clock.ts';

/** The folders that a path lies in, without the root. */
function* foldersOf(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at);
}

/**
 * Paths that differ between two commits, ready to be asked by many: an answer takes the inputs alone, however much has
 * changed.
 */
export class ChangedPaths {
  readonly #paths = new Set<string>();
  readonly #folders = new Set<string>();

  /** Lets others have a turn while it works through the paths. */
  static async of(paths: readonly string[]): Promise<ChangedPaths> {
    const found = new ChangedPaths();
    const breathe = breather();
    for (const path of paths) {
      found.#add(path);
      const turn = breathe();
      if (turn) await turn;
    }
    return found;
  }

  #add(path: string): void {
    this.#paths.add(path);
    for (const folder of foldersOf(path)) {
      if (this.#folders.has(folder)) break; // and so are those above it
      this.#folders.add(folder);
    }
  }

  /**
   * `inputs`: files and folders from the root, clean; '' or '.' is everything. A changed path above an input is a link,
   * or a file that became a folder.
   */
  touch(inputs: readonly string[]): boolean {
    return (
      this.#paths.size > 0 &&
      inputs.some(
        (input) =>
          input === '' || input === '.' || this.#paths.has(input) || this.#folders.has(input) || this.#isAbove(input),
      )
    );
  }

  #isAbove(input: string): boolean {
    for (const folder of foldersOf(input)) if (this.#paths.has(folder)) return true;
    return false;
  }
}
