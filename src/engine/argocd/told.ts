// What the gate cannot hold where Argo CD syncs: it is told, with who did what, wherever the application is shown.
import type { Application, Operation, OperationState } from '../../model/application.ts';
import type { Store } from '../../store/store.ts';
import type { Gates } from '../application/place.ts';
import { argo, cox } from '../../model/annotations.ts';
import { applicationKey, isAutomated, shortRevision } from '../../model/application.ts';
import { keyTitle } from '../../model/kube.ts';
import { agreedDeletion } from './agreed.ts';
import { hadBy } from '../application/had.ts';
import { isSealed } from './seal.ts';
import { policyInForce } from '../application/gate-record.ts';

type Told = Gates & Pick<Store, 'approvals' | 'macKey' | 'namespace' | 'projects' | 'reports'>;

const mostObjects = 5;

function infoOf({ info = [] }: Operation, name: string): string | undefined {
  return info.find((item) => item.name === name)?.value;
}

/** One that this engine wrote, which its seal proves; an Approval that it names is of that revision. */
function isOurs(store: Told, app: Application, state: Partial<OperationState>): boolean {
  const { operation, syncResult } = state;
  if (!operation) return true;
  if (!isSealed(store.macKey, app, state)) return false;
  const approval = infoOf(operation, cox.approvalInfo);
  if (approval === undefined) return true;
  const { revision, revisions } = syncResult ?? operation.sync ?? {};
  return store.approvals
    .of(applicationKey(app))
    .some(
      ({ metadata, spec, status }) =>
        metadata.name === approval &&
        status?.approvals !== undefined &&
        status.approvals.length > 0 &&
        spec.revision === (revisions?.[0] ?? revision),
    );
}

function whoOf({ initiatedBy }: Operation): string {
  // Argo CD merges what it writes into the former state: `automated` may be left of that.
  if (initiatedBy?.username) return `${initiatedBy.username} in Argo CD`;
  return initiatedBy?.automated ? 'Argo CD by itself (automated sync)' : 'somebody who may write the Application';
}

/** An operation on what is gated that no Approval let pass, while it runs and until the next one. */
function foreignSync(store: Told, app: Application): string[] {
  const { operationState } = app.status ?? {};
  const state: Partial<OperationState> | undefined = app.operation ? { operation: app.operation } : operationState;
  if (!state?.operation?.sync || state.operation.sync.dryRun || isOurs(store, app, state)) return [];
  const rows = (state.syncResult?.resources ?? []).filter(({ status }) => status === 'Synced' || status === 'Pruned');
  const named = rows.slice(0, mostObjects).map(({ group, kind, namespace, name, status }) => {
    const title = keyTitle({ group, kind, namespace, name });
    return status === 'Pruned' ? `${title} (pruned)` : title;
  });
  const more = rows.length > mostObjects ? ` and ${rows.length - mostObjects} more` : '';
  const what = named.length > 0 ? `: ${named.join(', ')}${more}` : '';
  const { revision, revisions } = state.syncResult ?? state.operation.sync;
  const to = revisions?.[0] ?? revision;
  const verb = state.phase === undefined || state.phase === 'Running' ? 'is being synced' : 'was synced';
  return [
    `${verb} past the gate by ${whoOf(state.operation)}${to ? ` to ${shortRevision(to)}` : ''}${what}. ` +
      'Nobody has approved it here.',
  ];
}

/** Argo CD deletes without asking; with its finalizer the objects go too. */
function deletion(store: Told, app: Application): string[] {
  const { metadata } = app;
  const { uid = '', deletionTimestamp, creationTimestamp } = metadata;
  if (deletionTimestamp === undefined) return [];
  const goes = {
    ...{ application: applicationKey(app), uid },
    ...{ since: Date.parse(deletionTimestamp), created: Date.parse(creationTimestamp ?? '') },
  };
  if (agreedDeletion(store, goes) !== undefined) return [];
  const cascades = metadata.finalizers?.some((name) => name.startsWith(argo.resourcesFinalizer)) === true;
  const keys = cascades ? (hadBy(store, app) ?? []).flatMap(({ objects }) => objects) : [];
  const named = keys.slice(0, mostObjects).map(keyTitle);
  const more = keys.length > mostObjects ? ` and ${keys.length - mostObjects} more` : '';
  const what = named.length > 0 ? `, and with it ${named.join(', ')}${more}` : '; its objects stay';
  return [`is being deleted past the gate by Argo CD${what}. Nobody has approved it here.`];
}

/** Sentences without a subject, of the application; none where all that needs approval waits for it. */
export function toldOf(store: Told, app: Application): string[] {
  const project = store.projects.get(`${store.namespace}/${app.spec.project}`);
  if (!policyInForce(store, app, project).gated) return [];
  const notHeld = isAutomated(app.spec)
    ? [
        'is not held: Argo CD syncs it by itself, approved or not, because automated sync is on. ' +
          `\`/cox hold ${app.metadata.name}\` opens the pull request that turns it off.`,
      ]
    : [];
  return [...notHeld, ...foreignSync(store, app), ...deletion(store, app)];
}
