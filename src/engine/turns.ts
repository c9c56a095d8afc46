// Whose turn each application is, as of now; a pass under way ends at once when it is another's.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Outcome } from '../base/queue.ts';
import type { Application } from '../model/application.ts';
import type { ControllerWatch } from '../store/argocd-controller.ts';
import type { EngineName, Turn } from '../policy/engine.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../base/errors.ts';
import { applicationKey } from '../model/application.ts';
import { isTurnFault, turnOf } from '../policy/engine.ts';

interface TurnsOptions {
  store: Pick<Store, 'applications' | 'projects' | 'namespace'>;
  /** COX_ENGINE. */
  chosen: EngineName;
  /** Default: no controller of Argo CD is looked for. */
  controller: Pick<ControllerWatch, 'seen' | 'onChange'> | undefined;
  clock: Pick<Clock, 'now'>;
  log: Logger;
}

/** How two engines are told apart, for the log, /readyz, the page and `cox doctor`. */
export function twoEngines(seen: { what: string; command: string | undefined }): AppError {
  const stop = seen.command ?? 'stop that controller';
  const go = `${stop} lets Coxswain work, at once and by itself`;
  return new AppError(
    'E_TWO_ENGINES',
    `an application controller of Argo CD works in this namespace (${seen.what}), so Coxswain syncs nothing`,
    {
      kind: 'waiting',
      hint: `Choose one engine: ${go}; COX_ENGINE=argocd leaves the work to Argo CD.`,
    },
  );
}

/** Nobody works on it although somebody asked for it; a pause is meant to end, and what waits there goes on waiting. */
function isIdle(turn: Turn): boolean {
  return turn.by === 'nobody' && isTurnFault(turn);
}

/** Asked at each moment anew: it follows from settings, annotations and whoever else is at work in the cluster. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #running = new Map<string, { by: Turn['by']; abort: AbortController }>();
  /** As it was last asked, and since when (clock ms) nobody, or somebody, should and does work on it. */
  readonly #last = new Map<string, { turn: Turn; since: number }>();
  #told: string | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Why our engine works on nothing, though it was chosen; undefined when it does. */
  get held(): AppError | undefined {
    const { chosen, controller } = this.#options;
    const seen = chosen === 'coxswain' ? controller?.seen() : undefined;
    return seen && twoEngines(seen);
  }

  of(app: Application): Turn {
    const { store, chosen, controller } = this.#options;
    const project = store.projects.get(`${store.namespace}/${app.spec.project}`);
    return turnOf(app, project, { chosen, controller: controller?.seen()?.what });
  }

  /**
   * Since when (clock ms), as far as this process knows, no engine works on it; undefined: one does, or it is switched
   * off on purpose.
   */
  idleSince(app: Application): number | undefined {
    return isIdle(this.of(app)) ? this.#last.get(applicationKey(app))?.since : undefined;
  }

  /** Asked before each write to an Application: throws (waiting) unless it is ours at this moment. */
  claim(key: string): void {
    const app = this.#options.store.applications.get(key);
    const turn = app && this.of(app);
    if (turn && turn.by !== 'coxswain') throw new AppError('E_TWO_ENGINES', turn.why, { kind: 'waiting' });
  }

  /** Its signal ends when the application's turn changes; what is left of the pass is dropped without a trace. */
  async run(key: string, stop: AbortSignal, pass: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    const app = this.#options.store.applications.get(key);
    if (!app) return pass(stop);
    const abort = new AbortController();
    this.#running.set(key, { by: this.of(app).by, abort });
    try {
      return await pass(AbortSignal.any([stop, abort.signal]));
    } catch (error) {
      if (abort.signal.aborted && !stop.aborted) return {};
      throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  /**
   * Called when something changed on which turns depend. True when it is another's turn than when it was last asked;
   * what somebody must do about it is logged once.
   */
  changed(key: string): boolean {
    const { store, clock, log } = this.#options;
    const app = store.applications.get(key);
    const last = this.#last.get(key);
    if (!app) return !this.#last.delete(key);
    const turn = this.of(app);
    const before = last?.turn;
    this.#last.set(key, { turn, since: last && isIdle(last.turn) === isIdle(turn) ? last.since : clock.now() });
    const running = this.#running.get(key);
    if (running && running.by !== turn.by) running.abort.abort(new Error(turn.why));
    // Told for all of them at once.
    if (turn.rule !== before?.rule && isTurnFault(turn) && turn.rule !== 'two-engines')
      log.warn({ app: key, why: turn.why }, 'no engine works on the application as it was asked');
    return before !== undefined && before.by !== turn.by;
  }

  /** Says once that nothing is synced, and once that it is again. */
  tell(): void {
    const { log } = this.#options;
    const { held } = this;
    if (held && held.message !== this.#told) log.warn({ err: held, hint: held.hint }, 'two engines: nothing is synced');
    if (!held && this.#told !== undefined)
      log.info({}, 'no application controller of Argo CD works here any more: Coxswain syncs');
    this.#told = held?.message;
  }

  onChange(fn: () => void): () => void {
    return this.#options.controller?.onChange(fn) ?? (() => undefined);
  }
}
