// The gate: one row per rule, and a test for each hole it closes (docs/security/gate.md).
import type { AppProject } from '../../src/model/project.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { GateAuthors, GateInput, Person } from '../../src/policy/gate.ts';
import type { EffectivePolicy } from '../../src/policy/policy.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalName, approvalRequired, decideGate, mayApprove } from '../../src/policy/gate.ts';
import { effectivePolicy, loosenedGates, loosens, policyFaults } from '../../src/policy/policy.ts';

const open: EffectivePolicy = { gated: false, environment: undefined, approvers: [], approvals: 1, slack: undefined };
const gated: EffectivePolicy = { ...open, gated: true };
const digest = 'd1'.repeat(32);
const other = 'e2'.repeat(32);
const ann: Person = { login: 'ann', id: 1 };
const bob: Person = { login: 'Bob', id: 2, teams: ['shop/leads'] };
const cyd: Person = { login: 'cyd', id: 3 };
const hers: GateAuthors = { people: [{ login: 'ann', id: 1, did: 'wrote commit 1234567' }], unknown: [] };
const anybodys: GateAuthors = { ...hers, unknown: ['commit 7654321 is of nobody with a GitHub account'] };
const nobodys: GateAuthors = { people: [], unknown: [] };
const synced = { revisions: ['r1'], sources: 's' };

function input(fields: Partial<GateInput> = {}): GateInput {
  return {
    application: 'checkout-prod',
    policy: gated,
    loosened: [],
    effect: { digest, empty: false },
    target: { revisions: ['r2'], sources: 's' },
    last: synced,
    approvals: [],
    authors: hers,
    ...fields,
  };
}

function approval(by: Person[], fields: Partial<GateInput['approvals'][number]> = {}): GateInput['approvals'] {
  return [{ name: approvalName('checkout-prod', digest), digest, phase: 'Pending', by, ...fields }];
}

const rows: [name: string, fields: Partial<GateInput>, expected: string][] = [
  ['not gated: goes', { policy: open }, 'go not-gated'],
  ['gated without approval: asks', {}, 'ask approval-required'],
  ['gated and never synced: asks', { last: undefined }, 'ask approval-required'],
  ['a dry run goes', { dryRun: true }, 'go dry-run'],
  ['an effect without operations goes', { effect: { digest, empty: true } }, 'go nothing'],
  ['an effect that cannot be computed is refused', { effect: { digest: '', empty: false } }, 'refuse no-digest'],
  ['the last synced revision goes', { target: synced }, 'go last-synced'],
  [
    'the last revision of another source asks',
    { target: { revisions: ['r1'], sources: 'other' } },
    'ask approval-required',
  ],
  [
    'the last revision with other manifests asks',
    { target: { ...synced, manifests: 'b' }, last: { ...synced, manifests: 'a' } },
    'ask approval-required',
  ],
  ['approved by another than the author: goes', { approvals: approval([bob]) }, 'go approved'],
  ['approved by the author alone: asks', { approvals: approval([ann]) }, 'ask approval-required'],
  [
    'approved before the authors are known: asks',
    { approvals: approval([bob]), authors: undefined },
    'ask approval-required',
  ],
  [
    'approved by one while an author cannot be known: asks',
    { approvals: approval([bob]), authors: anybodys },
    'ask approval-required',
  ],
  [
    'approved by two while an author cannot be known: goes',
    { approvals: approval([bob, cyd]), authors: anybodys },
    'go approved',
  ],
  [
    'a known author is none of the two',
    { approvals: approval([ann, bob]), authors: anybodys },
    'ask approval-required',
  ],
  [
    'the same person twice is none of two',
    { approvals: approval([bob, bob]), authors: anybodys },
    'ask approval-required',
  ],
  [
    'more than two stay more',
    { policy: { ...gated, approvals: 3 }, approvals: approval([bob, cyd]), authors: anybodys },
    'ask approval-required',
  ],
  [
    'no author at all is one that cannot be known',
    { approvals: approval([bob]), authors: nobodys },
    'ask approval-required',
  ],
  ['no author at all: two may agree', { approvals: approval([bob, cyd]), authors: nobodys }, 'go approved'],
  [
    'an approval of another digest does not count',
    { approvals: approval([bob], { digest: other }) },
    'ask approval-required',
  ],
  [
    'two are needed and one is there: asks',
    { policy: { ...gated, approvals: 2 }, approvals: approval([bob]) },
    'ask approval-required',
  ],
  [
    'the same person twice is one',
    { policy: { ...gated, approvals: 2 }, approvals: approval([bob, bob]) },
    'ask approval-required',
  ],
  [
    'two are needed and two are there: goes',
    { policy: { ...gated, approvals: 2 }, approvals: approval([bob, cyd]) },
    'go approved',
  ],
  [
    'an approver who is not on the list does not count',
    { policy: { ...gated, approvers: [['@shop/leads']] }, approvals: approval([cyd]) },
    'ask approval-required',
  ],
  [
    'a member of the team on the list counts',
    { policy: { ...gated, approvers: [['@shop/leads']] }, approvals: approval([bob]) },
    'go approved',
  ],
  [
    'both lists must name the approver',
    { policy: { ...gated, approvers: [['@shop/leads'], ['cyd']] }, approvals: approval([bob, cyd]) },
    'ask approval-required',
  ],
  ['a rejected effect is refused', { approvals: approval([bob], { phase: 'Rejected' }) }, 'refuse rejected'],
  [
    'an approval that was used up does not count again',
    { approvals: approval([bob], { phase: 'Applied' }) },
    'ask approval-required',
  ],
  [
    'a superseded approval does not count',
    { approvals: approval([bob], { phase: 'Superseded' }) },
    'ask approval-required',
  ],
  [
    'the policy it was last synced under holds when it was stricter',
    { policy: open, lastPolicy: gated },
    'ask approval-required',
  ],
];

for (const [name, fields, expected] of rows) {
  test(name, () => {
    const decision = decideGate(input(fields));
    assert.equal(`${decision.do} ${decision.rule}`, expected, decision.why);
  });
}

test('self-heal and revert go while an approval is pending, as long as they apply what was last synced', () => {
  const pending = approval([]);
  assert.equal(decideGate(input({ target: synced, approvals: pending })).do, 'go');
  assert.equal(
    decideGate(input({ target: { revisions: ['head'], sources: 's' }, approvals: pending })).do,
    'ask',
    'the branch head is another thing',
  );
});

test('a hand-written operation ends with the name of the approval it lacks', () => {
  const decision = decideGate(input());
  assert.equal(decision.approval, 'checkout-prod-d1d1d1d1d1d1');
  assert.equal(approvalRequired(decision.approval ?? ''), 'approval required: Approval/checkout-prod-d1d1d1d1d1d1');
});

test('a second merge while waiting voids the first approval', () => {
  const approvals = approval([bob]);
  assert.equal(decideGate(input({ approvals })).do, 'go');
  const decision = decideGate(input({ approvals, effect: { digest: other, empty: false } }));
  assert.equal(decision.do, 'ask');
  assert.equal(decision.approval, approvalName('checkout-prod', other));
});

test('the author is told by GitHub id, not by name', () => {
  assert.deepEqual(mayApprove({ login: 'renamed', id: 1 }, gated, hers), {
    ok: false,
    why: 'renamed is an author of this change (wrote commit 1234567), and somebody else must approve it',
  });
  assert.equal(mayApprove({ login: 'ann', id: 9 }, gated, hers).ok, true);
  assert.deepEqual(mayApprove({ login: 'nobody', id: 0 }, gated, nobodys), {
    ok: false,
    why: 'GitHub has no account nobody',
  });
});

test('why two must agree is told with how many have', () => {
  assert.equal(
    decideGate(input({ approvals: approval([bob]), authors: anybodys })).why,
    'production changes need approval here; 1 of 2 approvals; two people must agree, ' +
      'for nobody can tell all who made the change: commit 7654321 is of nobody with a GitHub account',
  );
  assert.equal(decideGate(input({ authors: anybodys })).policy.approvals, 2);
  assert.equal(decideGate(input({ authors: undefined })).policy.approvals, 1);
});

function argoObject(
  kind: string,
  name: string,
  annotations: Record<string, string>,
  spec: Record<string, unknown> = {},
): KubeObject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name, namespace: 'argocd', annotations }, spec };
}

function infra(name: string): { repoURL: string; path: string } {
  return { repoURL: `https://github.com/acme/${name}`, path: 'a' };
}

const required = { 'coxswain.dev/approval': 'required' };
const projects = new Map<string, AppProject>([
  [
    'shop',
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'shop', namespace: 'argocd', annotations: required },
      spec: {},
    },
  ],
]);

const gates: [name: string, live: KubeObject | undefined, target: KubeObject | undefined, loosened: boolean][] = [
  [
    'a project that drops its gate',
    argoObject('AppProject', 'shop', required),
    argoObject('AppProject', 'shop', {}),
    true,
  ],
  ['a project that is deleted', argoObject('AppProject', 'shop', required), undefined, true],
  [
    'an application that drops its gate',
    argoObject('Application', 'a', required),
    argoObject('Application', 'a', { 'coxswain.dev/approval': 'none' }),
    true,
  ],
  [
    'an application that leaves the gated project',
    argoObject('Application', 'a', {}, { project: 'shop' }),
    argoObject('Application', 'a', {}, { project: 'default' }),
    true,
  ],
  ['a gated application that is deleted', argoObject('Application', 'a', {}, { project: 'shop' }), undefined, true],
  [
    'fewer approvals',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvals': '2' }),
    argoObject('Application', 'a', required),
    true,
  ],
  [
    'one more approver on the list',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob' }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob,eve' }),
    true,
  ],
  [
    'another environment',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/environment': 'production' }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/environment': 'staging' }),
    true,
  ],
  [
    'no environment',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/environment': 'production' }),
    argoObject('Application', 'a', required),
    true,
  ],
  [
    'a first environment',
    argoObject('Application', 'a', required, { source: infra('infra') }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/environment': 'staging' }, { source: infra('infra') }),
    true,
  ],
  [
    'the environment of another repository',
    argoObject(
      'Application',
      'a',
      { ...required, 'coxswain.dev/environment': 'production' },
      { source: infra('infra') },
    ),
    argoObject(
      'Application',
      'a',
      { ...required, 'coxswain.dev/environment': 'production' },
      { source: infra('mine') },
    ),
    true,
  ],
  [
    'the same repository, written otherwise',
    argoObject(
      'Application',
      'a',
      { ...required, 'coxswain.dev/environment': 'production' },
      { source: infra('infra') },
    ),
    argoObject(
      'Application',
      'a',
      { ...required, 'coxswain.dev/environment': 'production' },
      { sources: [infra('infra.git'), infra('values')] },
    ),
    false,
  ],
  [
    'a project whose environment is another',
    argoObject('AppProject', 'shop', { ...required, 'coxswain.dev/environment': 'production' }),
    argoObject('AppProject', 'shop', { ...required, 'coxswain.dev/environment': 'prod' }),
    true,
  ],
  [
    'an approver written otherwise',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': '@Acme/Leads' }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': '@acme/leads' }),
    false,
  ],
  [
    'a list that became a team',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob' }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': '@acme/leads' }),
    true,
  ],
  [
    'no list',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob' }),
    argoObject('Application', 'a', required),
    true,
  ],
  [
    'one approver less',
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob,eve' }),
    argoObject('Application', 'a', { ...required, 'coxswain.dev/approvers': 'bob' }),
    false,
  ],
  [
    'the gate of an application stays with its project',
    argoObject('Application', 'a', required, { project: 'shop' }),
    argoObject('Application', 'a', {}, { project: 'shop' }),
    false,
  ],
  ['a new gate', argoObject('Application', 'a', {}), argoObject('Application', 'a', required), false],
  ['a new application', undefined, argoObject('Application', 'a', {}), false],
  [
    'another kind',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', annotations: required } },
    undefined,
    false,
  ],
];

for (const [name, live, target, loosened] of gates) {
  test(`${name} ${loosened ? 'loosens a gate' : 'loosens nothing'}`, () => {
    assert.equal(loosenedGates([{ live, target }], projects).length > 0, loosened);
  });
}

test('a pull request that deletes its gate needs approval under the old policy, even at what was last synced', () => {
  const loosened = loosenedGates(
    [
      {
        live: argoObject('AppProject', 'shop', { ...required, 'coxswain.dev/approvals': '2' }),
        target: argoObject('AppProject', 'shop', {}),
      },
    ],
    projects,
  );
  const root = input({ application: 'root', policy: open, loosened });
  const decision = decideGate(root);
  assert.equal(decision.do, 'ask');
  assert.equal(decision.missing, 2);
  assert.match(decision.why, /loosen the gate of AppProject argocd\/shop/);
  assert.equal(decideGate({ ...root, target: synced }).do, 'ask');
});

const unread: [name: string, value: string, fault: RegExp | undefined, policy: Partial<EffectivePolicy>][] = [
  ['approval', 'required', undefined, { gated: true }],
  ['approval', ' none ', undefined, { gated: false }],
  ['approval', 'reqired', /"reqired" is neither required nor none, so it asks/, { gated: true }],
  ['approvals', '', undefined, { approvals: 1 }],
  ['approvals', '3', undefined, { approvals: 3 }],
  ['approvals', '0', /is no number of people/, { approvals: 2 }],
  ['approvals', '-3', /is no number of people/, { approvals: 2 }],
  ['approvals', '5 people', /is no number of people/, { approvals: 5 }],
  ['approvals', '1e9', /is no number of people/, { approvals: 2 }],
  ['approvals', '3.5', /is no number of people/, { approvals: 3 }],
  ['approvers', '', undefined, { approvers: [] }],
  [
    'approvers',
    'Bob, @Shop/Leads dependabot[bot] ann_shop',
    undefined,
    { approvers: [['bob', '@shop/leads', 'dependabot[bot]', 'ann_shop']] },
  ],
  ['approvers', ' ,; ', /names nobody, so nobody may approve/, { approvers: [[]] }],
  [
    'approvers',
    'shop/leads',
    /has no login and no @org\/team in shop\/leads, so nobody may approve/,
    { approvers: [[]] },
  ],
  ['approvers', 'bob @shop', /in @shop, so only the others may approve/, { approvers: [['bob']] }],
  ['approvers', 'bob@example.com', /so nobody may approve/, { approvers: [[]] }],
  ['expires', '36h', undefined, { expires: 36 * 3_600_000 }],
  ['expires', '3d', /is no duration such as 36h or 90m, so the default holds/, {}],
  ['expires', '0', /is no duration/, {}],
  ['expires', '-1h', /is no duration/, {}],
  ['environment', 'production', undefined, { environment: 'production', approvals: 1 }],
  ['environment', 'a\nb', /is no name of an environment, so 2 people must agree/, { approvals: 2 }],
  ['environment', 'x'.repeat(256), /is no name of an environment/, { approvals: 2 }],
];

for (const [name, value, fault, expected] of unread) {
  const outcome = fault ? 'told, and the stricter holds' : 'read';
  test(`coxswain.dev/${name}: ${JSON.stringify(value.slice(0, 60))} is ${outcome}`, () => {
    const app = argoObject('Application', 'a', { [`coxswain.dev/${name}`]: value });
    const policy = effectivePolicy(app, undefined);
    for (const [field, wanted] of Object.entries(expected)) assert.deepEqual(policy[field as 'gated'], wanted);
    assert.equal(policy.expires, expected.expires);
    const faults = policyFaults(app, undefined);
    if (fault === undefined) assert.deepEqual(faults, []);
    else assert.match(faults.join(), fault);
    assert.deepEqual(
      policyFaults(argoObject('Application', 'b', {}), app),
      faults.map((text) => `project a: ${text}`),
    );
  });
}

test('of application and project the stricter wins', () => {
  const app = argoObject('Application', 'a', {
    'coxswain.dev/approval': 'none',
    'coxswain.dev/approvals': '3',
    'coxswain.dev/slack': '#own',
    'coxswain.dev/approvers': '@Shop/Leads, Bob',
  });
  const project = argoObject('AppProject', 'p', {
    ...required,
    'coxswain.dev/slack': '#all',
    'coxswain.dev/environment': 'production',
  });
  assert.deepEqual(effectivePolicy(app, project), {
    gated: true,
    environment: 'production',
    approvers: [['@shop/leads', 'bob']],
    approvals: 3,
    slack: '#own',
    reviewers: [{ repository: '', environment: 'production' }],
  });
  assert.equal(
    effectivePolicy(argoObject('Application', 'a', { 'coxswain.dev/approval': 'requierd' }), undefined).gated,
    true,
    'a misspelt word keeps the gate shut',
  );
  assert.equal(loosens(gated, gated), false);
});
