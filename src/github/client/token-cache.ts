// Installation tokens by what GitHub said of them: until shortly before their end, and not a moment after one was
// refused.
import type { Clock } from '../../base/clock.ts';

/** An hour is usual; one is used until five minutes before its end. */
const reserveMs = 5 * 60_000;
/** What GitHub gives now holds for a while, whatever this machine's clock says. */
const leastMs = 60_000;

/**
 * For @octokit/auth-app 8.3, whose own cache keeps each for 59 minutes, whatever `expires_at` says and though it was
 * refused. It keeps them as text by installation: token|createdAt|expiresAt|….
 */
export class TokenCache {
  readonly #clock: Clock;
  readonly #tokens = new Map<string, { text: string; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): string | undefined {
    const found = this.#tokens.get(key);
    return found && found.until > this.#clock.now() ? found.text : undefined;
  }

  set(key: string, text: string): void {
    const [, , expiresAt = ''] = text.split('|');
    const until = Math.max((Date.parse(expiresAt) || 0) - reserveMs, this.#clock.now() + leastMs);
    this.#tokens.set(key, { text, until });
  }

  /**
   * Was this token made for us? Requests for tokens of one installation id are merged in the whole process, those of
   * other Apps too, and only whoever asked finds the token in its own cache.
   */
  holds(installation: number, token: string): boolean {
    return this.#tokens.get(String(installation))?.text.split('|')[0] === token;
  }

  drop(installation: number): void {
    this.#tokens.delete(String(installation));
  }
}
