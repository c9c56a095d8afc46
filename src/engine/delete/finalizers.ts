// The finalizers of an Application: what its deletion does, stage by stage, each of which goes when it is done
// (Argo CD: controller/appcontroller.go finalizeApplicationDeletion).
import type { PreparedObject } from '../../compare/compare.ts';
import type { Application } from '../../model/application.ts';
import type { DeletePhase } from '../../model/hooks.ts';
import { argo } from '../../model/annotations.ts';

/** `run`: the hooks of that phase; `cascade`: its objects go; `clear`: what the hooks of that phase have left goes. */
export type Stage =
  | { do: 'run'; phase: DeletePhase; names: string[] }
  | { do: 'cascade'; names: string[] }
  | { do: 'clear'; phase: DeletePhase; names: string[] };

const prefixes: Readonly<Record<DeletePhase, string>> = {
  PreDelete: argo.preDeleteFinalizer,
  PostDelete: argo.postDeleteFinalizer,
};

function namesOf(app: Application, prefix: string): string[] {
  return (app.metadata.finalizers ?? []).filter((item) => item === prefix || item.startsWith(`${prefix}/`));
}

function isClearing(name: string): boolean {
  return name.endsWith('/cleanup');
}

/** Those that its finalizers ask for, in their order. */
export function stagesOf(app: Application): Stage[] {
  const running = (phase: DeletePhase): Stage => ({
    do: 'run',
    phase,
    names: namesOf(app, prefixes[phase]).filter((name) => !isClearing(name)),
  });
  const clearing = (phase: DeletePhase): Stage => ({
    do: 'clear',
    phase,
    names: namesOf(app, prefixes[phase]).filter(isClearing),
  });
  const all: Stage[] = [
    running('PreDelete'),
    { do: 'cascade', names: namesOf(app, argo.resourcesFinalizer) },
    running('PostDelete'),
    clearing('PreDelete'),
    clearing('PostDelete'),
  ];
  return all.filter(({ names }) => names.length > 0);
}

/** As the hooks in Git want them; undefined: they are so (Argo CD: appcontroller.go processAppRefreshQueueItem). */
export function finalizersFor(
  { metadata: { finalizers = [], deletionTimestamp } }: Application,
  hooks: readonly PreparedObject[],
): string[] | undefined {
  // None can be added any more.
  if (deletionTimestamp !== undefined) return undefined;
  const wanted = new Set(finalizers);
  for (const phase of ['PreDelete', 'PostDelete'] as const) {
    const runs = hooks.some(({ hook }) => hook.onDelete.includes(phase));
    for (const name of [prefixes[phase], `${prefixes[phase]}/cleanup`])
      if (runs) wanted.add(name);
      else wanted.delete(name);
  }
  const isSame = wanted.size === finalizers.length && finalizers.every((name) => wanted.has(name));
  return isSame ? undefined : [...wanted];
}
