// By which Approval a deletion by Argo CD counts as agreed to.
import type { Approval } from '../../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedDeletion } from '../../../src/engine/argocd/agreed.ts';
import { ClusterIdentities } from '../../../src/store/cluster-identities.ts';

const home = 'https://kubernetes.default.svc';
const at = (minute: number): string => `2026-03-02T14:${String(minute).padStart(2, '0')}:00Z`;
const ms = (minute: number): number => Date.parse(at(minute));
const app = (name: string) => ({ group: 'argoproj.io', kind: 'Application', namespace: 'argocd', name });
const step = { op: 'delete', phase: 'Sync', wave: 0 } as const;

/** root takes mid along, and that prod; opened at minute 1, applied at minute 5. */
function approval(spec: Partial<Approval['spec']> = {}, status: Partial<Approval['status']> = {}): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'root-1', namespace: 'argocd' },
    spec: {
      application: 'argocd/root',
      digest: 'd',
      revision: 'r',
      destination: { server: home, namespace: 'argocd' },
      operations: [
        { ...step, key: app('mid') },
        { ...step, key: app('prod'), with: { application: 'argocd/mid', uid: 'mid-uid' } },
        {
          ...step,
          key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'prod' },
          with: { application: 'argocd/prod', uid: 'prod-uid' },
        },
      ],
      policy: { approvals: 1, approvers: [] },
      ...spec,
    },
    status: {
      phase: 'Applied',
      openedAt: at(1),
      endedAt: at(5),
      approvals: [{ actor: { login: 'bob', id: 2, via: 'slack' }, at: at(2) }],
      ...status,
    },
  };
}

interface World {
  found?: Approval;
  /** Applications that are going, by name, since that minute. */
  going?: Record<string, number>;
  /** Deletions that were noted. */
  noted?: Record<string, number>;
  /** When those that were noted had gone. */
  ended?: number;
  /** When the Application itself was made, and its uid. */
  created?: number;
  uid?: string;
}

function agreed(name: string, minute: number, world: World = {}, vanished = false) {
  const { found = approval(), going = {}, noted = {}, ended, created, uid = `${name}-uid` } = world;
  const store = {
    approvals: { list: () => [found] },
    applications: {
      list: () =>
        Object.entries(going).map(([each, since]) => ({
          metadata: { namespace: 'argocd', name: each, uid: `${each}-uid`, deletionTimestamp: at(since) },
        })),
    },
    reports: {
      list: () =>
        Object.entries(noted).map(([each, since]) => ({
          spec: { about: 'deletion', application: `argocd/${each}`, uid: `${each}-uid`, since: at(since) },
          status: ended === undefined ? { phase: 'Open' } : { phase: 'Deleted', endedAt: at(ended) },
        })),
    },
    identities: new ClusterIdentities(),
  } as unknown as Parameters<typeof agreedDeletion>[0];
  return agreedDeletion(store, {
    ...{ application: `argocd/${name}`, uid, since: ms(minute), vanished },
    created: created === undefined ? NaN : ms(created),
  });
}

test('what goes while the approval of what takes it along is applied goes as approved, to any depth', () => {
  assert.equal(agreed('mid', 4), 'root-1');
  assert.equal(agreed('prod', 4), 'root-1');
  // One level after the other, long after the sync has ended.
  assert.equal(agreed('prod', 20, { going: { mid: 4 } }), 'root-1');
  assert.equal(agreed('prod', 20, { noted: { mid: 4 } }), 'root-1');
  // While nobody looked.
  assert.equal(agreed('prod', 8, {}, true), 'root-1');
});

test('nothing goes as approved before or after it, of another name or uid, or in another cluster', () => {
  assert.equal(agreed('mid', 0), undefined);
  assert.equal(agreed('mid', 20), undefined);
  assert.equal(agreed('prod', 20, { going: { mid: 20 } }), undefined);
  assert.equal(agreed('prod', 20, { going: { other: 4 } }), undefined);
  assert.equal(agreed('other', 4), undefined);
  const elsewhere = approval({ destination: { server: 'https://other.example', namespace: 'argocd' } });
  assert.equal(agreed('mid', 4, { found: { ...elsewhere, spec: { ...elsewhere.spec, operations: [] } } }), undefined);
  const [first] = elsewhere.spec.operations;
  assert.ok(first);
  assert.equal(
    agreed('mid', 4, { found: { ...elsewhere, spec: { ...elsewhere.spec, operations: [first] } } }),
    undefined,
  );
});

test('only an approval to which enough people agreed, and that nothing has voided, counts', () => {
  const two = { approvals: 2, approvers: [] };
  assert.equal(agreed('mid', 4, { found: approval({ policy: two }) }), undefined);
  assert.equal(agreed('mid', 4, { found: approval({}, { approvals: [] }) }), undefined);
  for (const phase of ['Pending', 'Rejected', 'Superseded', 'Expired'] as const)
    assert.equal(agreed('mid', 4, { found: approval({}, { phase }) }), undefined, phase);
  const open = approval({}, { phase: 'Approved' });
  delete open.status?.endedAt;
  assert.equal(agreed('mid', 30, { found: open }), 'root-1');
});

test('one that was made anew by its name goes past the gate, whatever was agreed to of the former', () => {
  // Its own former deletion takes nothing along.
  assert.equal(agreed('mid', 40, { noted: { mid: 4 } }), undefined);
  assert.equal(agreed('prod', 40, { noted: { prod: 4 }, uid: 'new' }), undefined);
  // Where the uid is known it must be that; where it is not, it was there then.
  assert.equal(agreed('prod', 4, { uid: 'new' }), undefined);
  const operations = [
    { ...step, key: app('mid') },
    { ...step, key: app('other') },
  ];
  const found = approval({ operations });
  assert.equal(agreed('mid', 20, { found, going: { other: 4 }, created: 3 }), 'root-1');
  assert.equal(agreed('mid', 20, { found, going: { other: 4 }, created: 7 }), undefined);
  // What went long ago takes nothing along now; what was not seen to go went at that time.
  assert.equal(agreed('prod', 20, { noted: { mid: 4 }, ended: 10 }), undefined);
  assert.equal(agreed('prod', 20, {}, true), undefined);
});
