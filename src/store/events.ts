// Kubernetes Events on Applications, with the reasons and sentences of Argo CD: how a verdict changed, which operation
// began, and how it ended.
import type { Api } from '../cluster/api.ts';
import type { Application, ApplicationStatus, OperationState } from '../model/application.ts';
import type { KubeObject } from '../model/kube.ts';
import { canonicalJson, hashOf, sameJson } from '../base/canonical.ts';
import { rfc3339 } from '../base/clock.ts';
import { boundedName } from '../base/name.ts';
import { isStatus } from '../cluster/api-error.ts';
import { argoGroup } from '../model/argo-kinds.ts';
import { operationText, outsideText } from '../policy/outside-text.ts';

/** One thing that happened. */
interface Told {
  type: 'Normal' | 'Warning';
  reason: 'OperationStarted' | 'OperationCompleted' | 'ResourceUpdated' | 'StatusRefreshed';
  message: string;
  /** With type and reason what tells it from all others of its application, and is the same after a restart. */
  key: string;
  user?: string | undefined;
}

/** As long as client libraries let a message be (Kubernetes: events.k8s.io, note). */
const longestMessage = 1024;
const room = { most: longestMessage };
/** A status waits no longer for what only tells of it. */
const timeoutMs = 2_000;

function isGoing(state: OperationState | undefined): boolean {
  return state?.phase === 'Running' || state?.phase === 'Terminating';
}

function revisionsOf({ syncResult, operation: { sync } }: OperationState): string {
  const revision = syncResult?.revision || sync?.revision;
  return (syncResult?.revisions ?? sync?.revisions)?.join(', ') ?? revision ?? '';
}

/** Argo CD: controller/appcontroller.go autoSync; server/application/application.go Sync for people. */
function startOf(state: OperationState): string {
  const { initiatedBy, sync } = state.operation;
  const to = revisionsOf(state);
  if (initiatedBy?.automated === true) return `Initiated automated sync to '${to}'`;
  const what = `initiated ${sync?.resources ? 'partial ' : ''}sync${to && ` to ${to}`}`;
  return `${initiatedBy?.username ?? 'Unknown user'} ${what}`;
}

/** Argo CD: controller/appcontroller.go setOperationState. */
function endOf(state: OperationState): string {
  const to = revisionsOf(state);
  const what = `${state.operation.sync?.resources?.length ? 'Partial sync' : 'Sync'} operation${to && ` to ${to}`}`;
  return state.phase === 'Succeeded' ? `${what} succeeded` : `${what} failed: ${operationText(state, room)}`;
}

/** No two operations of an application start at one time: the former one's start tells which one follows it. */
function ofOperation(before: OperationState | undefined, now: OperationState | undefined): Told[] {
  if (!now) return [];
  const key = before?.startedAt ?? '';
  const user = now.operation.initiatedBy?.username;
  const goesOn = isGoing(before) && sameJson(before?.operation, now.operation);
  if (isGoing(now))
    return goesOn ? [] : [{ type: 'Normal', reason: 'OperationStarted', message: startOf(now), key, user }];
  if (before?.startedAt === now.startedAt && !goesOn) return [];
  const type = now.phase === 'Succeeded' ? 'Normal' : 'Warning';
  return [{ type, reason: 'OperationCompleted', message: endOf(now), key, user }];
}

function updated(what: string, from = '', to = '', since = ''): Told[] {
  if (from === to) return [];
  const message = `Updated ${what} status: ${from} -> ${to}`;
  return [{ type: 'Normal', reason: 'ResourceUpdated', message, key: canonicalJson([message, since]) }];
}

function deletionErrors({ conditions = [] }: ApplicationStatus): string[] {
  return conditions.filter(({ type }) => type === 'DeletionError').map(({ message }) => message);
}

/** What happens to the application with its next status; nothing where that says the same. */
function happened({ status: before = {}, metadata }: Application, now: ApplicationStatus): Told[] {
  const known = deletionErrors(before);
  const refused = deletionErrors(now).filter((message) => !known.includes(message));
  return [
    ...updated('sync', before.sync?.status, now.sync?.status, before.reconciledAt),
    ...updated('health', before.health?.status, now.health?.status, before.health?.lastTransitionTime),
    ...ofOperation(before.operationState, now.operationState),
    ...refused.map((message): Told => ({
      type: 'Warning',
      reason: 'StatusRefreshed',
      message: `Unable to delete application resources: ${outsideText(message, room)}`,
      key: canonicalJson([message, metadata.deletionTimestamp ?? '']),
    })),
  ];
}

function eventOf({ metadata, spec: { destination } }: Application, told: Told, at: number): KubeObject {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata;
  const { type, reason, message, key, user } = told;
  const id = hashOf([uid, type, reason, key]).slice(0, 20);
  const time = rfc3339(at);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      namespace,
      name: `${boundedName(name, 230)}.${id}`,
      annotations: {
        ...(destination.server !== undefined && { 'dest-server': destination.server }),
        ...(destination.namespace !== undefined && { 'dest-namespace': destination.namespace }),
        ...(user !== undefined && { user }),
      },
    },
    involvedObject: { apiVersion: `${argoGroup}/v1alpha1`, kind: 'Application', namespace, name, uid, resourceVersion },
    source: { component: 'coxswain' },
    type,
    reason,
    message: message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

export interface Events {
  /**
   * Tells what happens with a status that is about to be written: told before, nothing is lost with the process, and
   * told again, it has a name that is taken. Nothing waits for what cannot be told: whoever keeps Events may be away
   * while all else works.
   */
  tell(app: Application, status: ApplicationStatus, at: number): Promise<void>;
  /** Whether the last one could not be told. */
  readonly refused: boolean;
}

/** `mayNot`: the right to create Events is known to be missing. */
export function createEvents(api: Pick<Api, 'create'>, mayNot: boolean): Events {
  let refused = mayNot;
  const send = async (event: KubeObject): Promise<void> => {
    try {
      await api.create(event, { timeoutMs });
      refused = false;
    } catch (error) {
      refused = !isStatus(error, 409);
    }
  };
  return {
    async tell(app, status, at) {
      const sent = Promise.all(happened(app, status).map((told) => send(eventOf(app, told, at))));
      if (!refused) await sent;
    },
    get refused() {
      return refused;
    },
  };
}
