// What an operation is to apply: the revision and the sources that it names, rendered and compared with what is live.
import type { Comparison } from '../../compare/object/comparison.ts';
import type { Application, ApplicationStatus, Operation, OperationState } from '../../model/application.ts';
import type { SyncTarget } from '../../sync/input.ts';
import type { Assessment, Subject } from '../application/assess.ts';
import type { DesiredState, Desiring } from '../application/desired.ts';
import type { Worker } from '../../base/worker.ts';
import type { OtherDeps } from '../application/others.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import type { AdmissionDeps } from '../approval/admission.ts';
import { syncOptions } from '../../model/application.ts';
import { findingText, idleOperationFields } from '../../model/contract.ts';
import { keyText } from '../../model/kube.ts';
import { compareTo } from '../application/assess.ts';
import { followBase, lastSynced, diffBase } from '../application/history.ts';
import { stateOf } from '../application/operation-state.ts';
import { waitsUntil } from '../../sync/retry.ts';
import { specConditions } from '../../policy/project.ts';
import { provenEntry } from '../application/gate-record.ts';

/** The application with the sources that the operation names in place of its own. */
export function overridden(app: Application, operation: Operation): Application {
  const { source, sources } = operation.sync ?? {};
  if (!source && !sources) return app;
  const { source: _source, sources: _sources, ...spec } = app.spec;
  return { ...app, spec: { ...spec, ...(source && { source }), ...(sources && { sources }) } };
}

/** Why nothing can be done of what the operation asks for. */
export function operationFault(
  { store }: Pick<OperationDeps, 'store'>,
  { app, project, target }: Subject,
): { phase: 'Failed' | 'Error'; message: string } | undefined {
  const { operation = {} } = app;
  if ((operation.sync?.manifests ?? []).length > 0)
    return {
      phase: 'Failed',
      message:
        'operation.sync.manifests is not supported: only what Git says is synced. Commit the manifests, ' +
        'or ask for another revision.',
    };
  const [idle] = idleOperationFields(operation);
  if (idle) return { phase: 'Failed', message: findingText(idle) };
  const asked = overridden(app, operation);
  if (asked === app) return undefined;
  // Argo CD's controller does not look: whoever writes an operation would sync any repository.
  const faults = specConditions({ app: asked, project, cluster: target, controlNamespace: store.namespace });
  return faults.length > 0
    ? { phase: 'Error', message: faults.map(({ type, message }) => `${type}: ${message}`).join('; ') }
    : undefined;
}

/** Another attempt comes, which is made with what the branch says by then (Argo CD: retry.refresh). */
function isRefreshed({ retry }: Operation, state: OperationState | undefined): boolean {
  return retry?.refresh === true && state !== undefined && waitsUntil(state) !== undefined;
}

function wantedRevisions(operation: Operation, state: OperationState | undefined): (string | undefined)[] {
  const { revision, revisions } = state?.syncResult ?? operation.sync ?? {};
  if (revisions && revisions.length > 0) return revisions;
  return [revision || undefined];
}

/** Whether it says itself what it syncs, so that the branch head does not concern it. */
export function hasOwnRevision(app: Application): boolean {
  const { operation = {} } = app;
  return (
    operation.sync?.source !== undefined ||
    operation.sync?.sources !== undefined ||
    wantedRevisions(operation, stateOf(app)).some((item) => item !== undefined)
  );
}

async function wantedState(
  deps: OperationDeps,
  { subject: { app }, head }: Pick<OperationInput, 'subject' | 'head'>,
  state: OperationState | undefined,
  signal: AbortSignal,
): Promise<DesiredState> {
  const operation = app.operation ?? {};
  const revisions = isRefreshed(operation, state) ? [undefined] : wantedRevisions(operation, state);
  const pinned = revisions.filter((item) => item !== undefined);
  const headFits = head && (pinned.length === 0 || pinned.join() === head.desired.revisions.join());
  if (!operation.sync?.source && !operation.sync?.sources && headFits) return head.desired;
  return deps.desiring.at(overridden(app, operation), revisions, signal);
}

function respectsIgnored(options: string[] | undefined): boolean {
  return syncOptions(options).get('RespectIgnoreDifferences') === 'true';
}

/** Throws what keeps its revision from being fetched, rendered or compared. */
export async function wantedOf(
  deps: OperationDeps,
  input: Pick<OperationInput, 'subject' | 'head'>,
  state: OperationState | undefined,
  signal: AbortSignal,
): Promise<Assessment> {
  const { subject, head } = input;
  const desired = await wantedState(deps, input, state, signal);
  if (!head) await followBase(deps, subject, { desired, signal });
  const last = head
    ? head.last
    : await lastSynced(deps.desiring, subject.known, subject.app, {
        desired,
        signal,
        entry: provenEntry(deps.store, subject),
      });
  // An operation inherits no options: what is compared is what this very operation sends.
  const options = subject.app.operation?.sync?.syncOptions ?? [];
  const alike = respectsIgnored(options) === respectsIgnored(subject.app.spec.syncPolicy?.syncOptions);
  const same = head && alike && desired.manifests === head.comparison.input.manifests;
  const base = diffBase(subject.known, last);
  return {
    subject,
    desired,
    last,
    comparison: same
      ? head.comparison
      : await compareTo(
          subject,
          desired,
          { previous: base === 'gone' ? undefined : base, syncOptions: options },
          signal,
        ),
  };
}

/**
 * With Supersede=true: the commit of other manifests that an automated sync gives way to. Approved ones go on: what
 * comes after them waits for people.
 */
export function newerCommit(
  { subject: { app }, head }: Pick<OperationInput, 'subject' | 'head'>,
  desired: DesiredState,
): string | undefined {
  const { operation = {} } = app;
  const { syncOptions: options, resources = [] } = operation.sync ?? {};
  if (operation.initiatedBy?.automated !== true || resources.length > 0) return undefined;
  if (syncOptions(options).get('Supersede') !== 'true' || head?.desired.key === desired.key) return undefined;
  return head?.desired.revisions[0];
}

/** `denied`: Argo CD's message by object, of those that the project does not permit. */
export function targetsOf(comparison: Comparison, denied: Map<string, string>): SyncTarget[] {
  return comparison.objects
    .filter((item) => !item.ignored || item.target !== undefined || item.requiresPruning || item.movesTo !== undefined)
    .map((item) => {
      // What the server said of a manifest is asked again by the sync, with its options (Force, Replace).
      const invalid = denied.get(keyText(item.key));
      return {
        key: item.key,
        target: item.target,
        ...(!item.target && item.live && { live: item.live }),
        status: item.status,
        manifestHash: item.manifestHash,
        validated: item.validated,
        ...(item.generated && { generated: true }),
        ...(item.place && { place: item.place }),
        ...(invalid && { invalid }),
        ...(item.unruled && item.error && { left: item.error.message }),
        ...(item.movesTo !== undefined && { movesTo: item.movesTo }),
        ...(item.previous && { previous: item.previous }),
      };
    });
}

export interface OperationDeps extends AdmissionDeps, OtherDeps, Pick<ReconcileDeps, 'targetOf'> {
  desiring: Desiring;
  /** Knows the schedules of sync windows. */
  worker: Worker;
}

export interface OperationInput {
  subject: Subject;
  /**
   * The branch head and its comparison, which an operation for the same manifests uses; undefined when it cannot be
   * looked at now.
   */
  head: Assessment | undefined;
  /** Writes status (and, at the end, the removal of /operation) in one patch. */
  /** `plan`: of the sync, where it becomes another one; null: none. */
  save(status: Partial<ApplicationStatus>, done: boolean, plan?: string | null): Promise<void>;
}
