// Settings that live in the cluster: Argo CD's ConfigMaps and Secrets for what it defines, coxswain-cm for ours.
import type { KubeObject } from '../model/kube.ts';
import type { MatchMode } from '../policy/policy-csv.ts';
import type { ScheduleSettings } from './schedule-settings.ts';
import type { KustomizeOptions } from './kustomize-settings.ts';
import type { RepositoryLogin } from './repository-secrets.ts';
import type { ComparisonSettings } from '../model/comparison-settings.ts';
import type { Customizations } from './customizations.ts';
import type { GlobalProjects } from './global-projects.ts';
import { argo, inClusterServer } from '../model/annotations.ts';
import { isObject } from '../model/kube.ts';
import { parseDuration } from '../policy/duration.ts';
import { policyFault, policyWarnings } from '../policy/policy-csv.ts';
import { readSchedules } from './schedule-settings.ts';
import { readKustomizeOptions } from './kustomize-settings.ts';
import { readRepository } from './repository-secrets.ts';
import { readComparison } from './comparison-settings.ts';
import { readGlobalProjects } from './global-projects.ts';
import { readCustomizations } from './customizations.ts';

/** A cluster Secret (Argo CD: util/db/cluster.go SecretToCluster); `config` is its JSON as it stands. */
interface ClusterEntry {
  name: string;
  server: string;
  config: Record<string, unknown>;
  project?: string;
}

export interface Settings {
  /** argocd-rbac-cm: every policy*.csv key joined. */
  policyCsv: string;
  /** Where it has a line that cannot be read as it is meant; then nobody is permitted anything. */
  policyFault?: string;
  policyDefault: string;
  /** argocd-rbac-cm policy.matchMode. */
  matchMode: MatchMode;
  /** coxswain-cm slack.identities: Slack user id → GitHub login (lower case). */
  slackIdentities: Map<string, string>;
  /** coxswain-cm cli.identities: user of the cluster → GitHub login (lower case). */
  cliIdentities: Map<string, string>;
  /** coxswain-cm slack.channel: where cards go that no annotation routes. */
  slackChannel: string;
  /** coxswain-cm slack.deploys: every deploy is told, not failures alone. */
  slackDeploys: boolean;
  /** coxswain-cm failure.settle: so long something must be ill before people are told. */
  failureSettleMs: number;
  /** coxswain-cm approval.expires in milliseconds; default 72 hours. */
  approvalExpiresMs: number;
  /** coxswain-cm drift.settle in milliseconds; default 60,000. */
  driftSettleMs: number;
  /** coxswain-cm schedule.*; default: `timeout.reconciliation` of argocd-cm, ten minutes, one hour. */
  schedules: ScheduleSettings;
  /** argocd-cmd-params-cm controller.ignore.normalizer.jq.timeout in milliseconds; default 1,000. */
  jqTimeoutMs: number;
  /** argocd-cm `resource.customizations`: the first that fits an object judges it. */
  healthScripts: Customizations['healthScripts'];
  /** argocd-cm: how objects are compared. */
  comparison: ComparisonSettings;
  /** argocd-cm globalProjects. */
  globalProjects: GlobalProjects;
  clusters: ClusterEntry[];
  repositories: RepositoryLogin[];
  /** coxswain-cm preview.egress: what unmerged revisions may fetch beside what the synced one does. */
  egress: string[];
  /** argocd-tls-certs-cm: host → certificates in PEM. */
  certificates: ReadonlyMap<string, string>;
  /** argocd-ssh-known-hosts-cm: host keys, as in a file known_hosts. */
  knownHosts: string;
  /** argocd-cm helm.valuesFileSchemes. */
  valuesFileSchemes: string[];
  /** argocd-cm kustomize.buildOptions. */
  kustomize: KustomizeOptions;
  /** Faults found while reading, one sentence each; the defaults stand in for what is wrong. */
  faults: string[];
}

function stringData(object: KubeObject | undefined): Record<string, string> {
  const data = object?.['data'];
  return isObject(data) ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, String(value)])) : {};
}

function secretData(object: KubeObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stringData(object)).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function duration(data: Record<string, string>, key: string, fallback: number, faults: string[]): number {
  const text = data[key];
  if (text === undefined) return fallback;
  const parsed = parseDuration(text.trim());
  if (parsed === undefined) faults.push(`${key} is "${text}", but must be a duration such as 60s`);
  return parsed ?? fallback;
}

/** Separated by blanks, commas or lines. */
function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter(Boolean);
}

const approvalExpiresMs = 72 * 3_600_000;

/** Nothing would ever be approved if it expired at once. */
function lifetime(text: string | undefined, faults: string[]): number {
  const parsed = text === undefined ? approvalExpiresMs : parseDuration(text);
  if (!parsed) faults.push(`approval.expires is "${text ?? ''}", but must be a duration such as 72h`);
  return parsed || approvalExpiresMs;
}

/** Argo CD takes every other word for glob, too. */
function matchModeOf(rbac: Record<string, string>, faults: string[]): MatchMode {
  const text = rbac['policy.matchMode'];
  if (text === 'regex') return 'regex';
  if (text && text !== 'glob') faults.push(`policy.matchMode is "${text}", but must be glob or regex`);
  return 'glob';
}

const jqTimeoutKey = 'controller.ignore.normalizer.jq.timeout';

/** Argo CD takes 0 for its default, too (DefaultJQExecutionTimeout); all applications wait for the longest. */
function jqTimeout(data: Record<string, string>, faults: string[]): number {
  const [fallback, most] = [1_000, 60_000];
  const found = duration(data, jqTimeoutKey, 0, faults);
  if (found > most) faults.push(`${jqTimeoutKey} is "${data[jqTimeoutKey] ?? ''}", of which 60s count`);
  return Math.min(found || fallback, most);
}

/** Lines of a list, without blank ones and comments. */
function entries(text = ''): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function identities(text: string | undefined, faults: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of entries(text)) {
    const match = /^([UW][A-Z0-9]+)\s*[:=]\s*(\S+)$/.exec(line);
    if (match?.[1] && match[2]) found.set(match[1], match[2].toLowerCase());
    else faults.push(`slack.identities has the line "${line}", but each must be <Slack user id>: <GitHub login>`);
  }
  return found;
}

/** Names of users may hold colons: the last one ends it. */
function users(text: string | undefined, faults: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of entries(text)) {
    const at = line.lastIndexOf(':');
    const [user, login] = [line.slice(0, Math.max(at, 0)).trim(), line.slice(at + 1).trim()];
    if (user !== '' && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(login)) found.set(user, login.toLowerCase());
    else faults.push(`cli.identities has the line "${line}", but each must be <user of the cluster>: <GitHub login>`);
  }
  return found;
}

/** `true` or `false`; default: false. */
function flag(name: string, value: string | undefined, faults: string[]): boolean {
  const text = value ?? 'false';
  if (text !== 'true' && text !== 'false') faults.push(`${name} is "${text}", but must be true or false`);
  return text === 'true';
}

/** The ConfigMaps that are read. */
export const settingMaps: ReadonlySet<string> = new Set([
  'argocd-cm',
  'argocd-cmd-params-cm',
  'argocd-rbac-cm',
  'argocd-ssh-known-hosts-cm',
  'argocd-tls-certs-cm',
  'coxswain-cm',
]);

function cluster(secret: KubeObject, faults: string[]): ClusterEntry | undefined {
  const data = secretData(secret);
  const server = (data['server'] ?? '').replace(/\/$/, '');
  try {
    const config: unknown = JSON.parse(data['config'] ?? '{}');
    if (server && isObject(config))
      return { name: data['name'] || server, server, config, ...(data['project'] && { project: data['project'] }) };
  } catch {
    // reported below: the parser's own message would echo the credentials
  }
  faults.push(`cluster Secret ${secret.metadata.name ?? ''} needs a server and a config in JSON`);
  return undefined;
}

function sameNames(clusters: ClusterEntry[]): string[] {
  const byName = Object.groupBy(clusters, (entry) => entry.name);
  return Object.entries(byName).flatMap(([name, entries = []]) =>
    entries.length > 1
      ? [`there are ${entries.length} clusters with the same name: ${name}; destinations that use it find none`]
      : [],
  );
}

interface SettingsObjects {
  configMaps: Map<string, KubeObject>;
  secrets: KubeObject[];
}

function idleLines(rbac: Record<string, string>, policies: readonly string[]): string[] {
  return policies.flatMap((key) => policyWarnings(rbac[key] ?? '').map((text) => `argocd-rbac-cm: ${key}, ${text}`));
}

/** Never throws: a value that is wrong is named in `faults`, and its default stands in. */
export function readSettings({ configMaps, secrets }: SettingsObjects): Settings {
  const faults: string[] = [];
  const argocd = stringData(configMaps.get('argocd-cm'));
  const parameters = stringData(configMaps.get('argocd-cmd-params-cm'));
  const rbac = stringData(configMaps.get('argocd-rbac-cm'));
  const own = stringData(configMaps.get('coxswain-cm'));
  const clusters: ClusterEntry[] = [];
  const repositories: RepositoryLogin[] = [];
  for (const secret of secrets) {
    const type = secret.metadata.labels?.[argo.secretType] ?? '';
    const entry = type === 'cluster' ? cluster(secret, faults) : undefined;
    if (entry) clusters.push(entry);
    if (type !== 'repository' && type !== 'repo-creds') continue;
    const login = readRepository(secret, { type, data: secretData(secret) }, faults);
    if (login) repositories.push(login);
  }
  if (argocd['cluster.inClusterEnabled'] !== 'false' && !clusters.some((entry) => entry.server === inClusterServer)) {
    clusters.push({ name: 'in-cluster', server: inClusterServer, config: {} });
  }
  faults.push(...sameNames(clusters));
  const policies = Object.keys(rbac)
    .filter((key) => /^policy(\..+)?\.csv$/.test(key))
    .sort();
  const matchMode = matchModeOf(rbac, faults);
  const customizations = readCustomizations(argocd, faults);
  const globalProjects = readGlobalProjects(argocd['globalProjects'] ?? '');
  if (globalProjects.fault !== undefined) faults.push(`${globalProjects.fault}; nothing syncs until it is`);
  const [faulty] = policies.flatMap((key) => {
    const fault = policyFault(rbac[key] ?? '', matchMode);
    return fault === undefined ? [] : [`${key}, ${fault}`];
  });
  if (faulty !== undefined) faults.push(`argocd-rbac-cm: ${faulty}; nobody is permitted anything until it is mended`);
  faults.push(...idleLines(rbac, policies));
  return {
    policyCsv: policies.map((key) => rbac[key]).join('\n'),
    ...(faulty !== undefined && { policyFault: faulty }),
    policyDefault: rbac['policy.default'] ?? '',
    matchMode,
    slackIdentities: identities(own['slack.identities'], faults),
    cliIdentities: users(own['cli.identities'], faults),
    slackChannel: own['slack.channel'] ?? '',
    slackDeploys: flag('slack.deploys', own['slack.deploys'], faults),
    approvalExpiresMs: lifetime(own['approval.expires'], faults),
    driftSettleMs: duration(own, 'drift.settle', 60_000, faults),
    failureSettleMs: duration(own, 'failure.settle', 60_000, faults),
    schedules: readSchedules(own, duration(argocd, 'timeout.reconciliation', 120_000, faults), faults),
    jqTimeoutMs: jqTimeout(parameters, faults),
    healthScripts: customizations.healthScripts,
    globalProjects,
    comparison: readComparison(argocd, customizations, faults),
    clusters,
    repositories,
    egress: words(own['preview.egress']),
    certificates: new Map(Object.entries(stringData(configMaps.get('argocd-tls-certs-cm')))),
    kustomize: readKustomizeOptions(argocd, faults),
    knownHosts: stringData(configMaps.get('argocd-ssh-known-hosts-cm'))['ssh_known_hosts'] ?? '',
    valuesFileSchemes: words(argocd['helm.valuesFileSchemes'] ?? 'http,https'),
    faults,
  };
}

/** The cluster a destination names, by server or by name; a name that several have names none. */
export function clusterOf(
  settings: Settings,
  destination: { server?: string; name?: string },
): ClusterEntry | undefined {
  const server = destination.server?.replace(/\/$/, '');
  if (server) return settings.clusters.find((entry) => entry.server === server);
  const named = settings.clusters.filter((entry) => entry.name === destination.name);
  return named.length === 1 ? named[0] : undefined;
}
