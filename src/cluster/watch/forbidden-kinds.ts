// Kinds that may not be read, told together: one warning when rights are narrowed, not one for each kind and attempt.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';

/** Milliseconds for which changes are gathered; listings end one after the other. */
const gatherMs = 1_000;

interface ForbiddenKindsOptions {
  clock: Clock;
  log: Logger;
  /** Every kind has answered once. */
  settled: () => boolean;
}

/** Told what each watch meets; collected for a moment, then logged as one warning. */
export class ForbiddenKinds {
  readonly #options: ForbiddenKindsOptions;
  readonly #forbidden = new Set<string>();
  #told: ReadonlySet<string> = new Set();
  #cancel: (() => void) | undefined;

  constructor(options: ForbiddenKindsOptions) {
    this.#options = options;
  }

  /** `kind`: as in `deployments.apps`. */
  set(kind: string, isForbidden: boolean): void {
    if (this.#forbidden.has(kind) === isForbidden) return;
    if (isForbidden) this.#forbidden.add(kind);
    else this.#forbidden.delete(kind);
    this.#cancel ??= this.#options.clock.after(gatherMs, () => this.#tell());
  }

  stop(): void {
    this.#cancel?.();
  }

  #tell(): void {
    const { clock, log, settled } = this.#options;
    this.#cancel = undefined;
    if (!settled()) {
      this.#cancel = clock.after(gatherMs, () => this.#tell());
      return;
    }
    const now = new Set(this.#forbidden);
    const newly = [...now.difference(this.#told)].sort();
    const again = [...this.#told.difference(now)].sort();
    this.#told = now;
    if (newly.length > 0)
      log.warn(
        {
          kinds: newly,
          hint: 'Grant get, list and watch in the whole cluster, in deploy/rbac.yaml, where Git holds such objects.',
        },
        'kinds that may not be listed are left out: forbidden',
      );
    if (again.length > 0) log.info({ kinds: again }, 'kinds can be listed again');
  }
}
