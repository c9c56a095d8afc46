// `cox app sync`: asks for a sync by the Application's own `operation`, as everybody does, and follows it to its end.
import { randomUUID } from 'node:crypto';
import type { Application, Operation, OperationState, ResourceResult } from '../model/application.ts';
import type { Column } from './output.ts';
import type { Session } from './session.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { cox } from '../model/annotations.ts';
import { sourcesOf } from '../model/application.ts';
import { isObject } from '../model/kube.ts';
import { parseApplication } from '../store/parse.ts';
import { data, isData, plain, table } from './output.ts';
import { usage } from './options.ts';
import { applicationKind } from './session.ts';

const resultColumns: Column<ResourceResult>[] = [
  { title: 'PHASE', of: (row) => row.hookType ?? row.syncPhase ?? '' },
  { title: 'KIND', of: (row) => row.kind },
  { title: 'NAMESPACE', of: (row) => row.namespace },
  { title: 'NAME', of: (row) => row.name },
  { title: 'RESULT', of: (row) => row.status ?? row.hookPhase ?? '' },
  { title: 'MESSAGE', of: (row) => row.message ?? '' },
];

/** After so long without an answer it is said that nobody works. */
const unattendedMs = 10_000;

function carries(operation: Operation | undefined, request: string): boolean {
  return operation?.info?.some((item) => item.name === cox.requestInfo && item.value === request) ?? false;
}

/** The name under which the API server knows us; others may write any, so it informs and decides nothing. */
async function userName({ cluster, signal }: Session): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await cluster.api
    .request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body, signal })
    .catch((error: unknown) => {
      if (isStatus(error, 403) || isStatus(error, 404)) return undefined;
      throw error;
    });
  const status = isObject(answer) && isObject(answer['status']) ? answer['status'] : {};
  const user = isObject(status['userInfo']) ? status['userInfo']['username'] : undefined;
  return typeof user === 'string' ? user : 'cox';
}

function busy(app: Application): AppError {
  const by = app.operation?.initiatedBy;
  const whose = by?.automated ? 'an automated sync' : by?.username ? `a sync of ${by.username}` : 'another operation';
  return new AppError('E_BUSY', `${app.metadata.name} is busy: ${whose} is in progress`, {
    kind: 'waiting',
    hint: `Wait until it has ended (cox app get ${app.metadata.name}), then ask again.`,
  });
}

async function ask(session: Session, app: Application, request: string): Promise<void> {
  const { cluster, options, signal } = session;
  if (app.operation) throw busy(app);
  const { syncPolicy } = app.spec;
  const operation: Operation = {
    sync: {
      prune: options.prune,
      ...(options.revision && { revision: options.revision }),
      ...(syncPolicy?.syncOptions && { syncOptions: syncPolicy.syncOptions }),
    },
    initiatedBy: { username: await userName(session) },
    info: [{ name: cox.requestInfo, value: request }],
    ...(syncPolicy?.retry && { retry: syncPolicy.retry }),
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

interface Following {
  session: Session;
  app: Application;
  request: string;
  /** Tells a line of progress. */
  say(line: string): void;
}

/** Resolves with what was seen last when the operation has ended; with undefined when the time is over. */
async function follow({ session, app, request, say }: Following): Promise<Seen | undefined> {
  const { namespace, name } = app.metadata;
  const { cluster, options, out, signal } = session;
  const mirror = cluster.mirror<Application>({
    kind: applicationKind,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    parse: parseApplication,
  });
  const ended = Promise.withResolvers<Seen | undefined>();
  let last = '';
  const look = (): void => {
    const now = mirror.get(namespace, name);
    if (!now) return ended.reject(new AppError('E_APPLICATION', `${name} was deleted while it was synced`));
    const found = seen(now, request);
    const line = found.state
      ? [found.state.phase, found.state.message].filter(Boolean).join(': ')
      : 'waiting to be taken up';
    if (line !== last) say(`${name}: ${plain(line)}`);
    last = line;
    if (found.end) ended.resolve(found);
  };
  const cancels = [
    systemClock.after(unattendedMs, () => {
      const now = mirror.get(namespace, name);
      if (now && !seen(now, request).state)
        out.note(`cox: nobody has taken it up yet; does Coxswain run for namespace ${options.namespace}?`);
    }),
    ...(options.timeoutMs === undefined ? [] : [systemClock.after(options.timeoutMs, () => ended.resolve(undefined))]),
  ];
  const onAbort = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  session.atEnd(() => mirror.stop());
  try {
    await mirror.start(signal);
    mirror.onChange(look);
    look();
    return await ended.promise;
  } finally {
    for (const cancel of cancels) cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Exit code 0 when it succeeded or is not followed, 1 when it failed or its end was not seen. */
export async function sync(session: Session, app: Application): Promise<number> {
  const { options, out } = session;
  if (options.revision && sourcesOf(app.spec).length > 1)
    throw usage(`--revision names one revision, but ${app.metadata.name} has several sources`);
  const request = `cli-${randomUUID()}`;
  await ask(session, app, request);
  const say = isData(options.format) ? out.note : out.result;
  if (!options.wait) {
    say(`${app.metadata.name}: sync asked for`);
    return 0;
  }
  const found = await follow({ session, app, request, say });
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
