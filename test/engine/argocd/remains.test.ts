// What is told of a deletion by Argo CD where its cluster does not answer, and of which ones nothing is told.
import type { ReconcileDeps } from '../../../src/engine/application/pass.ts';
import type { Application } from '../../../src/model/application.ts';
import type { Report } from '../../../src/model/report.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from '../../../src/engine/application/memory.ts';
import { followArgo } from '../../../src/engine/argocd/argocd.ts';
import { noteVanished, verifyDeletions } from '../../../src/engine/argocd/deletion.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { ClusterIdentities } from '../../../src/store/cluster-identities.ts';

type Deps = Parameters<typeof verifyDeletions>[0];

const minute = 60_000;
const since = Date.parse('2026-03-02T14:00:00Z');
const key = (name: string) => ({ group: '', kind: 'Secret', namespace: 'shop', name });

interface World {
  /** What is asked answers with it, or throws it; undefined: it is gone. */
  answers?: Record<string, Error | object>;
  unreachable?: boolean;
  /** Which cluster answers at its URL. */
  identity?: string;
  approvals?: unknown[];
  record?: object;
}

/** One Report of prod, with two objects. */
function world({ answers = {}, unreachable = false, identity = 'far', approvals = [], record }: World) {
  const noted = {
    metadata: { name: 'r', namespace: 'argocd' },
    spec: {
      ...{ application: 'argocd/prod', about: 'deletion', uid: 'u1', since: '2026-03-02T14:00:00Z' },
      ...{ had: [{ server: 'https://far.example', cluster: 'far', objects: [key('a'), key('b')] }], cascades: true },
    },
    status: { phase: 'Open' },
  } as Report;
  const made: object[] = [];
  const clock = { at: since };
  const get = async ({ name }: { name: string }): Promise<unknown> => {
    const answer = answers[name];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const deps = {
    store: {
      identities: new ClusterIdentities(),
      applications: { get: () => undefined, list: () => [] },
      approvals: { list: () => approvals, of: () => approvals },
      records: { get: () => record && { spec: record }, patch: async () => undefined },
      reports: {
        get: () => undefined,
        of: () => [noted],
        list: () => [noted],
        create: async (report: object) => void made.push(report),
        patch: async (_key: string, { status }: { status: object }) => void Object.assign(noted.status ?? {}, status),
      },
    },
    clock: { now: () => clock.at },
    log: silentLogger(),
    targetOf: async () => {
      if (unreachable) throw new Error('no route to host');
      return { identity, cluster: { discovery: { resourceOf: () => ({}) }, api: { get } } };
    },
  } as unknown as Deps;
  const look = (minutes: number): Promise<number | undefined> => {
    clock.at = since + minutes * minute;
    return verifyDeletions(deps, 'argocd/prod', new AbortController().signal);
  };
  return { deps, noted, made, look };
}

test('what may not be read for ten minutes is told as not known, and the rest as it is', async () => {
  const { noted, look } = world({ answers: { a: new Error('403 Forbidden'), b: { metadata: {} } } });
  // However long the deletion has taken.
  assert.equal(typeof (await look(30)), 'number');
  assert.equal(typeof (await look(39)), 'number');
  assert.equal(noted.status?.phase, 'Open');
  assert.equal(await look(40), undefined);
  assert.match(
    noted.status.message ?? '',
    /asks for them to go: Secret shop\/b\. Not known, for it could not be read: Secret shop\/a\.$/,
  );
  assert.deepEqual([noted.status.phase, noted.status.left], ['Deleted', 1]);
});

test('what says itself that it stays is told as kept, and is nothing that was to go', async () => {
  const annotations = [{ 'argocd.argoproj.io/sync-options': 'Delete=false' }, { 'helm.sh/resource-policy': 'keep' }];
  const [a, b] = annotations.map((each) => ({ metadata: { annotations: each } }));
  const { noted, look } = world({ answers: { a: a ?? {}, b: b ?? {} } });
  assert.equal(await look(1), undefined);
  assert.match(
    noted.status?.message ?? '',
    /approved it here\. Kept, as definitions or by their own options: Secret shop\/a, Secret shop\/b\.$/,
  );
  assert.equal(noted.status?.left, undefined);
});

test('a cluster that cannot be reached is asked again for ten minutes, then told as not known', async () => {
  const { noted, look } = world({ unreachable: true });
  assert.equal(typeof (await look(1)), 'number');
  assert.equal(await look(11), undefined);
  assert.match(noted.status?.message ?? '', /Not known, for it could not be read: Secret shop\/a, Secret shop\/b\.$/);
});

test('another cluster that answers at the URL tells nothing of what the former one had', async () => {
  const { noted, look } = world({ identity: 'another' });
  assert.equal(typeof (await look(1)), 'number');
  assert.equal(await look(11), undefined);
  assert.match(
    noted.status?.message ?? '',
    /gate\. \S+ has approved it here\. Not known, for it could not be read: Secret/,
  );
});

test('one that Coxswain went on to delete, as people have agreed, is told so though its record is gone', async () => {
  const own = (endedAt: string): unknown => ({
    metadata: { name: 'prod-1' },
    spec: { application: 'argocd/prod', operations: [] },
    status: { phase: 'Applied', message: 'deleted', begunAt: endedAt, endedAt },
  });
  const { noted, look } = world({ approvals: [own('2026-03-02T14:05:00Z')] });
  assert.equal(await look(6), undefined);
  assert.deepEqual(noted.status?.phase, 'Superseded');
  const former = world({ approvals: [own('2026-03-01T14:05:00Z')] });
  assert.equal(await former.look(6), undefined);
  assert.equal(former.noted.status?.phase, 'Deleted');
});

test('one that vanished is told by who worked on it, as that was kept; of older records nothing is told', async () => {
  const policy = { gated: true, approvals: 1, approvers: [] };
  const made = async (record: object): Promise<number> => {
    const { deps, made } = world({ record: { uid: 'u2', policy, ...record } });
    await noteVanished(deps, 'argocd/prod');
    return made.length;
  };
  assert.deepEqual([await made({ engine: 'argocd' }), await made({})], [1, 0]);
  assert.equal(await made({ engine: 'argocd', uid: '' }), 0);
});

test('that nobody can tell of a former one is warned of once, and again when its cause is another', async () => {
  const warned: string[] = [];
  let fault = 'no route to host';
  const app = {
    metadata: { namespace: 'argocd', name: 'prod', uid: 'u2' },
    spec: { project: 'default', destination: { server: 'https://far.example' } },
    operation: {},
  } as Application;
  const deps = {
    store: {
      namespace: 'argocd',
      identities: new ClusterIdentities(),
      settings: () => ({ clusters: [] }),
      applications: { get: () => app },
      projects: { get: () => undefined },
      approvals: { of: () => [] },
      records: { get: () => undefined, of: () => [] },
      reports: {
        of: () => {
          throw new Error(fault);
        },
      },
    },
    memory: new Memory(),
    clock: { now: () => since },
    log: { debug: () => undefined, warn: (_fields: object, message: string) => void warned.push(message) },
  } as unknown as ReconcileDeps;
  const pass = (): Promise<unknown> => followArgo(deps, app, new AbortController().signal);
  for (const _ of [1, 2, 3]) await pass();
  assert.deepEqual(warned, ['the deletion of a former application could not be verified']);
  fault = '403 Forbidden';
  await pass();
  assert.equal(warned.length, 2);
});
