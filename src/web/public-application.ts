// What of an Application whoever reaches the port may read: a list of fields, without parameters, annotations and
// credentials.
import type {
  Application,
  ApplicationSource,
  ApplicationStatus,
  Condition,
  Operation,
  OperationState,
  RevisionHistory,
} from '../model/application.ts';
import { operationText, outsideText, resultText } from '../policy/outside-text.ts';
import { redactText } from '../base/log.ts';

/** The members that are there. */
function pick<T extends object, K extends keyof T>(from: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as Pick<
    T,
    K
  >;
}

/** Longer than any that people write; a page has room. */
const room = { most: 10_000, lines: true };

function message<T extends { message?: string }>(from: T): { message?: string } {
  return from.message === undefined ? {} : { message: outsideText(from.message, room) };
}

function shownSource(source: ApplicationSource): ApplicationSource {
  return {
    ...pick(source, 'path', 'chart', 'targetRevision', 'tagPrefix', 'ref', 'name'),
    repoURL: redactText(source.repoURL).replace('***@', ''),
  };
}

function shownSources(from: { source?: ApplicationSource; sources?: ApplicationSource[] }): {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
} {
  return {
    ...(from.source && { source: shownSource(from.source) }),
    ...(from.sources && { sources: from.sources.map(shownSource) }),
  };
}

function shownOperation({ initiatedBy, sync }: Operation): Operation {
  return {
    ...(initiatedBy && { initiatedBy: pick(initiatedBy, 'username', 'automated') }),
    ...(sync && { sync: pick(sync, 'revision', 'revisions', 'prune', 'dryRun', 'resources') }),
  };
}

function shownState(state: OperationState): OperationState {
  const { syncResult } = state;
  const resources = syncResult?.resources?.map((row) => ({
    ...row,
    ...(row.message !== undefined && { message: resultText(row, room) }),
  }));
  return {
    ...pick(state, 'phase', 'startedAt', 'finishedAt', 'retryCount'),
    ...(state.message !== undefined && { message: operationText(state, room) }),
    operation: shownOperation(state.operation),
    ...(syncResult && {
      syncResult: { ...pick(syncResult, 'revision', 'revisions'), ...(resources && { resources }) },
    }),
  };
}

function shownEntry(entry: RevisionHistory): RevisionHistory {
  return {
    ...pick(entry, 'id', 'revision', 'revisions', 'deployStartedAt', 'deployedAt', 'initiatedBy'),
    ...shownSources(entry),
  };
}

function shownCondition(condition: Condition): Condition {
  return { ...pick(condition, 'type', 'lastTransitionTime'), message: outsideText(condition.message, room) };
}

function shownStatus(status: ApplicationStatus): ApplicationStatus {
  const { sync, health, history, conditions, operationState } = status;
  return {
    ...pick(status, 'resources', 'reconciledAt', 'sourceType', 'sourceTypes', 'summary'),
    ...(sync && { sync: pick(sync, 'status', 'revision', 'revisions') }),
    ...(health && { health: { ...pick(health, 'status', 'lastTransitionTime'), ...message(health) } }),
    ...(history && { history: history.map(shownEntry) }),
    ...(conditions && { conditions: conditions.map(shownCondition) }),
    ...(operationState && { operationState: shownState(operationState) }),
  };
}

/** Pages and data are made of this alone. */
export function shownApplication({ apiVersion, kind, metadata, spec, operation, status }: Application): Application {
  const { syncPolicy } = spec;
  return {
    apiVersion,
    kind,
    metadata: pick(metadata, 'name', 'namespace', 'uid', 'labels', 'creationTimestamp', 'deletionTimestamp'),
    spec: {
      ...pick(spec, 'project', 'destination'),
      ...shownSources(spec),
      ...(syncPolicy && { syncPolicy: pick(syncPolicy, 'automated', 'syncOptions') }),
    },
    ...(operation && { operation: shownOperation(operation) }),
    ...(status && { status: shownStatus(status) }),
  };
}
