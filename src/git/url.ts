// Addresses of repositories: which transport they use, and which mirror they have.
import { createHash } from 'node:crypto';
import { AppError } from '../base/errors.ts';
import { isRepositoryAddress, normaliseRepo } from '../model/repository.ts';

/** `https`, `ssh`, `file`, …: what git calls the protocol. */
function protocolOf(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme) return scheme;
  if (/^[a-z][a-z0-9+-]*::/i.test(url)) return url.slice(0, url.indexOf(':')); // remote helpers, such as ext::
  return /^[^/:]+:(?!\/\/)/.test(url) ? 'ssh' : 'file';
}

/** Throws E_GIT: such an address never reaches git. */
export function checkUrl(url: string, protocols: string[]): void {
  const protocol = protocolOf(url);
  if (url === '' || url.startsWith('-') || !isRepositoryAddress(url) || !protocols.includes(protocol)) {
    throw new AppError('E_GIT', `the repository address ${JSON.stringify(url)} cannot be used`, {
      hint:
        `Use an address that begins with ${protocols.map((name) => `${name}://`).join(', ')} ` +
        'and has no query, no fragment and no backslash.',
    });
  }
}

/** In whose name a repository is read, where that is not everybody's. */
export interface Reach {
  /** With the credentials of that repository, in place of its own. */
  as?: string;
  /** As applications of that AppProject, where Secrets are for one project alone. */
  project?: string;
  /** With nothing but what repository Secrets have for it. */
  secretsOnly?: true;
}

/**
 * Folder name of the mirror: readable, and one for all spellings of a repository. What some credentials bring is not
 * for who has none: each reach has a mirror of its own.
 */
export function mirrorName(url: string, { as, project, secretsOnly }: Reach = {}): string {
  const normal = normaliseRepo(url);
  const id = [
    normal,
    ...(as === undefined ? [] : [`as ${normaliseRepo(as)}`]),
    ...(project === undefined ? [] : [`for ${project}`]),
    ...(secretsOnly ? ['by secrets'] : []),
  ];
  const readable = normal
    .split('/')
    .slice(-2)
    .join('-')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .slice(-60);
  return `${readable || 'repository'}-${createHash('sha256').update(id.join(' ')).digest('hex').slice(0, 12)}.git`;
}
