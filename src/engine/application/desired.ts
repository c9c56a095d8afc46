// What Git says an application should be: revisions resolved, sources rendered, named by content.
import type { Place } from '../../base/errors.ts';
import type { Fetched, Opened, Remotes, Scope } from '../remote/remotes.ts';
import type { Git } from '../../git/git.ts';
import type { Application, ApplicationSource, Condition } from '../../model/application.ts';
import type { Files } from '../../model/files.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Renderer } from '../../render/render.ts';
import type { Rendered, RenderInputs, RenderRequest } from '../../render/source/request.ts';
import { isFetched } from '../remote/remotes.ts';
import { hashOf } from '../../base/canonical.ts';
import { AppError } from '../../base/errors.ts';
import { filesOf } from '../../git/git.ts';
import { sourcesOf } from '../../model/application.ts';

/** Immutable; `manifests` is the same array for equal keys as long as it is kept. */
export interface DesiredState {
  /** Resolved commits, by source. */
  revisions: string[];
  manifests: readonly KubeObject[];
  /** Hash of every input: equal keys have equal manifests (docs/decisions/0006). */
  key: string;
  /** By source: the paths in its repository on which the manifests depend, whichever source names them. */
  inputs: string[][];
  /** Those of them that are there: what may appear beside them is left out. */
  reads: string[][];
  sourceTypes: string[];
  /** What was fetched beside the repositories of its sources. */
  fetched: readonly Fetched[];
  /** What people should know of the rendering. */
  warnings: readonly Condition[];
  placeOf(manifest: KubeObject): Place | undefined;
}

/**
 * `revisions` go by position of the sources, undefined = the source's own targetRevision. Both throw AppErrors with
 * place.
 */
export interface Desiring {
  at(
    app: Application,
    revisions: readonly (string | undefined)[],
    signal: AbortSignal,
    scope?: Scope,
  ): Promise<DesiredState>;
  /** Key and inputs alone, nothing is rendered. */
  inputsAt(
    app: Application,
    revisions: readonly (string | undefined)[],
    signal: AbortSignal,
    scope?: Scope,
  ): Promise<{ key: string; inputs: string[][]; revisions: string[]; fetched: readonly Fetched[] }>;
}

interface DesiringOptions {
  /** What it is asked for is what applications follow, or followed; see RenderRequest. */
  merged: boolean;
  git: Git;
  renderer: Renderer;
  /** Brings what is in no repository of the sources; without it nothing is fetched. */
  remotes?: Remotes;
  /** What Helm is told of the application's cluster. */
  clusterOf(app: Application): Promise<{ version: string; apiVersions: readonly string[] }>;
}

interface Resolved {
  source: ApplicationSource;
  revision: string;
  files: Files;
  opened: Opened | undefined;
}

interface Asked {
  app: Application;
  revisions: readonly (string | undefined)[];
  signal: AbortSignal;
  scope: Scope;
}

async function resolveSources(
  { git, remotes }: DesiringOptions,
  { app, revisions, signal, scope }: Asked,
): Promise<Resolved[]> {
  const sources = sourcesOf(app.spec);
  if (sources.length === 0)
    throw new AppError('E_RENDER', `the application ${app.metadata.name} has no source`, {
      hint: 'Set spec.source or spec.sources.',
    });
  return Promise.all(
    sources.map(async (source, index) => {
      const opened = remotes?.open(app, source, scope, signal);
      if (isFetched(source)) {
        if (!opened)
          throw new AppError('E_RENDER', `${source.repoURL} is no repository of Git, and nothing is fetched here`);
        return { source, ...(await opened.source(revisions[index])), opened };
      }
      const repository = opened ? opened.repository() : git.repository(source.repoURL);
      const revision = await repository.resolve(revisions[index] ?? source.targetRevision, source.tagPrefix);
      const files = opened ? await opened.checkout(revision) : filesOf(repository, revision);
      return { source, revision, files, opened };
    }),
  );
}

/** A source that is only a ref produces nothing (Argo CD: types.go ApplicationSource.IsRef). */
function isRendered({ source }: Resolved): boolean {
  return source.path !== undefined || Boolean(source.chart) || !source.ref;
}

async function requests(
  options: DesiringOptions,
  app: Application,
  resolved: Resolved[],
  signal: AbortSignal,
): Promise<RenderRequest[]> {
  const refs = new Map(resolved.flatMap(({ source, files }) => (source.ref ? [[source.ref, files] as const] : [])));
  const cluster = await options.clusterOf(app);
  return resolved.filter(isRendered).map(({ source, revision, files, opened }) => ({
    source,
    app: {
      name: app.metadata.name,
      namespace: app.metadata.namespace,
      destinationNamespace: app.spec.destination.namespace ?? '',
      project: app.spec.project,
      revision,
    },
    merged: options.merged,
    files,
    refs,
    cluster,
    ...(opened && { remote: opened.remote }),
    signal,
  }));
}

function fetchedBy(resolved: readonly Resolved[]): Fetched[] {
  return [
    ...new Map(resolved.flatMap(({ opened }) => opened?.fetched ?? []).map((each) => [each.what, each])).values(),
  ];
}

function keyOf(parts: readonly RenderInputs[]): string {
  return parts.length === 1 ? (parts[0]?.key ?? '') : hashOf(parts.map((part) => part.key));
}

/**
 * What a part names `$ref/path` lies in the repository of that ref. It counts for the part's own too, where a folder
 * may have such a name. Of a submodule its own path counts: commits move it as a whole.
 */
function bySource(resolved: readonly Resolved[], parts: readonly (readonly string[])[]): string[][] {
  const reads = resolved.map(() => new Set<string>());
  const rendered = [...resolved.keys()].filter((index) => resolved[index] && isRendered(resolved[index]));
  const add = (index: number, name: string): void => {
    reads[index]?.add(resolved[index]?.files.moduleOf?.(name) ?? name);
  };
  for (const [at, names] of parts.entries()) {
    for (const name of names) {
      add(rendered[at] ?? -1, name);
      const slash = name.indexOf('/');
      const lender = name.startsWith('$')
        ? resolved.findLastIndex(({ source }) => source.ref === name.slice(1, slash))
        : -1;
      add(lender, name.slice(slash + 1));
    }
  }
  return reads.map((paths) => [...paths]);
}

function stateOf(parts: readonly Rendered[], resolved: readonly Resolved[]): DesiredState {
  const [only] = parts;
  let places: Map<KubeObject, Place | undefined> | undefined;
  return {
    revisions: resolved.map((item) => item.revision),
    manifests: parts.length === 1 && only ? only.manifests : parts.flatMap((part) => part.manifests),
    key: keyOf(parts),
    inputs: bySource(
      resolved,
      parts.map(({ inputs }) => inputs),
    ),
    reads: bySource(
      resolved,
      parts.map(({ reads }) => reads),
    ),
    sourceTypes: parts.map((part) => part.sourceType),
    fetched: fetchedBy(resolved),
    warnings: parts.flatMap((part) => part.warnings),
    placeOf(manifest) {
      places ??= new Map(
        parts.flatMap((part) => part.manifests.map((object, index) => [object, part.places[index]] as const)),
      );
      return places.get(manifest);
    },
  };
}

/** Keeps nothing by itself: mirrors and renderer do. */
export function createDesiring(options: DesiringOptions): Desiring {
  return {
    async at(app, revisions, signal, scope = {}) {
      const resolved = await resolveSources(options, { app, revisions, signal, scope });
      const parts = await Promise.all(
        (await requests(options, app, resolved, signal)).map((request) => options.renderer.render(request)),
      );
      return stateOf(parts, resolved);
    },
    async inputsAt(app, revisions, signal, scope = {}) {
      const resolved = await resolveSources(options, { app, revisions, signal, scope });
      const parts = await Promise.all(
        (await requests(options, app, resolved, signal)).map((request) => options.renderer.inputs(request)),
      );
      return {
        key: keyOf(parts),
        inputs: bySource(
          resolved,
          parts.map((part) => part.inputs),
        ),
        revisions: resolved.map((item) => item.revision),
        fetched: fetchedBy(resolved),
      };
    },
  };
}
