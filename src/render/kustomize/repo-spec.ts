// Addresses of repositories in kustomizations, taken apart as Kustomize does (kustomize: api/internal/git/repospec.go).
import { posix } from 'node:path';

/** A folder of a repository. */
export interface RepoSpec {
  /** What git is given. */
  url: string;
  /** Within the repository; '' is its root. */
  path: string;
  /** Branch, tag or commit; '' is the default branch. */
  ref: string;
  submodules: boolean;
}

const schemes = ['ssh://', 'https://', 'http://', 'file://'];

/** undefined for what Kustomize takes for a path. */
export function repoSpecOf(text: string): RepoSpec | undefined {
  if (text.startsWith('/')) return undefined;
  const mark = text.indexOf('?');
  const address = mark < 0 ? text : text.slice(0, mark);
  const split = hostOf(address.replace(/^git::/i, ''));
  const parts = split && (markedParts(split.rest) ?? firstSegments(split));
  if (!split || !parts || parts.repository === '') return undefined;
  const path = posix.normalize(parts.path.replace(/^\//, ''));
  if (path === '..' || path.startsWith('../')) return undefined;
  return {
    url: split.host + parts.repository,
    path: path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/'),
    ...queryOf(mark < 0 ? '' : text.slice(mark + 1)),
  };
}

interface Split {
  /** With scheme and user, up to the character that ends it. */
  host: string;
  rest: string;
}

function hostOf(address: string): Split | undefined {
  const scheme = schemes.find((each) => address.slice(0, each.length).toLowerCase() === each) ?? '';
  const behind = address.slice(scheme.length);
  const user = /^[a-zA-Z][a-zA-Z0-9-]*@/.exec(behind)?.[0] ?? '';
  const full = behind.slice(user.length);
  const gitHub = /^github\.com[/:]/i.test(full);
  const scp = scheme === '' && (user !== '' || gitHub);
  if (scheme === '' && !scp) return undefined;
  if (scheme === 'file://') return { host: scheme, rest: behind };
  const slash = full.indexOf('/');
  const colon = full.indexOf(':');
  const end = scp && (slash < 0 || (colon > 0 && colon < slash)) ? colon : slash;
  const rest = end < 0 ? '' : full.slice(end + 1);
  if (gitHub)
    return scheme === 'ssh://' || user !== ''
      ? { host: `${user}github.com:`, rest }
      : { host: 'https://github.com/', rest };
  const host = end < 0 ? full : full.slice(0, end + 1);
  return host === '' ? undefined : { host: scheme + user + host, rest };
}

interface Parts {
  repository: string;
  path: string;
}

/** Where the address itself says how far the repository goes. */
function markedParts(rest: string): Parts | undefined {
  const azure = rest.indexOf('_git/');
  if (azure >= 0) {
    const end = rest.indexOf('/', azure + '_git/'.length);
    return end < 0 ? { repository: rest, path: '' } : { repository: rest.slice(0, end), path: rest.slice(end + 1) };
  }
  const double = rest.indexOf('//');
  if (double >= 0) return { repository: rest.slice(0, double), path: rest.slice(double + 2) };
  const suffix = rest.indexOf('.git');
  if (suffix < 0) return undefined;
  const end = suffix + '.git'.length;
  return { repository: rest.slice(0, end), path: rest.slice(end) };
}

/** Owner and name, as on GitHub. */
function firstSegments({ host, rest }: Split): Parts | undefined {
  if (host === 'file://') return { repository: rest, path: '' };
  const segments = rest.split('/');
  if (segments.length < 2) return undefined;
  return { repository: segments.slice(0, 2).join('/'), path: segments.slice(2).join('/') };
}

/** Its timeout is for a clone, which nobody makes here. */
function queryOf(query: string): Pick<RepoSpec, 'ref' | 'submodules'> {
  const values = new URLSearchParams(query);
  const submodules = values.get('submodules') ?? '';
  return {
    ref: values.get('ref') || values.get('version') || '',
    submodules: !['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(submodules),
  };
}

/**
 * Kustomize asks the web first, and clones what gives no manifests. Here the address alone tells: a file has the name
 * of one, or comes from where files come from.
 */
export function isWebFile(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { pathname, hostname } = new URL(text);
  return (
    repoSpecOf(text) === undefined ||
    (/\.(?:ya?ml|json)$/i.test(pathname) && !pathname.includes('.git/')) ||
    /^(?:raw|gist)\./.test(hostname) ||
    pathname.split('/').includes('raw')
  );
}
