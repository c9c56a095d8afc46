// What applications fetch beside the repositories of their sources, how fresh it is, and whom a change of it concerns.
import type { Clock } from '../../base/clock.ts';
import type { Application } from '../../model/application.ts';
import type { Store } from '../../store/store.ts';
import type { Reach } from '../../git/url.ts';
import type { Fetched, Remotes } from './remotes.ts';
import { breather } from '../../base/clock.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { mirrorName } from '../../git/url.ts';
import { fetchedAddresses, isFetched } from './remotes.ts';
import { Paced } from './paced.ts';

interface RemoteSourcesOptions {
  store: Pick<Store, 'applications'>;
  remotes?: Remotes;
  clock: Clock;
}

/** What is known of the last renderings, by application. */
export interface LastRendered {
  fetched(key: string): readonly Fetched[];
  /** It will be rendered anew anyway. */
  isPending(key: string): boolean;
}

interface Elsewhere {
  address: string;
  /** Of a repository of Git: the mirrors that are read, by their names. */
  mirrors: Map<string, Mirrored>;
}

/** Which mirror of a repository is read. */
export interface Mirrored {
  address: string;
  reach?: Reach;
}

export interface RemoteSources {
  /** From which the application reads a repository of its sources: where Secrets are for one project, its own. */
  mirrorOf(app: Application, repoUrl: string): Mirrored;
  /** Of one application: its sources, and what its last rendering fetched. */
  of(app: Application, last: LastRendered): { repositories: Mirrored[]; others: string[] };
  /** Of all applications, by the normalised address. */
  all(last: LastRendered): Map<string, Elsewhere>;
  /** Looks at what is no repository of Git. */
  paced(address: string): Paced;
  /** Keys of the applications for which something of that address is another thing than when they were rendered. */
  touched(name: string, last: LastRendered, signal: AbortSignal): Promise<string[]>;
  users(name: string, last: LastRendered): string[];
}

function isGit({ of }: Pick<Fetched, 'of'>): boolean {
  return of.startsWith('git ');
}

/** A submodule is the commit that its repository names, whatever is pushed there. */
function moves({ of }: Fetched): boolean {
  return !of.startsWith('submodule ');
}

function mirrorsOf(read: readonly Mirrored[]): Map<string, Mirrored> {
  return new Map(read.map(({ address, reach }) => [mirrorName(address, reach), { address, ...(reach && { reach }) }]));
}

function mirrorsBy(remotes: Remotes | undefined): RemoteSources['mirrorOf'] {
  return (app, repoUrl) => {
    const reach = remotes?.reach(app, repoUrl) ?? {};
    return { address: repoUrl, ...(reach.project !== undefined && { reach }) };
  };
}

/** Without `remotes` it knows of nothing; addresses are told apart as `normaliseRepo` writes them. */
export function remoteSources({ store, remotes, clock }: RemoteSourcesOptions): RemoteSources {
  const looks = new Map<string, Paced>();
  const paced = (address: string): Paced => {
    const found =
      looks.get(address) ?? new Paced(clock, async (signal) => remotes?.renew(address, clock.now(), signal));
    looks.set(address, found);
    return found;
  };
  const mirrorOf = mirrorsBy(remotes);
  const mirroredOf = (app: Application): Mirrored[] =>
    sourcesOf(app.spec)
      .filter((source) => !isFetched(source))
      .map(({ repoURL }) => mirrorOf(app, repoURL));
  const usesOwn = (app: Application, name: string): boolean => fetchedAddresses(sourcesOf(app.spec)).has(name);
  const at = (key: string, name: string, last: LastRendered): Fetched[] =>
    last.fetched(key).filter(({ address }) => normaliseRepo(address) === name);
  return {
    paced,
    mirrorOf,
    of(app, last) {
      const fetched = last.fetched(applicationKey(app)).filter(moves);
      const own = remotes ? [...fetchedAddresses(sourcesOf(app.spec)).values()] : [];
      const rest = fetched.filter((each) => !isGit(each)).map(({ address }) => address);
      return {
        repositories: [...mirrorsOf([...mirroredOf(app), ...fetched.filter(isGit)]).values()],
        others: [...new Set([...own, ...rest])],
      };
    },
    all(last) {
      const found = new Map<string, Elsewhere>();
      for (const app of store.applications.list()) {
        for (const [name, address] of remotes ? fetchedAddresses(sourcesOf(app.spec)) : [])
          found.set(name, { address, mirrors: new Map() });
        const fetched = last.fetched(applicationKey(app)).filter(moves);
        // Everybody's mirrors of the sources are looked at anyway.
        const scoped = mirroredOf(app).filter(({ reach }) => reach !== undefined);
        for (const each of [...scoped.map((own) => ({ ...own, of: 'git ' })), ...fetched]) {
          const here = found.get(normaliseRepo(each.address))?.mirrors ?? [];
          const mirrors = new Map([...here, ...(isGit(each) ? mirrorsOf([each]) : [])]);
          found.set(normaliseRepo(each.address), { address: each.address, mirrors });
        }
      }
      return found;
    },
    async touched(name, last, signal) {
      const keys: string[] = [];
      const breathe = breather();
      for (const app of store.applications.list()) {
        await breathe();
        const key = applicationKey(app);
        if (last.isPending(key) ? usesOwn(app, name) : await isOther(at(key, name, last), signal)) keys.push(key);
      }
      return keys;
    },
    users: (name, last) =>
      store.applications
        .list()
        .filter((app) => usesOwn(app, name) || at(applicationKey(app), name, last).length > 0)
        .map(applicationKey),
  };
}

/** Whether one of them means something else by now; what cannot be told counts as another thing. */
async function isOther(fetched: readonly Fetched[], signal: AbortSignal): Promise<boolean> {
  for (const { is, again } of fetched) if ((await again(signal).catch(() => undefined)) !== is) return true;
  return false;
}
