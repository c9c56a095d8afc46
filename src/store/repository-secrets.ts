// How repositories are reached, as the Secrets with Argo CD's labels `repository` and `repo-creds` say (Argo CD:
// util/db/repository_secrets.go).
import type { AppLogin, GitAccess } from '../git/access.ts';
import type { KubeObject } from '../model/kube.ts';
import { normaliseRepo } from '../model/repository.ts';

/** Fields that a repository takes from a repo-creds Secret that covers it, unless it has credentials of its own. */
interface Credentials {
  username?: string;
  password?: string;
  bearerToken?: string;
  sshPrivateKey?: string;
  cert?: string;
  key?: string;
  app?: AppLogin;
  proxy?: string;
  noProxy?: string;
}

export interface RepositoryLogin extends Credentials {
  /** As the Secret has it. */
  url: string;
  type: 'git' | 'helm' | 'oci';
  /** Of repo-creds: it covers what begins with its URL. */
  prefix: boolean;
  /** Name by which charts may call it (`@name`). */
  name?: string;
  /** Only applications of that AppProject have it. */
  project?: string;
  /** Server certificates and host keys are not looked at. */
  insecure?: boolean;
  /** An OCI registry without TLS. */
  plainHttp?: boolean;
  /** Files in Git LFS are fetched. */
  lfs?: boolean;
}

/** Ways to log in that Argo CD knows and that are not read. */
const otherLogins = ['gcpServiceAccountKey', 'azureServicePrincipalClientSecret'];

function types(text: string | undefined): RepositoryLogin['type'] {
  return text === 'helm' || text === 'oci' ? text : 'git';
}

function appOf(data: Record<string, string>, name: string, faults: string[]): AppLogin | undefined {
  const { githubAppPrivateKey: privateKey, githubAppEnterpriseBaseUrl: apiUrl } = data;
  if (!privateKey) return undefined;
  const [id, installation] = [Number(data['githubAppID']), Number(data['githubAppInstallationID'])];
  if (Number.isInteger(id) && id > 0 && Number.isInteger(installation) && installation > 0)
    return { id, installation, privateKey, ...(apiUrl && { apiUrl }) };
  faults.push(`${name} needs githubAppID and githubAppInstallationID with its githubAppPrivateKey`);
  return undefined;
}

/** `data`: decoded. Faults name the Secret and never a value. */
export function readRepository(
  secret: KubeObject,
  { type, data }: { type: string; data: Record<string, string> },
  faults: string[],
): RepositoryLogin | undefined {
  const name = `${type} Secret ${secret.metadata.name ?? ''}`;
  const url = data['url']?.trim();
  if (!url) {
    faults.push(`${name} needs a url`);
    return undefined;
  }
  const other = otherLogins.find((field) => data[field]);
  if (other && !data['password'])
    faults.push(`${name} logs in by ${other}, which is not supported yet; use a username and a password`);
  const is = (field: string): boolean => data[field] === 'true';
  const kind = types(data['type']);
  return {
    url,
    type: is('enableOCI') && kind === 'git' ? 'helm' : kind,
    prefix: type === 'repo-creds',
    ...credentialsIn(data, appOf(data, name, faults)),
    ...(data['name'] && { name: data['name'] }),
    ...(data['project'] && { project: data['project'] }),
    ...((is('insecure') || is('insecureIgnoreHostKey')) && { insecure: true }),
    ...(is('insecureOCIForceHttp') && { plainHttp: true }),
    ...(is('enableLfs') && { lfs: true }),
  };
}

function credentialsIn(data: Record<string, string>, app: AppLogin | undefined): Credentials {
  const { username, password, bearerToken, sshPrivateKey, proxy, noProxy } = data;
  const { tlsClientCertData: cert, tlsClientCertKey: key } = data;
  const found = { bearerToken, sshPrivateKey, proxy, noProxy };
  return {
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value)),
    ...(username && { username }),
    ...(password && { password, username: username || 'git' }),
    ...(cert && key && { cert, key }),
    ...(app && { app }),
  };
}

/** `oci://` is said or not: the registry is one. */
function comparable(url: string): string {
  const full = /^[^/@:]+:\d+(?:\/|$)/.test(url) ? `oci://${url}` : url; // a port, not the path of an ssh address
  return normaliseRepo(full).replace(/^oci:\/\//, '');
}

/** Scheme and host in front of the path; a prefix must have all of it, or a longer host name would get its password. */
function hostOf(url: string): string {
  return /^(?:[a-z+]+:\/\/)?[^/]*/.exec(url)?.[0] ?? '';
}

/** Whether a repo-creds entry is for that address; both as `comparable` has them. */
function covers(prefix: string, address: string): boolean {
  return address.startsWith(prefix) && hostOf(address) === hostOf(prefix);
}

/** Whether it logs in as somebody. */
export function hasCredentials(login: Credentials): boolean {
  const { password, bearerToken, sshPrivateKey, cert, app, username } = login;
  return [password, bearerToken, sshPrivateKey, cert, app, username].some((each) => each !== undefined);
}

/**
 * The repository's own entry, with what it has not itself from the longest prefix of repo-creds, else that. An entry of
 * the project goes before one of nobody's; without a project any counts.
 */
export function loginFor(
  { repositories }: { repositories: readonly RepositoryLogin[] },
  url: string,
  project?: string,
): RepositoryLogin | undefined {
  const wanted = comparable(url);
  const mine = repositories.filter((item) => project === undefined || !item.project || item.project === project);
  const rank = (item: RepositoryLogin): number => Number(item.project !== project);
  const named = mine.filter((item) => !item.prefix && comparable(item.url) === wanted);
  const own =
    project === undefined
      ? (named.find((item) => !item.project) ?? named[0])
      : (named.find((item) => item.project === project) ?? named[0]);
  const [above] = mine
    .filter((item) => item.prefix && covers(comparable(item.url), wanted))
    .sort((a, b) => b.url.length - a.url.length || rank(a) - rank(b));
  if (!own || !above || hasCredentials(own)) return own ?? above;
  const { username, password, bearerToken, sshPrivateKey, cert, key, app, proxy, noProxy } = above;
  const inherited = { username, password, bearerToken, sshPrivateKey, cert, key, app, proxy, noProxy };
  return {
    ...Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined)),
    ...(above.plainHttp && { plainHttp: true }),
    ...own,
  };
}

/** Whether some Secret names that host, with its port. */
export function isListedHost({ repositories }: { repositories: readonly RepositoryLogin[] }, url: URL): boolean {
  return repositories.some(({ url: listed }) => {
    const full = listed.includes('://') ? listed.replace(/^oci:/i, url.protocol) : `${url.protocol}//${listed}`;
    return URL.canParse(full) && new URL(full).host === url.host;
  });
}

/** Whether some AppProject has a Secret of its own for it, of either label: then it makes a difference who asks. */
export function isScoped({ repositories }: { repositories: readonly RepositoryLogin[] }, url: string): boolean {
  const wanted = comparable(url);
  return repositories.some(
    ({ project, prefix, url: listed }) =>
      project !== undefined && (prefix ? covers(comparable(listed), wanted) : comparable(listed) === wanted),
  );
}

/**
 * How git reaches a repository, as `loginFor` means it. `app`: it logs in by a token that this one gives; `owner`: the
 * AppProject that alone has it.
 */
export function accessOf(
  settings: {
    repositories: readonly RepositoryLogin[];
    certificates: ReadonlyMap<string, string>;
    knownHosts: string;
  },
  url: string,
  project?: string,
): GitAccess & { app?: AppLogin; owner?: string } {
  const { knownHosts, certificates } = settings;
  const login: Partial<RepositoryLogin> = loginFor(settings, url, project) ?? {};
  const { username, password, bearerToken, sshPrivateKey, cert, key, app, insecure, proxy, noProxy } = login;
  const { project: owner } = login;
  const authorities = URL.canParse(url) ? certificates.get(new URL(url).hostname) : undefined;
  const found = {
    username,
    password,
    bearerToken,
    sshPrivateKey,
    cert,
    key,
    app,
    insecure,
    proxy,
    noProxy,
    authorities,
    owner,
  };
  return { knownHosts, ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) };
}
