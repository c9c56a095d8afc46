// Fits the engine's and git's answers to what the change room asks for.
import { inClusterServer } from '../model/annotations.ts';
import type { Clock } from '../base/clock.ts';
import type { ChangeDeps } from '../change/deps.ts';
import type { Desiring } from '../engine/application/desired.ts';
import type { Engine } from '../engine/engine.ts';
import type { Git } from '../git/git.ts';
import type { Store } from '../store/store.ts';
import type { ResourceKey } from '../model/kube.ts';
import { AppError } from '../base/errors.ts';
import { baseOf } from '../engine/application/sync-record.ts';
import { lastPolicy } from '../engine/application/gate-record.ts';
import { resourceDenied } from '../policy/project.ts';
import { trackingName } from '../render/document/tracking.ts';
import { clusterOf } from '../store/settings.ts';

interface Parts {
  store: Store;
  git: Git;
  desiring: Desiring;
  engine: Engine;
  clock: Clock;
}

export function changeDeps({ store, git, desiring, engine, clock }: Parts): ChangeDeps {
  return {
    applications: store.applications,
    projects: store.projects,
    formerPolicy: (app) => lastPolicy(store, app),
    agreed: (app) =>
      baseOf(store, { app, target: { server: clusterOf(store.settings(), app.spec.destination)?.server ?? '' } }),
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
    async keysOf(app, { manifests, placeOf }) {
      const to = await engine.clusters.targetOf(app);
      const project = store.projects.get(`${store.namespace}/${app.spec.project}`);
      if (!to || !project) return [];
      const permitted = (key: ResourceKey, namespaced: boolean): boolean =>
        resourceDenied(project, key, namespaced, to) === undefined;
      return to.comparer.keysOf({
        app,
        tracking: trackingName(app, store.namespace),
        manifests,
        permitted,
        ...(placeOf && { placeOf }),
      });
    },
    async effect({ app, held, ...input }, signal) {
      const to = await engine.clusters.targetOf(app);
      if (!to)
        throw new AppError('E_CONFIG', `no cluster is known for the destination of ${app.metadata.name}`, {
          hint: 'Add the cluster Secret or correct spec.destination.',
        });
      const project = store.projects.get(`${store.namespace}/${app.spec.project}`);
      if (!project)
        throw new AppError('E_PROJECT', `Application referencing project ${app.spec.project} which does not exist`);
      const tracking = trackingName(app, store.namespace);
      return to.comparer.effect(
        {
          app,
          tracking,
          others: engine.others(to, tracking, held),
          denied: (key, namespaced) => resourceDenied(project, key, namespaced, to),
          ...input,
        },
        signal,
      );
    },
  };
}
