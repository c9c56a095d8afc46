// The repository that a command means, as Applications write it.
import type { Repository } from '../git/repository.ts';
import type { Application } from '../model/application.ts';
import { sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { usage } from './options.ts';

/** The same repository by ssh and https. */
function withoutScheme(url: string): string {
  return normaliseRepo(url).replace(/^[a-z]+:\/\/(?:[^@/]*@)?/, '');
}

/** As the Applications write it, whose credentials and mirror are those of that address. Throws Usage. */
export function repositoryNamed(applications: readonly Application[], url: string): string {
  const known = applications.flatMap(({ spec }) => sourcesOf(spec).map(({ repoURL }) => repoURL));
  const found =
    known.find((each) => normaliseRepo(each) === normaliseRepo(url)) ??
    known.find((each) => withoutScheme(each) === withoutScheme(url));
  if (found !== undefined) return found;
  throw usage(`no application reads ${url.replace(/^([a-z]+:\/\/)[^@/]+@/i, '$1')}; --repo names another repository`);
}

/** As the server says now. Throws Usage where it names none. */
export async function defaultBranch(mirror: Repository): Promise<string> {
  const found = await mirror.remoteDefault();
  if (found === undefined) throw usage('the repository has no default branch: --base must name one');
  return found;
}
