// Everything that goes to the server of one repository: fetch, push and a look at its refs.
import type { AdvertisedRefs, RefsClient } from './advertised.ts';
import type { Answer, GitCommand, GitVariables } from './command.ts';
import type { GitAccess } from './access.ts';
import type { RefChange } from './repository.ts';
import type { Reach } from './url.ts';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';
import { withAccess } from './access.ts';
import { indexPrefix } from './merge.ts';
import { redactText } from '../base/log.ts';
import { stderrOf } from '../base/process.ts';

export interface Remote {
  url: string;
  /** Of the bare mirror. */
  dir: string;
  /** Git in the mirror. */
  git: GitCommand;
  /** Git in another bare repository. */
  gitAt: (dir: string) => GitCommand;
  refsClient: RefsClient;
  /** Ends requests to the server. */
  signal: AbortSignal;
  credentials: CredentialsFor;
}

/** Where the remote's HEAD is kept in the mirror. */
export const headRef = 'refs/coxswain/HEAD';

/** The first fetch of a large repository takes long. */
const fetchTimeoutMs = 15 * 60_000;

/** Whether anything has that path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A complete mirror appears at once or not at all. */
export async function createMirror(remote: Remote): Promise<void> {
  const parent = join(remote.dir, '..');
  const unfinished = `${remote.dir}.${process.pid}.tmp`;
  await mkdir(parent, { recursive: true });
  await rm(unfinished, { recursive: true, force: true });
  const git = remote.gitAt(unfinished);
  await git('init', ['init', '--quiet', '--bare']);
  await fetchRefs({ ...remote, dir: unfinished, git });
  await rename(unfinished, remote.dir);
}

/** Whether all objects are there that its refs need. */
export async function isWhole({ git }: Remote): Promise<boolean> {
  const { code } = await git('rev-list', ['rev-list', '--objects', '--all', '--quiet'], {
    okCodes: [0, 1, 128],
    timeoutMs: fetchTimeoutMs,
  });
  return code === 0;
}

/** The old one goes when the new one is complete. */
export async function replaceMirror(remote: Remote): Promise<void> {
  const fresh = `${remote.dir}.fresh`;
  await rm(fresh, { recursive: true, force: true });
  await createMirror({ ...remote, dir: fresh });
  const old = `${remote.dir}.${randomUUID()}.tmp`;
  await rename(remote.dir, old);
  await rename(fresh, remote.dir);
  await rm(old, { recursive: true, force: true });
}

/** A killed git leaves lock files behind that stop every later one; only the mirror's single owner may do this. */
export async function removeLocks(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.lock')) await rm(join(entry.parentPath, entry.name), { force: true });
  }
}

/** At the first use in a process: locks, and private indexes of commits that were never finished. */
export async function removeLeftovers(dir: string): Promise<void> {
  await removeLocks(dir);
  for (const name of await readdir(dir))
    if (name.startsWith(indexPrefix)) await rm(join(dir, name), { recursive: true, force: true });
}

/** All branches and tags as the server has them; what it dropped is dropped here. */
export async function fetchRefs(remote: Remote): Promise<void> {
  const branches = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  try {
    await fetch(remote, ['--prune', '--no-tags', '--force'], [`+HEAD:${headRef}`, ...branches]);
  } catch (error) {
    // An empty repository, or one whose HEAD names a branch that is not there.
    if (!/couldn't find remote ref HEAD/.test(stderrOf(error))) throw error;
    await fetch(remote, ['--prune', '--no-tags', '--force'], branches);
  }
}

/** The server's refs without a process; undefined where only git can look. */
export async function askRefs({ refsClient, url, credentials, signal }: Remote): Promise<AdvertisedRefs | undefined> {
  return refsClient.ask(url, { credentials: await credentials(url, 'read'), signal });
}

/**
 * Just these refs, as they were advertised: by id, so that what is recorded is what has come, whatever moves meanwhile.
 */
export async function fetchChanged(
  remote: Remote,
  changes: readonly RefChange[],
  advertised: AdvertisedRefs,
): Promise<void> {
  const refspecs = changes.map(({ ref }) => `+${advertised.get(ref)?.id ?? ''}:${ref === 'HEAD' ? headRef : ref}`);
  await fetch(remote, ['--no-tags', '--force', '--no-auto-maintenance'], refspecs);
}

/** By its id, or through a ref that holds it. Throws E_GIT when the server gives out neither. */
export async function fetchOne(remote: Remote, sha: string, ref: string | undefined): Promise<void> {
  if (ref !== undefined && (!ref.startsWith('refs/') || /[\s:*+\0]/.test(ref)))
    throw new AppError('E_REVISION', `${JSON.stringify(ref)} is not a ref`);
  try {
    await fetch(remote, ['--no-tags'], [ref ?? sha]);
  } catch (error) {
    if (ref === undefined) throw error;
    await fetch(remote, ['--no-tags'], [sha]);
  }
}

async function fetch(remote: Remote, flags: string[], refspecs: string[]): Promise<void> {
  const own = ['--quiet', '--no-write-fetch-head', '--no-recurse-submodules', ...flags];
  await reaching(remote, 'read', (env) =>
    remote.git('fetch', ['fetch', ...own, '--', remote.url, ...refspecs], {
      network: true,
      env,
      timeoutMs: fetchTimeoutMs,
    }),
  );
}

/**
 * Reasons that pass: the server's own troubles, and others who wrote at the same time. Everything else it will say
 * again.
 */
const passing = [
  /unpacker error|internal server error|\block\b|failed to (update|write|start)|already exists/i,
  /incorrect old value|missing necessary objects|timed? ?out/i,
];

/** What the server's hooks and rules told, as one line. */
function wordsOf(stderr: string): string {
  const lines = stderr.split('\n').flatMap((line) =>
    /^remote:/i.test(line)
      ? line
          .slice('remote:'.length)
          .trim()
          .replace(/^(?:fatal|error):/i, '')
          .trim() || []
      : [],
  );
  return redactText(lines.join(' ')).slice(0, 500);
}

function pushRefusal(reason: string, stderr: string): AppError {
  const said = [reason, wordsOf(stderr)].filter(Boolean).join(': ');
  return new AppError('E_GIT', `the server refuses the push: ${said}`, {
    cause: { stderr },
    hint:
      'Let the GitHub App push its branches coxswain/* past the rules of the repository, ' +
      'or make the change by hand.',
  });
}

/**
 * Many an installation has a credential that may read alone: what is to be done decides whose is taken. `reach`: in
 * whose name, its `as` being `repoUrl`. undefined: git itself knows, as that of a person does.
 */
export type CredentialsFor = (
  repoUrl: string,
  purpose: 'read' | 'write',
  reach?: Reach,
) => Promise<GitAccess | undefined>;

/** `expected`: what the server's ref must be; '' = nothing yet. */
async function send(remote: Remote, ref: string, sha: string, expected = ''): Promise<Answer> {
  try {
    const flags = ['--porcelain', '--no-verify', `--force-with-lease=${ref}:${expected}`];
    return await reaching(remote, 'write', (env) =>
      remote.git('push', ['push', ...flags, '--', remote.url, `${sha}:${ref}`], {
        network: true,
        env,
        okCodes: [0, 1],
        timeoutMs: fetchTimeoutMs,
      }),
    );
  } catch (error) {
    // Whoever may not write gets 403 before anything is sent; credentials that are none get 401.
    if (/returned error: 403/.test(stderrOf(error))) throw pushRefusal('403', stderrOf(error));
    throw error;
  }
}

/**
 * Create-only: `exists` when the server has that ref, whatever it points to. Throws E_GIT, for good when a rule of the
 * server refuses it.
 */
export async function pushNew(remote: Remote, ref: string, sha: string): Promise<'created' | 'exists'> {
  const { stdout, stderr } = await send(remote, ref, sha);
  const answer = stdout.split('\n').find((line) => line.includes(`:${ref}\t`)) ?? '';
  if (answer.startsWith('*')) return 'created';
  if (answer.startsWith('=') || (await remoteRef(remote, ref)) !== undefined) return 'exists';
  const [, told] = answer.split('[remote rejected] (', 2);
  const reason = told?.slice(0, Math.max(0, told.lastIndexOf(')')));
  if (reason !== undefined && !passing.some((pattern) => pattern.test(reason))) throw pushRefusal(reason, stderr);
  throw notTaken(answer);
}

function notTaken(answer: string): AppError {
  return new AppError('E_GIT', `git push: ${answer.split('\t').at(-1) || 'the server did not take the branch'}`, {
    kind: 'transient',
  });
}

/**
 * From one commit to the next: `moved` when the server's ref is neither. Throws E_GIT, for good when a rule of the
 * server refuses it.
 */
export async function pushNext(
  remote: Remote,
  { ref, from, to }: { ref: string; from: string; to: string },
): Promise<'done' | 'moved'> {
  const { stdout, stderr } = await send(remote, ref, to, from);
  const answer = stdout.split('\n').find((line) => line.includes(`:${ref}\t`)) ?? '';
  if (answer.startsWith(' ') || answer.startsWith('=')) return 'done';
  const now = await remoteRef(remote, ref);
  if (now === to) return 'done';
  if (now !== from) return 'moved';
  const [, told] = answer.split('[remote rejected] (', 2);
  const reason = told?.slice(0, Math.max(0, told.lastIndexOf(')')));
  if (reason !== undefined && !passing.some((pattern) => pattern.test(reason))) throw pushRefusal(reason, stderr);
  throw notTaken(answer);
}

/** What the server says the ref is now. */
export async function remoteRef(remote: Remote, ref: string): Promise<string | undefined> {
  const { stdout } = await reaching(remote, 'read', (env) =>
    remote.git('ls-remote', ['ls-remote', '--', remote.url, ref], { network: true, env }),
  );
  const line = stdout.split('\n').find((text) => text.endsWith(`\t${ref}`));
  return line?.split('\t')[0];
}

/** Name of the branch that the server's HEAD means; undefined where it means none. */
export async function remoteDefault(remote: Remote): Promise<string | undefined> {
  const { stdout } = await reaching(remote, 'read', (env) =>
    remote.git('ls-remote', ['ls-remote', '--symref', '--', remote.url, 'HEAD'], { network: true, env }),
  );
  const line = stdout.split('\n').find((text) => text.startsWith('ref: refs/heads/') && text.endsWith('\tHEAD'));
  return line?.slice('ref: refs/heads/'.length, -'\tHEAD'.length);
}

async function reaching<Result>(
  { dir, url, credentials }: Remote,
  purpose: 'read' | 'write',
  act: (env: GitVariables) => Promise<Result>,
): Promise<Result> {
  const access = await credentials(url, purpose);
  return access ? withAccess(join(dir, '..'), url, access, act) : act({});
}
