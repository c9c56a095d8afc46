// Requests that somebody else made: without our MAC they are nobody's, but for those from a terminal whose asker the
// cluster vouches for.
import type { TestContext } from 'node:test';
import type { Bed } from './fixture.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Narrow } from '../narrow.ts';
import type { Guard } from '../../src/store/guard.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { createGuard } from '../../src/store/guard.ts';
import { applyAdmission } from '../../sandbox/settings.ts';
import { kubeOf } from '../../sandbox/kube.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { narrow } from '../narrow.ts';
import { bed } from './fixture.ts';

const policy = 'p, role:all, applications, *, */*, allow\ng, bob, role:all';

function guardOf(t: TestContext, b: Bed): Guard {
  const guard = createGuard({ api: b.cluster.api, namespace: b.namespace, clock: systemClock, log: silentLogger() });
  t.after(() => guard.stop());
  return guard;
}

async function refused(t: TestContext, b: Bed, account = 'coxswain'): Promise<Guard> {
  const { access } = await testCluster(t);
  await applyAdmission(kubeOf(access), b.namespace, account);
  const guard = guardOf(t, b);
  // The API server takes about a second to follow.
  await eventually('forged ones are refused', async () =>
    (await guard.doubt(rfc3339(Date.now() + 60_000))) === undefined ? true : undefined,
  );
  return guard;
}

interface Scene {
  b: Bed;
  mallory: Narrow;
  approval: string;
  /** What the Request says of who asks and from where is the test's. */
  body(name: string, spec: Record<string, unknown>): unknown;
  decided(): unknown;
}

async function scene(t: TestContext, doubt?: () => Guard): Promise<Scene> {
  const b = await bed(t, doubt ? { doubt: (at) => doubt().doubt(at) } : {});
  await b.settings(policy);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const approval = await b.approval('web', 'd'.repeat(64));
  const mallory = await narrow(t, await testCluster(t), b.namespace);
  const body = (name: string, spec: Record<string, unknown>): unknown => ({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Request',
    metadata: { name },
    spec: {
      verb: 'approve',
      application: `${b.namespace}/web`,
      args: {},
      createdAt: rfc3339(Date.now() + 1000),
      ...spec,
    },
  });
  const decided = (): unknown => b.store.approvals.get(`${b.namespace}/${approval}`)?.status?.approvals;
  return { b, mallory, approval, body, decided };
}

const bob = {
  actor: { login: 'bob', id: 2, via: 'slack', slackUser: 'U2', known: true },
  origin: { kind: 'slack', channel: 'C1' },
};

test("a Request that somebody made in another person's name is nobody's, whatever MAC it carries", async (t) => {
  const { b, mallory, body, decided } = await scene(t);
  const ours = (await b.ask('status', { application: `${b.namespace}/web` })).metadata.annotations?.[
    'coxswain.dev/mac'
  ];
  const forged = body('forged', bob) as { metadata: object };
  assert.equal((await mallory.create('requests', forged)).status, 201);
  assert.equal(
    (
      await mallory.create('requests', {
        ...forged,
        metadata: { name: 'copied', annotations: { 'coxswain.dev/mac': ours } },
      })
    ).status,
    201,
  );
  assert.equal(
    (
      await mallory.create('requests', {
        ...forged,
        metadata: { name: 'short', annotations: { 'coxswain.dev/mac': '' } },
      })
    ).status,
    201,
  );
  await b.ask('status', { application: `${b.namespace}/web` });
  await eventually('all three are seen, as foreign', () => (b.store.foreign().length === 3 ? true : undefined));
  assert.deepEqual(
    b.store.requests
      .list()
      .map((request) => request.metadata.name)
      .sort(),
    ['r1', 'r2'],
  );
  assert.deepEqual(decided(), []);
});

test('what becomes of a Request is ours to say: forged answers are not told, ended ones not begun again', async (t) => {
  const { b, mallory, decided } = await scene(t);
  const asked = await b.ask('approve', { application: `${b.namespace}/web` });
  assert.equal(asked.status?.phase, 'Done');
  const told = b.told.length;
  const phishing = {
    status: {
      phase: 'Done',
      message: 'log in again at https://evil.example',
      finishedAt: rfc3339(Date.now()),
      told: false,
      result: { pull: 'https://evil.example' },
    },
  };
  assert.equal((await mallory.patch('requests', `${asked.metadata.name}/status`, phishing)).status, 200);
  const answered = await eventually('answered by us again', () => {
    const now = b.store.requests.get(`${b.namespace}/${asked.metadata.name}`);
    return now?.status?.told && b.told.length > told ? now : undefined;
  });
  assert.equal(answered.status?.message, 'web: approved; it syncs now');
  assert.ok(b.told.every(([, { text }]) => !text.includes('evil')));
  assert.equal((decided() as unknown[]).length, 1, 'bob counts once');
});

/** Answers what becomes of a Request of a former round that somebody makes again, as it was. */
async function madeAgain(t: TestContext, digest: string | undefined): Promise<void> {
  const { b, approval, decided } = await scene(t);
  const mallory = await narrow(t, await testCluster(t), b.namespace, ['delete'], 'deleter');
  const asked = await b.ask('approve', {
    application: `${b.namespace}/web`,
    ...(digest !== undefined && { digest }),
    createdAt: rfc3339(Date.now() + 1000),
  });
  assert.equal(asked.status?.phase, 'Done');
  const key = `${b.namespace}/${approval}`;
  await b.store.approvals.patch(key, { spec: { round: 1 } });
  await b.store.approvals.patch(
    key,
    {
      status: {
        phase: 'Pending',
        message: 'waiting for approval',
        openedAt: rfc3339(Date.now() + 60_000),
        approvals: [],
      },
    },
    { subresource: 'status' },
  );
  const { name, annotations } = asked.metadata;
  const replayed = {
    apiVersion: asked.apiVersion,
    kind: asked.kind,
    metadata: { name, annotations },
    spec: asked.spec,
  };
  assert.equal((await mallory.delete('requests', name)).status, 200);
  assert.equal((await mallory.create('requests', replayed)).status, 201);
  const again = await eventually('it is answered', () => {
    const now = b.store.requests.get(`${b.namespace}/${name}`);
    return now && now.metadata.uid !== asked.metadata.uid && now.status?.phase !== undefined ? now : undefined;
  });
  assert.deepEqual([again.status?.phase, decided()], ['Refused', []]);
}

test('a Request that is deleted and made again, MAC and all, does not agree to what is asked anew', (t) =>
  madeAgain(t, 'd'.repeat(64)));

test('nor does one that named no digest, for whatever waited', (t) => madeAgain(t, undefined));

test('a name that ours must have is not left to somebody who took it before', async (t) => {
  const { b, mallory, body } = await scene(t);
  assert.equal(
    (
      await mallory.create('requests', {
        ...(body('r9', bob) as object),
        metadata: { name: 'r9', finalizers: ['example.com/mine'] },
      })
    ).status,
    201,
  );
  await eventually('it is seen', () => (b.store.foreign().length === 1 ? true : undefined));
  const spec = {
    verb: 'help' as const,
    args: {},
    actor: { login: 'bob', id: 2, via: 'slack' as const },
    origin: { kind: 'web' as const },
    createdAt: rfc3339(Date.now()),
  };
  assert.equal(
    await b.store.requests.create({
      apiVersion: 'coxswain.dev/v1alpha1',
      kind: 'Request',
      metadata: { name: 'r9', namespace: b.namespace },
      spec,
    }),
    'created',
  );
  assert.equal(b.store.requests.get(`${b.namespace}/r9`)?.spec.verb, 'help');
});

test('without the admission policies a Request from a terminal is refused with how to install them', async (t) => {
  const made: Guard[] = [];
  const { b, mallory, body, decided } = await scene(t, () => made[0] as Guard);
  made.push(guardOf(t, b));
  assert.equal(
    (
      await mallory.create(
        'requests',
        body('mine', { actor: { user: 'bob@example.com', via: 'cli' }, origin: { kind: 'cli' } }),
      )
    ).status,
    201,
  );
  const answer = await eventually('an answer', () => b.store.requests.get(`${b.namespace}/mine`)?.status);
  assert.deepEqual(
    [answer.phase, answer.message],
    [
      'Refused',
      'nobody can tell whether bob@example.com has asked this, so nothing was done: ' +
        "the cluster lets others write a Request in Coxswain's name; kubectl apply -k deploy installs the admission " +
        'policies of Coxswain. Then ask again',
    ],
  );
  assert.deepEqual(decided(), []);
});

test('with the policies whoever may write our resources writes none but a Request in their own name', async (t) => {
  const made: Guard[] = [];
  const { b, mallory, body, approval, decided } = await scene(t, () => made[0] as Guard);
  made.push(await refused(t, b));
  const late = { status: { phase: 'Approved' } };
  const record = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'SyncRecord',
    metadata: { name: 'web' },
    spec: { application: `${b.namespace}/web`, uid: '', policy: { gated: false, approvals: 1, approvers: [] } },
  };
  const deleter = await narrow(t, await testCluster(t), b.namespace, ['delete', 'deletecollection'], 'deleter');
  const own = { actor: { user: mallory.user, via: 'cli' }, origin: { kind: 'cli' } };
  await b.store.records.create({ ...record, metadata: { name: 'kept', namespace: b.namespace } });
  const episode = await b.episode('web', []);
  await b.store.reports.create({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Report',
    metadata: { name: 'ours', namespace: b.namespace },
    spec: { application: `${b.namespace}/web`, about: 'deploy', since: rfc3339(Date.now()) },
  });
  const tries = {
    'as a person in Slack': mallory.create('requests', body('a', bob)),
    "in another's name": mallory.create(
      'requests',
      body('b', { ...own, actor: { user: 'bob@example.com', via: 'cli' } }),
    ),
    'in no name': mallory.create('requests', body('c', { actor: { via: 'cli' }, origin: { kind: 'cli' } })),
    "in one's own name and with a login": mallory.create(
      'requests',
      body('d', { ...own, actor: { user: mallory.user, via: 'cli', login: 'bob' } }),
    ),
    'with an id': mallory.create('requests', body('e', { ...own, actor: { user: mallory.user, via: 'cli', id: 2 } })),
    'answered elsewhere': mallory.create('requests', body('f', { ...own, origin: { kind: 'slack', channel: 'C1' } })),
    'with a MAC': mallory.create('requests', {
      ...(body('g', own) as object),
      metadata: { name: 'g', annotations: { 'coxswain.dev/mac': 'x' } },
    }),
    'as a canary': mallory.create('requests', {
      ...(body('h', bob) as object),
      metadata: { name: 'h', labels: { 'coxswain.dev/canary': 'true' } },
    }),
    'an Approval': mallory.create('approvals', {
      apiVersion: 'coxswain.dev/v1alpha1',
      kind: 'Approval',
      metadata: { name: 'web-1' },
      spec: { application: `${b.namespace}/web`, digest: 'e', revision: 'f', operations: [] },
    }),
    'a decision': mallory.patch('approvals', `${approval}/status`, late),
    'what is asked': mallory.patch('approvals', approval, { spec: { policy: { approvals: 1, approvers: [] } } }),
    'a label': mallory.patch('approvals', approval, { metadata: { labels: { a: 'b' } } }),
    'a record': mallory.create('syncrecords', record),
    'another record': mallory.patch('syncrecords', 'kept', { spec: { policy: { gated: false } } }),
    'an owner that does not exist': mallory.patch('syncrecords', 'kept', {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'none' }] },
    }),
    'a finalizer': mallory.patch('syncrecords', 'kept', { metadata: { finalizers: ['example.com/mine'] } }),
    'an owner of an Approval': mallory.patch('approvals', approval, {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'none' }] },
    }),
    'a deploy that is told': mallory.create('reports', {
      apiVersion: 'coxswain.dev/v1alpha1',
      kind: 'Report',
      metadata: { name: 'told' },
      spec: { application: `${b.namespace}/web`, about: 'deploy', since: rfc3339(Date.now()) },
    }),
    'where a card of drift stands': mallory.patch('driftepisodes', `${episode}/status`, {
      status: { cards: { C1: { intent: 'x', at: rfc3339(Date.now()), ts: '1.1' } } },
    }),
    'an episode deleted': deleter.delete('driftepisodes', episode),
    'all Reports deleted': deleter.delete('reports'),
    'a record deleted': deleter.delete('syncrecords', 'kept'),
    'all records deleted': deleter.delete('syncrecords'),
    'an Approval deleted': deleter.delete('approvals', approval),
    'all Approvals deleted': deleter.delete('approvals'),
  };
  for (const [what, answer] of Object.entries(tries)) assert.equal((await answer).status, 422, what);
  const { access } = await testCluster(t);
  assert.equal(
    (await access.call('DELETE', `/apis/coxswain.dev/v1alpha1/namespaces/${b.namespace}/syncrecords/kept`)).status,
    422,
    'not even an administrator makes a gate forgotten',
  );

  await eventually('a second has passed since', async () =>
    (await made[0]?.doubt(rfc3339(Date.now()))) === undefined ? true : undefined,
  );
  const asks = async (name: string): Promise<string | undefined> => {
    assert.equal((await mallory.create('requests', body(name, own))).status, 201);
    assert.equal(
      (await mallory.patch('requests', name, { spec: { verb: 'sync' } })).status,
      422,
      'nor is it changed afterwards',
    );
    assert.equal(
      (await mallory.patch('requests', `${name}/status`, { status: { phase: 'Done' } })).status,
      422,
      'or answered',
    );
    return (await eventually('an answer', () => b.store.requests.get(`${b.namespace}/${name}`)?.status)).message;
  };
  assert.match(
    (await asks('unlinked')) ?? '',
    new RegExp(`^the user ${mallory.user} of this cluster is not linked to a GitHub login`),
  );
  await b.cluster.api.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coxswain-cm', namespace: b.namespace, labels: { 'app.kubernetes.io/part-of': 'coxswain' } },
    data: { 'cli.identities': `${mallory.user}: bob` },
  });
  await eventually('the link', () => (b.store.settings().cliIdentities.size === 1 ? true : undefined));
  assert.equal(await asks('linked'), 'web: approved; it syncs now');
  assert.deepEqual(
    (decided() as { actor: unknown }[]).map((item) => item.actor),
    [{ login: 'bob', id: 2, via: 'cli', known: true }],
  );
});

test('what was made before the policies were seen in force is not taken for vouched', async (t) => {
  const b = await bed(t);
  const guard = await refused(t, b);
  assert.match((await guard.doubt(rfc3339(Date.now() - 60_000))) ?? '', /^it was made before/);
});

test('a policy that is silent, or that refuses the operator, is told', async (t) => {
  const b = await bed(t);
  const { access } = await testCluster(t);
  await refused(t, b);
  const guard = guardOf(t, b);
  await guard.start();
  assert.equal(guard.fault, undefined);
  const account = (text: string): Promise<void> => applyAdmission(kubeOf(access), b.namespace, text);
  await account('system:serviceaccount:argocd:another');
  await eventually('told', async () =>
    /refuse Coxswain itself/.test((await guard.doubt('')) ?? '') ? true : undefined,
  );
  await access.must('DELETE', `/api/v1/namespaces/${b.namespace}/configmaps/coxswain-admission`);
  await eventually('told', async () =>
    /lets others write a Request/.test((await guard.doubt('')) ?? '') ? true : undefined,
  );
  assert.match(guard.fault ?? '', /kubectl apply -k deploy installs/);
});

test('a policy that lets others delete what is remembered is told', async (t) => {
  const b = await bed(t);
  const { access } = await testCluster(t);
  const guard = await refused(t, b);
  const application = `${b.namespace}/web`;
  const made = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'SyncRecord',
    metadata: { name: 'web', namespace: b.namespace },
    spec: { application, uid: '', policy: { gated: true, approvals: 1, approvers: [] } },
  };
  await b.store.records.create(made);
  assert.equal(await guard.doubt(rfc3339(Date.now() + 60_000)), undefined);
  const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/coxswain-own-resources';
  // Another file's policy is the same object: only what this namespace asks is let pass.
  const elsewhere = {
    name: 'not-here',
    expression: `request.operation != "DELETE" || request.namespace != "${b.namespace}"`,
  };
  const patch = async (spec: object): Promise<void> =>
    assert.equal((await access.call('PATCH', path, { spec }, 'application/merge-patch+json')).status, 200);
  // As a version before installed it: Reports tell nobody who asks.
  await b.store.reports.create({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Report',
    metadata: { name: 'ours', namespace: b.namespace },
    spec: { application, about: 'deploy', since: rfc3339(Date.now()) },
  });
  const report = `/apis/coxswain.dev/v1alpha1/namespaces/${b.namespace}/reports/ours?dryRun=All`;
  await patch({
    matchConditions: [
      { ...elsewhere, expression: `${elsewhere.expression} || request.resource.resource != "reports"` },
    ],
  });
  try {
    await eventually(
      'a Report can be deleted',
      async () => (await access.call('DELETE', report)).status === 200 || undefined,
    );
    assert.equal(await guard.doubt(rfc3339(Date.now() + 60_000)), undefined);
    await patch({ matchConditions: [elsewhere] });
    await eventually('told', async () =>
      /lets others delete what a SyncRecord remembers/.test((await guard.doubt('')) ?? '') ? true : undefined,
    );
  } finally {
    await patch({ matchConditions: null });
  }
  assert.ok(b.store.records.get(application), 'it was asked by dry run');
});

test('namespaces go, and what an owner took along, though nobody may delete what is remembered', async (t) => {
  const b = await bed(t);
  const { access } = await testCluster(t);
  await refused(t, b);
  const namespace = `/api/v1/namespaces/${b.namespace}`;
  const owner = (await access.must('POST', `${namespace}/configmaps`, { metadata: { name: 'owner' } })) as {
    metadata: { uid: string };
  };
  const of = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid };
  const record = (name: string, metadata: object): KubeObject => ({
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'SyncRecord',
    metadata: { name, namespace: b.namespace, ...metadata },
    spec: { application: `${b.namespace}/${name}`, uid: '', policy: { gated: true, approvals: 1, approvers: [] } },
  });
  await b.cluster.api.create(record('owned', { ownerReferences: [of] }));
  await b.cluster.api.create(record('kept', {}));
  await access.must('DELETE', `${namespace}/configmaps/owner`);
  const status = async (path: string): Promise<number> => (await access.call('GET', path)).status;
  const records = `/apis/coxswain.dev/v1alpha1/namespaces/${b.namespace}/syncrecords`;
  await eventually('collected', async () => (await status(`${records}/owned`)) === 404 || undefined, {
    withinMs: 90_000,
  });
  assert.equal(await status(`${records}/kept`), 200);
  await access.must('DELETE', namespace);
  await eventually('the namespace is gone', async () => (await status(namespace)) === 404 || undefined, {
    withinMs: 90_000,
  });
});
