// Asks for an operation by the Application's own `operation`, as everybody does, and follows it to its end.
import type { Application, Operation, OperationState, ResourceResult, SyncOperation } from '../../model/application.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { randomUUID } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { cox } from '../../model/annotations.ts';
import { parseApplication } from '../../store/parse.ts';
import { follow } from '../follow.ts';
import { data, isData, plain, table } from '../output.ts';
import { applicationKind, userName } from '../session.ts';

const resultColumns: Column<ResourceResult>[] = [
  { title: 'PHASE', of: (row) => row.hookType ?? row.syncPhase ?? '' },
  { title: 'KIND', of: (row) => row.kind },
  { title: 'NAMESPACE', of: (row) => row.namespace },
  { title: 'NAME', of: (row) => row.name },
  { title: 'RESULT', of: (row) => row.status ?? row.hookPhase ?? '' },
  { title: 'MESSAGE', of: (row) => row.message ?? '' },
];

function carries(operation: Operation | undefined, request: string): boolean {
  return operation?.info?.some((item) => item.name === cox.requestInfo && item.value === request) ?? false;
}

function busy(app: Application): AppError {
  const by = app.operation?.initiatedBy;
  const whose = by?.automated ? 'an automated sync' : by?.username ? `a sync of ${by.username}` : 'another operation';
  return new AppError('E_BUSY', `${app.metadata.name} is busy: ${whose} is in progress`, {
    kind: 'waiting',
    hint: `Wait until it has ended (cox app wait ${app.metadata.name} --operation), then ask again.`,
  });
}

async function ask(session: Session, app: Application, { sync, request }: Asked): Promise<void> {
  const { cluster, signal } = session;
  if (app.operation) throw busy(app);
  const operation: Operation = {
    sync,
    initiatedBy: { username: await userName(session) },
    info: [{ name: cox.requestInfo, value: request }],
    ...(app.spec.syncPolicy?.retry && { retry: app.spec.syncPolicy.retry }),
  };
  const ref = { ...applicationKind, namespace: app.metadata.namespace, name: app.metadata.name };
  const { operationState } = app.status ?? {};
  try {
    // The test fails when somebody was faster: nobody's operation is written over. Argo CD merges its state into the
    // former one, and takes what that one had applied for done: it goes, as by its own command line.
    await cluster.api.patch(ref, {
      type: 'json',
      patch: [
        { op: 'test', path: '/operation', value: null },
        ...(operationState
          ? [
              { op: 'test', path: '/status/operationState/startedAt', value: operationState.startedAt },
              { op: 'remove', path: '/status/operationState' },
            ]
          : []),
        { op: 'add', path: '/operation', value: operation },
      ],
      signal,
    });
  } catch (error) {
    if (!isStatus(error, 422)) throw error;
    const now = await session.application(`${app.metadata.namespace}/${app.metadata.name}`);
    if (now.operation) throw busy(now);
    throw error;
  }
}

type Seen = { state: OperationState | undefined; end?: 'succeeded' | 'failed' | 'lost' };

/** What the Application tells of our operation. */
function seen(app: Application, request: string): Seen {
  const state = app.status?.operationState;
  const own = carries(state?.operation, request) ? state : undefined;
  if (carries(app.operation, request)) return { state: own };
  if (!own?.finishedAt) return { state: own, end: 'lost' };
  return { state: own, end: own.phase === 'Succeeded' ? 'succeeded' : 'failed' };
}

interface Asked {
  sync: SyncOperation;
  /** Names what is asked, so that it is known again. */
  request: string;
}

/** Tells a line of progress whenever it changes; answers the end, or undefined when the time is over. */
async function followed(session: Session, app: Application, request: string): Promise<Seen | undefined> {
  const { namespace, name } = app.metadata;
  const { options, out } = session;
  const say = isData(options.format) ? out.note : out.result;
  let last = '';
  return follow<Application, Seen>(
    session,
    { kind: applicationKind, namespace, name, parse: parseApplication },
    {
      look: (now) => {
        if (!now) throw new AppError('E_APPLICATION', `${name} was deleted while it was synced`);
        const found = seen(now, request);
        const line = found.state
          ? [found.state.phase, found.state.message].filter(Boolean).join(': ')
          : 'waiting to be taken up';
        if (line !== last) say(`${name}: ${plain(line)}`);
        last = line;
        return found.end ? found : undefined;
      },
      idle: (now) =>
        now && !seen(now, request).state
          ? `nobody has taken it up yet; does Coxswain run for namespace ${options.namespace}?`
          : undefined,
    },
  );
}

/**
 * Asks for this sync, with the sync options and the retry of the application's own policy, and follows it unless the
 * line says otherwise. Exit code 0 when it succeeded or is not followed, 1 when it failed or its end was not seen.
 */
export async function operate(session: Session, app: Application, sync: SyncOperation): Promise<number> {
  const { options, out } = session;
  const request = `cli-${randomUUID()}`;
  const { syncOptions } = app.spec.syncPolicy ?? {};
  await ask(session, app, { sync: { ...sync, ...(syncOptions && { syncOptions }) }, request });
  if (!options.wait) {
    (isData(options.format) ? out.note : out.result)(`${app.metadata.name}: sync asked for`);
    return 0;
  }
  const found = await followed(session, app, request);
  if (!found) {
    out.note(`cox: ${app.metadata.name} is still syncing; see: cox app get ${app.metadata.name}`);
    return 1;
  }
  if (found.end === 'lost')
    out.note('cox: the operation was taken away, or followed by another one, before its end was seen');
  const resources = found.state?.syncResult?.resources ?? [];
  if (isData(options.format)) out.result(data(options.format, found.state ?? null));
  else if (resources.length > 0) out.result(`\n${table(resources, resultColumns)}`);
  return found.end === 'succeeded' ? 0 : 1;
}
