// What a sync waits for, in Argo CD's words, and whose events end the waiting.
import type { ResourceKey } from '../model/kube.ts';
import type { Task } from './task.ts';
import { titleOf } from './task.ts';

export interface Wait {
  /** The operation's message meanwhile. */
  wait: string;
  watch: ResourceKey[];
  at?: number;
  /** What is applied has to become healthy, and no hook runs. */
  health?: true;
}

/** `waiting for <what> apps/Deployment/api and 2 more resources`. */
export function waitFor(what: string, tasks: readonly Task[], at?: number): Wait {
  const [first] = tasks;
  const more =
    tasks.length > 1 ? ` and ${tasks.length - 1} more ${first?.kind === 'hook' ? 'hooks' : 'resources'}` : '';
  return {
    wait: `waiting for ${what} ${first ? titleOf(first) : ''}${more}`,
    watch: tasks.map((task) => task.key),
    ...(at !== undefined && { at }),
  };
}

/** Their applications may hold what is to be pruned. */
export function waitForOthers(applications: readonly string[], at: number): Wait {
  const [first = '', ...more] = applications;
  return {
    wait:
      `waiting for the manifests of ${first}${more.length > 0 ? ` and ${more.length} more applications` : ''}, ` +
      'to prune nothing that moves there',
    watch: [],
    at,
  };
}
