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
  /** What stands at an address of the web, as the one file of that name. */
  file(url: string): Promise<{ files: Files; name: string; digest: string }>;
  /** Of value files on the web. */
  readonly valuesFileSchemes: readonly string[];
}

/** Throws E_RENDER where nothing may be fetched at all. */
export function remoteOf({ remote }: { remote?: Remote | undefined }, what: string, place: Place): Remote {
  if (remote) return remote;
  throw new AppError('E_RENDER', `${what} is not in the repository, and nothing is fetched here`, { place });
}
