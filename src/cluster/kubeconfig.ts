// Where a cluster is and how to log in: from a kubeconfig, the pod's own account, or an Argo CD cluster Secret.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';
import type { Impersonation } from './api.ts';

export interface ClusterConfig {
  /** e.g. `https://10.0.0.1:6443`. */
  server: string;
  /** PEM. */
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  /** Read again whenever its modification time changes. */
  tokenFile?: string;
  username?: string;
  password?: string;
  /** Do not verify the server's certificate. */
  insecure?: boolean;
  serverName?: string;
  impersonate?: Impersonation;
  /** Headers (Authorization) from an exec or auth-provider plug-in, asked anew after a 401. */
  headers?: () => Promise<Record<string, string>>;
}

export interface KubeconfigChoice {
  config: ClusterConfig;
  /** Namespace of the context; `default` if it names none. */
  namespace: string;
  context: string;
}

type Fields = Record<string, unknown>;

const accountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The chosen (default: current) context of the kubeconfig files: `path`, else KUBECONFIG (several files are merged, the
 * first wins),
 * else ~/.kube/config. Throws E_CONFIG. Users with `exec` or `auth-provider` go through @kubernetes/client-node.
 */
export async function loadKubeconfig(
  options: { path?: string; context?: string; env?: Record<string, string | undefined> } = {},
): Promise<KubeconfigChoice> {
  const fromEnvironment = options.env?.['KUBECONFIG']?.split(delimiter).filter((path) => path !== '') ?? [];
  const paths =
    options.path !== undefined
      ? [options.path]
      : fromEnvironment.length > 0
        ? fromEnvironment
        : [join(homedir(), '.kube', 'config')];
  const files = (await Promise.all(paths.map((path) => readKubeconfig(path, paths.length > 1)))).filter(
    (file) => file !== undefined,
  );
  if (files.length === 0) throw wrong(`there is no kubeconfig at ${paths.join(' or ')}`);
  const context =
    options.context ?? files.map((file) => textAt(file.fields, 'current-context')).find((name) => name !== undefined);
  if (context === undefined) throw wrong('the kubeconfig names no current context');
  const { fields: contextFields } = entry(files, 'contexts', 'context', context);
  const cluster = entry(files, 'clusters', 'cluster', textAt(contextFields, 'cluster') ?? '');
  const userName = textAt(contextFields, 'user');
  const user = userName === undefined ? { fields: {}, path: cluster.path } : entry(files, 'users', 'user', userName);
  const namespace = textAt(contextFields, 'namespace') ?? 'default';
  const config: ClusterConfig = { ...(await clusterFields(cluster)), ...(await userFields(user)) };
  if (user.fields['exec'] !== undefined || user.fields['auth-provider'] !== undefined)
    config.headers = await pluginHeaders(user.path, {
      name: context,
      cluster: textAt(contextFields, 'cluster') ?? '',
      user: userName ?? '',
    });
  return { config, namespace, context };
}

/** The account that Kubernetes mounts into a pod; undefined outside of one. */
export async function inClusterConfig(
  env: Record<string, string | undefined> = process.env,
  directory = accountDirectory,
): Promise<ClusterConfig | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return undefined;
  const ca = await readFile(join(directory, 'ca.crt'), 'utf8').catch((cause: unknown) => {
    throw wrong('the service account of the pod is not mounted', cause);
  });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    tokenFile: join(directory, 'token'),
  };
}

/**
 * From the `server` and `config` of an Argo CD cluster Secret (Argo CD:
 * docs/operator-manual/declarative-setup.md).
 */
export async function argoClusterConfig(server: string, json: string): Promise<ClusterConfig> {
  let fields: unknown;
  try {
    fields = JSON.parse(json || '{}');
  } catch {
    throw wrong(`the configuration of cluster ${server} is not JSON`); // the parser's message would echo credentials
  }
  if (!isObject(fields)) throw wrong(`the configuration of cluster ${server} is not an object`);
  if (fields['execProviderConfig'] !== undefined || fields['awsAuthConfig'] !== undefined)
    throw wrong(`cluster ${server} uses execProviderConfig or awsAuthConfig, which is not supported yet`);
  const tls = isObject(fields['tlsClientConfig']) ? fields['tlsClientConfig'] : {};
  return pruned({
    server,
    token: textAt(fields, 'bearerToken'),
    username: textAt(fields, 'username'),
    password: textAt(fields, 'password'),
    ca: decoded(textAt(tls, 'caData')),
    cert: decoded(textAt(tls, 'certData')),
    key: decoded(textAt(tls, 'keyData')),
    serverName: textAt(tls, 'serverName'),
    insecure: tls['insecure'] === true ? true : undefined,
  });
}

interface Found {
  path: string;
  fields: Fields;
}

async function readKubeconfig(path: string, optional: boolean): Promise<Found | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (optional) return undefined;
    throw wrong(`the kubeconfig ${path} cannot be read`, cause);
  }
  try {
    const fields: unknown = parse(text);
    if (isObject(fields)) return { path, fields };
  } catch {
    // said below: the parser's message would echo credentials
  }
  throw wrong(`the kubeconfig ${path} is not YAML`);
}

function entry(files: readonly Found[], list: string, member: string, name: string): Found {
  for (const { path, fields } of files) {
    const entries = fields[list];
    const found = Array.isArray(entries) ? entries.filter(isObject).find((item) => item['name'] === name) : undefined;
    if (found) return { path, fields: isObject(found[member]) ? found[member] : {} };
  }
  throw wrong(`the kubeconfig has no ${member} ${JSON.stringify(name)}`);
}

async function clusterFields({ path, fields }: Found): Promise<ClusterConfig> {
  const server = textAt(fields, 'server');
  if (server === undefined) throw wrong(`a cluster of ${path} has no server`);
  return pruned({
    server,
    ca: await dataOrFile(path, fields, 'certificate-authority'),
    insecure: fields['insecure-skip-tls-verify'] === true ? true : undefined,
    serverName: textAt(fields, 'tls-server-name'),
  });
}

async function userFields({ path, fields }: Found): Promise<Partial<ClusterConfig>> {
  const tokenFile = textAt(fields, 'tokenFile');
  const as = textAt(fields, 'as');
  const groups = Array.isArray(fields['as-groups'])
    ? fields['as-groups'].filter((group) => typeof group === 'string')
    : undefined;
  const uid = textAt(fields, 'as-uid');
  return pruned({
    cert: await dataOrFile(path, fields, 'client-certificate'),
    key: await dataOrFile(path, fields, 'client-key'),
    token: textAt(fields, 'token'),
    tokenFile: tokenFile === undefined ? undefined : beside(path, tokenFile),
    username: textAt(fields, 'username'),
    password: textAt(fields, 'password'),
    impersonate: as === undefined ? undefined : pruned({ user: as, groups, uid }),
  });
}

/** The context may stand in another file than its user. */
async function pluginHeaders(
  path: string,
  context: { name: string; cluster: string; user: string },
): Promise<() => Promise<Record<string, string>>> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  return async () => {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(path);
    kubeconfig.contexts = [context];
    kubeconfig.setCurrentContext(context.name);
    const options: { headers?: Record<string, string>; auth?: string } = { headers: {} };
    await kubeconfig.applyToHTTPSOptions(options);
    return options.headers ?? {};
  };
}

async function dataOrFile(path: string, fields: Fields, name: string): Promise<string | undefined> {
  const data = decoded(textAt(fields, `${name}-data`));
  const file = textAt(fields, name);
  if (data !== undefined || file === undefined) return data;
  return readFile(beside(path, file), 'utf8').catch((cause: unknown) => {
    throw wrong(`${name} of the kubeconfig ${path} cannot be read`, cause);
  });
}

function beside(path: string, file: string): string {
  return isAbsolute(file) ? file : join(dirname(path), file);
}

function decoded(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

function textAt(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Pruned<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

/** The object without its undefined members. */
function pruned<T extends object>(fields: T): Pruned<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Pruned<T>;
}

function wrong(message: string, cause?: unknown): AppError {
  return new AppError('E_CONFIG', message, {
    cause,
    hint: 'KUBECONFIG names the file (default ~/.kube/config), and its current context is used; cox takes --kubeconfig and --context too.',
  });
}
