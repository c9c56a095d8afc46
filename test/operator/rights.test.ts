// Rights that are missing in the control-plane namespace: the start waits, says once which, and goes on by itself.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { neededRights } from '../../src/operator/rights.ts';
import { writeKubeconfig } from '../../sandbox/cluster/access.ts';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { eventually, testCluster } from '../control-plane.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

function roleRules(): Rule[] {
  const file = readFileSync(join(import.meta.dirname, '../../deploy/rbac.yaml'), 'utf8');
  const documents = parseAllDocuments(file).map((each) => each.toJS() as { kind: string; rules?: Rule[] });
  return documents.flatMap(({ kind, rules = [] }) => (kind === 'Role' ? rules : []));
}

/** `group/resource verb`, sorted. */
function flat(rules: readonly Rule[]): string[] {
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((name) => verbs.map((verb) => `${group}/${name} ${verb}`))),
    )
    .sort();
}

test('what is asked for at the start is what the Roles of deploy grant, but for single Secrets', () => {
  const needed = neededRights.map(({ group, resource, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [...verbs],
  }));
  const granted = roleRules().filter(({ resourceNames }) => resourceNames === undefined);
  assert.deepEqual(
    flat(granted).filter((right) => right !== '/secrets create'),
    flat(needed),
  );
});

interface Narrow {
  operator: Awaited<ReturnType<typeof createOperator>>;
  readyz(says: RegExp): Promise<string>;
  warnings(): string[];
  grant(name: string, rules: Rule[]): Promise<void>;
}

/** Running, and permitted nothing yet. */
async function narrowOperator(t: TestContext): Promise<Narrow> {
  const { namespace, access, server, ca } = await testCluster(t);
  const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const account = { kind: 'ServiceAccount', name: 'narrow', namespace };
  await access.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'narrow' } });
  const { status } = (await access.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/narrow/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })) as { status: { token: string } };
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-rights-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const kubeconfig = writeKubeconfig(join(dir, 'narrow'), {
    server,
    ca,
    user: 'narrow',
    token: status.token,
    namespace,
  });
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: kubeconfig, COX_NAMESPACE: namespace },
  });
  t.after(() => operator.end());
  operator.spawn();
  const readyz = (says: RegExp): Promise<string> =>
    eventually(`readyz says ${String(says)}`, async () => {
      const text = await (await fetch(`${operator.healthUrl}/readyz`)).text();
      return says.test(text) ? text : undefined;
    });
  const warnings = (): string[] =>
    operator
      .logs()
      .split('\n')
      .filter((line) => line.includes('"level":"warn"'));
  const grant = async (name: string, rules: Rule[]): Promise<void> => {
    await access.must('POST', `${role}/roles`, { metadata: { name }, rules });
    await access.must('POST', `${role}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [account],
    });
  };
  return { operator, readyz, warnings, grant };
}

test('rights missing in its own namespace are told once and at /readyz, and the start waits for them', async (t) => {
  const { operator, readyz, warnings, grant } = await narrowOperator(t);
  const text = await readyz(/not permitted/);
  assert.match(
    text,
    /^starting: waits: not permitted in the namespace \S+: get, list, watch, patch applications\.argopr/,
  );
  assert.match(
    text,
    /; patch approvals\.coxswain\.dev\/status; .*; get, list, watch secrets; .* \(E_API\)\. Grant the user/,
  );
  const isLease = ({ resources }: Rule): boolean => resources.includes('leases');
  const [most, rest] = [roleRules().filter((rule) => !isLease(rule)), roleRules().filter(isLease)];
  await grant('most', most);
  await readyz(/: get, create, update leases\.coordination\.k8s\.io \(E_API\)/);
  assert.equal(warnings().filter((line) => line.includes('not permitted in the namespace')).length, 2, 'one of each');
  assert.equal(warnings().length, 2, operator.logs());
  await grant('rest', rest);
  await operator.ready();
  const left = (): string[] => warnings().filter((line) => line.includes('that may not be listed'));
  await eventually('what Git may not hold is told', () => left()[0]);
  assert.deepEqual([left().length, warnings().filter((line) => line.includes('not permitted')).length], [1, 2]);
});

test('without the right to create Events everything else works, and readyz says so', async (t) => {
  const { operator, readyz, warnings, grant } = await narrowOperator(t);
  await readyz(/not permitted/);
  await grant(
    'former',
    roleRules().filter(({ resources }) => !resources.includes('events')),
  );
  await operator.ready();
  await readyz(/^ok; but Events may not be created: Applications have none, .* still; kubectl apply -k deploy/);
  assert.equal(warnings().filter((line) => line.includes('can do without')).length, 1, operator.logs());
});

test('an upgrade without its Role costs the cards of Reports alone, is told once, and mends itself', async (t) => {
  const { operator, readyz, warnings, grant } = await narrowOperator(t);
  await readyz(/not permitted/);
  const former = roleRules().map((rule) => ({
    ...rule,
    resources: rule.resources.filter((name) => !name.startsWith('reports')),
  }));
  await grant('former', former);
  const text = await readyz(/^ok; but Report\.coxswain\.dev is missing or may not be read: deploys and failures /);
  assert.match(text, /have no cards in Slack; kubectl apply -k deploy brings it$/m);
  const told = (): string[] => warnings().filter((line) => line.includes('can do without'));
  assert.equal(told().length, 1, operator.logs());
  await grant('present', roleRules());
  await readyz(/^ok$/m);
  assert.equal(told().length, 1);
});
