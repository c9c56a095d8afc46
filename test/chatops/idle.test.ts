// What commands answer about an application on which no engine works.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnOf } from '../../src/policy/engine.ts';
import { bed, outcome } from './fixture.ts';

const everything = ['get', 'sync', 'approve', 'revert']
  .map((action) => `p, role:all, applications, ${action}, */*, allow`)
  .join('\n');
const why =
  'no engine works on it: coxswain.dev/engine leaves it to Argo CD, which leaves it alone because of ' +
  'argocd.argoproj.io/skip-reconcile: "true"; remove one of the two';

test('a command that would write where no engine works is answered with the reason, and writes nothing', async (t) => {
  const engines = { chosen: 'coxswain', controller: undefined } as const;
  const b = await bed(t, { turn: (app) => turnOf(app, undefined, engines) });
  await b.settings(`${everything}\ng, bob, role:all`);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web', {
    annotations: { 'argocd.argoproj.io/skip-reconcile': 'true', 'coxswain.dev/engine': 'argocd' },
    status: { sync: { status: 'OutOfSync', revision: 'b'.repeat(40) }, health: { status: 'Healthy' } },
  });
  const approval = `${b.namespace}/${await b.approval('web', 'd'.repeat(64))}`;
  const before = b.store.applications.get(`${b.namespace}/web`)?.metadata.resourceVersion;
  for (const verb of ['approve', 'reject', 'reopen', 'sync', 'diff', 'heal'] as const)
    assert.deepEqual(outcome(await b.ask(verb, { application: 'web' })), ['Refused', `web: ${why}`], verb);
  assert.deepEqual(outcome(await b.ask('approve')), ['Refused', `web: ${why}`]);
  assert.equal(outcome(await b.ask('status', { application: 'web' }))[0], 'Done');
  assert.deepEqual(b.store.approvals.get(approval)?.status?.approvals, []);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.metadata.resourceVersion, before);
  // As the engine ends it after a while; who names no application is told too.
  const message = `${why}. It is asked about anew once an engine works on it`;
  await b.store.approvals.patch(approval, { status: { phase: 'Superseded', message } }, { subresource: 'status' });
  for (const verb of ['approve', 'reject'] as const)
    assert.deepEqual(outcome(await b.ask(verb)), ['Refused', `nothing waits for approval\nweb: ${why}`]);
});
