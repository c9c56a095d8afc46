// Which repositories the applications come from, how fresh our mirrors of them are, and whom a push concerns.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Git } from '../../git/git.ts';
import type { Repository } from '../../git/repository.ts';
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { Store } from '../../store/store.ts';
import type { Known, Memory } from './memory.ts';
import { breather } from '../../base/clock.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { ChangedPaths } from '../../git/touch.ts';

interface SourcesOptions {
  git: Git;
  store: Store;
  clock: Clock;
  log: Logger;
}

export interface Sources {
  /**
   * Fetches the application's repositories; undefined when fetches that began at `since` (clock ms) or later have
   * brought all of them.
   */
  fetch(app: Application, since: number, signal: AbortSignal): Promise<void> | undefined;
  /** Fetches the repository and answers the applications whose inputs the new commits touch. */
  moved(repoUrl: string, memory: Memory, signal: AbortSignal): Promise<string[]>;
  /**
   * Applications of the list whose manifests are not known as `app`'s mirrors have them now: what they hold nobody can
   * tell. One that cannot be rendered at these commits is not among them.
   */
  behind(app: Application, others: readonly Application[], memory: Memory): Promise<string[]>;
  /** Commits by source as the mirrors have them; undefined where a source names none. */
  heads(app: Application): Promise<(string | undefined)[]>;
  /** Keys of the applications that come from the repository. */
  users(repoUrl: string): string[];
  /** Begins a look at every repository that none is under way of, because webhooks get lost. */
  resync(onMoved: (repoUrl: string) => Promise<void>, signal: AbortSignal): void;
}

/** Repositories that are looked at at the same time without anybody asking. */
const polls = 8;

/** At most one fetch in this many ms for each repository; the first one goes at once. */
const gapMs = 250;

function uses(app: Application, repoUrl: string): boolean {
  const wanted = normaliseRepo(repoUrl);
  return sourcesOf(app.spec).some((source) => normaliseRepo(source.repoURL) === wanted);
}

/** The URL under which the applications name the repository: one mirror for all its spellings. */
export function urlsOf(store: Pick<Store, 'applications'>): Map<string, string> {
  const urls = new Map<string, string>();
  for (const app of store.applications.list()) {
    for (const source of sourcesOf(app.spec)) {
      if (!source.chart && !urls.has(normaliseRepo(source.repoURL)))
        urls.set(normaliseRepo(source.repoURL), source.repoURL);
    }
  }
  return urls;
}

/** Fetches of one repository. Whoever needs the remote's state of a time shares the first fetch that began later. */
class Fetcher {
  readonly #options: SourcesOptions;
  readonly url: string;
  /** Clock ms at which the newest successful fetch began. */
  #fresh = -Infinity;
  #begun = -Infinity;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: SourcesOptions, url: string) {
    this.#options = options;
    this.url = url;
  }

  get idle(): boolean {
    return this.#running === undefined && this.#next === undefined;
  }

  /** undefined when there is nothing to wait for. */
  fetch(since: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#fresh >= since) return undefined;
    if (this.#running && this.#begun >= since) return this.#running;
    this.#next ??= this.#later(signal);
    return this.#next;
  }

  async #later(signal: AbortSignal): Promise<void> {
    try {
      await this.#running?.catch(() => undefined);
      const early = this.#begun + gapMs - this.#options.clock.now();
      if (early > 0) await this.#options.clock.sleep(early, signal);
    } finally {
      this.#next = undefined; // who comes from here on may need the fetch after this one
    }
    // One that has ended, well or not, is nobody's answer any more: `#fresh` says what it brought.
    const running = this.#now().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #now(): Promise<void> {
    const begun = this.#options.clock.now();
    this.#begun = begun;
    await this.#options.git.repository(this.url).fetch();
    this.#fresh = begun;
  }
}

/** Applications of that repository for which the new head means something else than what they were rendered from. */
async function touched(store: Store, memory: Memory, repoUrl: string, repository: Repository): Promise<string[]> {
  const keys: string[] = [];
  const changes = new Map<string, Promise<ChangedPaths>>();
  const breathe = breather();
  for (const app of store.applications.list().filter((item) => uses(item, repoUrl))) {
    await breathe();
    const key = applicationKey(app);
    const known = memory.get(key)?.wantsSince === undefined ? memory.readFrom(key) : undefined;
    const unmoved = known && (await unmovedAt(app, known, repository, changes));
    if (unmoved) memory.unmovedAt(key, unmoved);
    else keys.push(key);
  }
  return keys;
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
    const own = normaliseRepo(source.repoURL) === normaliseRepo(repository.url) && !source.chart;
    const now = own ? await repository.resolve(source.targetRevision ?? '').catch(() => undefined) : before;
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

function headsOf(git: Git, app: Application): Promise<(string | undefined)[]> {
  const head = async ({ chart, repoURL, targetRevision }: ApplicationSource): Promise<string | undefined> =>
    chart
      ? undefined
      : git
          .repository(repoURL)
          .resolve(targetRevision)
          .catch(() => undefined);
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
    if (!repository || source.chart) continue;
    if (
      failedAt.length > 0 &&
      failedAt[index] !== (await repository.resolve(source.targetRevision ?? '').catch(() => undefined))
    )
      return false;
  }
  return true;
}

async function behind(
  { git }: SourcesOptions,
  app: Application,
  others: readonly Application[],
  memory: Memory,
): Promise<string[]> {
  const urls = new Map(
    sourcesOf(app.spec)
      .filter(({ chart }) => !chart)
      .map(({ repoURL }) => [normaliseRepo(repoURL), repoURL]),
  );
  const repositories = [...urls.values()].map((url) => git.repository(url));
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

/** One fetcher for each repository, whatever its URL is written like; nothing is fetched before it is asked. */
export function createSources(options: SourcesOptions): Sources {
  const fetchers = new Map<string, Fetcher>();
  function fetcher(url: string): Fetcher {
    const name = normaliseRepo(url);
    const found = fetchers.get(name) ?? new Fetcher(options, url);
    fetchers.set(name, found);
    return found;
  }
  return {
    fetch(app, since, signal) {
      const running = sourcesOf(app.spec)
        .filter((source) => !source.chart)
        .flatMap((source) => fetcher(source.repoURL).fetch(since, signal) ?? []);
      return running.length > 0 ? Promise.all(running).then(() => undefined) : undefined;
    },
    async moved(repoUrl, memory, signal) {
      const urls = urlsOf(options.store);
      for (const [name, each] of fetchers) {
        if (urls.has(name) || !each.idle) continue;
        fetchers.delete(name);
        options.git.forget(each.url);
      }
      const url = urls.get(normaliseRepo(repoUrl));
      if (url === undefined) return [];
      await fetcher(url).fetch(options.clock.now(), signal);
      return touched(options.store, memory, url, options.git.repository(url));
    },
    behind: (app, others, memory) => behind(options, app, others, memory),
    heads: (app) => headsOf(options.git, app),
    users: (repoUrl) =>
      options.store.applications
        .list()
        .filter((app) => uses(app, repoUrl))
        .map(applicationKey),
    resync: resyncing(options),
  };
}

/** A server that hangs holds up neither the others nor the next round. */
function resyncing({ store, log }: SourcesOptions): Sources['resync'] {
  const turns = new Semaphore(polls);
  const polling = new Set<string>();
  return (onMoved, signal) => {
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
    for (const [name, url] of urlsOf(store)) if (!polling.has(name)) void poll(name, url);
  };
}
