// Whether people have agreed to the deletion of an Application that Argo CD deletes: by the Approval of what takes it
// along, such as its parent.
import type { Approval } from '../../model/coxswain.ts';
import type { Store } from '../../store/store.ts';
import { inClusterServer } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { isApplication } from '../../model/argo-kinds.ts';

type Agreements = Pick<Store, 'applications' | 'approvals' | 'reports' | 'identities'>;

/** An Application that goes, or has gone. */
interface Goes {
  /** `namespace/name`. */
  application: string;
  uid: string;
  /** Clock ms: when it began. */
  since: number;
  /** Clock ms: when it was made; NaN: nobody knows. */
  created: number;
  /** Nobody saw it begin: `since` is when it was missed. */
  vanished?: boolean;
}

/** Times have whole seconds. */
const secondMs = 1_000;
/** How long after its end something may still go under it: what followed at once, and what was missed late. */
const [soonMs, missedMs] = [60_000, 5 * 60_000];

/** Enough people have agreed to it, and nothing has voided that. */
function isAgreed({ spec, status }: Approval): boolean {
  const agreed = status?.approvals?.length ?? 0;
  return (
    (status?.phase === 'Approved' || status?.phase === 'Applied') &&
    agreed > 0 &&
    agreed >= (spec.policy?.approvals ?? 1)
  );
}

/** It says that this very Application goes, and none that was made later by its name. */
function names({ identities }: Agreements, { spec, status }: Approval, { application, uid, created }: Goes): boolean {
  const along = spec.operations.flatMap((each) =>
    each.op === 'delete' && 'with' in each && each.with?.application === application ? [each.with.uid] : [],
  );
  if (along.length > 0) return along.includes(uid);
  if (created > Date.parse(status?.endedAt ?? '')) return false;
  return spec.operations.some(
    ({ op, key }) =>
      op === 'delete' &&
      isApplication(key) &&
      applicationKey({ metadata: key }) === application &&
      identities.isSame(spec.destination?.server, inClusterServer),
  );
}

/** Whether what began then began under it. */
function isDuring({ status }: Approval, { since, vanished }: Goes): boolean {
  const { openedAt = '', endedAt = '' } = status ?? {};
  const late = vanished === true ? missedMs : secondMs;
  return !(Date.parse(openedAt) > since + secondMs) && !(Date.parse(endedAt) + late < since);
}

/**
 * What else goes, or had just gone, with its time; Argo CD's finalizer takes one level of a tree after the other. A
 * former one of its name takes nothing along.
 */
function others({ applications, reports }: Agreements, { application: own, since: now }: Goes): Goes[] {
  const all = [
    ...applications.list().flatMap(({ metadata }) =>
      metadata.deletionTimestamp === undefined
        ? []
        : [
            {
              application: applicationKey({ metadata }),
              uid: metadata.uid ?? '',
              since: Date.parse(metadata.deletionTimestamp),
              created: Date.parse(metadata.creationTimestamp ?? ''),
            },
          ],
    ),
    ...reports
      .list()
      .filter(({ spec, status }) => spec.about === 'deletion' && !(Date.parse(status?.endedAt ?? '') + soonMs < now))
      .map(({ spec: { application, uid = '', since, created = '' } }) => ({
        ...{ application, uid },
        ...{ since: Date.parse(since), created: Date.parse(created) },
      })),
  ];
  return all.filter(({ application }) => application !== own);
}

/** Name of the Approval under which it goes; undefined: nobody has agreed. */
export function agreedDeletion(store: Agreements, goes: Goes): string | undefined {
  const named = store.approvals.list().filter((each) => isAgreed(each) && names(store, each, goes));
  if (named.length === 0) return undefined;
  const begun = (approval: Approval): boolean =>
    isDuring(approval, goes) ||
    others(store, goes).some((each) => names(store, approval, each) && isDuring(approval, each));
  return named.find(begun)?.metadata.name;
}
