// How one server is reached: what git is told by its environment, and by files that stand only as long as it runs.
import type { GitVariables } from './command.ts';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';

/** As repository Secrets and ConfigMaps say; all in PEM where it is a key or a certificate. */
export interface GitAccess {
  username?: string;
  password?: string;
  bearerToken?: string;
  sshPrivateKey?: string;
  /** Host keys, as in a file known_hosts. */
  knownHosts?: string;
  /** Of the client. */
  cert?: string;
  key?: string;
  /** Certificates of the authorities of the host; undefined: those of the system. */
  authorities?: string;
  /** Neither certificates nor host keys of the server are looked at. */
  insecure?: boolean;
  /** In place of those of our own environment. */
  proxy?: string;
  noProxy?: string;
}

/** Of a GitHub App that reads a repository. */
export interface AppLogin {
  id: number;
  installation: number;
  privateKey: string;
  /** REST base; default https://api.github.com. */
  apiUrl?: string;
}

/** Over TLS or not; all else that needs a login is SSH. */
export function isHttp(url: string): boolean {
  return /^https?:/i.test(url);
}

/** For HTTP; undefined: as nobody. */
export function authorizationOf({ username, password, bearerToken }: GitAccess): string | undefined {
  if (bearerToken) return `Bearer ${bearerToken}`;
  if (password === undefined) return undefined;
  return `Basic ${Buffer.from(`${username || 'git'}:${password}`).toString('base64')}`;
}

/**
 * Nothing of it stands in an argument. `dir`: of the mirrors, which loses what killed processes left at the next start.
 */
export async function withAccess<Result>(
  dir: string,
  url: string,
  access: GitAccess,
  act: (env: GitVariables) => Promise<Result>,
): Promise<Result> {
  if (!isHttp(url) && access.proxy)
    throw new AppError('E_GIT', 'a proxy is set for this repository, and SSH takes none', {
      hint: 'Name the repository by https, or take proxy out of its Secret.',
    });
  const folder = join(dir, `access-${randomUUID()}.tmp`);
  const written: string[] = [];
  const put = async (name: string, content: string): Promise<string> => {
    if (written.length === 0) {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o700);
    }
    written.push(name);
    await writeFile(join(folder, name), content.endsWith('\n') ? content : `${content}\n`, { mode: 0o600 });
    return join(folder, name);
  };
  try {
    return await act(await (isHttp(url) ? webVariables(access, put) : sshVariables(access, put)));
  } finally {
    if (written.length > 0) await rm(folder, { recursive: true, force: true });
  }
}

type Put = (name: string, content: string) => Promise<string>;

async function webVariables(access: GitAccess, put: Put): Promise<GitVariables> {
  const { cert, key, authorities, insecure } = access;
  const header = authorizationOf(access);
  return {
    // A key with the address in it would say whose it is too, but simple-git takes a host such as `pager.example` in it
    // for a pager.
    ...(header && {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: ${header}`,
    }),
    ...(cert && key && { GIT_SSL_CERT: await put('client.pem', cert), GIT_SSL_KEY: await put('client.key', key) }),
    ...(authorities && { GIT_SSL_CAINFO: await put('authorities.pem', authorities) }),
    ...(insecure && { GIT_SSL_NO_VERIFY: 'true' }),
    ...proxyVariables(access),
  };
}

const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

function proxyVariables({ proxy, noProxy }: GitAccess): GitVariables {
  if (proxy) return { http_proxy: proxy, https_proxy: proxy, no_proxy: noProxy ?? '' };
  return Object.fromEntries(proxies.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** What ssh reads as a path, and a shell as one word. */
function quoted(option: string, path: string): string {
  return `-o '${option}="${path.replaceAll("'", `'\\''`)}"'`;
}

async function sshVariables({ sshPrivateKey, knownHosts, insecure }: GitAccess, put: Put): Promise<GitVariables> {
  const known = insecure ? '/dev/null' : await put('known_hosts', knownHosts ?? '');
  const options = [
    'ssh -F /dev/null -o BatchMode=yes -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no',
    `-o StrictHostKeyChecking=${insecure ? 'no' : 'yes'} -o ConnectTimeout=15 -o LogLevel=ERROR`,
    quoted('UserKnownHostsFile', known),
    ...(sshPrivateKey ? ['-o IdentitiesOnly=yes', quoted('IdentityFile', await put('identity', sshPrivateKey))] : []),
  ];
  return { GIT_SSH_COMMAND: options.join(' ') };
}
