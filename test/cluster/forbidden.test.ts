// Rights narrowed as deploy/rbac.yaml advises: what may not be read is told in one warning, and works once it may be.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { writeKubeconfig } from '../../sandbox/cluster/access.ts';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { createLogger } from '../../src/base/log.ts';
import { openStore } from '../../src/store/store.ts';
import { eventually, testCluster, type TestCluster } from '../control-plane.ts';
import { applyCrds } from '../engine/fixture.ts';
import { connect } from './connect.ts';

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
type Line = { level: string; msg: string; group?: string; kinds?: string[]; hint?: string };

const rbac = join(import.meta.dirname, '../../deploy/rbac.yaml');
const collections = { ServiceAccount: 'serviceaccounts', Role: 'roles', RoleBinding: 'rolebindings' } as const;

/** The account of deploy/rbac.yaml in this namespace, with these rules for what Git may contain. */
async function narrowed({ access, namespace }: TestCluster, rules: Rule[]): Promise<string> {
  const text = readFileSync(rbac, 'utf8').replaceAll('namespace: argocd', `namespace: ${namespace}`);
  for (const document of parseAllDocuments(text.replaceAll('coxswain-managed', `${namespace}-managed`))) {
    const object = document.toJS() as KubeObject & { rules?: Rule[] };
    if (object.kind === 'ClusterRole') object.rules = rules;
    const rest = `${object.kind.toLowerCase()}s`;
    const own = Object.hasOwn(collections, object.kind);
    const group = object.kind === 'ServiceAccount' ? '/api/v1' : `/apis/${object.apiVersion}`;
    await access.must('POST', own ? `${group}/namespaces/${namespace}/${rest}` : `${group}/${rest}`, object);
  }
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/coxswain/token`;
  const answer = (await access.must('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })) as { status: { token: string } };
  return answer.status.token;
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** Warnings about what may not be read; definitions of other tests (`….example`) come and go in the same cluster. */
function told(lines: Line[]): Line[] {
  const own = lines.filter(({ level, group }) => level === 'warn' && group?.endsWith('.example') !== true);
  return own.filter(({ msg }) => /watch|kinds that|mirror|may not/.test(msg));
}

const reads: Rule[] = [
  { apiGroups: [''], resources: ['configmaps', 'namespaces'], verbs: ['*'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['*'] },
];

test('with narrowed rights the operator becomes ready and warns once, of all kinds that it may not list', async (t) => {
  const cluster = await testCluster(t);
  const token = await narrowed(cluster, reads);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-narrow-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { server, ca, namespace } = cluster;
  const kubeconfig = writeKubeconfig(join(dir, 'kubeconfig'), { server, ca, user: 'narrow', token, namespace });
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: kubeconfig, COX_NAMESPACE: namespace, COX_LOG_LEVEL: 'debug' },
  });
  t.after(() => operator.end());
  await operator.start();
  const left = await eventually('the warning', () =>
    linesOf(operator.logs()).find(({ msg }) => msg === 'kinds that may not be listed are left out: forbidden'),
  );
  const kinds = left.kinds ?? [];
  for (const kind of ['secrets', 'statefulsets.apps']) assert.ok(kinds.includes(kind), kind);
  for (const kind of ['configmaps', 'deployments.apps']) assert.ok(!kinds.includes(kind), kind);
  assert.match(left.hint ?? '', /deploy\/rbac\.yaml/);
  // Every kind is tried again, and that says nothing new.
  const attempts = (): number => linesOf(operator.logs()).filter(({ msg }) => msg === 'watch failed').length;
  await eventually('more attempts', () => (attempts() > 3 * kinds.length ? true : undefined));
  assert.deepEqual(
    told(linesOf(operator.logs())).map(({ msg }) => msg),
    [left.msg],
  );
});

test('rights that are granted later are found by themselves, and told once', async (t) => {
  const cluster = await testCluster(t);
  const { access, namespace } = cluster;
  const token = await narrowed(cluster, reads);
  const lines: Line[] = [];
  const log = createLogger({ level: 'info', write: (line) => void lines.push(JSON.parse(line) as Line) });
  const { live } = await connect(t, { ...cluster, token }, { log });
  await live.start();
  const first = await eventually('the warning', () => lines.find(({ level }) => level === 'warn'));
  assert.match(String(live.problemOf({ group: '', kind: 'Secret' })), /403 Forbidden/);
  const granted = await access.call(
    'PATCH',
    `/apis/rbac.authorization.k8s.io/v1/clusterroles/${namespace}-managed`,
    { rules: [...reads, { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }] },
    'application/merge-patch+json',
  );
  assert.equal(granted.status, 200);
  const again = await eventually('they can be listed', () =>
    lines.find(({ msg }) => msg === 'kinds can be listed again'),
  );
  assert.equal(live.problemOf({ group: '', kind: 'Secret' }), undefined);
  assert.ok(again.kinds?.includes('secrets'));
  assert.deepEqual(told(lines), [first]);
});

const at = '2026-03-02T14:00:00Z';
const required: Record<string, object> = {
  Approval: { digest: 'd', revision: 'r', operations: [] },
  DriftEpisode: { fingerprint: 'f', openedAt: at },
  Report: { about: 'deletion', since: at },
  Request: {
    verb: 'help',
    args: {},
    actor: { login: 'b', id: 2, via: 'slack' },
    origin: { kind: 'web' },
    createdAt: at,
  },
};

test('the Role alone lets a name that ours must have be taken back', async (t) => {
  const facts = await testCluster(t);
  const { namespace } = facts;
  const admin = { ...facts, token: facts.tokens.admin };
  await applyCrds(await connect(t, admin));
  const own = await connect(t, { ...facts, token: await narrowed(facts, []) });
  const store = await openStore(own, namespace);
  const kinds = {
    Approval: store.approvals,
    DriftEpisode: store.episodes,
    Report: store.reports,
    Request: store.requests,
  };
  const { api } = await connect(t, admin);
  for (const [kind, collection] of Object.entries(kinds)) {
    const taken = {
      apiVersion: 'coxswain.dev/v1alpha1',
      kind,
      metadata: { name: 'taken', namespace, finalizers: ['example.com/mine'] },
      spec: { application: `${namespace}/web`, ...required[kind] },
    };
    const { metadata } = await api.create(taken);
    const ours = { ...taken, metadata: { name: 'taken', namespace } };
    assert.equal(await collection.create(ours as never), 'created', kind);
    assert.notEqual(collection.get(`${namespace}/taken`)?.metadata.uid, metadata.uid, kind);
  }
});
