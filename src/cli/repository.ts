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

/** Names of branches that the server calls its default one: those whose head is that of its HEAD, `main` first. */
export async function defaultBranch(mirror: Repository): Promise<string> {
  const refs = await mirror.refs();
  const head = refs.get('HEAD');
  const named = [...refs].flatMap(([ref, id]) =>
    ref.startsWith('refs/heads/') && id === head ? [ref.slice('refs/heads/'.length)] : [],
  );
  const found = ['main', 'master'].find((name) => named.includes(name)) ?? named[0];
  if (found === undefined) throw usage('the repository has no default branch: --base must name one');
  return found;
}
