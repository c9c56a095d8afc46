// A destination by name: what it meant when something was approved or synced says nothing of where it points now.
import type { TestContext } from 'node:test';
import type { Approval } from '../../src/model/coxswain.ts';
import type { Stage } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inClusterServer } from '../../src/model/annotations.ts';
import { approvalIn, approvalsOf, config, ended, operate, synced } from './manifests.ts';
import { ownCluster, testCluster } from '../control-plane.ts';
import { stage } from './fixture.ts';
import { agree, gate } from './approval/fixture.ts';

interface Place {
  server: string;
  ca: string;
  token: string;
}

async function pointAt(s: Stage, { server, ca, token }: Place): Promise<void> {
  const secret = {
    name: 'far',
    server,
    config: JSON.stringify({ bearerToken: token, tlsClientConfig: { caData: Buffer.from(ca).toString('base64') } }),
  };
  const data = Object.fromEntries(
    Object.entries(secret).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  await s.cluster.api.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'cluster-far',
        namespace: s.namespace,
        labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
      },
      data,
    },
    { manager: 'test' },
  );
}

async function farStage(t: TestContext): Promise<{
  s: Stage;
  here: Place;
  there: Place;
  namespace: string;
  isThere: (place: 'here' | 'there') => Promise<boolean>;
}> {
  const [s, there, here] = await Promise.all([
    stage(t, { 'prod/a.yaml': config('far', '1') }),
    ownCluster(t),
    testCluster(t),
  ]);
  s.authors.list = [{ login: 'ana', id: 1 }];
  const { namespace } = there;
  await s.cluster.api.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { manager: 'test' },
  );
  await s.project('gated', gate, { destinations: [{ server: '*', namespace }] });
  await pointAt(s, there);
  await s.apply('prod', { project: 'gated', destination: { name: 'far', namespace } });
  const path = `/api/v1/namespaces/${namespace}/configmaps/far`;
  const isThere = async (place: 'here' | 'there'): Promise<boolean> =>
    (await (place === 'here' ? here : there).access.call('GET', path)).status === 200;
  return { s, here, there, namespace, isThere };
}

test('a cluster Secret that points elsewhere is another destination: nothing is approved there', async (t) => {
  const { s, here, there, namespace, isThere } = await farStage(t);
  const first = await approvalIn(s, 'prod', 'Pending');
  const { cluster, ...destination } = first.spec.destination ?? {};
  assert.deepEqual(destination, { server: there.server, namespace });
  assert.match(cluster ?? '', /^[0-9a-f-]{36}$/);
  assert.equal((await agree(s)).done, true);
  const app = await synced(s, 'prod');
  assert.equal(await isThere('there'), true);

  await pointAt(s, here);
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.destination?.server === here.server);
  assert.notEqual(asked.spec.digest, first.spec.digest);
  assert.deepEqual(
    asked.spec.operations.map(({ op }) => op),
    ['create'],
  );
  // As what was last synced, it would need nobody.
  await operate(s, 'prod', { sync: { revision: app.status?.history?.at(-1)?.revision ?? '' } });
  const refused = await ended(s, 'prod', 'Failed');
  assert.equal(refused.status?.operationState?.message, `approval required: Approval/${asked.metadata.name}`);
  assert.equal(await isThere('here'), false);

  await pointAt(s, there);
  const back = await approvalIn(s, 'prod', 'Superseded', (item) => item.metadata.name === asked.metadata.name);
  assert.equal(back.status?.message, 'nothing is left to approve');
  assert.equal(
    approvalsOf(s, 'prod').filter((item: Approval) => item.status?.phase === 'Pending').length,
    0,
    'what is there was approved and synced there',
  );
});

test('an Approval that was opened with an older digest is asked for anew, and says why', async (t) => {
  const s = await stage(t, { 'prod/a.yaml': config('prod', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.store.approvals.create({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'prod-aaaaaaaaaaaa', namespace: s.namespace },
    spec: {
      application: `${s.namespace}/prod`,
      digest: 'a'.repeat(64),
      revision: 'b',
      operations: [
        {
          op: 'create',
          key: { group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'prod' },
          phase: 'Sync',
          wave: 0,
          mac: 'c',
        },
      ],
    },
  });
  await s.project('gated', gate);
  await s.apply('prod', { project: 'gated' });
  const asked = await approvalIn(s, 'prod', 'Pending', (item) => item.spec.digestVersion === 3);
  assert.equal(asked.spec.destination?.server, inClusterServer);
  assert.equal(asked.spec.destination.namespace, s.namespace);
  const old = await approvalIn(s, 'prod', 'Superseded');
  assert.match(old.status?.message ?? '', /^asked anew: digests are made otherwise since Coxswain was updated/);
});
