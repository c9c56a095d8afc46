// What is remembered of a pull request between two passes; all of it can be read again from GitHub.
import type { ShownDiff } from '../markdown/record.ts';
import type { Refusals } from './refusals.ts';

export interface CheckMemory {
  id: number;
  /** Hash of what was last sent. */
  hash: string;
  /** It has a conclusion. */
  finished: boolean;
  /** Which effects its text shows; '' for none. */
  effects: string;
  /** So many of that name and commit are there. */
  runs: number;
  /** Keys of those that the run has. */
  annotations: Set<string>;
}

export interface DeploymentMemory {
  id: number;
  /** Newest status; '' when there is none. */
  state: string;
  /** Of the success, once there was one. */
  description: string;
  /** It reached success once: a later deployment may have made it inactive since. */
  succeeded: boolean;
}

export interface PullMemory {
  /** Our comment; undefined before it was looked for, null when there is none. */
  comment: { id: number; saying: string } | null | undefined;
  /** Somebody may have touched it since: it is to be looked for again. */
  touched: boolean;
  /** Our answers, by the comment that they answer. `saying`: equal for bodies that say the same. */
  replies: Map<number, { id: number; saying: string }>;
  /** By name and commit. */
  checks: Map<string, CheckMemory>;
  /** Names and commits of checks that somebody asked to run again: written even if they say the same. */
  rerequested: Set<string>;
  /** By application; null when there is none. */
  deployments: Map<string, DeploymentMemory | null>;
  /** Comments that carry our answer already. */
  answered: Set<number>;
  refusals: Refusals;
  /** What was logged of them last. */
  toldRefusals: string;
  open: boolean;
  /** What the pull request showed while it was open; undefined before it was looked for. */
  shown: ShownDiff | undefined;
  /** `updated_at` of what the last pass that looked at the comments had read; '' before, and when that was fresh. */
  updatedAt: string;
  /** When the rollout was last written, in milliseconds since the epoch. */
  followedAt: number;
}

function newMemory(): PullMemory {
  return {
    comment: undefined,
    touched: false,
    replies: new Map(),
    checks: new Map(),
    rerequested: new Set(),
    deployments: new Map(),
    answered: new Set(),
    refusals: new Map(),
    toldRefusals: '',
    open: false,
    shown: undefined,
    updatedAt: '',
    followedAt: 0,
  };
}

/** Of all pull requests that are followed. */
export class PullMemories {
  readonly #memories = new Map<string, PullMemory>();

  of(key: string): PullMemory {
    const memory = this.#memories.get(key) ?? newMemory();
    this.#memories.set(key, memory);
    return memory;
  }

  get(key: string): PullMemory | undefined {
    return this.#memories.get(key);
  }

  keys(): string[] {
    return [...this.#memories.keys()];
  }

  delete(key: string): void {
    this.#memories.delete(key);
  }
}
