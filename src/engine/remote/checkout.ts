// The files of a commit as a checkout has them: submodules in their folders, and Git LFS where its Secret enables it.
import type { Fetcher } from '../../fetch/fetch.ts';
import type { Git } from '../../git/git.ts';
import type { Files } from '../../model/files.ts';
import type { Reach } from '../../git/url.ts';
import type { Settings } from '../../store/settings.ts';
import type { Asked, Fetched } from './egress.ts';
import type { Module } from './whole.ts';
import { filesOf } from '../../git/git.ts';
import { mirrorName } from '../../git/url.ts';
import { isHttp } from '../../git/access.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { moduleUrl } from '../../render/source/submodule.ts';
import { isSameServer, normaliseRepo } from '../../model/repository.ts';
import { hasCredentials, isListedHost, loginFor } from '../../store/repository-secrets.ts';
import { publicAddresses } from '../../fetch/address.ts';
import { placed } from '../../render/source/remote.ts';
import { withLargeFiles, withModules } from './whole.ts';

interface CheckoutOptions {
  git: Git;
  fetcher: Fetcher;
  settings(): Settings;
  signal: AbortSignal;
  /** Throws E_EGRESS. */
  check(asked: Asked): Reach;
  record(asked: Asked & { reach: Reach }, answers: Record<string, Fetched['again']>, is: string): void;
}

interface Wanted {
  url: string;
  reach: Reach;
  commit: string;
  /** Kustomize lets an address say that it wants none. */
  submodules: boolean;
}

/** The commit is in the mirror. Nothing is asked of anybody before it is read. */
export async function checkout(options: CheckoutOptions, wanted: Wanted): Promise<Files> {
  const { url, reach, commit, submodules } = wanted;
  const files = filesOf(options.git.repository(url, reach), commit);
  const fetch = (pointer: { oid: string; size: number }, path: string): Promise<Buffer> =>
    largeFile(options, { ...wanted, files, ...pointer, path });
  const enabled = loginFor(options.settings(), reach.as ?? url, reach.project)?.lfs === true;
  const large = enabled ? withLargeFiles(files, normaliseRepo(url), fetch) : files;
  return submodules ? withModules(large, (module) => submodule(options, wanted, module)) : large;
}

/** As for what the fetcher brings: the own network is asked only at hosts that somebody named. */
export async function checkHost(url: string, parent: string, settings: Settings): Promise<void> {
  const [wanted, own] = [url, parent].map((each) => {
    const full = normaliseRepo(each).replace(/^file:.*/, '');
    return URL.canParse(full) ? new URL(full) : undefined;
  });
  if (!wanted || wanted.hostname === own?.hostname || isListedHost(settings, wanted)) return;
  await publicAddresses(wanted.hostname).catch((error: unknown) => {
    // Of a name without an address git itself tells.
    if (error instanceof AppError && error.code === 'E_EGRESS') throw error;
  });
}

/** What nobody gives out without the App's token is told with what would let that be used. */
export async function reached<T>({ as, secretsOnly }: Reach, fetching: Promise<T>): Promise<T> {
  try {
    return await fetching;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_GIT_AUTH' || !secretsOnly || as !== undefined) throw error;
    throw new AppError(error.code, `${error.message}; the AppProject does not name it, so it was asked for as nobody`, {
      cause: error,
      kind: error.kind,
      hint: 'List it, or all of its owner, in sourceRepos of the AppProject (* does not count), or add a Secret.',
    });
  }
}

async function submodule(options: CheckoutOptions, parent: Wanted, { path, url: written, commit }: Module) {
  const { git, settings, check, record } = options;
  const url = moduleUrl(parent.url, written);
  if (URL.canParse(url) && new URL(url).password !== '')
    throw new AppError('E_RENDER', `${path} is a git submodule whose address holds a password, which is not used`, {
      hint: 'Put the password into a repository Secret of that address, and take it out of .gitmodules.',
    });
  const as = borrowed(settings(), parent, url);
  const asked: Asked = { kind: 'submodule', address: url, ...(as !== undefined && { login: as }) };
  const reach = check(asked);
  await checkHost(url, parent.url, settings());
  await reached(reach, git.repository(url, reach).fetchCommit(commit));
  record({ ...asked, reach }, { [commit]: () => Promise.resolve(commit) }, commit);
  return checkout(options, { url, reach, commit, submodules: true });
}

/** Those of the parent go to its own server alone, and not where a Secret says something else. */
function borrowed(settings: Settings, parent: Wanted, url: string): string | undefined {
  const from = parent.reach.as ?? parent.url;
  const { project } = parent.reach;
  const [own, above] = [loginFor(settings, url, project), loginFor(settings, from, project)];
  if (!above || !hasCredentials(above) || !isSameServer(url, from)) return undefined;
  return !own || !hasCredentials(own) || own.url === above.url ? from : undefined;
}

interface Large extends Wanted {
  files: Files;
  path: string;
  oid: string;
  size: number;
}

async function largeFile(options: CheckoutOptions, { url, reach, files, path, oid, size }: Large): Promise<Buffer> {
  const { git, fetcher, signal } = options;
  const place = { file: path, line: 1 };
  if (!isHttp(url))
    throw new AppError('E_RENDER', `${path} is kept in Git LFS, which is asked over http and https alone`, {
      place,
      hint: `Name the repository ${redactText(url)} by its https address.`,
    });
  if (namesServer(String((await files.read('.lfsconfig')) ?? '')))
    throw new AppError('E_RENDER', `${path} is kept in Git LFS at an address that .lfsconfig names`, {
      place,
      hint: 'Only the server of the repository itself is asked: take url out of .lfsconfig.',
    });
  const of = reach.as ?? url;
  const authorization = await git.authorization(url, reach);
  return placed(
    fetcher.large({ repository: url, kept: mirrorName(url, reach), of, authorization, oid, size, signal }),
    place,
  );
}

/** Whether `.lfsconfig` has a field `url` or `lfsurl`, behind the head of a section too. */
function namesServer(text: string): boolean {
  return text.split('\n').some((line) => {
    const name =
      line
        .slice(0, Math.max(line.indexOf('='), 0))
        .split(']')
        .at(-1) ?? '';
    return /^(?:lfs)?url$/i.test(name.trim());
  });
}
