// Who may do what: policies, groups, project roles, denials and the default role, as Argo CD reads them.
import type { AppProject, ProjectRole } from '../../src/model/project.ts';
import type { Action } from '../../src/policy/rbac.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authoriser, authorisers, rbacObject } from '../../src/policy/rbac.ts';
import { policyFault, policyWarnings } from '../../src/policy/policy-csv.ts';

function project(name: string, roles: ProjectRole[]): AppProject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec: { roles },
  };
}

const policyCsv = `
# people
p, role:shop, applications, sync, shop/*, allow
p, role:shop, applications, approve, shop/*, allow
p, role:shop, applications, approve, shop/payments-*, deny
p, zoe, applications, action/*, shop/checkout, allow
g, acme:shop, role:shop
g, root, role:admin
g, Acme:Leads, role:Lead
g, Zoe-Case, Acme:Night
g, acme:night, role:shop
p, role:Lead, applications, approve, shop/*, allow
p, MixedCase, applications, sync, shop/Checkout, allow
p, orders, applications, "{sync,revert}", shop/[ab]*, allow
`;
const projects = [
  project('shop', [
    {
      name: 'deployer',
      policies: [
        'p, proj:shop:deployer, applications, sync, shop/*, allow',
        'p, proj:shop:deployer, applications, sync, other/*, allow',
        'p, role:admin, applications, sync, shop/*, allow',
        'p, eve, applications, *, shop/*, allow',
      ],
      groups: ['acme:ops', 'Acme:OnCall'],
    },
    { name: 'Breaker', policies: ['p, proj:shop:Breaker, applications, revert, shop/*, allow'], groups: ['Carol'] },
  ]),
  project('other', []),
];

const rows: [name: string, subjects: string[], action: Action, object: string, allowed: boolean][] = [
  ['nobody may anything by default', ['joe'], 'sync', 'shop/checkout', false],
  ['a group that has the role may', ['joe', 'acme:shop'], 'sync', 'shop/checkout', true],
  ['but not another action', ['joe', 'acme:shop'], 'revert', 'shop/checkout', false],
  ['nor another project', ['joe', 'acme:shop'], 'sync', 'other/checkout', false],
  ['our own actions are actions like the others', ['acme:shop'], 'approve', 'shop/checkout', true],
  ['a denial wins over the permission', ['acme:shop'], 'approve', 'shop/payments-api', false],
  ['an administrator may everything', ['root'], 'revert', 'other/checkout', true],
  ['braces and classes are patterns', ['orders'], 'revert', 'shop/alpha', true],
  ['and do not match more', ['orders'], 'revert', 'shop/checkout', false],
  ['a project role gives its groups what it says', ['acme:ops'], 'sync', 'shop/checkout', true],
  ['a project role gives nothing outside its project', ['acme:ops'], 'sync', 'other/checkout', false],
  ['a project cannot give to other subjects', ['eve'], 'sync', 'shop/checkout', false],
  ['a team is the same in capital letters', ['joe', 'acme:leads'], 'approve', 'shop/checkout', true],
  ['whoever asks, too', ['Joe', 'ACME:leads'], 'approve', 'shop/checkout', true],
  ['a login is the same in capital letters', ['mixedcase'], 'sync', 'shop/Checkout', true],
  ['but not an application', ['mixedcase'], 'sync', 'shop/checkout', false],
  ['a login in a group is found by both', ['zoe-case'], 'sync', 'shop/checkout', true],
  ['a project role knows its groups in any case', ['acme:oncall'], 'sync', 'shop/checkout', true],
  ['and keeps its own name', ['carol'], 'revert', 'shop/checkout', true],
  ['Argo CD’s local user is no login', ['admin'], 'get', 'shop/checkout', false],
  ['a team of an organization called role is no role', ['joe', 'role:admin'], 'sync', 'shop/checkout', false],
];

for (const [name, subjects, action, object, allowed] of rows) {
  test(name, async () => {
    const answer = (await authoriser({ policyCsv, projects })).can(
      { subjects, known: true },
      'applications',
      action,
      object,
    );
    assert.equal(answer.allowed, allowed, answer.why);
  });
}

test('a refusal says what was asked', async () => {
  const answer = (await authoriser({ policyCsv, projects })).can(
    { subjects: ['joe'], known: true },
    'applications',
    'approve',
    'shop/checkout',
  );
  assert.equal(answer.why, 'permission denied: applications, approve, shop/checkout');
});

test('the default role is that of everybody who is known', async () => {
  const may = await authoriser({ policyCsv, policyDefault: 'role:readonly', projects });
  const joe = (known: boolean, action: Action): boolean =>
    may.can({ subjects: ['joe'], known }, 'applications', action, 'shop/checkout').allowed;
  assert.deepEqual([joe(true, 'get'), joe(true, 'sync'), joe(false, 'get')], [true, false, false]);
});

/** What `argocd admin settings rbac can joe sync applications shop/a` says (3.5.1); undefined: it is refused. */
const blanks: [csv: string, allowed: boolean | undefined][] = [
  ['p, joe , applications, sync, shop/*, allow', false],
  ['p, joe, applications , sync, shop/*, allow', false],
  ['p, joe, applications, sync , shop/*, allow', false],
  ['p, joe, applications, sync, shop/* , allow', false],
  ['p, joe, applications, sync, shop/*, allow   ', true],
  ['p,   joe,\tapplications,  sync,shop/*,   allow', true],
  ['p,\u00a0joe, applications, sync, shop/*, allow', true],
  ['p, joe\u00a0, applications, sync, shop/*, allow', false],
  ['p,\u0085joe, applications, sync, shop/*, allow', true],
  ['p,\ufeffjoe, applications, sync, shop/*, allow', false],
  ['\ufeffp, joe, applications, sync, shop/*, allow', undefined],
  ['p, joe, applications, sync, shop/*, allow\u0085', true],
  ['p, "joe", applications, "sync", "shop/*", "allow"', true],
  ['p, " joe", applications, sync, shop/*, allow', false],
  ['p, "joe ", applications, sync, shop/*, allow', false],
  ['p, joe, applications, *, shop/*, allow\np, joe, applications, sync , shop/*, deny', true],
  ['p, joe, applications, *, shop/*, allow\np, joe , applications, sync, shop/*, deny', true],
  ['p, joe, applications, *, shop/*, allow\np, joe, applications, sync, shop/*, deny  ', false],
  ['p, role:x, applications, sync, shop/*, allow\ng, joe , role:x', false],
  ['p, role:x, applications, sync, shop/*, allow\ng, joe, role:x ', true],
  ['p, role:x , applications, sync, shop/*, allow\ng, joe, role:x ', false],
  ['p, joe, applications, *\t, shop/*, allow', false],
  ['p, joe, applications, sync, *  , allow', false],
];

test('blanks before a field of a policy go, and those behind it belong to it, as in Argo CD', async () => {
  const found = [];
  for (const [policyCsv] of blanks) {
    const may = await authoriser({ policyCsv, projects });
    const { allowed, faulty } = may.can({ subjects: ['joe'], known: true }, 'applications', 'sync', 'shop/a');
    found.push([policyCsv, faulty ? undefined : allowed]);
  }
  assert.deepEqual(found, blanks);
});

test('a blank that belongs to a field is told with its line', () => {
  const csv =
    'p, joe, applications, sync, shop/*, allow\n\n  p, joe, applications, sync , shop/*, deny\ng, "joe ", role:x';
  assert.deepEqual(policyWarnings(csv), [
    'line 3 has a blank beside "sync", which belongs to it: it fits nothing',
    'line 4 has a blank beside "joe", which belongs to it: it fits nothing',
  ]);
});

test('a group of a project role is read as a line of the policy', async () => {
  const role = (groups: string[]): AppProject =>
    project('team', [{ name: 'dev', policies: ['p, proj:team:dev, applications, sync, team/*, allow'], groups }]);
  const may = async (groups: string[], subject: string): Promise<[boolean, string]> => {
    const rights = await authoriser({ policyCsv: '', projects: [role(groups)] });
    const { allowed, why } = rights.can({ subjects: [subject], known: true }, 'applications', 'sync', 'team/a');
    return [allowed, why];
  };
  assert.equal((await may(['  acme:ops'], 'acme:ops'))[0], true);
  assert.equal((await may(['acme:ops '], 'acme:ops'))[0], false);
  assert.equal((await may(['"acme:ops"'], 'acme:ops'))[0], true);
  for (const group of ['acme:ops, acme:dev', 'acme:"ops', 'acme:ops\ng, eve, role:admin'])
    assert.deepEqual(await may([group, 'joe'], 'joe'), [
      false,
      `project team permits nothing until it is mended: role dev has ${JSON.stringify(group)}, which is no group`,
    ]);
});

test('a role is another one in other letters', async () => {
  const may = await authoriser({ policyCsv: 'g, joe, role:Admin', projects });
  assert.equal(may.can({ subjects: ['joe'], known: true }, 'applications', 'get', 'shop/checkout').allowed, false);
});

const refused: [line: string, fault: string][] = [
  ['this line is not a policy', 'must begin with p or g'],
  ['q, joe, role:admin', 'must begin with p or g'],
  ['p, joe, applications, sync', 'must be p, subject, resource, action, object, effect'],
  ['p, joe, applications, sync, shop/*', 'must be p, subject, resource, action, object, effect'],
  ['p, joe, applications, sync, shop/*, deny, more', 'must be p, subject, resource, action, object, effect'],
  ['p, joe, applications, sync, shop/*, dney', 'must end with allow or deny'],
  ['p, joe, applications, sync, shop/*, Deny', 'must end with allow or deny'],
  ['p, joe, applications, sync, shop/*,', 'must end with allow or deny'],
  ['p, joe, applications, sync, shop/*, deny # for now', 'must end with allow or deny'],
  ['p, "joe, applications, sync, shop/*, deny', 'has a quotation mark within a field'],
  ['p, jo"e, applications, sync, shop/*, deny', 'has a quotation mark within a field'],
  ['p, a"b"c, applications, sync, shop/*, deny', 'has a quotation mark within a field'],
  ['p, "joe" , applications, sync, shop/*, deny', 'has a quotation mark within a field'],
  ['p, "jo"e, applications, sync, shop/*, deny', 'has a quotation mark within a field'],
  ['p, joe, applications, sync, shop/*, "deny', 'has a quotation mark within a field'],
  ['p , joe, applications, sync, shop/*, deny', 'has a blank behind its p'],
  ['g\t, joe, role:shop', 'has a blank behind its g'],
  ['g, joe', 'must be g, subject, role'],
  ['g, joe, role:shop, more', 'must be g, subject, role'],
  [',', 'must begin with p or g'],
];

for (const [line, fault] of refused) {
  test(`a policy with the line ${JSON.stringify(line)} permits nothing and says why`, async () => {
    const csv = `p, root, *, *, *, allow\n\n${line}\n`;
    assert.equal(policyFault(csv), `line 3 ${fault}`);
    const may = await authoriser({ policyCsv: csv, policyDefault: 'role:admin', projects });
    for (const subjects of [['root'], ['acme:ops']]) {
      assert.deepEqual(may.can({ subjects, known: true }, 'applications', 'sync', 'shop/checkout'), {
        allowed: false,
        why: `argocd-rbac-cm permits nothing until it is mended: line 3 ${fault}`,
        faulty: true,
      });
    }
  });
}

test('comments, empty lines, quoted fields and blanks around fields are no fault', () => {
  assert.equal(
    policyFault('\n# p, broken\r\n  p,  "joe","applications",sync , "{a,b}/*", "deny"  \r\n\ng,joe,role:admin'),
    undefined,
  );
});

test('a comma or a quotation mark within quotes is part of the field', async () => {
  const may = await authoriser({ policyCsv: 'p, joe, applications, sync, "{a,""b""}/*", allow', projects: [] });
  const sync = (object: string): boolean =>
    may.can({ subjects: ['joe'], known: true }, 'applications', 'sync', object).allowed;
  assert.deepEqual(['a/x', '"b"/x', 'b/x'].map(sync), [true, true, false]);
});

test('with policy.matchMode regex lines are expressions, and a denial among them counts', async () => {
  const csv = [
    'p, role:ops, applications, .*, .*, allow',
    'p, role:ops, applications, (sync|approve), ^prod-[^/]+/.*$, deny',
    'p, ann, applications, get, shop/, allow',
    'g, joe, role:ops',
    'g, eve, role:admin',
  ].join('\n');
  const shop: AppProject = {
    ...project('shop', [{ name: 'dev', policies: ['p, proj:shop:dev, applications, sync, shop/dev-.*, allow'] }]),
  };
  const may = await authoriser({ policyCsv: csv, matchMode: 'regex', projects: [shop] });
  const can = (who: string, action: 'get' | 'sync' | 'approve', object: string): boolean =>
    may.can({ subjects: [who], known: true }, 'applications', action, object).allowed;
  assert.deepEqual(
    [
      can('joe', 'sync', 'shop/web'),
      can('joe', 'get', 'prod-eu/web'),
      can('joe', 'sync', 'prod-eu/web'),
      can('joe', 'approve', 'prod-eu/web'),
      can('ann', 'get', 'myshop/web'),
      can('ann', 'sync', 'shop/web'),
      can('eve', 'sync', 'prod-eu/web'),
    ],
    [true, true, false, false, true, false, true],
  );
  assert.equal(
    policyFault('p, joe, applications, sync, */*, deny', 'regex'),
    'line 1 has "*/*", which is no regular expression (policy.matchMode)',
  );
});

for (const denial of [
  'p, proj:shop:deployer, applications, sync, */*, deny',
  'p, proj:shop:deployer, applications, sync, *, deny',
  'p, proj:shop:deploy, applications, sync, shop/*, deny',
  'p, role:ops, applications, sync, shop/*, deny',
]) {
  test(`a project's role that denies what it cannot, "${denial}", permits nothing, not more than meant`, async () => {
    const shop = project('shop', [
      {
        name: 'deployer',
        policies: ['p, proj:shop:deployer, applications, sync, shop/*, allow', denial],
        groups: ['acme:ops'],
      },
    ]);
    const answer = (await authoriser({ policyCsv: '', projects: [shop] })).can(
      { subjects: ['acme:ops'], known: true },
      'applications',
      'sync',
      'shop/checkout',
    );
    assert.deepEqual(
      [answer.allowed, answer.why],
      [
        false,
        'project shop permits nothing until it is mended: a policy of role deployer must deny to ' +
          'proj:shop:deployer, and of shop/…',
      ],
    );
  });
}

test('a project with a fault in a role permits nothing of its own, and the others what they did', async () => {
  const broken = project('shop', [
    {
      name: 'deployer',
      policies: [
        'p, proj:shop:deployer, applications, sync, shop/*, allow',
        'p, proj:shop:deployer, applications, sync, shop/payments, deni',
      ],
      groups: ['acme:ops'],
    },
  ]);
  const may = await authoriser({ policyCsv: 'p, root, *, *, *, allow', projects: [broken, project('other', [])] });
  const why = 'project shop permits nothing until it is mended: a policy of role deployer must end with allow or deny';
  for (const subject of ['acme:ops', 'root'])
    assert.deepEqual(may.can({ subjects: [subject], known: true }, 'applications', 'sync', 'shop/payments'), {
      allowed: false,
      why,
      faulty: true,
    });
  assert.equal(may.can({ subjects: ['root'], known: true }, 'applications', 'sync', 'other/x').allowed, true);
});

test('the same policy is compiled once', async () => {
  const compiled = authorisers();
  assert.equal(await compiled({ policyCsv, projects }), await compiled({ policyCsv, projects }));
  assert.notEqual(
    await compiled({ policyCsv, projects }),
    await compiled({ policyCsv: `${policyCsv}\ng, joe, role:shop`, projects }),
  );
});

test('an application outside the control plane’s namespace is named with its namespace', () => {
  assert.equal(
    rbacObject({ metadata: { name: 'a', namespace: 'argocd' }, spec: { project: '' } }, 'argocd'),
    'default/a',
  );
  assert.equal(
    rbacObject({ metadata: { name: 'a', namespace: 'team' }, spec: { project: 'shop' } }, 'argocd'),
    'shop/team/a',
  );
});
