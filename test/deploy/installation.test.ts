// The README's installation: its commands are run in their order, against a real API server with and without Argo CD.
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../src/model/kube.ts';
import type { TestCluster } from '../control-plane.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { eventually, ownCluster } from '../control-plane.ts';
import { workload } from '../engine/controller-workload.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const section = readme.slice(readme.indexOf('## Install it'), readme.indexOf('## What it is not'));

/** Commands of the code blocks, with continued lines joined. */
function commands(): string[] {
  return [...section.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').trim().split('\n'),
  );
}

/** Needs a registry, or a kubelet that answers, which the sandbox only plays; helm has a test of its own. */
const elsewhere = /^docker |^helm |^curl | logs | port-forward /;

interface Installing {
  cluster: TestCluster;
  /** In a folder with deploy/ and examples/, as somebody with kubectl. */
  run(command: string): void;
  get(path: string): Promise<KubeObject>;
}

async function installing(t: TestContext): Promise<Installing> {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-readme-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const folder of ['deploy', 'examples']) cpSync(join(root, folder), join(dir, folder), { recursive: true });
  symlinkSync(kubectl, join(dir, 'kubectl'));
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  writeFileSync(join(dir, 'coxswain.private-key.pem'), privateKey);
  const env = { PATH: `${dir}:/usr/bin:/bin`, HOME: dir, KUBECONFIG: cluster.kubeconfigs.admin };
  return {
    cluster,
    run: (command) =>
      void execFileSync('bash', ['-euo', 'pipefail', '-c', command], {
        cwd: dir,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    get: async (path) => (await cluster.access.must('GET', path)) as KubeObject,
  };
}

/** It is installed, with this engine, and a pod of it runs. */
async function isInstalled({ get }: Installing, engine: string): Promise<void> {
  const keys = async (name: string): Promise<string[]> =>
    Object.keys((await get(`/api/v1/namespaces/argocd/secrets/${name}`))['data'] ?? {}).sort();
  assert.deepEqual(await keys('coxswain-github'), ['app-id', 'private-key', 'webhook-secret']);
  assert.deepEqual(await keys('coxswain-slack'), ['app-token', 'bot-token']);
  const text = JSON.stringify(await get('/apis/apps/v1/namespaces/argocd/deployments/coxswain'));
  for (const part of [
    'registry.example.com/coxswain:0.1.0',
    `"COX_ENGINE","value":"${engine}"`,
    'https://coxswain.example',
  ])
    assert.ok(text.includes(part), part);
  await eventually('a pod that runs', async () => {
    const pods = await get('/api/v1/namespaces/argocd/pods?labelSelector=app.kubernetes.io/name=coxswain');
    return JSON.stringify(pods['items']).includes('"phase":"Running"') ? true : undefined;
  });
}

test('each command of the installation does what it says, and what it makes is what the operator reads', async (t) => {
  const made = await installing(t);
  const ran = commands().filter((command) => !elsewhere.test(command));
  assert.ok(ran.length >= 7, ran.join('\n'));
  for (const command of ran) made.run(command);
  await isInstalled(made, 'coxswain');
});

/** Step 3 of the installation, which is left out where Argo CD is there. */
const withoutArgoCd = /-f deploy\/(crds|settings|default-project)/;

test('beside an Argo CD each command does the same, and touches nothing of it', async (t) => {
  const made = await installing(t);
  const { run, get, cluster } = made;
  run('kubectl create namespace argocd');
  run('kubectl apply -f deploy/crds/argoproj.io_applications.yaml -f deploy/crds/argoproj.io_appprojects.yaml');
  const namespaced = '/api/v1/namespaces/argocd/configmaps';
  for (const name of ['argocd-cm', 'argocd-rbac-cm'])
    await cluster.access.must('POST', namespaced, {
      metadata: { name, labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    });
  const sets = '/apis/apps/v1/namespaces/argocd/statefulsets';
  await cluster.access.must('POST', sets, workload({ namespace: 'argocd' }));
  const before = await Promise.all([`${namespaced}/argocd-cm`, `${namespaced}/argocd-rbac-cm`].map(get));
  run("sed -i 's/COX_ENGINE, value: coxswain/COX_ENGINE, value: argocd/' examples/install/kustomization.yaml");
  const ran = commands().filter((command) => !elsewhere.test(command) && !withoutArgoCd.test(command));
  assert.ok(ran.length >= 4, ran.join('\n'));
  for (const command of ran) run(command);
  await isInstalled(made, 'argocd');
  const after = await Promise.all([`${namespaced}/argocd-cm`, `${namespaced}/argocd-rbac-cm`].map(get));
  assert.deepEqual(after, before);
  const { spec } = (await get(`${sets}/argocd-application-controller`)) as unknown as { spec: { replicas: number } };
  assert.equal(spec.replicas, 1);
});

interface IngressSpec {
  ingressClassName?: string;
  tls: { hosts: string[]; secretName: string }[];
  rules: {
    host: string;
    http: { paths: { path: string; backend: { service: { name: string; port: { name: string } } } }[] };
  }[];
}

function ingressOf(file: string): { spec: IngressSpec; paths: string[] } {
  const { spec } = parse(readFileSync(join(root, 'examples/install', file), 'utf8')) as { spec: IngressSpec };
  const paths = spec.rules
    .flatMap(({ http }) => http.paths)
    .map(({ path, backend: { service } }) => `${path} → ${service.name}:${service.port.name}`);
  return { spec, paths };
}

test('the page that makes the GitHub App is served at COX_PUBLIC_URL, by kubectl and by helm', async () => {
  const kustomization = readFileSync(join(root, 'examples/install/kustomization.yaml'), 'utf8');
  const url = /COX_PUBLIC_URL, value: "([^"]+)"/.exec(kustomization)?.[1] ?? '';
  const { resources } = parse(kustomization) as { resources: string[] };
  const files = ['ingress.yaml', 'page.yaml'];
  assert.deepEqual(
    files.filter((file) => resources.includes(file)),
    files,
  );
  const specs = files.map((file) => ingressOf(file).spec);
  const { host } = new URL(url);
  for (const { tls, rules } of specs)
    assert.deepEqual([tls, rules.map((rule) => rule.host)], [[{ hosts: [host], secretName: 'coxswain-tls' }], [host]]);
  const { helm } = await binaries(['helm']);
  const install = commands().find((command) => command.startsWith('helm install ')) ?? '';
  const [, , ...args] = install.split(/\s+/);
  const rendered = execFileSync(helm, ['template', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  const made = parseAllDocuments(rendered).map((document) => document.toJS() as KubeObject | null);
  assert.deepEqual(
    made.filter((object) => object?.kind === 'Ingress').map((object) => object?.['spec']),
    specs,
  );
  assert.ok(rendered.includes(`"${url}"`), url);
});

test('the installation names every step that would be silent, and exposes the public port alone', () => {
  for (const part of [
    'COX_ENGINE',
    'COX_PUBLIC_URL',
    'slack.channel',
    'slack.identities',
    '/readyz',
    'Ingress',
    'coxswain-tls',
  ])
    assert.ok(section.includes(part), part);
  const [webhooks, page] = ['ingress.yaml', 'page.yaml'].map(ingressOf);
  assert.deepEqual(
    [webhooks?.paths, webhooks?.spec.ingressClassName],
    [['/webhooks/github → coxswain:public'], undefined],
  );
  assert.deepEqual([page?.paths, page?.spec.ingressClassName], [['/ → coxswain-internal:page'], 'internal']);
  const first = readme.slice(0, readme.indexOf('## Try it'));
  for (const part of ['For teams', 'Argo CD', 'kubechecks', 'Atlantis', 'beside', 'instead of'])
    assert.ok(first.includes(part), part);
  assert.match(readme, /## Licence\n\n\[Apache-2\.0\]\(LICENSE\)/);
});
