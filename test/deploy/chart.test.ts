// The Helm chart: the same installation as `kubectl apply -k deploy`, installed, upgraded and removed by helm itself.
import type { ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { keyOf, keyText } from '../../src/model/kube.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually, ownCluster } from '../control-plane.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const chart = join(deploy, 'chart');

interface Tools {
  dir: string;
  helm(args: string[], kubeconfig?: string): string;
  kustomize(folder: string): KubeObject[];
}

function objectsIn(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
}

async function tools(t: TestContext): Promise<Tools> {
  const { helm = '', kustomize = '' } = await binaries(['helm', 'kustomize']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-chart-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const options: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', cwd: dir, stdio: 'pipe' };
  return {
    dir,
    helm: (args, kubeconfig = '') =>
      execFileSync(helm, args, { ...options, env: { HOME: dir, PATH: '', KUBECONFIG: kubeconfig } }),
    kustomize: (folder) => objectsIn(execFileSync(kustomize, ['build', folder], options)),
  };
}

interface Container {
  image?: string;
  imagePullPolicy?: string;
  env: { name: string }[];
}

/** Without what helm adds, and without what is a value here and a patch there. */
function plain(objects: readonly KubeObject[]): Map<string, unknown> {
  return new Map(
    objects.map((object) => {
      const copy = structuredClone(object) as KubeObject & {
        spec?: { template?: { spec?: { containers?: Container[] } } };
      };
      const { labels = {}, annotations = {} } = copy.metadata;
      delete labels['helm.sh/chart'];
      delete labels['app.kubernetes.io/managed-by'];
      delete annotations['helm.sh/resource-policy'];
      if (Object.keys(annotations).length === 0) delete copy.metadata.annotations;
      for (const container of copy.spec?.template?.spec?.containers ?? []) {
        delete container.image;
        delete container.imagePullPolicy;
        // A patch puts its variables first.
        container.env.sort((one, other) => one.name.localeCompare(other.name));
      }
      return [keyText(keyOf(copy)), copy];
    }),
  );
}

/** Each kustomization, and the values that say the same. */
const same: [what: string, components: string[], values: string[]][] = [
  ['kubectl apply -k deploy', [], []],
  ['the component ha', ['ha'], ['-f', join(chart, 'values-ha.yaml')]],
  ['the component namespaced', ['namespaced'], ['--set', 'rbac.managed=namespaces']],
  ['the component observer', ['observer'], ['--set', 'engine=argocd']],
  [
    'all components together',
    ['ha', 'namespaced', 'observer'],
    ['-f', join(chart, 'values-ha.yaml'), '--set', 'rbac.managed=namespaces,engine=argocd'],
  ],
];
for (const [what, components, values] of same)
  test(`the chart renders what ${what} has, ${values.length > 0 ? 'by its values' : 'without values'}`, async (t) => {
    const { helm, kustomize, dir } = await tools(t);
    cpSync(deploy, join(dir, 'deploy'), { recursive: true, dereference: true });
    writeFileSync(
      join(dir, 'kustomization.yaml'),
      JSON.stringify({ resources: ['deploy'], components: components.map((name) => `deploy/components/${name}`) }),
    );
    const rendered = plain(objectsIn(helm(['template', 'coxswain', chart, '-n', 'argocd', ...values])));
    assert.deepEqual(Object.fromEntries(rendered), Object.fromEntries(plain(kustomize(dir))));
  });

test('each component of deploy/ has values that say the same', () => {
  assert.deepEqual(readdirSync(join(deploy, 'components')).sort(), [...new Set(same.flatMap(([, names]) => names))]);
});

test('all that the values can switch on is taken by a real API server, strictly', async (t) => {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const { helm, dir } = await tools(t);
  const run = (text: string, ...args: string[]): string =>
    execFileSync(kubectl, ['--kubeconfig', cluster.kubeconfigs.admin, ...args], {
      encoding: 'utf8',
      input: text,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  writeFileSync(
    join(dir, 'on.yaml'),
    JSON.stringify({
      standalone: true,
      settings: { 'slack.channel': '#deploys' },
      argocdRedis: { address: 'argocd-redis:6379' },
      rbac: { managed: 'namespaces', namespaces: ['shop'] },
      ingress: { enabled: true, host: 'coxswain.example.com', tlsSecret: 'coxswain-tls' },
      networkPolicy: { enabled: true, page: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
      podDisruptionBudget: { enabled: true },
      image: { pullSecrets: [{ name: 'registry' }] },
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'infra', operator: 'Exists' }],
    }),
  );
  for (const namespace of ['tools', 'shop']) run('', 'create', 'namespace', namespace);
  run('', 'apply', '-f', join(deploy, 'crds'));
  const text = helm([
    'template',
    'coxswain',
    chart,
    ...['-n', 'tools', '-f', join(chart, 'values-ha.yaml'), '-f', join(dir, 'on.yaml')],
  ]);
  run(text, 'apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-');
  assert.match(
    run('', '-n', 'tools', 'get', 'deployment,pdb,ingress,netpol', '-o', 'name'),
    /deployment[^]*networkpol/,
  );
  const pods = await eventually('the pod of the Deployment is admitted', async () => {
    const found = run('', '-n', 'tools', 'get', 'pods', '-o', 'jsonpath={.items[*].spec.priority}').trim();
    return found === '' ? undefined : found;
  });
  assert.match(pods, /^1000000/);
});

const wrong: [value: string, message: RegExp][] = [
  ['engine=flux', /at '\/engine': value must be one of 'coxswain', 'argocd'/],
  ['replicas=many', /at '\/replicas'/],
  ['publicUrl=coxswain.example', /at '\/publicUrl'/],
  ['image.digest=latest', /at '\/image\/digest'/],
  ['imge.tag=1', /additional properties 'imge' not allowed/],
  ['rbac.managed=rules', /at '\/rbac\/rules'/],
  ['priorityClass.value=2000000000', /at '\/priorityClass\/value'/],
  ['priorityClass.create=true,priorityClassName=high', /leave priorityClass\.create off/],
  ['ingress.enabled=true', /ingress\.host: the host name of the webhooks/],
  ['ingress.page.enabled=true,ingress.host=a.example', /ingress\.page\.className: the class of your own network/],
  ['ingress.page.enabled=true,ingress.page.className=a', /ingress\.host: the host name of the page/],
  ['httpRoute.enabled=true', /httpRoute\.parentRefs: the Gateway of the webhooks/],
];
for (const [value, message] of wrong)
  test(`the chart refuses ${value}, by name`, async (t) => {
    const { helm } = await tools(t);
    assert.throws(() => helm(['template', 'coxswain', chart, '--set', value]), message);
  });

test('each value does what it says, in the namespace of the release', async (t) => {
  const { helm, dir } = await tools(t);
  const values = {
    engine: 'argocd',
    replicas: 2,
    image: { repository: 'registry.example.com/coxswain', digest: `sha256:${'a'.repeat(64)}` },
    settings: { 'slack.channel': '#deploys' },
    argocdRedis: { address: 'argocd-redis:6379' },
    rbac: { managed: 'namespaces', namespaces: ['shop', 'pay'] },
    admissionPolicies: false,
    ingress: {
      ...{ enabled: true, host: 'coxswain.example.com', tlsSecret: 'coxswain-tls' },
      page: { enabled: true, className: 'internal', annotations: { 'example.com/range': '10.0.0.0/8' } },
    },
    httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] },
    networkPolicy: { enabled: true, page: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
    serviceMonitor: { enabled: true },
    podDisruptionBudget: { enabled: true },
    priorityClassName: 'system-cluster-critical',
  };
  writeFileSync(join(dir, 'values.yaml'), JSON.stringify(values));
  const text = helm(['template', 'coxswain', chart, '-n', 'tools', '-f', join(dir, 'values.yaml')]);
  const objects = objectsIn(text);
  const clusterWide = ['CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding'];
  assert.deepEqual(
    objects
      .filter(({ kind, metadata }) => !clusterWide.includes(kind) && metadata.namespace !== 'tools')
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`)
      .sort(),
    ['RoleBinding pay/coxswain-namespaced', 'RoleBinding shop/coxswain-namespaced'],
  );
  assert.deepEqual(
    objects.filter(({ kind }) => kind.startsWith('ValidatingAdmission')).map(({ kind }) => kind),
    [],
  );
  const found = (kind: string, name = 'coxswain'): string =>
    JSON.stringify(objects.find((object) => object.kind === kind && object.metadata.name === name));
  assert.match(found('ConfigMap', 'coxswain-admission'), /serviceaccount:tools:coxswain/);
  assert.match(found('ClusterRole', 'coxswain-managed'), /"verbs":\["get","list","watch"\]/);
  for (const part of [
    `registry.example.com/coxswain@sha256:${'a'.repeat(64)}`,
    '"name":"COX_ENGINE","value":"argocd"',
    '"name":"COX_ARGOCD_REDIS","value":"argocd-redis:6379"',
    '"replicas":2',
    '"priorityClassName":"system-cluster-critical"',
  ])
    assert.ok(found('Deployment').includes(part), part);
  assert.match(found('Ingress'), /"path":"\/webhooks\/github","pathType":"Exact"/);
  const page = found('Ingress', 'coxswain-page');
  for (const part of [
    '"annotations":{"example.com/range":"10.0.0.0/8"}',
    '"ingressClassName":"internal","tls":[{"hosts":["coxswain.example.com"],"secretName":"coxswain-tls"}]',
    '"path":"/","pathType":"Prefix","backend":{"service":{"name":"coxswain-internal","port":{"name":"page"}}}',
  ])
    assert.ok(page.includes(part), part);
  assert.match(found('HTTPRoute'), /"value":"\/webhooks\/github"/);
  assert.match(
    found('NetworkPolicy'),
    /\{"ports":\[\{"port":"page"\}\],"from":\[\{"ipBlock":\{"cidr":"10\.0\.0\.0\/8"\}\}\]\}/,
  );
  assert.match(found('ServiceMonitor'), /"port":"metrics","interval":"30s"/);
  assert.match(found('PodDisruptionBudget'), /"unhealthyPodEvictionPolicy":"AlwaysAllow"/);
});

test('a packaged chart is installed and upgraded by helm, and what people made their own stays', async (t) => {
  const cluster = await ownCluster(t);
  const { helm, dir } = await tools(t);
  const kubeconfig = cluster.kubeconfigs.admin;
  helm(['package', chart, '--destination', dir]);
  const archive = join(dir, 'coxswain-0.1.0.tgz');
  const at = (path: string): Promise<KubeObject> => cluster.access.must('GET', path) as Promise<KubeObject>;
  const maps = '/api/v1/namespaces/argocd/configmaps';
  const run = (...args: string[]): string => helm([...args, '-n', 'argocd'], kubeconfig);
  const notes = run('install', 'coxswain', archive, '--create-namespace', '--set', 'standalone=true');
  assert.match(notes, /installed in argocd, with engine coxswain[^]*publicUrl is still http:\/\/localhost:8081/);
  await eventually('a pod that runs', async () => {
    const pods = await at('/api/v1/namespaces/argocd/pods?labelSelector=app.kubernetes.io/name=coxswain');
    return JSON.stringify(pods['items']).includes('"phase":"Running"') ? true : undefined;
  });
  await at('/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default');
  const policy = { data: { 'policy.csv': 'g, acme:platform, role:admin' } };
  const merge = async (path: string, body: unknown): Promise<void> => {
    assert.equal((await cluster.access.call('PATCH', path, body, 'application/merge-patch+json')).status, 200);
  };
  await merge(`${maps}/argocd-rbac-cm`, policy);
  await merge('/api/v1/namespaces/argocd/secrets/coxswain-github', { stringData: { 'app-id': '7' } });
  run('upgrade', 'coxswain', archive, '--set', 'standalone=true,publicUrl=https://coxswain.example.com,engine=argocd');
  assert.match(
    JSON.stringify(await at('/apis/apps/v1/namespaces/argocd/deployments/coxswain')),
    /"COX_PUBLIC_URL","value":"https:\/\/coxswain\.example\.com"/,
  );
  const kept = async (): Promise<unknown[]> => [
    ((await at(`${maps}/argocd-rbac-cm`))['data'] as Record<string, string>)['policy.csv'],
    Object.keys((await at('/api/v1/namespaces/argocd/secrets/coxswain-github'))['data'] ?? {}),
  ];
  assert.deepEqual(await kept(), [policy.data['policy.csv'], ['app-id']]);
  run('uninstall', 'coxswain');
  assert.deepEqual(await kept(), [policy.data['policy.csv'], ['app-id']]);
  await at('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/approvals.coxswain.dev');
  await at('/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default');
});
