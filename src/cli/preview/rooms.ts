// The rooms that previews are made of in the operator, in this process: they read the cluster and start nothing.
import type { Change } from '../../change/change.ts';
import type { Git } from '../../git/git.ts';
import type { Application } from '../../model/application.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Session } from '../session.ts';
import type { Store } from '../../store/store.ts';
import { randomBytes } from 'node:crypto';
import { argo } from '../../model/annotations.ts';
import { systemClock } from '../../base/clock.ts';
import { createChange } from '../../change/change.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { ThreeWay } from '../../compare/object/three-way.ts';
import { createAuthors } from '../../engine/approval/authors.ts';
import { createDesiring } from '../../engine/application/desired.ts';
import { createSources } from '../../engine/application/sources.ts';
import { createEngine } from '../../engine/engine.ts';
import { changeDeps } from '../../operator/change-deps.ts';
import { openFetching } from '../../operator/fetching.ts';
import { keptKey, openStore } from '../../store/store.ts';
import { quiet } from '../session.ts';
import { openTools } from '../workspace.ts';

interface Rooms {
  store: Store;
  git: Git;
  change: Change;
}

async function permitted<T>(look: Promise<T>): Promise<T | 'denied'> {
  return look.catch((error: unknown) => {
    if (isStatus(error, 403)) return 'denied' as const;
    throw error;
  });
}

async function storeOf(session: Session): Promise<Store> {
  const { cluster, options, out, signal } = session;
  const { namespace } = options;
  const [kept, listed] = await Promise.all([
    permitted(keptKey(cluster.api, namespace, signal)),
    permitted(cluster.api.list({ group: '', kind: 'Secret' }, { namespace, labelSelector: argo.secretType, signal })),
  ]);
  if (kept === 'denied' || listed === 'denied')
    out.note(
      `cox: you may not read Secrets in ${namespace}: ` +
        [
          ...(listed === 'denied' ? ['other clusters, and credentials of repositories, are not known'] : []),
          ...(kept === 'denied' ? ['what Coxswain remembers of syncs and gates counts as somebody else’s'] : []),
        ].join('; '),
    );
  const key = kept instanceof Buffer ? kept : randomBytes(32);
  const store = await openStore(cluster, namespace, signal, { key, secrets: listed !== 'denied' });
  session.atEnd(() => store.stop());
  return store;
}

/** Until the session ends. Throws ApiError where the kubeconfig's user may not read what a preview is made of. */
export async function openPreview(session: Session): Promise<Rooms> {
  const { cluster, options } = session;
  const store = await storeOf(session);
  const { worker, jq, scripts, git, renderer, tool } = await openTools(session, () => store.settings());
  const threeWay = new ThreeWay(tool('render'));
  session.atEnd(async () => threeWay.stop());
  const { remotes, fetcher } = openFetching({
    ...{ dataDir: await session.folder(), git, worker, clock: systemClock },
    settings: () => store.settings(),
    projectOf: (name) => store.projects.get(`${store.namespace}/${name}`),
  });
  session.atEnd(() => fetcher.close());
  const from = { git, renderer, remotes, clusterOf: (app: Application) => engine.clusters.servedFor(app) };
  const common = { store, git, clock: systemClock, log: quiet };
  const engine: Engine = createEngine({
    ...common,
    home: cluster,
    desiring: createDesiring({ ...from, merged: true }),
    ...{ worker, jq, threeWay, scripts },
    sources: createSources({ ...common, remotes }),
    authors: createAuthors(git, undefined, remotes),
    every: () => () => undefined,
    mode: options.env['COX_ENGINE'] === 'argocd' ? 'argocd' : 'coxswain',
  });
  session.atEnd(() => engine.stop());
  await engine.recall();
  const desiring = createDesiring({ ...from, merged: false });
  return { store, git, change: createChange(changeDeps({ store, git, desiring, engine, clock: systemClock })) };
}
