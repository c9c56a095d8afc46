// Which repositories the applications come from, how fresh our mirrors of them are, and whom a push concerns.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Git } from '../../git/git.ts';
import type { Repository } from '../../git/repository.ts';
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { Store } from '../../store/store.ts';
import type { Known, Memory } from './memory.ts';
import type { LastRendered, Mirrored, RemoteSources } from '../remote/sources.ts';
import type { Remotes } from '../remote/remotes.ts';
import { isFetched } from '../remote/remotes.ts';
import { looksAt } from '../remote/looks.ts';
import { remoteSources } from '../remote/sources.ts';
import { breather } from '../../base/clock.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { mirrorName } from '../../git/url.ts';
import { ChangedPaths } from '../../git/touch.ts';

interface SourcesOptions {
  git: Git;
  store: Store;
  /** Without it nothing but repositories is looked at. */
  remotes?: Remotes;
  clock: Clock;
  log: Logger;
}

export interface Sources {
  /**
   * Fetches the application's repositories, and what it fetches beside them; undefined when looks that began at `since`
   * (clock ms) or later have brought all of it.
   */
  fetch(app: Application, since: number, signal: AbortSignal, memory: Memory): Promise<void> | undefined;
  /** Fetches the repository. Throws where no mirror of it can be brought up to date. */
  moved(repoUrl: string, memory: Memory, signal: AbortSignal): Promise<Moved>;
  /**
   * Applications of the list whose manifests are not known as `app`'s mirrors have them now: what they hold nobody can
   * tell. One that cannot be rendered at these commits is not among them.
   */
  behind(app: Application, others: readonly Application[], memory: Memory): Promise<string[]>;
  /** Commits by source as the mirrors have them; undefined where a source names none. */
  heads(app: Application): Promise<(string | undefined)[]>;
  /** Keys of the applications that come from the repository, or fetch something from there. */
  users(repoUrl: string, memory: Memory): string[];
  /** Begins a look at every repository that none is under way of, because webhooks get lost. */
  resync(memory: Memory, onMoved: (repoUrl: string) => Promise<void>, signal: AbortSignal): void;
}

/** What came of a look at a repository. */
interface Moved {
  /** Applications whose inputs the new commits touch. */
  touched: string[];
  /** Those whose own mirror could not be brought up to date. */
  unread: string[];
  /** Why the first of these could not. */
  fault?: unknown;
}

const noneMoved: Moved = { touched: [], unread: [] };

type MirrorOf = Pick<RemoteSources, 'mirrorOf'>;

/** Repositories that are looked at at the same time without anybody asking. */
const polls = 8;

function uses(app: Application, repoUrl: string): boolean {
  const wanted = normaliseRepo(repoUrl);
  return sourcesOf(app.spec).some((source) => normaliseRepo(source.repoURL) === wanted);
}

/** The URL under which the applications name the repository: one mirror for all its spellings. */
export function urlsOf(store: Pick<Store, 'applications'>): Map<string, string> {
  const urls = new Map<string, string>();
  for (const app of store.applications.list()) {
    for (const source of sourcesOf(app.spec)) {
      if (!isFetched(source) && !urls.has(normaliseRepo(source.repoURL)))
        urls.set(normaliseRepo(source.repoURL), source.repoURL);
    }
  }
  return urls;
}

/**
 * Applications of that repository for which the new head means something else than what they were rendered from. Each
 * is judged by the mirror that it reads; `failed`: those that could not be brought up to date, by name, and why.
 */
async function touched(
  { git, store }: SourcesOptions,
  { mirrorOf }: MirrorOf,
  { memory, repoUrl, failed }: { memory: Memory; repoUrl: string; failed: ReadonlyMap<string, unknown> },
): Promise<Moved> {
  const found: Moved = { touched: [], unread: [] };
  const changesIn = new Map<string, Map<string, Promise<ChangedPaths>>>();
  const breathe = breather();
  for (const app of store.applications.list().filter((item) => uses(item, repoUrl))) {
    await breathe();
    const key = applicationKey(app);
    const { address, reach } = mirrorOf(app, repoUrl);
    const name = mirrorName(address, reach);
    if (failed.has(name)) {
      found.unread.push(key);
      found.fault ??= failed.get(name);
      continue;
    }
    const changes = changesIn.get(name) ?? new Map<string, Promise<ChangedPaths>>();
    changesIn.set(name, changes);
    const known = memory.get(key)?.wantsSince === undefined ? memory.readFrom(key) : undefined;
    const unmoved = known && (await unmovedAt(app, known, git.repository(address, reach), changes));
    if (unmoved) memory.unmovedAt(key, unmoved);
    else found.touched.push(key);
  }
  return found;
}

/** The commits that its sources mean now, if nothing has changed where it reads. */
async function unmovedAt(
  app: Application,
  known: { revisions: string[]; inputs: string[][] },
  repository: Repository,
  changes: Map<string, Promise<ChangedPaths>>,
): Promise<string[] | undefined> {
  const revisions: string[] = [];
  for (const [index, source] of sourcesOf(app.spec).entries()) {
    const before = known.revisions[index];
    const own = normaliseRepo(source.repoURL) === normaliseRepo(repository.url) && !isFetched(source);
    const now = own ? await repository.resolve(source.targetRevision, source.tagPrefix).catch(() => undefined) : before;
    if (!before || !now) return undefined;
    revisions.push(now);
    if (now === before) continue;
    const range = `${before}..${now}`;
    const changed = changes.get(range) ?? repository.changedPaths(before, now).then((paths) => ChangedPaths.of(paths));
    changes.set(range, changed);
    const paths = await changed.catch(() => undefined); // a forced push may have dropped the commit
    const inputs = known.inputs[index];
    if (!paths || !inputs || paths.touch(inputs)) return undefined;
  }
  return revisions;
}

function headsOf({ git }: SourcesOptions, { mirrorOf }: MirrorOf, app: Application): Promise<(string | undefined)[]> {
  const head = async (source: ApplicationSource): Promise<string | undefined> => {
    if (isFetched(source)) return undefined;
    const { address, reach } = mirrorOf(app, source.repoURL);
    return git
      .repository(address, reach)
      .resolve(source.targetRevision, source.tagPrefix)
      .catch(() => undefined);
  };
  return Promise.all(sourcesOf(app.spec).map(head));
}

/** Whether it failed at the very commits that these repositories have now. */
async function failedHere(
  app: Application,
  failedAt: Known['failedAt'],
  repositories: readonly Repository[],
): Promise<boolean> {
  if (failedAt === undefined) return false;
  for (const [index, source] of sourcesOf(app.spec).entries()) {
    const repository = repositories.find(({ url }) => normaliseRepo(url) === normaliseRepo(source.repoURL));
    if (!repository || isFetched(source)) continue;
    if (
      failedAt.length > 0 &&
      failedAt[index] !== (await repository.resolve(source.targetRevision, source.tagPrefix).catch(() => undefined))
    )
      return false;
  }
  return true;
}

async function behind(
  { git }: SourcesOptions,
  { mirrorOf }: MirrorOf,
  { app, others, memory }: { app: Application; others: readonly Application[]; memory: Memory },
): Promise<string[]> {
  const urls = new Map(
    sourcesOf(app.spec)
      .filter((source) => !isFetched(source))
      .map(({ repoURL }) => [normaliseRepo(repoURL), repoURL]),
  );
  const repositories = [...urls.values()].map((url) => git.repository(url, mirrorOf(app, url).reach));
  const changes = new Map<string, Promise<ChangedPaths>>();
  const breathe = breather();
  const found: string[] = [];
  for (const other of others) {
    await breathe();
    const key = applicationKey(other);
    const known = memory.readFrom(key);
    if (!known) {
      if (!(await failedHere(other, memory.get(key)?.failedAt, repositories))) found.push(key);
      continue;
    }
    for (const repository of repositories) {
      const now = memory.readFrom(key);
      const unmoved = now && (await unmovedAt(other, now, repository, changes));
      if (unmoved) memory.unmovedAt(key, unmoved);
      else found.push(key);
    }
  }
  return [...new Set(found)];
}

function lastIn(memory: Memory): LastRendered {
  return {
    fetched: (key) => memory.get(key)?.desired?.fetched ?? [],
    isPending: (key) => memory.get(key)?.desired === undefined || memory.get(key)?.wantsSince !== undefined,
  };
}

/** One look at a time for each mirror; nothing is fetched unasked. */
export function createSources(options: SourcesOptions): Sources {
  const { store, clock } = options;
  const remotes = remoteSources(options);
  const looks = looksAt(options);
  return {
    fetch(app, since, signal, memory) {
      // What others read of these repositories in another name is nothing to this one.
      const { repositories, others } = remotes.of(app, lastIn(memory));
      const running = [
        ...repositories.map((each) => looks.since(each, since, signal)),
        ...others.map((address) => remotes.paced(address).since(since, signal)),
      ].filter((each) => each !== undefined);
      return running.length > 0 ? Promise.all(running).then(() => undefined) : undefined;
    },
    async moved(repoUrl, memory, signal) {
      const name = normaliseRepo(repoUrl);
      const [urls, elsewhere] = [urlsOf(store), remotes.all(lastIn(memory))];
      const used = new Set([...urls.values()].map((url) => mirrorName(url)));
      for (const { mirrors } of elsewhere.values()) for (const each of mirrors.keys()) used.add(each);
      looks.forgetUnused((each) => used.has(each));
      const [url, remote] = [urls.get(name), elsewhere.get(name)];
      const everybody = url === undefined ? [] : [[mirrorName(url), { address: url }] as const];
      const read = new Map<string, Mirrored>([...everybody, ...(remote?.mirrors ?? [])]);
      const failed = await looks.all(read, signal);
      if (failed.size > 0 && failed.size === read.size) throw [...failed.values()][0];
      if (read.size === 0 && remote) await remotes.paced(remote.address).since(clock.now(), signal);
      const found = url === undefined ? noneMoved : await touched(options, remotes, { memory, repoUrl: url, failed });
      const elsewhereTouched = remote ? await remotes.touched(name, lastIn(memory), signal) : [];
      return { ...found, touched: [...new Set([...found.touched, ...elsewhereTouched])] };
    },
    behind: (app, others, memory) => behind(options, remotes, { app, others, memory }),
    heads: (app) => headsOf(options, remotes, app),
    users: (repoUrl, memory) => [
      ...new Set([
        ...store.applications
          .list()
          .filter((app) => uses(app, repoUrl))
          .map(applicationKey),
        ...remotes.users(normaliseRepo(repoUrl), lastIn(memory)),
      ]),
    ],
    resync: resyncing(options, (memory) => [
      ...urlsOf(store),
      ...[...remotes.all(lastIn(memory))].map(([name, { address }]) => [name, address] as const),
    ]),
  };
}

/** A server that hangs holds up neither the others nor the next round. */
function resyncing(
  { log }: SourcesOptions,
  all: (memory: Memory) => (readonly [name: string, url: string])[],
): Sources['resync'] {
  const turns = new Semaphore(polls);
  const polling = new Set<string>();
  return (memory, onMoved, signal) => {
    const poll = async (name: string, url: string): Promise<void> => {
      polling.add(name);
      try {
        const give = await turns.take(signal);
        await onMoved(url).finally(give);
      } catch (error) {
        if (!signal.aborted) log.warn({ repository: url, err: error }, 'the repository could not be read');
      } finally {
        polling.delete(name);
      }
    };
    for (const [name, url] of new Map(all(memory))) if (!polling.has(name)) void poll(name, url);
  };
}
