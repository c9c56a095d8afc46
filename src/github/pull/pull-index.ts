// Which pull requests show which application: kept in memory, rebuilt by every pass over a pull request.

/** In memory alone: each pass over a pull request tells it anew. */
export class PullIndex {
  readonly #pulls = new Map<string, Set<string>>();
  readonly #applications = new Map<string, string[]>();

  /** Replaces what was known of that pull request; an empty list forgets it. */
  set(pull: string, applications: string[]): void {
    for (const application of this.#applications.get(pull) ?? []) {
      const pulls = this.#pulls.get(application);
      pulls?.delete(pull);
      if (pulls?.size === 0) this.#pulls.delete(application);
    }
    if (applications.length === 0) this.#applications.delete(pull);
    else this.#applications.set(pull, applications);
    for (const application of applications) {
      const pulls = this.#pulls.get(application) ?? new Set();
      this.#pulls.set(application, pulls.add(pull));
    }
  }

  /** Whether it shows any application. */
  has(pull: string): boolean {
    return this.#applications.has(pull);
  }

  of(application: string): string[] {
    return [...(this.#pulls.get(application) ?? [])];
  }
}
