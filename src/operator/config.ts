// The one reader of the environment: everything is validated at once and every fault is reported together.
import type { ArgoCdConfig } from '../argocd/argocd.ts';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError, errorMessage } from '../base/errors.ts';
import { isPrivateKey } from '../github/setup/pem.ts';
import { withoutTrailing } from '../base/trim.ts';
import { readRedis, redisVariables } from './redis-config.ts';

export interface GitHubConfig {
  appId: number;
  privateKey: string;
  webhookSecret: string;
  /** REST base; default https://api.github.com. */
  apiUrl: string;
}

interface SlackConfig {
  botToken: string;
  appToken: string;
  /** Base of the Web API, ends with a slash; default https://slack.com/api/. */
  apiUrl: string;
}

export interface Address {
  host: string;
  /** 0: any free one. */
  port: number;
}

export interface Config {
  /** Control-plane namespace, where Applications, settings and our own resources live; default `argocd`. */
  namespace: string;
  /** Path of a kubeconfig; empty inside a cluster. */
  kubeconfig: string;
  /** `coxswain` compares and syncs itself, `argocd` leaves both to Argo CD. */
  engine: 'coxswain' | 'argocd';
  /** Mirrors and render overlays; may be lost at any time. */
  dataDir: string;
  /** Folder with manifests and render; empty = found on PATH. */
  toolsDir: string;
  listen: {
    /** What the internet may reach: webhooks of forges. */
    public: Address;
    /** The dashboard and its API. */
    page: Address;
    /** Metrics, health and readiness. */
    metrics: Address;
  };
  /** How people reach the web page; used in links. */
  publicUrl: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Secret of push deliveries when no GitHub App is configured, or the App's; without one no delivery is accepted. */
  webhookSecret: string | undefined;
  github: GitHubConfig | undefined;
  /** REST base without a trailing slash, of an App that is set up later too. */
  githubApiUrl: string;
  /** Of a channel that passes webhooks on to this machine, in development. */
  webhookProxyUrl: string | undefined;
  slack: SlackConfig | undefined;
  /** undefined: nothing is shown by Argo CD's server. */
  argocd: ArgoCdConfig | undefined;
}

type Environment = Record<string, string | undefined>;

/** Every variable with its meaning and default, as `docs/reference/configuration.md` prints them. */
export const variables = {
  COX_NAMESPACE: 'Control-plane namespace. Default: argocd',
  KUBECONFIG: 'Kubeconfig of the control-plane cluster. Default: the service account, inside a cluster',
  COX_ENGINE:
    'Who compares and syncs: coxswain, or argocd beside an Argo CD. While an application controller of Argo CD ' +
    'works in the same namespace, coxswain writes nothing. Default: coxswain',
  COX_DATA_DIR:
    'Folder for git mirrors, for this process alone; may be lost at any time. ' +
    'The mirror of a repository goes with its last application; ' +
    'others, of a former process too, go when no process has used them for a day or two. Default: ' +
    'coxswain in XDG_CACHE_HOME or in ~/.cache',
  COX_TOOLS_DIR: 'Folder of manifests and render. Default: found on PATH',
  COX_LISTEN_PUBLIC:
    'host:port of the webhooks, /webhooks/github and /api/webhook, and of nothing else: ' +
    'the one port to expose to the internet. Default: 0.0.0.0:8080',
  COX_LISTEN_PAGE:
    'host:port of the page and its API, read-only and without a login: for your own network. Default: 0.0.0.0:8081',
  COX_LISTEN_METRICS: 'host:port of /metrics, /healthz and /readyz: for the cluster. Default: 0.0.0.0:9090',
  COX_PUBLIC_URL:
    'How people reach the page, and GitHub /webhooks/github of a new App. Default: http://localhost:<page-port>',
  COX_LOG_LEVEL: 'debug, info, warn, error or silent. Default: info',
  COX_GITHUB_APP_ID:
    'Id of the GitHub App; with it the private key and the webhook secret are required. Default: ' +
    'what the Secret coxswain-github holds; without it, /setup on the page makes an App',
  COX_GITHUB_PRIVATE_KEY: 'Private key of the App in PEM, or COX_GITHUB_PRIVATE_KEY_FILE',
  COX_GITHUB_WEBHOOK_SECRET: 'Secret that signs webhook deliveries, or COX_GITHUB_WEBHOOK_SECRET_FILE',
  COX_GITHUB_API_URL: 'REST base of the GitHub server. Default: https://api.github.com',
  WEBHOOK_PROXY_URL:
    'In development: a channel of smee.io, whose webhooks are passed on to this machine; ' +
    'a new App is told to send there',
  COX_SLACK_BOT_TOKEN: 'Bot token (xoxb-), or COX_SLACK_BOT_TOKEN_FILE; with it the app token is required',
  COX_SLACK_APP_TOKEN: 'App-level token (xapp-) for Socket Mode, or COX_SLACK_APP_TOKEN_FILE',
  COX_SLACK_API_URL: 'Base of the Slack Web API. Default: https://slack.com/api/',
  ...redisVariables,
} as const;

/** Reads one variable after the other and collects the faults; a secret's value is never part of one. */
class Reader {
  readonly faults: string[] = [];
  readonly #env: Environment;
  readonly #secrets = new Map<string, string | undefined>();

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string, fallback = ''): string {
    return this.#env[name]?.trim() || fallback;
  }

  choice<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.text(name, allowed[0]);
    const found = allowed.find((item) => item === value);
    if (!found) this.faults.push(`${name} is "${value}", but must be one of ${allowed.join(', ')}`);
    return found ?? allowed[0];
  }

  url(name: string, fallback: string): URL {
    const value = this.text(name, fallback);
    const url = URL.parse(value);
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
    this.faults.push(`${name} is "${value}", but must be a URL that begins with https:// or http://`);
    return new URL(fallback);
  }

  /** Of a server that is sent credentials: unencrypted only on this machine. */
  serverUrl(name: string, fallback: string): URL {
    const url = this.url(name, fallback);
    if (url.protocol === 'http:' && !loopback.test(url.hostname))
      this.faults.push(`${name} is "${url.href}", but credentials are sent there: it must begin with https://`);
    return url;
  }

  secret(name: string): string | undefined {
    if (!this.#secrets.has(name)) this.#secrets.set(name, this.#readSecret(name));
    return this.#secrets.get(name);
  }

  required(name: string, because: string): string {
    const before = this.faults.length;
    const value = this.secret(name);
    if (!value && this.faults.length === before)
      this.faults.push(`${name} is missing, but is needed because ${because}`);
    return value ?? '';
  }

  /** A secret that is there without what makes it count: rather a fault than a part that silently stays off. */
  idle(name: string, without: string): void {
    if (this.secret(name)) this.faults.push(`${name} is set, but has no effect without ${without}`);
  }

  shape(name: string, value: string, begin: string): void {
    if (value && !value.startsWith(begin)) this.faults.push(`${name} does not begin with ${begin}`);
  }

  #readSecret(name: string): string | undefined {
    const direct = this.text(name);
    const file = this.text(`${name}_FILE`);
    if (direct && file) this.faults.push(`${name} and ${name}_FILE are both set; keep one`);
    if (direct || !file) return direct || undefined;
    try {
      const value = readFileSync(file, 'utf8').trim();
      if (!value) this.faults.push(`${name}_FILE names ${file}, which is empty`);
      return value || undefined;
    } catch (error) {
      this.faults.push(`${name}_FILE names ${file}, which cannot be read: ${errorMessage(error)}`);
      return undefined;
    }
  }
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function address(read: Reader, name: string, fallback: string): Address {
  const text = read.text(name, fallback);
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? 0);
  const valid = match !== null && port <= 65_535;
  if (!valid) read.faults.push(`${name} is "${text}", but must be host:port, such as 127.0.0.1:8080 or [::1]:8080`);
  return { host: match?.[1]?.replace(/^\[|\]$/g, '') || '0.0.0.0', port: valid ? port : 0 };
}

/** One port would carry what must be kept apart. */
function listen(read: Reader): Config['listen'] {
  const found = {
    public: address(read, 'COX_LISTEN_PUBLIC', '0.0.0.0:8080'),
    page: address(read, 'COX_LISTEN_PAGE', '0.0.0.0:8081'),
    metrics: address(read, 'COX_LISTEN_METRICS', '0.0.0.0:9090'),
  };
  const ports = Object.values(found)
    .map(({ port }) => port)
    .filter((port) => port !== 0);
  if (new Set(ports).size < ports.length)
    read.faults.push('COX_LISTEN_PUBLIC, COX_LISTEN_PAGE and COX_LISTEN_METRICS must name different ports');
  return found;
}

function github(read: Reader, apiUrl: string): GitHubConfig | undefined {
  const id = read.text('COX_GITHUB_APP_ID');
  if (!id) {
    read.idle('COX_GITHUB_PRIVATE_KEY', 'COX_GITHUB_APP_ID');
    return undefined;
  }
  if (!/^[1-9]\d*$/.test(id)) read.faults.push(`COX_GITHUB_APP_ID is "${id}", but must be a number`);
  const because = 'COX_GITHUB_APP_ID is set';
  // One line with \n in it is how some secret stores hold a PEM.
  const privateKey = read.required('COX_GITHUB_PRIVATE_KEY', because).replaceAll('\\n', '\n');
  if (privateKey && !isPrivateKey(privateKey))
    read.faults.push('COX_GITHUB_PRIVATE_KEY is not a whole private key in PEM, from -----BEGIN to the last line');
  return { appId: Number(id), privateKey, webhookSecret: read.required('COX_GITHUB_WEBHOOK_SECRET', because), apiUrl };
}

function slack(read: Reader): SlackConfig | undefined {
  const href = read.serverUrl('COX_SLACK_API_URL', 'https://slack.com/api/').href;
  const apiUrl = `${withoutTrailing(href, '/')}/`;
  const botToken = read.secret('COX_SLACK_BOT_TOKEN');
  if (!botToken) {
    read.idle('COX_SLACK_APP_TOKEN', 'COX_SLACK_BOT_TOKEN');
    return undefined;
  }
  read.shape('COX_SLACK_BOT_TOKEN', botToken, 'xoxb-');
  const appToken = read.required('COX_SLACK_APP_TOKEN', 'COX_SLACK_BOT_TOKEN is set');
  read.shape('COX_SLACK_APP_TOKEN', appToken, 'xapp-');
  return { botToken, appToken, apiUrl };
}

/** Throws E_CONFIG that lists every fault, one a line. */
export function readConfig(env: Environment): Config {
  const read = new Reader(env);
  const listening = listen(read);
  const githubApiUrl = read.serverUrl('COX_GITHUB_API_URL', 'https://api.github.com').href.replace(/\/$/, '');
  const engine = read.choice('COX_ENGINE', ['coxswain', 'argocd']);
  const config: Config = {
    namespace: read.text('COX_NAMESPACE', 'argocd'),
    kubeconfig: read.text('KUBECONFIG'),
    engine,
    dataDir: read.text('COX_DATA_DIR', join(read.text('XDG_CACHE_HOME', join(homedir(), '.cache')), 'coxswain')),
    toolsDir: read.text('COX_TOOLS_DIR'),
    listen: listening,
    publicUrl: read.url('COX_PUBLIC_URL', `http://localhost:${listening.page.port}`).href.replace(/\/$/, ''),
    logLevel: read.choice('COX_LOG_LEVEL', ['info', 'debug', 'warn', 'error', 'silent']),
    github: github(read, githubApiUrl),
    githubApiUrl,
    webhookProxyUrl: read.text('WEBHOOK_PROXY_URL') ? read.url('WEBHOOK_PROXY_URL', 'https://smee.io').href : undefined,
    slack: slack(read),
    argocd: readRedis(read, engine),
    webhookSecret: read.secret('COX_GITHUB_WEBHOOK_SECRET'),
  };
  if (read.faults.length > 0) {
    throw new AppError(
      'E_CONFIG',
      `the configuration has ${read.faults.length === 1 ? 'a fault' : `${read.faults.length} faults`}:\n` +
        `- ${read.faults.join('\n- ')}`,
      { hint: 'See docs/reference/configuration.md.' },
    );
  }
  return config;
}
