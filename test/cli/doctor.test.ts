// `cox doctor` against a deployed Coxswain: each part that is wrong is told with how to mend it, and nothing else.
import type { KubeObject } from '../../src/model/kube.ts';
import type { TestCluster } from '../control-plane.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { addressFinding, clusterFindings } from '../../src/operator/installation.ts';
import { writeKubeconfig } from '../../sandbox/cluster/access.ts';
import { startGitHub } from '../../sandbox/github/github.ts';
import { readManifest } from '../../sandbox/github/manifest.ts';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { testCluster } from '../control-plane.ts';
import { runCox } from './fixture.ts';

const tokens = { botToken: 'xoxb-sandbox-bot', appToken: 'xapp-sandbox-app' };
const publicUrl = 'https://coxswain.example.com';

interface Deployment extends KubeObject {
  spec: { replicas: number; template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
}

/** Role, account and Deployment of deploy/ in the namespace of the test; no pod comes of it. */
async function deploy({ access, namespace }: TestCluster, env: Record<string, string>): Promise<void> {
  const file = (name: string): string => readFileSync(join(import.meta.dirname, '../../deploy', name), 'utf8');
  const collections: Record<string, string> = {
    ServiceAccount: `/api/v1/namespaces/${namespace}/serviceaccounts`,
    Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
    RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
    Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  };
  for (const name of ['rbac.yaml', 'deployment.yaml'])
    for (const document of parseAllDocuments(file(name).replaceAll('namespace: argocd', `namespace: ${namespace}`))) {
      const object = document.toJS() as Deployment;
      const path = collections[object.kind];
      if (path === undefined) continue;
      if (object.kind === 'Deployment') {
        object.spec.replicas = 0;
        const [container] = object.spec.template.spec.containers;
        const kept = container?.env.filter((each) => !Object.hasOwn(env, each.name)) ?? [];
        if (container) container.env = [...kept, ...Object.entries(env).map(([key, value]) => ({ name: key, value }))];
      }
      await access.must('POST', path, object);
    }
}

/** Other parts of the container of that Deployment. */
async function patchContainer({ access, namespace }: TestCluster, parts: object): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/coxswain`;
  const patch = { spec: { template: { spec: { containers: [{ name: 'coxswain', ...parts }] } } } };
  assert.equal((await access.call('PATCH', path, patch, 'application/strategic-merge-patch+json')).status, 200);
}

async function secret({ access, namespace }: TestCluster, name: string, stringData: object): Promise<void> {
  await access.must('POST', `/api/v1/namespaces/${namespace}/secrets`, { metadata: { name }, stringData });
}

/** What the doctor finds, by its check: state and finding, and the next step of what is not as it should be. */
async function ask({ kubeconfigs, namespace }: TestCluster): Promise<Map<string, { state: string; next: string }>> {
  const { out, err } = await runCox(['doctor', '-o', 'json'], {
    env: { KUBECONFIG: kubeconfigs.admin, COX_NAMESPACE: namespace },
  });
  assert.notEqual(out, '', err);
  const found = JSON.parse(out) as { check: string; ok: boolean; open?: true; found: string; next?: string }[];
  return new Map(
    found.map(({ check, ok, open, found: detail, next = '' }) => [
      check,
      { state: `${open ? 'open' : ok ? 'ok' : 'wrong'}: ${detail}`, next },
    ]),
  );
}

async function outside(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-doctor-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const github = await startGitHub({ dir, manifest: readManifest(), webhookUrl: `${publicUrl}/webhooks/github` });
  t.after(() => github.stop());
  const slack = await startSlack(tokens);
  t.after(() => slack.stop());
  return { github, slack };
}

test('doctor asks GitHub and Slack with what is deployed, and says of each how to mend it', async (t) => {
  const cluster = await testCluster(t);
  const { access, namespace } = cluster;
  const { github, slack } = await outside(t);
  await deploy(cluster, {
    COX_PUBLIC_URL: publicUrl,
    COX_GITHUB_API_URL: github.apiUrl,
    COX_SLACK_API_URL: slack.apiUrl,
  });
  const bare = await ask(cluster);
  assert.match(bare.get('GitHub app')?.state ?? '', /^open: there is none yet/);
  assert.match(bare.get('Slack')?.state ?? '', /^open: is not set up/);
  assert.match(bare.get('Rights')?.state ?? '', /^ok: /);

  const { id, privateKey, webhookSecret } = github.app;
  await secret(cluster, 'coxswain-github', {
    'app-id': String(id),
    'private-key': privateKey,
    'webhook-secret': webhookSecret,
  });
  await secret(cluster, 'coxswain-slack', { 'bot-token': tokens.botToken, 'app-token': tokens.appToken });
  const good = await ask(cluster);
  for (const check of [
    ...['Definitions', 'Rights', 'Clock', 'Public address', 'GitHub app', 'GitHub permissions', 'GitHub events'],
    ...['Slack bot token', 'Slack scopes', 'Slack app token'],
  ])
    assert.match(good.get(check)?.state ?? `${check} is missing`, /^ok: /, check);

  slack.state.lacks.add('groups:read');
  github.setWebhookUrl('https://elsewhere.example.com/webhooks/github');
  const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/coxswain`;
  const { rules } = (await access.must('GET', role)) as { rules: { resources: string[] }[] };
  const narrow = { rules: rules.filter(({ resources }) => !resources.includes('leases')) };
  assert.equal((await access.call('PATCH', role, narrow, 'application/merge-patch+json')).status, 200);
  const worse = await ask(cluster);
  assert.match(worse.get('Slack scopes')?.state ?? '', /^wrong: The app lacks groups:read\.$/);
  assert.match(worse.get('Slack scopes')?.next ?? '', /slack-manifest\.yaml/);
  assert.match(worse.get('GitHub webhook')?.state ?? '', /^wrong: GitHub sends to https:\/\/elsewhere\./);
  assert.match(worse.get('GitHub webhook')?.next ?? '', /COX_PUBLIC_URL/);
  assert.match(worse.get('Rights')?.state ?? '', /^wrong: .*get, create, update leases\.coordination\.k8s\.io$/);
  assert.match(worse.get('Rights')?.next ?? '', /kubectl apply -k deploy/);
  for (const { state } of worse.values()) assert.doesNotMatch(state, /xoxb|xapp|BEGIN/);

  const path = `/api/v1/namespaces/${namespace}/secrets/coxswain-slack`;
  const other = { stringData: { 'app-token': 'xapp-wrong-token' } };
  assert.equal((await access.call('PATCH', path, other, 'application/merge-patch+json')).status, 200);
  const wrong = await ask(cluster);
  assert.match(wrong.get('Slack app token')?.state ?? '', /^wrong: Slack refuses it: invalid_auth\.$/);
  assert.match(wrong.get('Slack app token')?.next ?? '', /connections:write/);
});

test('doctor tells the faults of the settings together, as the process would at its start', async (t) => {
  const cluster = await testCluster(t);
  await deploy(cluster, { COX_PUBLIC_URL: 'coxswain.example.com', COX_LOG_LEVEL: 'loud' });
  const found = (await ask(cluster)).get('Settings');
  assert.match(found?.state ?? '', /^wrong: .*2 faults[^]*COX_PUBLIC_URL is[^]*COX_LOG_LEVEL is "loud"/);
  assert.match(found?.next ?? '', /docs\/reference\/configuration\.md/);
});

test('settings that stand in a ConfigMap are not told as missing, or as those that hold without them', async (t) => {
  const cluster = await testCluster(t);
  await deploy(cluster, { COX_LOG_LEVEL: 'info' });
  const checks = async (): Promise<string[]> =>
    [...(await ask(cluster)).keys()].filter((check) => /^(?:Public|GitHub|Slack|Settings)/.test(check));
  assert.deepEqual(await checks(), ['Public address', 'GitHub app', 'Slack']);
  const valueFrom = { configMapKeyRef: { name: 'settings', key: 'url' } };
  await patchContainer(cluster, { env: [{ name: 'COX_PUBLIC_URL', value: null, valueFrom }] });
  assert.deepEqual(await checks(), []);
  await patchContainer(cluster, {
    env: [{ name: 'COX_PUBLIC_URL', value: publicUrl, valueFrom: null }],
    envFrom: [{ configMapRef: { name: 'settings' } }],
  });
  assert.deepEqual(await checks(), ['Public address']);
});

test('who may not read Secrets is told so, and what needs none of them is told all the same', async (t) => {
  const cluster = await testCluster(t);
  const { access, namespace, server, ca } = cluster;
  await deploy(cluster, { COX_PUBLIC_URL: publicUrl });
  await secret(cluster, 'coxswain-slack', { 'bot-token': tokens.botToken, 'app-token': tokens.appToken });
  const account = { kind: 'ServiceAccount', name: 'reader', namespace };
  const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const metadata = { name: 'reader' };
  await access.must('POST', accounts, { metadata });
  const rules = [
    ['argoproj.io', ['applications', 'appprojects']],
    ['apps', ['deployments']],
    ['coordination.k8s.io', ['leases']],
  ].map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ['get', 'list'] }));
  await access.must('POST', `${roles}/roles`, { metadata, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
  await access.must('POST', `${roles}/rolebindings`, { metadata, roleRef, subjects: [account] });
  const { status } = (await access.must('POST', `${accounts}/reader/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })) as { status: { token: string } };
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-doctor-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const user = { server, ca, user: 'reader', token: status.token, namespace };
  const KUBECONFIG = writeKubeconfig(join(dir, 'kubeconfig'), user);
  const { out, err } = await runCox(['doctor'], { env: { KUBECONFIG, COX_NAMESPACE: namespace } });
  assert.match(err, /^cox: not to be read from here, and not asked with: COX_GITHUB_APP_ID, .*COX_SLACK_APP_TOKEN$/m);
  assert.match(out, /^Rights +open +you may not ask what the service account may do/m);
  assert.match(out, /^Public address +ok +https:\/\/coxswain\.example\.com$/m);
  assert.doesNotMatch(out, /Slack|GitHub|Settings/);
});

test('a clock that is off by more than GitHub takes is told, and which way', async (t) => {
  const cluster = await testCluster(t);
  const looking = {
    cluster: { discovery: { resourceOf: () => undefined }, api: answering(cluster) },
    namespace: cluster.namespace,
    signal: new AbortController().signal,
  };
  const at = async (offMs: number): Promise<string> => {
    const found = await clusterFindings({ ...looking, clock: { now: () => Date.now() + offMs } } as never);
    return found.find(({ what }) => what === 'Clock')?.detail ?? '';
  };
  assert.equal(await at(0), 'goes with that of the API server');
  assert.match(await at(600_000), /^this machine is (?:5\d\d|6\d\d) s ahead of the API server$/);
  assert.match(await at(-600_000), /^this machine is (?:5\d\d|6\d\d) s behind the API server$/);
});

function answering({ access }: TestCluster) {
  return { request: async (_: string, path: string, { body }: { body: object }) => access.must('POST', path, body) };
}

for (const [url, state] of [
  ['http://localhost:8081', 'bad'],
  ['http://127.0.0.1:8081', 'bad'],
  ['http://[::1]:8081', 'bad'],
  ['https://localhost.example.com', 'good'],
  [publicUrl, 'good'],
] as const)
  test(`the public address ${url} is ${state}`, () => {
    assert.equal(addressFinding(url).state, state);
  });
