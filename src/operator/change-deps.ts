// Fits the engine's and git's answers to what the change room asks for.
import type { Clock } from '../base/clock.ts';
import type { ChangeDeps, Unmerged } from '../change/deps.ts';
import type { Scope } from '../engine/remote/remotes.ts';
import type { Authors } from '../engine/application/pass.ts';
import type { Application } from '../model/application.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Engine } from '../engine/engine.ts';
import type { Git } from '../git/git.ts';
import type { Store } from '../store/store.ts';
import { inClusterServer } from '../model/annotations.ts';
import { effectAfter, keysAfter, lastSynced } from '../engine/preview.ts';
import { definedBy } from '../engine/approval/changed-range.ts';
import { unmergedAuthors } from '../engine/approval/unmerged.ts';
import { isFetched } from '../engine/remote/remotes.ts';
import { sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { lastPolicy } from '../engine/application/gate-record.ts';
import { clusterOf } from '../store/settings.ts';

interface Parts {
  store: Store;
  git: Git;
  desiring: Desiring;
  engine: Engine;
  clock: Clock;
  /** Default: nobody is named. */
  authors?: Authors;
}

/** A revision that nobody has merged fetches what the merged one does, out of repositories that its project reads. */
function scoping({ store, desiring }: Pick<Parts, 'store' | 'desiring'>) {
  return async (app: Application, unmerged: Unmerged | undefined, signal: AbortSignal): Promise<Scope> => {
    if (!unmerged) return {};
    const { merged, revisions, repoUrl } = unmerged;
    const own = store.applications.list().filter(({ spec }) => spec.project === app.spec.project);
    const urls = own.flatMap(({ spec }) => sourcesOf(spec)).filter((source) => !isFetched(source));
    const fetched = merged && (await desiring.inputsAt(merged, revisions, signal).catch(() => undefined))?.fetched;
    signal.throwIfAborted();
    return {
      unmerged: fetched ?? [],
      repositories: new Set([repoUrl, ...urls.map(({ repoURL }) => repoURL)].map(normaliseRepo)),
    };
  };
}

function rendering(parts: Pick<Parts, 'store' | 'desiring'>): Pick<ChangeDeps, 'inputsKey' | 'desired'> {
  const { desiring } = parts;
  const scopeOf = scoping(parts);
  return {
    inputsKey: async (app, revisions, signal, unmerged) =>
      (await desiring.inputsAt(app, revisions, signal, await scopeOf(app, unmerged, signal))).key,
    async desired(app, revisions, signal, { unmerged, pinned } = {}) {
      const scope = await scopeOf(app, unmerged, signal);
      const state = await desiring.at(app, revisions, signal, { ...scope, pinned });
      const { manifests, key, warnings } = state;
      return {
        ...{ manifests, revisions: state.revisions, key, warnings, reads: state.reads },
        placeOf: (manifest) => state.placeOf(manifest),
        definedBy: (manifest) => definedBy(state, manifest, sourcesOf(app.spec)),
      };
    },
  };
}

/** Answers change with store and engine; nothing is kept here but who made what was looked at lately. */
export function changeDeps(parts: Parts): ChangeDeps {
  const { store, git, desiring, engine, clock, authors } = parts;
  return {
    applications: store.applications,
    projects: store.projects,
    formerPolicy: (app) => lastPolicy(store, app),
    lastSynced: (app) => lastSynced(store, app),
    unverified: engine.unverified,
    told: engine.told,
    approvals: store.approvals,
    namespace: store.namespace,
    git,
    clock,
    ...(authors && { authorsOf: unmergedAuthors(authors, clock) }),
    clusterOf: (app) => clusterOf(store.settings(), app.spec.destination),
    isHome: (server) => store.identities.isSame(server, inClusterServer),
    rendered: (application) => engine.rendered(application),
    ...rendering({ store, desiring }),
    keysOf: (app, desired) => keysAfter(parts, app, desired),
    effect: (input, signal) => effectAfter(parts, input, signal),
  };
}
