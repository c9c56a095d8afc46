// A plan: what a rendering reads and what else it depends on, known before anything runs.
import type { Files } from '../../model/files.ts';
import type { Produced } from '../document/complete.ts';
import type { Place } from '../../base/errors.ts';
import type { RenderRequest, SourceType } from './request.ts';
import { AppError } from '../../base/errors.ts';
import { follow, trail } from './paths.ts';

export interface Input {
  /** Relative to the root of `files`. */
  path: string;
  files: Files;
  /** Name of the other source that it comes from. */
  ref?: string;
}

export interface Plan {
  sourceType: SourceType;
  inputs: Input[];
  /** Where something may appear that would be an input: optional files, folders of globs. */
  watched?: Input[];
  /**
   * Everything beside the inputs on which the manifests depend: tool version, arguments, the cluster as far as it
   * matters.
   */
  parameters: unknown;
  produce(): Promise<Produced>;
}

/** What a planner is given: the request with the source's overrides merged and its path checked. */
export interface Planning extends RenderRequest {
  /** The application path, clean; '' is the root. */
  path: string;
}

/** `$ref/path` for a file of another source. */
export function inputName(input: Pick<Input, 'path' | 'ref'>): string {
  const path = input.path || '.';
  return input.ref === undefined ? path : `$${input.ref}/${path}`;
}

/** Id of what stands at the input now; '' if nothing does. Links inside of a folder are inputs of their own. */
export async function inputId(input: Input): Promise<string> {
  return (await follow(input.files, input.path))?.id ?? '';
}

/** Where the links below a folder lead, and the links that they lead over: its own id covers only their texts. */
export async function linkTargets(files: Files, folder: string): Promise<string[]> {
  const targets: string[] = [];
  for (const { kind, path } of await files.list(folder, true)) {
    const target = kind === 'link' ? await follow(files, path) : undefined;
    if (target && target.path !== folder && !folder.startsWith(`${target.path}/`))
      targets.push(...(await trail(files, path)).slice(1));
  }
  return targets;
}

/** Argo CD's build environment as far as values may name it (Argo CD: docs/user-guide/build-environment.md). */
export function buildEnvironment(planning: RenderRequest): Record<string, string> {
  const { app, source, cluster } = planning;
  return {
    ARGOCD_APP_NAME: app.name,
    ARGOCD_APP_NAMESPACE: app.destinationNamespace,
    ARGOCD_APP_PROJECT_NAME: app.project,
    ARGOCD_APP_REVISION: app.revision,
    ARGOCD_APP_REVISION_SHORT: app.revision.slice(0, 7),
    ARGOCD_APP_REVISION_SHORT_8: app.revision.slice(0, 8),
    ARGOCD_APP_SOURCE_REPO_URL: source.repoURL,
    ARGOCD_APP_SOURCE_PATH: source.path ?? '',
    ARGOCD_APP_SOURCE_TARGET_REVISION: source.targetRevision ?? '',
    KUBE_VERSION: cluster.version,
    KUBE_API_VERSIONS: cluster.apiVersions.join(','),
  };
}

/**
 * `$NAME` and `${NAME}` replaced by what the environment has; `$$` is a dollar sign, unknown names are empty (Argo CD's
 * Envsubst).
 */
export function substitute(text: string, environment: Record<string, string>): string {
  return text.replace(
    /\$(\$|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
    (_, token: string, braced: string | undefined, plain: string | undefined) =>
      token === '$' ? '$' : (environment[braced ?? plain ?? ''] ?? ''),
  );
}

/** Failures of one source are told where they stand, with the cause in one sentence. */
export function renderError(
  message: string,
  place: Place | undefined,
  extra: { hint?: string; cause?: unknown } = {},
): AppError {
  return new AppError('E_RENDER', message, { ...(place && { place }), ...extra });
}
