// PreDelete and PostDelete hooks, which are not run yet: without any the finalizers for them go, with some a person
// must decide.
import type { Application } from '../../model/application.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { Waiting } from './cascade.ts';
import { describeError } from '../../base/errors.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { hookOf } from '../../model/hooks.ts';
import { trackingName } from '../../render/document/tracking.ts';

type When = 'PreDelete' | 'PostDelete';

const prefixes: Readonly<Record<When, string>> = {
  PreDelete: argo.preDeleteFinalizer,
  PostDelete: argo.postDeleteFinalizer,
};

/** Those of its finalizers that ask for something at its deletion. */
export function finalizersOf({ metadata }: Application): string[] {
  return (metadata.finalizers ?? []).filter((item) =>
    [argo.resourcesFinalizer, argo.preDeleteFinalizer, argo.postDeleteFinalizer].some(
      (name) => item === name || item.startsWith(`${name}/`),
    ),
  );
}

/** Names of the hooks of that type that the branch head has. Throws when it cannot be read. */
async function hooksOf(deps: ReconcileDeps, app: Application, when: When, signal: AbortSignal): Promise<string[]> {
  const known = deps.memory.of(applicationKey(app), trackingName(app, deps.store.namespace));
  if (!known.desired) await deps.fetch(app, deps.startedAt, signal);
  const { manifests } =
    known.desired ??
    (await deps.desiring.at(
      app,
      sourcesOf(app.spec).map(() => undefined),
      signal,
    ));
  return manifests
    .filter((item) => hookOf(item).onDelete.includes(when))
    .map((item) => `${item.kind ?? ''} ${item.metadata.name ?? item.metadata.generateName ?? ''}`);
}

/** undefined if nothing asks for hooks of that type, or there are none. */
export async function heldByHooks(
  deps: ReconcileDeps,
  app: Application,
  when: When,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const asking = finalizersOf(app).filter((item) => item.startsWith(prefixes[when]));
  // What Argo CD would clean up is deleted with everything else.
  if (asking.every((item) => item.endsWith('/cleanup'))) return undefined;
  const next = `remove the finalizer ${asking.join(' and ')} from the application`;
  try {
    const hooks = await hooksOf(deps, app, when, signal);
    if (hooks.length === 0) return undefined;
    return {
      error: `${when} hooks are not run: ${hooks.join(', ')}. Do their work by hand, or leave it; then ${next}.`,
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return {
      error: `Nobody can tell whether there are ${when} hooks: ${describeError(error)} If there are none, ${next}.`,
      after: 60_000,
    };
  }
}
