// What the sandbox's parts share: the remembered world, the webhooks, and one lock per repository.
import type { AppMaking } from './app-making.ts';
import type { Hooks } from './webhook.ts';
import type { Repository, World } from './world.ts';

export interface Site {
  world: World;
  hooks: Hooks;
  making: AppMaking;
  /** Runs `work` when no other work on this repository's references runs. */
  alone<T>(repository: Repository, work: () => Promise<T>): Promise<T>;
}

export function createLocks(): Site['alone'] {
  const tails = new WeakMap<Repository, Promise<unknown>>();
  return (repository, work) => {
    const before = tails.get(repository) ?? Promise.resolve();
    const mine = before.then(work, work);
    tails.set(
      repository,
      mine.catch(() => undefined),
    );
    return mine;
  };
}
