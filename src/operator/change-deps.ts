// Fits the engine's and git's answers to what the change room asks for.
import { inClusterServer } from '../model/annotations.ts';
import type { Clock } from '../base/clock.ts';
import type { ChangeDeps } from '../change/deps.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Engine } from '../engine/engine.ts';
import type { Git } from '../git/git.ts';
import type { Store } from '../store/store.ts';
import { agreedOn, effectAfter, keysAfter } from '../engine/preview.ts';
import { lastPolicy } from '../engine/application/gate-record.ts';
import { clusterOf } from '../store/settings.ts';

interface Parts {
  store: Store;
  git: Git;
  desiring: Desiring;
  engine: Engine;
  clock: Clock;
}

/** Answers change with store and engine; nothing is kept here. */
export function changeDeps(parts: Parts): ChangeDeps {
  const { store, git, desiring, engine, clock } = parts;
  return {
    applications: store.applications,
    projects: store.projects,
    formerPolicy: (app) => lastPolicy(store, app),
    agreed: (app) => agreedOn(store, app),
    unverified: engine.unverified,
    told: engine.told,
    approvals: store.approvals,
    namespace: store.namespace,
    git,
    clock,
    clusterOf: (app) => clusterOf(store.settings(), app.spec.destination),
    isHome: (server) => store.identities.isSame(server, inClusterServer),
    rendered: (application) => engine.rendered(application),
    inputsKey: async (app, revisions, signal) => (await desiring.inputsAt(app, revisions, signal)).key,
    async desired(app, revisions, signal) {
      const state = await desiring.at(app, revisions, signal);
      const { manifests, key, warnings } = state;
      return { manifests, revisions: state.revisions, key, warnings, placeOf: (manifest) => state.placeOf(manifest) };
    },
    keysOf: (app, desired) => keysAfter(parts, app, desired),
    effect: (input, signal) => effectAfter(parts, input, signal),
  };
}
