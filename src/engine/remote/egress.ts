// What may be fetched for whom: a merged revision what its project permits, one that nobody has merged only what the
// merged one fetches, or what `preview.egress` lists.
import type { AppProject } from '../../model/project.ts';
import type { Reach } from '../../git/url.ts';
import type { Settings } from '../../store/settings.ts';
import { globMatch } from '../../base/glob.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { withoutTrailing } from '../../base/trim.ts';
import { isRepositoryAddress, namesOneServer, normaliseRepo } from '../../model/repository.ts';
import { sourceNamed, sourcePermitted } from '../../policy/project.ts';
import { hasCredentials, isScoped, loginFor } from '../../store/repository-secrets.ts';

/** What a rendering fetched. */
export interface Fetched {
  /** Of the repository, registry or file. */
  address: string;
  /** Kind, address and name, without version: what may be fetched again by a revision that nobody has merged. */
  of: string;
  /** The same with the version, tag or branch that was asked for. */
  what: string;
  /** What that was: a version and a digest, or a commit. */
  is: string;
  /** In whose name it was, where it is a repository of Git. */
  reach?: Reach;
  /** What it is now, as far as was looked. */
  again(signal: AbortSignal): Promise<string>;
}

export interface Asked {
  kind: 'chart' | 'git' | 'submodule' | 'file' | 'artifact';
  address: string;
  /** Repository whose credentials it is reached with; default: that address. */
  login?: string;
  /** Of the chart. */
  name?: string;
}

interface Who {
  /** Whether it is the repository of the application itself. */
  own: boolean;
  project: AppProject | undefined;
  /** What the merged revision fetches; undefined: what is rendered is merged. */
  unmerged?: readonly Fetched[] | undefined;
}

type Known = Pick<Settings, 'egress' | 'repositories'>;

/** Versions and commits in an address of the web do not count: another version of the same is no other thing. */
function withoutVersions(url: string): string {
  const version = /^v?\d+(?:\.\d+){1,3}(?:[-+.][0-9A-Za-z.-]+)?$|^[0-9a-f]{40}$/;
  return url
    .split('/')
    .map((part) => (version.test(part) ? '*' : part))
    .join('/');
}

/** What is asked for, without its version. */
export function identityOf({ kind, address, name }: Asked): string {
  const place = kind === 'file' ? withoutVersions(address) : normaliseRepo(address);
  return [kind, place, ...(name === undefined ? [] : [name])].join(' ');
}

function lists(pattern: string, { address, name }: Asked): boolean {
  const texts = [address, ...(name === undefined ? [] : [`${withoutTrailing(address, '/')}/${name}`])];
  return texts.some(
    (text) => pattern === '*' || globMatch(normaliseRepo(pattern), normaliseRepo(text), { separators: '/' }),
  );
}

/** Where Secrets are for one project, those of others are nothing to this one (Argo CD: util/db/repository.go). */
export function scopedReach(settings: Known, url: string, project: AppProject | undefined): Reach {
  return isScoped(settings, url) ? { project: project?.metadata.name ?? '' } : {};
}

function checkAddress(asked: Asked, shown: string): void {
  const isGit = asked.kind === 'git' || asked.kind === 'submodule';
  if (!(isGit ? isRepositoryAddress : namesOneServer)(asked.address))
    throw new AppError(
      isGit ? 'E_GIT' : 'E_EGRESS',
      `${shown} can be read as the address of one server and of another`,
      {
        hint: 'Write the server right behind the scheme, and a slash behind it; repositories of Git have no query.',
      },
    );
}

/**
 * In whose name it is fetched. The App's token reads every repository that the App is installed in, and addresses
 * stand in repositories, which many people write: it is for the own one, and for those that the project names.
 * Throws E_EGRESS for what the one who asks may not fetch.
 */
export function checkEgress(asked: Asked, { own, project, unmerged }: Who, settings: Known): Reach {
  const shown = redactText([asked.address, asked.name].filter(Boolean).join(' '));
  checkAddress(asked, shown);
  const of = asked.login ?? asked.address;
  const login = loginFor(settings, of, project?.metadata.name ?? '');
  const any = loginFor(settings, of);
  const isPrivate = any !== undefined && hasCredentials(any);
  if (isPrivate && !(login && project && sourcePermitted(project, of)))
    throw new AppError('E_EGRESS', `${shown} has credentials, and they are not those of this project`, {
      hint: 'List the repository in sourceRepos of the AppProject.',
    });
  const hasOwn = login !== undefined && hasCredentials(login);
  const isTrusted = own || hasOwn || (project !== undefined && sourceNamed(project, asked.address));
  const lent: Reach = asked.login === undefined ? {} : { as: asked.login };
  const scoped: Reach = { ...lent, ...scopedReach(settings, of, project) };
  const reach: Reach = isTrusted && asked.login === undefined ? scoped : { ...scoped, secretsOnly: true };
  if (!unmerged || unmerged.some(({ of }) => of === identityOf(asked))) return reach;
  const listed = settings.egress.filter((pattern) => lists(pattern, asked));
  if (listed.length === 0)
    throw new AppError('E_EGRESS', `${shown} is fetched by nothing that is merged, so not for this revision either`, {
      hint: 'Merge it first, or name the address in preview.egress of coxswain-cm.',
    });
  const isExact = listed.some((pattern) => !/[*?[{]/.test(pattern));
  if (isPrivate && !isExact)
    throw new AppError('E_EGRESS', `${shown} needs credentials, and preview.egress lists it by a glob alone`, {
      hint: 'Credentials go only to addresses that preview.egress lists as they are.',
    });
  return isExact ? reach : { ...reach, secretsOnly: true };
}
