// `cox cluster list`, `add` and `rm`: clusters that applications may go to.
import type { Api } from '../../cluster/api.ts';
import type { ClusterConfig } from '../../cluster/wire/cluster-config.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Settings } from '../../store/settings.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { connectCluster } from '../../cluster/cluster.ts';
import { loadKubeconfig } from '../../cluster/wire/kubeconfig.ts';
import { inClusterServer } from '../../model/annotations.ts';
import { textAt } from '../../model/read.ts';
import { readSettings } from '../../store/settings.ts';
import { usage } from '../options.ts';
import { print } from '../output.ts';
import { quiet } from '../session.ts';
import { confirmed } from './confirm.ts';
import { forget, keep, nameHash, secretsOf } from './secret.ts';

type Entry = Settings['clusters'][number];

interface Row {
  entry: Entry;
  /** Undefined: the own cluster, which is there without one. */
  secret: KubeObject | undefined;
}

async function rowsOf(session: Session): Promise<Row[]> {
  const { cluster, options, signal } = session;
  const ref = { group: '', kind: 'ConfigMap', namespace: options.namespace, name: 'argocd-cm' };
  const map = await cluster.api.get(ref, { signal });
  const secrets = await secretsOf(session, ['cluster']);
  const { clusters } = readSettings({ configMaps: new Map(map ? [['argocd-cm', map]] : []), secrets });
  const serverOf = (secret: KubeObject): string =>
    Buffer.from(textAt(secret, 'data', 'server'), 'base64')
      .toString('utf8')
      .replace(/\/$/, '');
  return clusters.map((entry) => ({ entry, secret: secrets.find((secret) => serverOf(secret) === entry.server) }));
}

const columns: Column<Row>[] = [
  { title: 'NAME', of: ({ entry }) => entry.name },
  { title: 'SERVER', of: ({ entry }) => entry.server },
  { title: 'PROJECT', of: ({ entry }) => entry.project ?? '' },
  { title: 'SECRET', of: ({ secret }) => secret?.metadata.name ?? '', wide: true },
];

/** Exit code 0. */
export async function list(session: Session): Promise<number> {
  const rows = await rowsOf(session);
  const shown = rows.map(({ entry: { name, server, project }, secret }) => ({
    ...{ name, server, project, secret: secret?.metadata.name },
  }));
  session.out.result(print(session.options.format, shown, rows, columns));
  return 0;
}

const manager = 'coxswain-manager';
const role = 'coxswain-manager-role';
const rbac = 'rbac.authorization.k8s.io';

/** What lets somebody else do everything in that cluster (Argo CD: util/clusterauth/clusterauth.go). */
function accountIn(namespace: string): KubeObject[] {
  const everything = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: manager } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: role }, rules: everything },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `${role}-binding` },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: manager, namespace }],
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        ...{ namespace, name: `${manager}-token` },
        annotations: { 'kubernetes.io/service-account.name': manager },
      },
      type: 'kubernetes.io/service-account-token',
    },
  ];
}

const lookMs = 200;
const mostLooks = 100;

/** What is there stays as it is: somebody may have granted less. Throws E_CONFIG when no token comes within 20 s. */
async function tokenOf(api: Api, namespace: string, signal: AbortSignal): Promise<string> {
  for (const object of accountIn(namespace)) {
    const { namespace: place = '', name = '' } = object.metadata;
    const group = object.apiVersion.startsWith(rbac) ? rbac : '';
    if (!(await api.get({ group, kind: object.kind, namespace: place, name }, { signal })))
      await api.create(object, { signal, manager: 'cox' });
  }
  const ref = { group: '', kind: 'Secret', namespace, name: `${manager}-token` };
  for (let look = 0; look < mostLooks; look += 1) {
    const token = textAt(await api.get(ref, { signal }), 'data', 'token');
    if (token) return Buffer.from(token, 'base64').toString('utf8');
    await systemClock.sleep(lookMs, signal);
  }
  throw new AppError('E_CONFIG', `no token came for the ServiceAccount ${manager} in ${namespace}`, {
    hint: 'The controller manager of that cluster writes it: does it run? Then run the same again.',
  });
}

/** As a cluster Secret has it (Argo CD: docs/operator-manual/declarative-setup.md). */
function configText({ ca, insecure, serverName, proxy }: ClusterConfig, bearerToken: string): string {
  const tls = {
    ...(ca !== undefined && { caData: Buffer.from(ca).toString('base64') }),
    ...(insecure && { insecure }),
    ...(serverName !== undefined && { serverName }),
  };
  return JSON.stringify({ bearerToken, tlsClientConfig: tls, ...(proxy !== undefined && { proxyUrl: proxy }) });
}

/** Exit code 0, or 1 when the answer was no. */
export async function add(session: Session, [context, ...more]: readonly string[]): Promise<number> {
  const { options, signal } = session;
  const { values } = options;
  if (context === undefined || more.length > 0)
    throw usage('cox cluster add needs one context: kubectl config get-contexts');
  if ((values.project?.length ?? 0) > 1) throw usage('a cluster is of one project');
  const { config } = await loadKubeconfig({
    ...{ env: options.env, context },
    ...(options.kubeconfig !== undefined && { path: options.kubeconfig }),
  });
  const server = config.server.replace(/\/$/, '');
  const before = (await rowsOf(session)).find(({ entry }) => entry.server === server)?.secret;
  if (before && !values.upsert)
    throw new AppError('E_CONFIG', `there is a Secret for ${server}`, { hint: 'Change it with --upsert.' });
  const namespace = values['system-namespace'] ?? 'kube-system';
  const what = `Let Coxswain do everything in ${server} by the ServiceAccount ${manager} in ${namespace}`;
  if (!(await confirmed(session, what))) return 1;
  const there = await connectCluster({ config, clock: systemClock, log: quiet }, signal);
  session.atEnd(() => there.stop());
  const bearerToken = values['dry-run'] ? '' : await tokenOf(there.api, namespace, signal);
  const host = new URL(server).hostname.toLowerCase();
  await keep(session, {
    ...{ type: 'cluster', name: `cluster-${host}-${nameHash(server)}`, title: values.name ?? context, before },
    data: {
      name: values.name ?? context,
      server,
      config: configText(config, bearerToken),
      project: values.project?.[0],
    },
  });
  return 0;
}

/** Exit code 0, or 1 when the answer was no. Throws E_CONFIG for one that is not there. */
export async function remove(session: Session, [named, ...more]: readonly string[]): Promise<number> {
  if (named === undefined || more.length > 0) throw usage('cox cluster rm needs one name or server');
  const rows = await rowsOf(session);
  const found = rows.find(({ entry }) => entry.server === named) ?? rows.find(({ entry }) => entry.name === named);
  if (!found?.secret)
    throw new AppError('E_CONFIG', `no Secret is of the cluster ${named}`, {
      hint:
        found?.entry.server === inClusterServer
          ? 'The own cluster has none: cluster.inClusterEnabled of argocd-cm takes it away.'
          : `List them with: cox cluster list -n ${session.options.namespace}`,
    });
  const { entry, secret } = found;
  const bound = (await session.applications()).filter(
    ({ spec: { destination } }) => destination.server === entry.server || destination.name === entry.name,
  );
  const names = bound.map(({ metadata }) => metadata.name).sort();
  const left = names.length > 0 ? `, where ${names.join(', ')} would find no cluster any more` : '';
  if (!(await confirmed(session, `Forget the cluster ${entry.name}${left}`))) return 1;
  await forget(session, secret, entry.name);
  session.out.note(`cox: objects and the ServiceAccount ${manager} stay in ${entry.server}`);
  return 0;
}
