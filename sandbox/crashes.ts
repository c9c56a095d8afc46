// Kills Coxswain at its own mutating requests, one after the other, before or after they are handled, and starts it
// again.
import type { Operator } from './operator.ts';
import { createHash } from 'node:crypto';
import { Killed, KillSwitch, type KillSide } from './mutation-counter.ts';

export interface Kill {
  /** Counting from 1. */
  n: number;
  side: KillSide;
  label: string;
}

/** Every server gets more requests than that in the story. */
const earliest = 10;

/** Which arrival of which request kills: `at` counts arrivals of that kind from 0, deaths included. */
export type Choice = (kind: string, at: number) => boolean;

/** The request without what differs between two runs: ids, commits, digests. */
export function kindOf(label: string): string {
  return label.replaceAll(/\b[0-9a-f]{7,64}\b/g, '*').replaceAll(/\b\d+\b/g, '#');
}

/** How often each kind of request was made. */
export function countsOf(log: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of log.map(kindOf)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/**
 * Every request of an undisturbed run once: as many deaths at each kind as it was made there, and one at a kind never
 * seen.
 */
export function everyRequest(undisturbed: ReadonlyMap<string, number>): Choice {
  const killed = new Map<string, number>();
  return (kind) => {
    const before = killed.get(kind) ?? 0;
    if (before >= (undisturbed.get(kind) ?? 1)) return false;
    killed.set(kind, before + 1);
    return true;
  };
}

/** Whose server the request goes to. */
export function faceOf(label: string): 'cluster' | 'github' | 'slack' {
  if (label.startsWith('slack ')) return 'slack';
  return / \/apis?\//.test(label) ? 'cluster' : 'github';
}

/** From 0 to 1, always the same for the same words. */
function drawn(...words: (string | number)[]): number {
  return createHash('sha256').update(words.join(' ')).digest().readUInt32BE(0) / 2 ** 32;
}

/**
 * One early request at each of the three servers, and a share of all; always the same ones for the same seed. At most
 * `limit` of the share.
 */
export function someRequests(seed: number, share: number, limit: number): Choice {
  const arrived = { cluster: 0, github: 0, slack: 0 };
  let deaths = 0;
  return (kind, at) => {
    const face = faceOf(kind);
    arrived[face] += 1;
    if (arrived[face] === 1 + Math.floor(drawn(seed, face) * earliest)) return true;
    if (drawn(seed, kind, at) >= share || deaths >= limit) return false;
    deaths += 1;
    return true;
  };
}

/**
 * The switch that a scene shares, with a plan. Sides alternate. The request after a death of its kind always passes, so
 * that every life gets further than the one before.
 */
export class Crashes extends KillSwitch {
  readonly kills: Kill[] = [];
  readonly #arrivals = new Map<string, number>();
  /** Kinds whose newest arrival killed. */
  readonly #spared = new Set<string>();
  /** Labels that kill once they have been handled. */
  readonly #doomed: string[] = [];
  #plan: { choice: Choice; operator: Operator; onKill: (kill: Kill) => void } | undefined;
  #restarting: Promise<void> | undefined;
  #side: KillSide = 'before';

  /** From here on Coxswain dies as chosen; whoever starts it first is the caller. */
  begin(plan: { choice: Choice; operator: Operator; onKill?: (kill: Kill) => void }): void {
    this.#plan = { onKill: () => undefined, ...plan };
  }

  /** Nobody dies any more; resolves when the last restart is done. */
  async end(): Promise<void> {
    this.#plan = undefined;
    await this.#restarting;
  }

  override async before(label: string): Promise<void> {
    await super.before(label);
    if (!this.#chosen(kindOf(label))) return;
    if (this.#side === 'before') this.#kill('before', label);
    this.#doomed.push(label);
  }

  override async after(label: string): Promise<void> {
    await super.after(label);
    const at = this.#doomed.indexOf(label);
    if (at < 0) return;
    this.#doomed.splice(at, 1);
    if (this.#plan && !this.#restarting) this.#kill('after', label);
  }

  /** What the dead still had under way kills nobody. */
  #chosen(kind: string): boolean {
    if (!this.#plan || this.#restarting) return false;
    const at = this.#arrivals.get(kind) ?? 0;
    this.#arrivals.set(kind, at + 1);
    if (this.#spared.delete(kind) || !this.#plan.choice(kind, at)) return false;
    this.#spared.add(kind);
    return true;
  }

  #kill(side: KillSide, label: string): never {
    const plan = this.#plan;
    if (!plan) throw new Killed(label);
    const { operator, onKill } = plan;
    const kill = { n: this.kills.length + 1, side, label };
    this.kills.push(kill);
    this.#side = side === 'before' ? 'after' : 'before';
    onKill(kill);
    // Sent before anything else happens; the restart follows when the process is gone.
    this.#restarting = operator.kill().then(() => {
      this.#restarting = undefined;
      operator.spawn();
    });
    throw new Killed(label);
  }
}
