// The parts in the middle: git, rendering and the engine.
import { clock } from './parts.ts';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { Worker } from '../base/worker.ts';
import type { Git } from '../git/git.ts';
import { openGit } from '../git/git.ts';
import { credentialFor } from '../store/settings.ts';
import type { Store } from '../store/store.ts';
import type { Base, Core, Faces, State } from './parts.ts';
import type { Authors } from '../engine/application/pass.ts';
import { createAuthors } from '../engine/approval/authors.ts';
import type { GitHub } from '../github/github.ts';
import { AppError } from '../base/errors.ts';
import { standingOf } from '../chatops/standing.ts';
import { createDesiring } from '../engine/application/desired.ts';
import { createSources } from '../engine/application/sources.ts';
import type { EngineOptions, Engine } from '../engine/engine.ts';
import { createEngine } from '../engine/engine.ts';
import { authorisers } from '../policy/rbac.ts';
import { createRenderer } from '../render/render.ts';

export function toolPaths(config: Config): { helm: string; kustomize: string; jsonnet: string; render: string } {
  const path = (name: string): string => (config.toolsDir ? join(config.toolsDir, name) : name);
  return { helm: path('helm'), kustomize: path('kustomize'), jsonnet: path('jsonnet'), render: path('render') };
}

function gitOf({ config, log, signal, faces }: Base, store: Store, worker: Worker): Git {
  return openGit({
    worker,
    dir: join(config.dataDir, 'git'),
    clock,
    log,
    signal,
    async credentials(repoUrl) {
      const known = credentialFor(store.settings(), repoUrl);
      return known ? { username: known.username, password: known.password } : faces.github?.credentials(repoUrl);
    },
  });
}

/** Without a GitHub App nobody can tell whose a commit is. */
function authorsBy(git: Git, faces: Faces): Authors {
  const forge = (): GitHub['forge'] | undefined => faces.github?.forge;
  return createAuthors(git, {
    authorsOf: async (...asked) => forge()?.authorsOf(...asked),
    moversOf: async (...asked) => forge()?.moversOf(...asked),
    reviewersOf: async (...asked) => forge()?.reviewersOf(...asked),
  });
}

function forgeOf({ github }: Faces): GitHub['forge'] {
  if (!github) throw new AppError('E_GITHUB', 'GitHub is not asked yet', { kind: 'waiting' });
  return github.forge;
}

export async function openCore(base: Base, state: State): Promise<Core> {
  const { cluster, store, schedules, permit } = state;
  const { config, log, started, faces } = base;
  const worker = new Worker({ path: toolPaths(config).render });
  started.add('worker', () => worker.stop());
  const git = gitOf(base, store, worker);
  started.add('git', () => git.stop());
  const renderer = await createRenderer({ tools: toolPaths(config), worker });
  const desiring = createDesiring({
    git,
    renderer,
    async clusterOf(app) {
      const target = await engine.clusters.targetOf(app);
      const { discovery } = target?.cluster ?? cluster;
      return { version: discovery.version, apiVersions: discovery.apiVersions() };
    },
  });
  const authorise = authorisers();
  const sources = createSources({ git, store, clock, log });
  const authors = authorsBy(git, faces);
  const standing: EngineOptions['standing'] = (actor, app) =>
    standingOf({ store, forge: config.github && forgeOf(faces), authorise }, actor, app);
  const engine: Engine = createEngine({
    home: cluster,
    store,
    desiring,
    worker,
    sources,
    authors,
    standing,
    every: schedules.every,
    queues: base.queues.of,
    clock,
    log,
    permit,
    mode: config.engine,
  });
  return { ...base, ...state, worker, git, desiring, engine, authors };
}
