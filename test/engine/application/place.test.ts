// The gate of an application that is gone stays with its place, whatever URL its cluster is registered under.
import type { TestContext } from 'node:test';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approve } from '../../../src/engine/request.ts';
import {
  approvalIn,
  automated,
  config,
  configMap,
  dataOf,
  ended,
  operate,
  person,
  push,
  requests,
  synced,
} from '../manifests.ts';
import { stage } from '../fixture.ts';
import { testCluster } from '../../control-plane.ts';

const gate = { 'coxswain.dev/approval': 'required' };

async function agree(s: Stage, application: string, actor = person('bob', 2)): Promise<void> {
  const answer = await approve(requests(s), { application: `${s.namespace}/${application}`, actor, teams: [] });
  assert.equal(answer.done, true, answer.message);
}

/** Gated and synced. */
async function gatedStage(t: TestContext): Promise<Stage> {
  const s = await stage(t, { 'former/a.yaml': config('former', '1') });
  s.authors.list = [{ login: 'ana', id: 1 }];
  await s.apply('former', { syncPolicy: automated }, { annotations: gate });
  await approvalIn(s, 'former', 'Pending');
  await agree(s, 'former');
  await synced(s, 'former');
  return s;
}

async function remove(s: Stage, name: string): Promise<void> {
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name });
  await s.untilStore('it is gone', () => (s.store.applications.get(`${s.namespace}/${name}`) ? undefined : true));
}

/** The same cluster under the URL by which anybody may reach it. */
async function register(t: TestContext, s: Stage): Promise<void> {
  const { server, token, ca } = await testCluster(t);
  const access = { bearerToken: token, tlsClientConfig: { caData: Buffer.from(ca).toString('base64') } };
  await s.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'again',
      namespace: s.namespace,
      labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
    },
    stringData: { name: 'again', server, config: JSON.stringify(access) },
  });
}

async function second(s: Stage): Promise<void> {
  await s.cluster.api.delete(configMap(s, 'former'));
  await s.project('wide', {}, { destinations: [{ name: 'again', server: '*', namespace: s.namespace }] });
  const destination = { name: 'again', namespace: s.namespace };
  await s.apply('second', { project: 'wide', destination, syncPolicy: automated });
  await push(s, { 'second/a.yaml': config('second', '1') });
  await approvalIn(s, 'second', 'Pending');
  await operate(s, 'second', { sync: {} });
  assert.match((await ended(s, 'second', 'Failed')).status?.operationState?.message ?? '', /^approval required/);
  assert.equal(await dataOf(s, 'second'), undefined);
}

test('the gate of an application that is gone holds where its cluster has another URL', async (t) => {
  const s = await gatedStage(t);
  await remove(s, 'former');
  await register(t, s);
  await second(s);
  await s.restart();
  await approvalIn(s, 'second', 'Pending');
  assert.equal(await dataOf(s, 'second'), undefined);
  // Whoever made it past the gate of the former one left no name: two people agree.
  await agree(s, 'second');
  await agree(s, 'second', person('cleo', 3));
  await synced(s, 'second');
  await s.untilStore('the former record has gone', () =>
    s.store.records.get(`${s.namespace}/former`) ? undefined : true,
  );
});

test('a record of a version that knew URLs alone learns which cluster it is', async (t) => {
  const s = await gatedStage(t);
  const key = `${s.namespace}/former`;
  const known = s.store.records.get(key)?.spec.clusterPlace;
  assert.ok(known);
  await s.store.records.patch(key, { spec: { clusterPlace: null } });
  await push(s, { 'former/a.yaml': config('former', '2') });
  await s.untilStore('it is known', () => (s.store.records.get(key)?.spec.clusterPlace === known ? true : undefined));
  await remove(s, 'former');
  await register(t, s);
  await second(s);
});
