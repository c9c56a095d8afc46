// `cox app rollback` and `cox app terminate-op`: an operation back to an entry of the history, and the end of one.
import type { Application, RevisionHistory } from '../../model/application.ts';
import type { Session } from '../session.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { isAutomated } from '../../model/application.ts';
import { usage } from '../options.ts';
import { applicationKind } from '../session.ts';
import { operate } from './operation.ts';

/** Throws Usage when there is no such entry. */
function entryOf(app: Application, id: string | undefined): RevisionHistory {
  const history = app.status?.history ?? [];
  const entry = id === undefined ? history.at(-2) : history.find((item) => String(item.id) === id);
  if (entry) return entry;
  const name = app.metadata.name;
  throw usage(
    id === undefined
      ? `${name} has no sync before the last one`
      : `"${id}" is no entry of the history of ${name}; cox app history ${name} lists them`,
  );
}

/**
 * Exit code 0 when it succeeded or is not followed, 1 when it failed, its end was not seen, or the application syncs by
 * itself (Argo CD refuses that too: server/application/application.go, Rollback).
 */
export async function rollback(session: Session, app: Application, id: string | undefined): Promise<number> {
  const { name } = app.metadata;
  const { options, out } = session;
  if (isAutomated(app.spec)) {
    out.note(
      `cox: ${name} syncs by itself: the next look would undo a rollback\n` +
        `  next:  Take the deploy back in Git with cox revert ${name}, or switch its automated sync off first.`,
    );
    return 1;
  }
  const { revision, revisions, source, sources } = entryOf(app, id);
  return operate(session, app, {
    prune: options.values.prune ?? false,
    ...(options.values['dry-run'] && { dryRun: true }),
    ...(sources && sources.length > 0
      ? { sources, ...(revisions && { revisions }) }
      : { ...(source && { source }), ...(revision !== undefined && { revision }) }),
  });
}

/** Exit code 0 when it is asked to end, 1 when none runs. */
export async function terminate({ cluster, out, signal }: Session, app: Application): Promise<number> {
  const { namespace, name } = app.metadata;
  const { operationState } = app.status ?? {};
  const none = (): number => {
    out.note(`cox: no operation of ${name} is running`);
    return 1;
  };
  if (!app.operation || operationState?.phase !== 'Running') return none();
  try {
    await cluster.api.patch(
      { ...applicationKind, namespace, name },
      {
        type: 'json',
        patch: [
          { op: 'test', path: '/status/operationState/phase', value: 'Running' },
          { op: 'test', path: '/status/operationState/startedAt', value: operationState.startedAt },
          { op: 'replace', path: '/status/operationState/phase', value: 'Terminating' },
        ],
        signal,
      },
    );
  } catch (error) {
    if (isStatus(error, 422)) return none();
    throw error;
  }
  out.result(`${name}: the operation is asked to end; see: cox app wait ${name} --operation`);
  return 0;
}
