// What an installation of Argo CD has in its namespace: settings, the credential of the repository, an account for its
// controller.
import type { KubeObject } from '../../src/model/kube.ts';
import { randomBytes } from 'node:crypto';
import { apply, type Kube } from '../kube.ts';
import { controlNamespace } from '../settings.ts';

/** As which Argo CD's controller comes to the API server. */
export const controllerAccount = 'argocd-application-controller';
const daySeconds = 86_400;

interface RepositoryAccess {
  url: string;
  username: string;
  password: string;
}

interface ArgoSettings {
  repo?: RepositoryAccess;
  config?: Record<string, string>;
  secret?: Record<string, string>;
}

function settingsObject(kind: 'ConfigMap' | 'Secret', name: string, content: Record<string, unknown>): KubeObject {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'argocd' };
  return { apiVersion: 'v1', kind, metadata: { name, namespace: controlNamespace, labels }, ...content };
}

function repository({ url, username, password }: RepositoryAccess): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'repo-infra',
      namespace: controlNamespace,
      labels: { 'argocd.argoproj.io/secret-type': 'repository' },
    },
    stringData: { type: 'git', url, username, password },
  };
}

function account(): KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: controllerAccount, namespace: controlNamespace },
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: controllerAccount },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: controllerAccount, namespace: controlNamespace }],
    },
  ];
}

/** `config`: further keys of argocd-cm; `secret`: of argocd-secret. Answers a token of Argo CD's account. */
export async function applyArgoSettings(kube: Kube, { repo, config = {}, secret = {} }: ArgoSettings): Promise<string> {
  const objects = [
    settingsObject('ConfigMap', 'argocd-cm', { data: config }),
    ...['argocd-ssh-known-hosts-cm', 'argocd-tls-certs-cm', 'argocd-gpg-keys-cm'].map((name) =>
      settingsObject('ConfigMap', name, { data: {} }),
    ),
    settingsObject('Secret', 'argocd-secret', {
      stringData: { 'server.secretkey': randomBytes(24).toString('base64'), ...secret },
    }),
    ...(repo ? [repository(repo)] : []),
    ...account(),
  ];
  for (const object of objects) await apply(kube, object);
  const { status, body } = await kube.call(
    'POST',
    `/api/v1/namespaces/${controlNamespace}/serviceaccounts/${controllerAccount}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: daySeconds } },
  );
  if (status >= 300) throw new Error(`no token of ${controllerAccount}: ${JSON.stringify(body)}`);
  return (body as { status: { token: string } }).status.token;
}
