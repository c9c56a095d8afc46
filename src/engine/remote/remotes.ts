// Fits git and the fetcher to what rendering asks of elsewhere, and remembers what was fetched.
import type { Git } from '../../git/git.ts';
import type { Fetcher } from '../../fetch/fetch.ts';
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { Files } from '../../model/files.ts';
import type { AppProject } from '../../model/project.ts';
import type { Remote, RemoteChart } from '../../render/source/remote.ts';
import type { Reach } from '../../git/url.ts';
import type { Repository } from '../../git/repository.ts';
import type { Settings } from '../../store/settings.ts';
import type { Asked, Fetched } from './egress.ts';
import { AppError } from '../../base/errors.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { checkHost, checkout, reached } from './checkout.ts';
import { checkEgress, identityOf, scopedReach } from './egress.ts';

export type { Fetched } from './egress.ts';

/** By whom and as of when something is rendered. */
export interface Scope {
  /** What the merged revision fetches, where this one is not merged; undefined: it is. */
  unmerged?: readonly Fetched[] | undefined;
  /** Of Git, normalised: what it may read without that. */
  repositories?: ReadonlySet<string>;
  /** What things were when they were synced: they are that again, or gone. */
  pinned?: Readonly<Record<string, string>> | undefined;
}

interface RemotesOptions {
  git: Git;
  fetcher: Fetcher;
  settings(): Settings;
  projectOf(name: string): AppProject | undefined;
}

export interface Remotes {
  /** For one rendering of one source. */
  open(app: Application, source: ApplicationSource, scope: Scope, signal: AbortSignal): Opened;
  /** In whose name a repository of the application's sources is read, where that is merged. */
  reach(app: Application, repoUrl: string): Reach;
  /** Looks again at what of the address was looked up before `since` (clock ms). */
  renew(address: string, since: number, signal: AbortSignal): Promise<void>;
}

export interface Opened {
  remote: Remote;
  /** What was fetched so far. */
  fetched: Fetched[];
  /** Of the source, where it is one of Git. Throws E_EGRESS for one that the revision may not read. */
  repository(): Repository;
  /** The files of a commit of that. */
  checkout(commit: string): Promise<Files>;
  /** The source itself, where it is a chart or an artifact; `revision` in place of its own. */
  source(revision: string | undefined): Promise<{ revision: string; files: Files }>;
}

/** Whether a source is no Git repository. */
export function isFetched({ chart, repoURL }: ApplicationSource): boolean {
  return Boolean(chart) || repoURL.startsWith('oci://');
}

/** Keeps nothing by itself: mirrors and fetcher do. Settings and projects are read anew at each question. */
export function createRemotes(options: RemotesOptions): Remotes {
  return {
    reach: ({ spec }, repoUrl) => scopedReach(options.settings(), repoUrl, options.projectOf(spec.project)),
    open: (app, source, scope, signal) => opened(options, app, source, { scope, signal }),
    renew: (address, since, signal) => options.fetcher.renew(address, since, signal),
  };
}

/** What one rendering may ask, and what it was told. */
interface Asking {
  fetched: Map<string, Fetched>;
  /** In whose name it is fetched. Throws E_EGRESS. */
  check(asked: Asked): Reach;
  /** What it was when it was synced, where that counts. */
  wanted(asked: Asked, version: string): string | undefined;
  /** By version that was asked for: how that is asked again. Throws E_REVISION where it is another thing by now. */
  record(asked: Asked & { reach?: Reach }, answers: Record<string, Fetched['again']>, is: string): void;
}

function askingFor(
  { settings, projectOf }: RemotesOptions,
  { spec }: Application,
  source: ApplicationSource,
  scope: Scope,
): Asking {
  const { pinned, unmerged } = scope;
  const fetched = new Map<string, Fetched>();
  return {
    fetched,
    check(asked) {
      const name = normaliseRepo(asked.address);
      // What other applications of its project read is nothing that this one may point to.
      const own = name === normaliseRepo(source.repoURL);
      const free = asked.kind === 'git' ? scope.repositories?.has(name) : own && asked.kind === 'submodule';
      const who = { own, project: projectOf(spec.project), unmerged: free ? undefined : unmerged };
      return checkEgress(asked, who, settings());
    },
    wanted: (asked, version) => pinned?.[`${identityOf(asked)} ${version}`],
    record(asked, answers, is) {
      const of = identityOf(asked);
      for (const [version, again] of Object.entries(answers)) {
        const what = `${of} ${version}`;
        if (pinned?.[what] !== undefined && pinned[what] !== is) throw changed(what);
        const { address, reach } = asked;
        fetched.set(what, { address, of, what, is, again, ...(reach && { reach }) });
      }
    },
  };
}

interface ChartNamed {
  repository: string;
  name: string;
  version: string;
  pass: 'listed' | 'anywhere' | undefined;
  signal: AbortSignal;
}

async function chartFor(
  { fetcher, settings }: RemotesOptions,
  { check, record, wanted }: Asking,
  named: ChartNamed,
): Promise<RemoteChart> {
  const repository = addressOf(named.repository, settings());
  const asked: Asked = { kind: 'chart', address: repository, name: named.name };
  check(asked);
  const [version, digest] = wanted(asked, named.version)?.split(' ') ?? [];
  const stored = version === undefined || digest === undefined ? undefined : await fetcher.stored(digest);
  const found =
    stored && version !== undefined ? { ...stored, version } : await fetcher.chart({ ...named, repository });
  const again = (of: string) => async (signal: AbortSignal) =>
    meaning(await fetcher.chart({ ...named, version: of, repository, signal }));
  record(asked, { [named.version]: again(named.version), [found.version]: again(found.version) }, meaning(found));
  return found;
}

async function artifactFor(
  { fetcher }: RemotesOptions,
  { check, record, wanted }: Asking,
  { address, version, signal }: { address: string; version: string; signal: AbortSignal },
): Promise<{ revision: string; files: Files }> {
  const asked: Asked = { kind: 'artifact', address };
  check(asked);
  const { digest, files } = await fetcher.artifact({ address, revision: wanted(asked, version) ?? version, signal });
  const again = async (within: AbortSignal) =>
    (await fetcher.artifact({ address, revision: version, signal: within })).digest;
  record(asked, { [version]: again, [digest]: () => Promise.resolve(digest) }, digest);
  return { revision: digest, files };
}

/** As git takes the name, not as `targetRevision` means it: no constraint, and a tag before a branch. */
async function commitOf(repository: Repository, ref: string): Promise<string> {
  if (ref === '') return repository.resolve('HEAD');
  const refs = await repository.refs();
  const named = [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`].find((name) => refs.has(name));
  if (named !== undefined) return refs.get(named) ?? ref;
  if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(ref)) return repository.resolve(`refs/heads/${ref}`);
  await repository.fetchCommit(ref);
  return ref;
}

/** What was pushed since the mirror was brought is looked for once. */
async function freshCommitOf(repository: Repository, ref: string): Promise<string> {
  try {
    return await commitOf(repository, ref);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_REVISION') throw error;
    await repository.fetch();
    return commitOf(repository, ref);
  }
}

interface BaseNamed {
  url: string;
  ref: string;
  submodules: boolean;
  /** The source that names it. */
  beside: string;
  signal: AbortSignal;
}

async function repositoryFor(
  options: RemotesOptions,
  asking: Asking,
  { url, ref, submodules, beside, signal }: BaseNamed,
): Promise<Files> {
  const { check, record, wanted } = asking;
  const asked: Asked = { kind: 'git', address: url };
  const reach = check(asked);
  await checkHost(url, beside, options.settings());
  const repository = options.git.repository(url, reach);
  const revision = wanted(asked, ref) ?? (await reached(reach, freshCommitOf(repository, ref)));
  await reached(reach, repository.fetchCommit(revision));
  record({ ...asked, reach }, { [ref]: () => commitOf(repository, ref) }, revision);
  return checkout({ ...options, ...asking, signal }, { url, reach, commit: revision, submodules });
}

function opened(
  options: RemotesOptions,
  app: Application,
  source: ApplicationSource,
  { scope, signal }: { scope: Scope; signal: AbortSignal },
): Opened {
  const { fetcher, settings } = options;
  const asking = askingFor(options, app, source, scope);
  const pass = source.helm?.passCredentials ? (scope.unmerged ? 'listed' : 'anywhere') : undefined;
  const chart: Remote['chart'] = (named) => chartFor(options, asking, { ...named, pass, signal });
  const ownReach = (): Reach =>
    scope.unmerged
      ? asking.check({ kind: 'git', address: source.repoURL })
      : scopedReach(settings(), source.repoURL, options.projectOf(app.spec.project));
  return {
    get fetched() {
      return [...asking.fetched.values()];
    },
    repository: () => options.git.repository(source.repoURL, ownReach()),
    checkout: (commit) =>
      checkout({ ...options, ...asking, signal }, { url: source.repoURL, reach: ownReach(), commit, submodules: true }),
    async source(revision) {
      const version = revision || source.targetRevision || '';
      if (!source.chart) return artifactFor(options, asking, { address: source.repoURL, version, signal });
      const found = await chart({ repository: source.repoURL, name: source.chart, version });
      return { revision: found.version, files: found.files };
    },
    remote: {
      chart,
      git: (named) => repositoryFor(options, asking, { ...named, beside: source.repoURL, signal }),
      async file(url) {
        const asked: Asked = { kind: 'file', address: url };
        asking.check(asked);
        const found = await fetcher.file(url, signal);
        asking.record(asked, { '': async (within) => (await fetcher.file(url, within)).digest }, found.digest);
        return found;
      },
      get valuesFileSchemes() {
        return settings().valuesFileSchemes;
      },
      get kustomize() {
        return settings().kustomize;
      },
    },
  };
}

/** `@name` and `alias:name` are what a repository Secret calls it (Helm: docs/helm/helm_dependency). */
function addressOf(repository: string, { repositories }: Settings): string {
  const alias = /^(?:@|alias:)(.*)$/.exec(repository)?.[1];
  if (alias === undefined) return repository;
  const found = repositories.find(({ name, prefix }) => !prefix && name === alias);
  if (found) return found.url;
  throw new AppError('E_RENDER', `no repository Secret has the name ${JSON.stringify(alias)}`, {
    hint: 'Add it, or name the repository by its address.',
  });
}

function meaning({ version, digest }: { version: string; digest: string }): string {
  return `${version} ${digest}`;
}

function changed(what: string): AppError {
  return new AppError('E_REVISION', `${what} is no longer what it was when it was synced`);
}

/** Addresses of a spec's own sources that are no Git repositories, one for all spellings. */
export function fetchedAddresses(sources: readonly ApplicationSource[]): Map<string, string> {
  return new Map(sources.filter(isFetched).map(({ repoURL }) => [normaliseRepo(repoURL), repoURL]));
}
