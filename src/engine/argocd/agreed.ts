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
  /** Clock ms; undefined: nobody saw it begin. */
  since: number | undefined;
}

/** Times have whole seconds. */
const secondMs = 1_000;

/** Enough people have agreed to it, and nothing has voided that. */
function isAgreed({ spec, status }: Approval): boolean {
  const agreed = status?.approvals?.length ?? 0;
  return (
    (status?.phase === 'Approved' || status?.phase === 'Applied') &&
    agreed > 0 &&
    agreed >= (spec.policy?.approvals ?? 1)
  );
}

/** It says that this very Application goes. */
function names({ identities }: Agreements, { spec }: Approval, { application, uid }: Goes): boolean {
  return spec.operations.some(
    ({ op, key, ...rest }) =>
      op === 'delete' &&
      (('with' in rest && rest.with?.uid === uid) ||
        (isApplication(key) &&
          applicationKey({ metadata: key }) === application &&
          identities.isSame(spec.destination?.server, inClusterServer))),
  );
}

/** Whether what began then began under it. */
function isDuring({ status }: Approval, since: number): boolean {
  const { openedAt = '', endedAt = '' } = status ?? {};
  return !(Date.parse(openedAt) > since + secondMs) && !(Date.parse(endedAt) + secondMs < since);
}

/** What else goes, or went, with its time; Argo CD's finalizer takes one level of a tree after the other. */
function others({ applications, reports }: Agreements): Goes[] {
  return [
    ...applications.list().flatMap(({ metadata }) =>
      metadata.deletionTimestamp === undefined
        ? []
        : [
            {
              application: applicationKey({ metadata }),
              uid: metadata.uid ?? '',
              since: Date.parse(metadata.deletionTimestamp),
            },
          ],
    ),
    ...reports
      .list()
      .filter(({ spec }) => spec.about === 'deletion')
      .map(({ spec: { application, uid = '', since } }) => ({ application, uid, since: Date.parse(since) })),
  ];
}

/** Name of the Approval under which it goes; undefined: nobody has agreed. */
export function agreedDeletion(store: Agreements, goes: Goes): string | undefined {
  const named = store.approvals.list().filter((each) => isAgreed(each) && names(store, each, goes));
  if (named.length === 0) return undefined;
  const begun = (approval: Approval): boolean =>
    goes.since === undefined ||
    isDuring(approval, goes.since) ||
    others(store).some((each) => names(store, approval, each) && isDuring(approval, each.since ?? 0));
  return named.find(begun)?.metadata.name;
}
