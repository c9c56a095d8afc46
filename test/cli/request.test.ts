// Decisions from a terminal: a Request in one's own name, its answer, and the exit code.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually, testCluster } from '../control-plane.ts';
import { bed } from '../chatops/fixture.ts';
import { runCox } from './fixture.ts';

const policy = 'p, role:all, applications, *, */*, allow\ng, bob, role:all';

test('approve, reject and reopen are asked in the name of the kubeconfig, and answered there', async (t) => {
  const b = await bed(t, { doubt: () => Promise.resolve(undefined) });
  const { kubeconfigs } = await testCluster(t);
  const cox = (...args: string[]) =>
    runCox(args, { env: { KUBECONFIG: kubeconfigs.admin, COX_NAMESPACE: b.namespace } });
  await b.settings(policy);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  await b.application('api');
  await b.approval('api', 'e'.repeat(64));
  const name = await b.approval('web', 'd'.repeat(64));
  const stranger = await cox('approve', 'web');
  assert.deepEqual([stranger.code, stranger.out], [1, '']);
  assert.match(stranger.err, /^cox: the user admin of this cluster is not linked to a GitHub login/);
  await b.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coxswain-cm', namespace: b.namespace, labels: { 'app.kubernetes.io/part-of': 'coxswain' } },
    data: { 'cli.identities': 'admin: bob' },
  });
  await eventually('the link', () => (b.store.settings().cliIdentities.size === 1 ? true : undefined));
  const wrong = await cox('approve', 'web', '--digest', 'ffffffff');
  assert.equal(wrong.code, 1, wrong.out);
  const rejected = await cox('reject', 'web', '--reason', 'not on a Friday');
  assert.equal(rejected.code, 0, rejected.err);
  assert.equal(b.store.approvals.get(`${b.namespace}/${name}`)?.status?.phase, 'Rejected');
  assert.match(b.store.approvals.get(`${b.namespace}/${name}`)?.status?.message ?? '', /not on a Friday/);
  const reopened = await cox('reopen', 'web');
  assert.equal(reopened.code, 0, reopened.err);
  const approved = await cox('approve', 'api', '-o', 'json');
  assert.equal(approved.code, 0, approved.err);
  assert.deepEqual((JSON.parse(approved.out) as { phase: string }).phase, 'Done');
  const asked = await cox('approve', 'web', '--no-wait');
  assert.match(asked.out, /^asked for as request cli-[0-9a-f-]{36}\n$/);
});
