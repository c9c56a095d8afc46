// Where a cluster is and how to log in, and two that say so: the pod's own account and an Argo CD cluster Secret.
import type { Impersonation } from '../api.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { isObject } from '../../model/kube.ts';

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
  /** `http`, `https` or `socks5`, which all requests go through. */
  proxy?: string;
  /** What a plug-in gives, asked anew after a 401; its certificate counts instead of `cert`. */
  login?: () => Promise<Login>;
}

/** Credentials that a plug-in gave; they hold until the server refuses them. */
export interface Login {
  headers: Record<string, string>;
  /** PEM. */
  cert?: string;
  key?: string;
}

/** Those that client-go knows (clientcmd: proxy-url; Argo CD: types.go ParseProxyUrl). */
export const proxySchemes: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:']);

type Fields = Record<string, unknown>;

const accountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

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
  const proxy = textAt(fields, 'proxyUrl');
  if (proxy !== undefined && !proxySchemes.has(URL.parse(proxy)?.protocol ?? ''))
    throw wrong(`proxyUrl of cluster ${server} must begin with http://, https:// or socks5://`);
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
    proxy,
  });
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
  return new AppError('E_CONFIG', message, { cause });
}
