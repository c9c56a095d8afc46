// Reads kubeconfigs with @kubernetes/client-node, in a process of its own: importing that takes 85 MiB, which end with
// it. What it asks and answers is JSON on its standard input and output. What the library does not do is done here.
import type { Cluster, Context, User } from '@kubernetes/client-node';
import type { Impersonation } from '../api.ts';
import type { ClusterConfig, Login } from './cluster-config.ts';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';
import { AppError, errorMessage } from '../../base/errors.ts';
import { isObject } from '../../model/kube.ts';
import { proxySchemes } from './cluster-config.ts';

export interface Question {
  /** Of several files the first wins, and those that are not there are passed over. */
  paths: readonly string[];
  /** Default: the current one. */
  context: string | undefined;
}

export interface Choice {
  config: ClusterConfig;
  /** Namespace of the context; `default` if it names none. */
  namespace: string;
  context: string;
  /** What a plug-in gave; `config` then has no other credentials. */
  login?: Login;
}

export type Answer = Choice | { fault: string; hint?: string; why?: string };

interface File {
  path: string;
  library: KubeConfig;
  /** Of its users, what the library leaves out. */
  fields: Record<string, unknown>;
}

/** client-go has no other any more (client-go 1.26 took azure and gcp out). */
const authProviders: ReadonlySet<string> = new Set(['oidc']);

/** The context that is asked for, or else the first current one, out of all files. Throws E_CONFIG. */
export async function readKubeconfigs({ paths, context: wanted }: Question): Promise<Choice> {
  const read = await Promise.all(paths.map((path) => readOne(path, paths.length > 1)));
  const files = read.filter((file) => file !== undefined);
  if (files.length === 0) throw wrong(`there is no kubeconfig at ${paths.join(' or ')}`);
  const name = wanted ?? files.map(({ library }) => library.getCurrentContext()).find(Boolean);
  if (!name) throw wrong('the kubeconfig names no current context');
  const { found: context } = first<Context>(files, 'context', name, (library) => library.getContextObject(name));
  const cluster = first<Cluster>(files, 'cluster', context.cluster, (library) => library.getCluster(context.cluster));
  const config = await reached(cluster.file, cluster.found);
  const rest = { namespace: context.namespace ?? 'default', context: name };
  if (!context.user) return { config, ...rest };
  const user = first<User>(files, 'user', context.user, (library) => library.getUser(context.user));
  const known = { ...config, ...(await credentials(user.file, user.found)) };
  if (!user.found.exec && !user.found.authProvider) return { config: known, ...rest };
  return { config: known, ...rest, login: await plugin(user.file, user.found, cluster.found) };
}

async function readOne(path: string, optional: boolean): Promise<File | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (optional) return undefined;
    throw wrong(`the kubeconfig ${path} cannot be read`, { cause });
  }
  const library = new KubeConfig();
  try {
    library.loadFromString(text, { onInvalidEntry: 'filter' });
    library.makePathsAbsolute(dirname(path));
    return { path, library, fields: loadYaml(text) };
  } catch {
    throw wrong(`the kubeconfig ${path} is not YAML`); // the parser's message would echo credentials
  }
}

/** The library refuses a name that two files have, where clientcmd takes the first. */
function first<T>(
  files: readonly File[],
  kind: string,
  name: string,
  get: (library: KubeConfig) => T | null,
): { file: File; found: T } {
  for (const file of files) {
    const found = get(file.library);
    if (found) return { file, found };
  }
  throw wrong(`the kubeconfig has no ${kind} ${JSON.stringify(name)}`);
}

async function reached({ path }: File, cluster: Cluster): Promise<ClusterConfig> {
  const { server, caData, caFile, skipTLSVerify, tlsServerName, proxyUrl } = cluster;
  const scheme = proxyUrl === undefined ? undefined : URL.parse(proxyUrl)?.protocol;
  if (proxyUrl !== undefined && !proxySchemes.has(scheme ?? ''))
    throw wrong(`proxy-url of cluster ${cluster.name} in ${path} must begin with http://, https:// or socks5://`);
  return {
    server,
    ...given('ca', await dataOrFile(path, 'certificate-authority', caData, caFile)),
    ...(skipTLSVerify && { insecure: true }),
    ...given('serverName', tlsServerName),
    ...given('proxy', proxyUrl),
  };
}

async function credentials(file: File, user: User): Promise<Partial<ClusterConfig>> {
  const { path } = file;
  const fields = leftOut(file, user);
  const { tokenFile } = fields;
  const named = typeof tokenFile === 'string' && tokenFile !== '' ? beside(path, tokenFile) : undefined;
  return {
    ...given('cert', await dataOrFile(path, 'client-certificate', user.certData, user.certFile)),
    ...given('key', await dataOrFile(path, 'client-key', user.keyData, user.keyFile)),
    ...given('token', user.token),
    ...given('tokenFile', named),
    ...given('username', user.username),
    ...given('password', user.password),
    ...given('impersonate', impersonation(path, user, fields)),
  };
}

/** `tokenFile`, `as-groups`, `as-uid` and `as-user-extra`; without the first the library would send no credentials. */
function leftOut({ fields }: File, { name }: User): Record<string, unknown> {
  const users: unknown[] = Array.isArray(fields['users']) ? fields['users'] : [];
  const entry = users.filter(isObject).find((each) => each['name'] === name);
  return isObject(entry?.['user']) ? entry['user'] : {};
}

function impersonation(path: string, user: User, fields: Record<string, unknown>): Impersonation | undefined {
  const { 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra } = fields;
  if (extra !== undefined) throw wrong(`user ${user.name} of ${path} has as-user-extra, which is not supported`);
  if (!user.impersonateUser) {
    if (groups === undefined && uid === undefined) return undefined;
    throw wrong(`user ${user.name} of ${path} has as-groups or as-uid without as`);
  }
  return {
    user: user.impersonateUser,
    ...(Array.isArray(groups) && { groups: groups.map(String) }),
    ...(uid !== undefined && { uid: String(uid) }),
  };
}

/** What `exec` or `auth-provider` gives now. */
async function plugin({ path }: File, user: User, cluster: Cluster): Promise<Login> {
  const who = `user ${user.name} of ${path}`;
  const { exec, authProvider } = user as PluginUser;
  const provider = authProvider?.name;
  if (provider !== undefined && !authProviders.has(provider))
    throw wrong(`${who} logs in by the auth-provider ${JSON.stringify(provider)}, which Kubernetes has given up`, {
      hint: 'Use the exec plug-in of the cloud, such as gke-gcloud-auth-plugin or kubelogin.',
    });
  if (exec?.interactiveMode === 'Always') throw wrong(`the exec plug-in of ${who} needs a terminal`);
  const library = new KubeConfig();
  library.loadFromClusterAndUser(cluster, { ...user, ...(exec && { exec: execOf(path, exec, cluster) }) });
  const options: { headers?: Record<string, string>; cert?: string; key?: string } = {};
  try {
    await library.applyToHTTPSOptions(options);
  } catch (error) {
    const hint = error instanceof Error && 'code' in error ? exec?.installHint : undefined;
    const told = error instanceof SyntaxError || error instanceof TypeError; // its message would echo credentials
    throw wrong(`the log-in plug-in of ${who} ${told ? 'answers no ExecCredential' : 'fails'}`, {
      ...(hint && { hint }),
      ...(!told && { cause: error }),
    });
  }
  const { headers: { Authorization: authorization } = {}, cert, key } = options;
  if (!authorization && !cert) throw wrong(`the log-in plug-in of ${who} gives neither a token nor a certificate`);
  return {
    headers: authorization ? { authorization } : {},
    ...given('cert', cert?.toString()),
    ...given('key', key?.toString()),
  };
}

/** Nothing is known of what a file says there; the library checks what it takes. */
interface PluginUser {
  exec?: Exec;
  authProvider?: { name?: string };
}

interface Exec {
  command?: string | undefined;
  apiVersion?: string;
  provideClusterInfo?: boolean;
  env?: { name: string; value: string }[];
  interactiveMode?: string;
  installHint?: string;
}

/** The command beside its kubeconfig, and the variable that plug-ins read (client-go: credential plugins). */
function execOf(path: string, exec: Exec, cluster: Cluster): Exec {
  const about = {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.skipTLSVerify,
    'certificate-authority-data': cluster.caData,
    'proxy-url': cluster.proxyUrl,
  };
  const info = {
    kind: 'ExecCredential',
    apiVersion: exec.apiVersion,
    spec: { interactive: false, ...(exec.provideClusterInfo && { cluster: about }) },
  };
  return {
    ...exec,
    command: exec.command?.includes('/') ? beside(path, exec.command) : exec.command,
    env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}

/** Data goes before a file, which the library does the other way round (clientcmd: certificate-authority-data). */
async function dataOrFile(
  path: string,
  name: string,
  data: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  if (!file) return undefined;
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw wrong(`${name} of the kubeconfig ${path} cannot be read`, { cause });
  });
}

function beside(path: string, file: string): string {
  return isAbsolute(file) ? file : join(dirname(path), file);
}

/** The member, where there is one. */
function given<K extends string, V>(name: K, value: V | null | undefined | ''): { [P in K]?: V } {
  return (value === undefined || value === null || value === '' ? {} : { [name]: value }) as { [P in K]?: V };
}

function wrong(message: string, options: { cause?: unknown; hint?: string } = {}): AppError {
  return new AppError('E_CONFIG', message, options);
}

async function answer(): Promise<Answer> {
  try {
    return await readKubeconfigs(JSON.parse(await textOf(process.stdin)) as Question); // made by kubeconfig.ts
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const why = error.cause === undefined ? undefined : errorMessage(error.cause).trim();
    return { fault: error.message, ...given('hint', error.hint), ...given('why', why) };
  }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await answer()));
