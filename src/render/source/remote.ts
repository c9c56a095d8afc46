// What a source refers to elsewhere: asked for before any tool runs, which finds it laid down as files.
import type { Files } from '../../model/files.ts';
import type { Place } from '../../base/errors.ts';
import { AppError } from '../../base/errors.ts';

export interface RemoteChart {
  version: string;
  /** Of the archive: equal digests are equal content. */
  digest: string;
  archive: Buffer;
  /** What it holds; '' is the chart's folder. */
  files: Files;
}

/** Each answer is remembered with the rendering that asked; all throw AppErrors. */
export interface Remote {
  /** `repository`: an address, or `@name` of a repository Secret. */
  chart(asked: { repository: string; name: string; version: string }): Promise<RemoteChart>;
  /** `ref`: a branch, a tag or a commit as git takes it; '' is the default branch. */
  git(asked: { url: string; ref: string; submodules: boolean }): Promise<Files>;
  /** What stands at an address of the web, as the one file of that name. */
  file(url: string): Promise<{ files: Files; name: string; digest: string }>;
  /** Of value files on the web. */
  readonly valuesFileSchemes: readonly string[];
  /** How Kustomize builds, as far as it is told otherwise. */
  readonly kustomize: { anyFile?: boolean; reorder?: 'legacy' | 'none'; enableHelm?: boolean };
}

/** Throws E_RENDER where nothing may be fetched at all. */
export function remoteOf({ remote }: { remote?: Remote | undefined }, what: string, place: Place): Remote {
  if (remote) return remote;
  throw new AppError('E_RENDER', `${what} is not in the repository, and nothing is fetched here`, { place });
}

/** What cannot be fetched is told where it is asked for. */
export async function placed<T>(fetching: Promise<T>, place: Place): Promise<T> {
  try {
    return await fetching;
  } catch (error) {
    if (!(error instanceof AppError) || error.place) throw error;
    const { code, message, kind, hint, cause } = error;
    throw new AppError(code, message, { place, kind, cause, ...(hint !== undefined && { hint }) });
  }
}
