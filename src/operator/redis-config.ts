// Where Argo CD's Redis is and how to enter it, under the names that Argo CD's own processes have for it.
import type { ArgoCdConfig } from '../argocd/argocd.ts';
import { readFileSync } from 'node:fs';
import { errorMessage } from '../base/errors.ts';

/** What is read of the environment, with the faults that were found. */
interface Reader {
  readonly faults: string[];
  text(name: string, fallback?: string): string;
  secret(name: string): string | undefined;
}

export const redisVariables = {
  COX_ARGOCD_REDIS:
    "host:port of Argo CD's Redis, such as argocd-redis:6379: what its server shows is written there. Default: nothing",
  REDIS_USERNAME: 'User of that Redis, if it has an access list',
  REDIS_PASSWORD: 'Its password (Secret argocd-redis, key auth), or REDIS_PASSWORD_FILE',
  REDISDB: 'Number of its database. Default: 0',
  REDIS_COMPRESSION: "gzip or none, as Argo CD's server has it. Default: gzip",
  REDIS_USE_TLS: 'true: it is spoken to by TLS. Default: false',
  REDIS_CA_CERTIFICATE: 'File with the certificate of its authority. Default: those of the system',
  REDIS_CLIENT_CERTIFICATE: 'File with the certificate that we show it, with REDIS_CLIENT_KEY',
  REDIS_CLIENT_KEY: 'File with the key of that certificate',
  REDIS_INSECURE_SKIP_TLS_VERIFY: 'true: any certificate is taken. Default: false',
  ARGOCD_APP_STATE_CACHE_EXPIRATION: 'How long what is written there lives without us, such as 1h30m. Default: 1h',
  ARGOCD_APPLICATION_TREE_SHARD_SIZE: 'Resources in one piece of a tree, 0 to 1000; 0: trees are whole. Default: 0',
} as const;

function whole(read: Reader, name: string, most: number): number {
  const text = read.text(name, '0');
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  read.faults.push(`${name} is "${text}", but must be a whole number from 0 to ${most}`);
  return 0;
}

function choice<T extends string>(read: Reader, name: string, allowed: readonly [T, ...T[]]): T {
  const text = read.text(name, allowed[0]);
  const found = allowed.find((item) => item === text);
  if (!found) read.faults.push(`${name} is "${text}", but must be one of ${allowed.join(', ')}`);
  return found ?? allowed[0];
}

function file(read: Reader, name: string): string | undefined {
  const path = read.text(name);
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    read.faults.push(`${name} names ${path}, which cannot be read: ${errorMessage(error)}`);
    return undefined;
  }
}

function seconds(read: Reader, name: string): number {
  const text = read.text(name, '1h');
  const [matched, hours, minutes, rest] = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$/.exec(text) ?? [];
  const value = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(rest ?? 0);
  if (matched !== undefined && value >= 60 && value <= 36_000) return value;
  read.faults.push(`${name} is "${text}", but must be from 1m to 10h, such as 1h30m`);
  return 3600;
}

function tls(read: Reader): ArgoCdConfig['tls'] {
  const files = {
    ca: file(read, 'REDIS_CA_CERTIFICATE'),
    cert: file(read, 'REDIS_CLIENT_CERTIFICATE'),
    key: file(read, 'REDIS_CLIENT_KEY'),
  };
  const insecure = choice(read, 'REDIS_INSECURE_SKIP_TLS_VERIFY', ['false', 'true']) === 'true';
  if ((files.cert === undefined) !== (files.key === undefined))
    read.faults.push('REDIS_CLIENT_CERTIFICATE and REDIS_CLIENT_KEY go together; one of them is missing');
  if (choice(read, 'REDIS_USE_TLS', ['false', 'true']) === 'false') return undefined;
  const given = Object.entries(files).filter(([, text]) => text !== undefined);
  return { ...(Object.fromEntries(given) as Record<string, string>), insecure };
}

/** undefined: nothing is written there. */
export function readRedis(read: Reader, engine: 'coxswain' | 'argocd'): ArgoCdConfig | undefined {
  const address = read.text('COX_ARGOCD_REDIS');
  if (!address) return undefined;
  const [, host = '', port = '6379'] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (!host || Number(port) < 1 || Number(port) > 65_535)
    read.faults.push(`COX_ARGOCD_REDIS is "${address}", but must be host:port, such as argocd-redis:6379`);
  if (engine === 'argocd')
    read.faults.push(
      'COX_ARGOCD_REDIS is set with COX_ENGINE=argocd, whose own controller writes there: unset one of them',
    );
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    username: read.text('REDIS_USERNAME') || undefined,
    password: read.secret('REDIS_PASSWORD'),
    database: whole(read, 'REDISDB', 999_999),
    tls: tls(read),
    compression: choice(read, 'REDIS_COMPRESSION', ['gzip', 'none']),
    shardSize: whole(read, 'ARGOCD_APPLICATION_TREE_SHARD_SIZE', 1000),
    expiresSeconds: seconds(read, 'ARGOCD_APP_STATE_CACHE_EXPIRATION'),
  };
}
