// Waiting that ends with a signal.

/** The promise, or the signal's reason if that comes first; the promise itself goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Conditions that somebody waits for; whoever changes what they depend on calls `look`. */
export class Conditions {
  readonly #waiting = new Set<() => void>();

  /** Resolves when the condition holds, now or after some later `look`; rejects with the signal's reason. */
  when(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const finish = (): void => {
        this.#waiting.delete(look);
        signal?.removeEventListener('abort', abort);
      };
      const look = (): void => {
        if (!condition()) return;
        finish();
        resolve();
      };
      const abort = (): void => {
        finish();
        reject(signal?.reason);
      };
      this.#waiting.add(look);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Nobody waits. */
  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  look(): void {
    for (const look of this.#waiting) look();
  }
}
