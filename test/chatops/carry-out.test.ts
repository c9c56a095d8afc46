// What commands do, who may give them, and that giving one twice is giving it once.
import type { Request } from '../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/clock.ts';
import { bed, outcome } from './fixture.ts';
import { eventually } from '../control-plane.ts';

const digest = 'd'.repeat(64);
const history = [{ id: 0, revision: 'a'.repeat(40), deployedAt: '2026-01-01T00:00:00Z', source: { repoURL: 'x' } }];
const everything = ['get', 'sync', 'approve', 'revert']
  .map((action) => `p, role:all, applications, ${action}, */*, allow`)
  .join('\n');
const toBob = `${everything}\ng, bob, role:all`;

test('a policy with a mistyped denial permits nothing, and the answer names the line', async (t) => {
  const b = await bed(t);
  await b.settings(`${toBob}\np, bob, applications, approve, shop/*, dney`);
  await b.project('shop');
  await b.application('web', {
    status: { sync: { status: 'Synced', revision: 'a'.repeat(40) }, health: { status: 'Healthy' }, history },
  });
  const line = toBob.split('\n').length + 1;
  const request = await b.ask('sync', { application: `${b.namespace}/web` });
  assert.deepEqual(outcome(request), [
    'Refused',
    `there is no application "${b.namespace}/web" that you may see: argocd-rbac-cm permits nothing until it is ` +
      `mended: policy.csv, line ${line} must end with allow or deny`,
  ]);
  await b.settings(toBob);
  assert.notEqual(outcome(await b.ask('sync', { application: `${b.namespace}/web` }))[0], 'Refused');
});

test('a person without the right is refused with the verb, the application and who can grant it', async (t) => {
  const b = await bed(t);
  await b.settings('p, role:reader, applications, get, */*, allow\ng, bob, role:reader');
  await b.project('shop');
  await b.application('web', {
    status: { sync: { status: 'Synced', revision: 'a'.repeat(40) }, health: { status: 'Healthy' }, history },
  });
  await b.approval('web', digest);
  const application = `${b.namespace}/web`;
  for (const [verb, right] of [
    ['sync', 'sync'],
    ['retry', 'sync'],
    ['approve', 'approve'],
    ['reject', 'approve'],
    ['revert', 'revert'],
    ['heal', 'revert'],
  ] as const) {
    const request = await b.ask(verb, { application });
    assert.deepEqual(outcome(request), [
      'Refused',
      `bob may not ${right} web: the right "applications, ${right}, shop/web" is missing; ` +
        'whoever keeps argocd-rbac-cm or the roles of project shop can grant it',
    ]);
  }
  assert.deepEqual(outcome(await b.ask('status', { application: 'web' })), [
    'Done',
    '🟢 web · Synced at aaaaaaa · Healthy · waits for approval',
  ]);
  assert.equal(b.store.applications.get(application)?.operation, undefined);
  assert.equal(await b.chatops.refusal({ login: 'bob', id: 2, via: 'slack' }, 'status', application), undefined);
  assert.match(
    (await b.chatops.refusal({ login: 'bob', id: 2, via: 'slack' }, 'approve', application)) ?? '',
    /^bob may not approve web/,
  );
});

test('rights come from teams and from roles of the project, and only in that project', async (t) => {
  const b = await bed(t);
  await b.settings('p, role:leads, applications, *, shop/*, allow\ng, acme:leads, role:leads');
  await b.project('shop', {
    roles: [
      { name: 'oncall', policies: ['p, proj:shop:oncall, applications, sync, shop/*, allow'], groups: ['carol'] },
    ],
  });
  await b.project('bank');
  await b.application('web');
  await b.application('ledger', { project: 'bank' });
  b.forge.members['bob'] = ['acme:leads', 'other:leads'];
  const carol = { login: 'carol', id: 3, via: 'slack' as const };
  assert.equal((await b.ask('sync', { application: 'web' })).status?.phase, 'Done');
  assert.equal((await b.ask('sync', { application: 'ledger' })).status?.phase, 'Refused');
  assert.equal(await b.chatops.refusal(carol, 'sync', `${b.namespace}/web`), undefined);
  assert.match((await b.chatops.refusal(carol, 'revert', `${b.namespace}/web`)) ?? '', /carol may not revert web/);
  b.forge.members['bob'] = ['other:leads'];
  assert.equal(
    (await b.ask('diff', { application: 'web' })).status?.phase,
    'Refused',
    'a team of another organization is another team',
  );
});

test('the default role is for people who are known, at click and act; a login called admin is nobody', async (t) => {
  const b = await bed(t);
  await b.settings('', 'role:admin');
  await b.project('shop');
  await b.application('web');
  const application = `${b.namespace}/web`;
  const stranger = { login: 'admin', id: 9, via: 'pull-request' as const };
  for (const actor of [stranger, { ...stranger, known: false }]) {
    assert.equal((await b.ask('sync', { application, actor })).status?.phase, 'Refused');
    assert.notEqual(await b.chatops.refusal(actor, 'sync', application), undefined);
  }
  const known = { ...stranger, login: 'ann', known: true };
  assert.equal(await b.chatops.refusal(known, 'sync', application), undefined);
  assert.deepEqual(outcome(await b.ask('sync', { application, actor: known })), ['Done', 'web: sync started']);
});

test('an application is found by name, never guessed, and the nearest name is suggested', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.application('checkout-dev', {
    status: {
      sync: { status: 'OutOfSync', revision: 'b'.repeat(40) },
      health: { status: 'Healthy' },
      operationState: { phase: 'Failed', message: 'no such image', operation: {}, startedAt: '2026-01-01T00:00:00Z' },
    },
  });
  await b.application('checkout-prod', { status: { sync: { status: 'Synced' }, health: { status: 'Degraded' } } });
  assert.deepEqual(outcome(await b.ask('sync', { application: 'checkot-prod' })), [
    'Refused',
    'there is no application "checkot-prod" that you may see; did you mean checkout-prod?',
  ]);
  assert.deepEqual(outcome(await b.ask('sync')), ['Refused', 'name an application: /cox sync <app>']);
  assert.deepEqual(outcome(await b.ask('help')), ['Done', (await b.ask('help')).status?.message]);
  assert.deepEqual(outcome(await b.ask('help', { args: { error: '"x" is not a command' } })), [
    'Refused',
    '"x" is not a command',
  ]);
  assert.deepEqual(outcome(await b.ask('status')), [
    'Done',
    '🔴 checkout-prod · Synced at nothing · Degraded\n' +
      '🟡 checkout-dev · OutOfSync at bbbbbbb · Healthy · last sync failed: no such image',
  ]);
  assert.deepEqual(outcome(await b.ask('approve')), ['Refused', 'nothing waits for approval']);
});

test('what a person may not see is answered like what does not exist, unless the place itself shows it', async (t) => {
  const b = await bed(t);
  await b.settings('p, ann, applications, sync, shop/web, allow');
  await b.project('shop');
  for (const name of ['web', 'webshop', 'api']) await b.application(name);
  await b.approval('api', digest);
  b.forge.touched[8] = [`${b.namespace}/api`];
  const pull = { owner: 'acme', repo: 'infra', number: 8 };
  const inPull = { pull, origin: { kind: 'comment' as const, commentId: 8 } };
  const none = (name: string): [string, string] => ['Refused', `there is no application "${name}" that you may see`];
  const denied = (right: string): [string, string] => [
    'Refused',
    `bob may not ${right === 'get' ? 'see' : right} api: the right "applications, ${right}, shop/api" is missing; ` +
      'whoever keeps argocd-rbac-cm or the roles of project shop can grant it',
  ];
  for (const where of [{}, inPull]) {
    for (const name of ['web', 'wob', `${b.namespace}/web`, `${b.namespace}/wob`])
      assert.deepEqual(outcome(await b.ask('sync', { ...where, application: name })), none(name));
  }
  assert.deepEqual(outcome(await b.ask('sync', { application: 'api' })), none('api'));
  assert.deepEqual(outcome(await b.ask('sync', { ...inPull, application: 'api' })), denied('sync'));
  assert.deepEqual(outcome(await b.ask('sync', { ...inPull, application: 'apa' })), [
    'Refused',
    `${none('apa')[1]}; did you mean api?`,
  ]);
  assert.deepEqual(outcome(await b.ask('status', inPull)), denied('get'));
  assert.deepEqual(outcome(await b.ask('status')), ['Refused', 'there is no application that you may see']);
  assert.deepEqual(outcome(await b.ask('approve')), ['Refused', 'nothing waits for approval']);
  assert.deepEqual(outcome(await b.ask('approve', { ...inPull, pull: { ...pull, number: 7 } })), [
    'Refused',
    'nothing that this pull request brought waits for approval',
  ]);
  assert.deepEqual(
    outcome(await b.ask('approve', { application: `${b.namespace}/api`, digest, shown: true })),
    denied('approve'),
  );
  const ann = { login: 'ann', id: 1, via: 'slack' as const };
  assert.deepEqual(
    outcome(await b.ask('sync', { application: 'web', actor: ann })),
    ['Done', 'web: sync started'],
    'whoever may do it knows of it',
  );
  assert.deepEqual(await b.chatops.find(ann, 'sync', ''), {
    ok: true,
    apps: [b.store.applications.get(`${b.namespace}/web`)],
  });
});

test('sync writes one operation that carries the request, however often it is carried out', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.application('web');
  const key = `${b.namespace}/web`;
  const request = await b.ask('sync', { application: key });
  assert.deepEqual(outcome(request), ['Done', 'web: sync started']);
  const { operation } = b.store.applications.get(key) ?? {};
  assert.deepEqual(
    [operation?.initiatedBy, operation?.info],
    [{ username: 'bob' }, [{ name: 'coxswain.dev/request', value: request.metadata.name }]],
  );
  assert.deepEqual(outcome(await b.again(request)), ['Done', 'web: the sync was asked for already']);
  assert.deepEqual(outcome(await b.ask('sync', { application: key })), [
    'Refused',
    'web: another operation is in progress; try again when it has ended',
  ]);
});

test('a gated application with a waiting approval is not synced but says what it waits for', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  await b.approval('web', digest);
  const request = await b.ask('sync', { application: 'web' });
  assert.deepEqual(outcome(request), [
    'Refused',
    `web waits for approval; it syncs by itself once approved: \`/cox approve web\``,
  ]);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.operation, undefined);
});

test('an approval counts once for exactly the digest that was shown, and never for an author', async (t) => {
  const b = await bed(t);
  await b.settings(`${toBob}\ng, ann, role:all\ng, ghost, role:all`);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const name = await b.approval('web', digest);
  const approval = (): ReturnType<typeof b.store.approvals.get> => b.store.approvals.get(`${b.namespace}/${name}`);
  const ann = { login: 'ann', id: 1, via: 'slack' as const };
  assert.deepEqual(outcome(await b.ask('approve', { application: 'web', digest, actor: ann })), [
    'Refused',
    'web: ann is an author of this change (wrote it), and somebody else must approve it',
  ]);
  assert.deepEqual(
    outcome(await b.ask('approve', { application: 'web', digest, actor: { ...ann, login: 'ghost', id: 0 } })),
    ['Refused', 'web: GitHub knows nobody called ghost, so nobody can tell whether they wrote the change'],
  );
  assert.deepEqual(outcome(await b.ask('approve', { application: 'web', digest: 'e'.repeat(64) })), [
    'Refused',
    `web: no approval has the digest ${'e'.repeat(64)}`,
  ]);
  assert.deepEqual(
    outcome(
      await b.ask('approve', { application: 'web', args: { digest: 'dddddd' }, createdAt: '2020-01-01T00:00:00Z' }),
    ),
    ['Done', 'web: approved; it syncs now'],
  );
  const request = b.store.requests.list().find((item) => item.status?.phase === 'Done');
  assert.ok(request);
  assert.equal((await b.again(request)).status?.phase, 'Done');
  assert.deepEqual(
    approval()?.status?.approvals?.map((item) => [item.actor.login, item.actor.id, item.teams]),
    [['bob', 2, []]],
  );
  assert.equal(approval()?.status?.phase, 'Approved');
});

test('an approval without a digest counts only for what waited already when the person asked', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const name = await b.approval('web', digest);
  const late = await b.ask('approve', { application: 'web', createdAt: '2020-01-01T00:00:00Z' });
  assert.deepEqual(outcome(late), [
    'Refused',
    `web: what waits now is another effect than when you asked (${name}); look at it and ask again`,
  ]);
  const request = await b.ask('approve', {
    pull: { owner: 'acme', repo: 'infra', number: 7 },
    origin: { kind: 'comment', commentId: 5 },
  });
  assert.equal(request.status?.phase, 'Done');
  assert.equal(
    (await b.again(request)).status?.phase,
    'Done',
    'carried out again after a crash, it finds its own approval',
  );
  assert.equal(b.store.approvals.get(`${b.namespace}/${name}`)?.status?.approvals?.length, 1);
  await eventually(
    'both are answered: what became of a request is stored before it is told',
    () => b.forge.answers.length === 2 || undefined,
  );
});

test('reject closes the approval with the reason, and nobody approves it afterwards', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const name = await b.approval('web', digest);
  const request = await b.ask('reject', { application: 'web', digest, args: { reason: 'not on a Friday' } });
  assert.deepEqual(outcome(request), [
    'Done',
    'web: rejected; nothing is applied: web stays as it is, though Git has the change, and a sync of it is refused. ' +
      '`/cox reopen web` asks for it again, and so does a new commit',
  ]);
  assert.equal(b.store.approvals.get(`${b.namespace}/${name}`)?.status?.message, 'rejected by bob: not on a Friday');
  assert.equal((await b.again(request)).status?.phase, 'Done');
  assert.deepEqual(outcome(await b.ask('approve', { application: 'web', digest })), [
    'Refused',
    `web: Approval/${name} is rejected (rejected by bob: not on a Friday); \`/cox reopen web\` asks for it again, ` +
      'and so does a new commit',
  ]);
});

test('reject asks for a reason, and decides nothing without one', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const name = await b.approval('web', digest);
  assert.deepEqual(outcome(await b.ask('reject', { application: 'web', digest })), [
    'Refused',
    'web: say why, the authors read it: `/cox reject web <reason>`',
  ]);
  assert.equal(b.store.approvals.get(`${b.namespace}/${name}`)?.status?.phase ?? 'Pending', 'Pending');
});

test('a sync of what was rejected is refused at once, with the way on', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required' });
  await b.application('web');
  const name = await b.approval('web', digest);
  await b.ask('reject', { application: 'web', digest, args: { reason: 'not on a Friday' } });
  const { revision } = b.store.approvals.get(`${b.namespace}/${name}`)?.spec ?? {};
  const sync = { status: 'OutOfSync', revision, comparedTo: { source: {}, destination: {} } };
  await b.store.applications.patch(`${b.namespace}/web`, { status: { sync } });
  const [phase, message] = outcome(await b.ask('sync', { application: 'web' }));
  assert.equal(phase, 'Refused');
  assert.match(message ?? '', /is rejected \(rejected by bob: not on a Friday\); `\/cox reopen web` asks for it again/);
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.operation, undefined);
});

test('diff and status without a name mean, in a pull request, what it touches', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.application('web');
  await b.application('api');
  await b.application('docs');
  b.forge.touched[7] = ['web', 'api', 'not-there-yet'].map((name) => `${b.namespace}/${name}`);
  const asked = (number: number): Partial<Request['spec']> => ({
    pull: { owner: 'acme', repo: 'infra', number },
    origin: { kind: 'comment', commentId: number },
  });
  assert.deepEqual(outcome(await b.ask('diff', asked(7))), ['Done', '2 applications are compared again']);
  const refreshed = (): string[] =>
    ['api', 'docs', 'web'].filter(
      (name) =>
        b.store.applications.get(`${b.namespace}/${name}`)?.metadata.annotations?.['argocd.argoproj.io/refresh'] ===
        'normal',
    );
  await eventually('both', () => refreshed().length === 2 || undefined);
  assert.deepEqual(refreshed(), ['api', 'web']);
  assert.deepEqual(outcome(await b.ask('status', asked(7))), [
    'Done',
    '⚪ api · Unknown at nothing · Unknown\n⚪ web · Unknown at nothing · Unknown',
  ]);
  assert.deepEqual(outcome(await b.ask('diff', asked(8))), ['Done', 'this pull request is looked at again']);
  assert.deepEqual(
    [refreshed(), b.forge.refreshed],
    [
      ['api', 'web'],
      [7, 8],
    ],
  );
});

test('healing syncs only the drifted objects, to the revision that was synced last', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.application('web', { status: { history } });
  const key = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const episode = await b.episode('web', [
    { key, kind: 'changed', changes: [{ path: ['spec', 'replicas'], text: 'spec.replicas', before: 2, after: 9 }] },
  ]);
  const request = await b.ask('heal', { application: `${b.namespace}/web`, args: { episode } });
  assert.deepEqual(outcome(request), ['Done', 'web: putting 1 object back to aaaaaaa']);
  const app = b.store.applications.get(`${b.namespace}/web`);
  assert.deepEqual(
    [app?.operation?.sync?.resources, app?.operation?.sync?.revision],
    [[{ group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' }], 'a'.repeat(40)],
  );
  assert.equal(b.store.episodes.get(`${b.namespace}/${episode}`)?.status?.phase, 'Reverting');
  assert.equal((await b.again(request)).status?.phase, 'Done');
  assert.equal(
    (await b.ask('heal', { application: `${b.namespace}/web`, args: { episode: 'other' } })).status?.message,
    'web: that drift is not known any more',
  );
});

test('an answer that was stored but not told before the end is told after the next start, once', async (t) => {
  const b = await bed(t);
  await b.settings(toBob);
  await b.project('shop');
  await b.application('web');
  const request = await b.ask('diff', { application: 'web' });
  const key = `${b.namespace}/${request.metadata.name}`;
  await eventually('told', () => b.store.requests.get(key)?.status?.told);
  assert.equal(b.told.length, 1);
  await b.restart();
  await b.ask('diff', { application: 'web' });
  await eventually('the second answer', () => b.told.length === 2 || undefined);
  await b.chatops.stop();
  await b.store.requests.patch(key, { status: { told: false } }, { subresource: 'status' });
  await b.restart();
  await eventually('the first answer again', () => b.told.length === 3 || undefined);
  assert.deepEqual(
    b.told.map(([name]) => name),
    ['r1', 'r2', 'r1'],
  );
});

test('what could not be carried out for more than an hour is answered, not done', async (t) => {
  const b = await bed(t, { clock: { ...systemClock, now: () => systemClock.now() + 2 * 3_600_000 } });
  await b.settings(toBob);
  await b.project('shop');
  await b.application('web', { status: { history } });
  await b.approval('web', digest);
  for (const verb of ['sync', 'approve', 'reject', 'revert', 'heal'] as const) {
    const late = await b.ask(verb, { application: 'web', ...(verb !== 'sync' && { digest }) });
    assert.deepEqual(
      outcome(late),
      ['Refused', 'this was asked more than an hour ago, and nothing more is done for it; ask again if it still holds'],
      verb,
    );
  }
  assert.equal(b.store.applications.get(`${b.namespace}/web`)?.operation, undefined);
  assert.equal(b.store.approvals.list()[0]?.status?.phase, 'Pending');
  assert.equal((await b.ask('status', { application: 'web' })).status?.phase, 'Done');
});

test('where the forge refuses to tell teams, logins do what they may; a right of a team says why not', async (t) => {
  const b = await bed(t);
  await b.settings('p, role:deploy, applications, *, shop/*, allow\ng, bob, role:deploy\ng, acme:leads, role:deploy');
  await b.project('shop', {}, { 'coxswain.dev/approval': 'required', 'coxswain.dev/approvers': '@acme/leads' });
  await b.application('web');
  const digest = 'd'.repeat(64);
  await b.approval('web', digest);
  b.forge.teams = () =>
    Promise.reject(
      new AppError('E_GITHUB', 'Resource not accessible by integration', { hint: 'It needs members: read.' }),
    );
  const status = await b.ask('status', { application: 'web' });
  assert.equal(status.status?.phase, 'Done');
  const approve = await b.ask('approve', { application: 'web', digest });
  assert.equal(approve.status?.phase, 'Refused');
  assert.match(
    approve.status?.message ?? '',
    new RegExp(
      /bob is not among the approvers \(@acme\/leads\)\. A team may hold what is asked for, but the /.source +
        /forge does not tell anybody's teams: Resource not accessible by integration \(E_GITHUB\)\. It /.source +
        /needs members: read/.source,
    ),
  );
  const carol = await b.ask('sync', {
    application: `${b.namespace}/web`,
    actor: { login: 'carol', id: 3, via: 'pull-request', known: true },
    shown: true,
  });
  assert.equal(carol.status?.phase, 'Refused');
  assert.match(carol.status?.message ?? '', /carol may not sync web: .*A team may hold/);
});
