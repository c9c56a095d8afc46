// `cox set-image`: another tag of an image, written into the files of a clone, a commit on the branch, or a pull
// request.
import type { Git } from '../../git/git.ts';
import type { Repository, Signature } from '../../git/repository.ts';
import type { Application } from '../../model/application.ts';
import type { Session } from '../session.ts';
import type { Wanted } from './reference.ts';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { Worker } from '../../base/worker.ts';
import { openGit } from '../../git/git.ts';
import { shortRevision, sourcesOf } from '../../model/application.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { openClone } from '../clone.ts';
import { usage } from '../options.ts';
import { plain } from '../output.ts';
import { ownCredential, ownIdentity } from '../own-git.ts';
import { defaultBranch, repositoryNamed } from '../repository.ts';
import { quiet } from '../session.ts';
import { edited } from './places.ts';
import { pullClient, tokenFor } from './pull-client.ts';
import { referenceText, wantedOf } from './reference.ts';
import { treeOf, treeOnDisk } from './tree.ts';

interface Asked {
  app: Application;
  wanted: Wanted[];
}

/** How the repository is called, whatever way leads there. */
function namesOf(...urls: (string | undefined)[]): Set<string> {
  return new Set(urls.flatMap((url) => (url === undefined ? [] : [normaliseRepo(url)])));
}

async function onDisk(session: Session, { app, wanted }: Asked): Promise<number> {
  const { out, options } = session;
  const clone = await openClone(session, process.cwd());
  if (!clone) throw usage('cox set-image writes into a clone: run it in one, or say --push or --pr');
  const origin = options.values.repo ?? (await clone.origin());
  if (origin === undefined) throw usage('this clone has no remote origin: --repo must name the repository');
  const tree = await treeOnDisk(session, await clone.root());
  const changed = await edited(tree, app, wanted, namesOf(origin, repositoryNamed([app], origin)));
  for (const [file, text] of changed) await tree.write(file, text);
  for (const file of changed.keys()) out.result(plain(file));
  if (changed.size === 0) out.note('cox: all of it stands there already');
  return 0;
}

function openOwnGit(session: Session, dir: string): Git {
  const { options, signal } = session;
  const folder = options.env['COX_TOOLS_DIR'];
  const worker = new Worker({ path: folder ? join(folder, 'render') : 'render' });
  session.atEnd(async () => worker.stop());
  const git = openGit({
    ...{ worker, dir, clock: systemClock, log: quiet, signal },
    credentials: async (url) => {
      const own = await ownCredential(url, options.env, signal);
      const token = own ? undefined : tokenFor(options.env, url);
      return own ?? (token === undefined ? undefined : { username: 'x-access-token', password: token });
    },
  });
  session.atEnd(() => git.stop());
  return git;
}

/** The one that `--repo` names, or the only one that its sources lie in. */
function urlOf({ options }: Session, app: Application): string {
  const { repo } = options.values;
  if (repo !== undefined) return repositoryNamed([app], repo);
  const urls = sourcesOf(app.spec).flatMap(({ chart, repoURL }) => (chart === undefined ? [repoURL] : []));
  const [first, ...others] = [...new Map(urls.map((url) => [normaliseRepo(url), url])).values()];
  if (first === undefined) throw usage(`no source of ${app.metadata.name} is a Git repository`);
  if (others.length > 0) throw usage(`${app.metadata.name} has several repositories: --repo must name one`);
  return first;
}

/** Name of the branch that the application follows there. Throws Usage where it follows a tag or commit. */
async function branchOf(app: Application, mirror: Repository, url: string): Promise<string> {
  const source = sourcesOf(app.spec).find(({ repoURL }) => normaliseRepo(repoURL) === normaliseRepo(url));
  const revision = source?.targetRevision ?? '';
  const named = revision === '' || revision === 'HEAD' ? await defaultBranch(mirror) : revision;
  const branch = named.replace(/^refs\/heads\//, '');
  if ((await mirror.refs()).has(`refs/heads/${branch}`)) return branch;
  throw usage(`${app.metadata.name} follows ${named}, which is no branch: name another way there`);
}

interface Made {
  base: string;
  commit: string;
  tree: string;
}

/** undefined: all of it stands there already. */
async function commitOn(
  mirror: Repository,
  { app, wanted }: Asked,
  { branch, url, author }: { branch: string; url: string; author: Omit<Signature, 'at'> },
): Promise<Made | undefined> {
  await mirror.fetch();
  const base = await mirror.resolve(`refs/heads/${branch}`);
  const changed = await edited(treeOf(mirror.filesAt(base)), app, wanted, namesOf(url));
  if (changed.size === 0) return undefined;
  const tree = await mirror.treeWith(base, changed);
  const message = titleOf(app, wanted);
  const at = Math.floor(Date.now() / 1000) * 1000;
  return { base, tree, commit: await mirror.commitTree({ tree, parents: [base], message, author: { ...author, at } }) };
}

function titleOf(app: Application, wanted: readonly Wanted[]): string {
  return `${app.metadata.name}: ${wanted.map(({ to }) => referenceText(to)).join(', ')}`;
}

/** So often others may be quicker, one after the other. */
const mostRaces = 10;
/** So often the server may be in trouble. */
const mostTroubles = 3;

async function pushed(session: Session, asked: Asked, to: { mirror: Repository; branch: string; url: string }) {
  const { options, out, signal } = session;
  const author = await ownIdentity(options.env, signal);
  let troubles = 0;
  /** What passes is tried again: the server locks a branch while another push is under way. */
  const troubled = (error: unknown): 'moved' => {
    if (!(error instanceof AppError) || error.code !== 'E_GIT') throw error;
    if (error.kind === 'terminal')
      throw new AppError('E_GIT', error.message, { cause: error, hint: 'Open a pull request instead, with --pr.' });
    troubles += 1;
    if (troubles > mostTroubles) throw error;
    return 'moved';
  };
  for (let race = 0; race < mostRaces; race += 1) {
    const made = await commitOn(to.mirror, asked, { ...to, author });
    if (!made) return void out.note('cox: all of it stands there already');
    const ref = `refs/heads/${to.branch}`;
    if ((await to.mirror.advance(ref, made.base, made.commit).catch(troubled)) === 'done')
      return out.result(`${made.commit} on ${to.branch}`);
  }
  throw new AppError('E_GIT', `${to.branch} moved ${mostRaces} times while it was to be pushed`, {
    hint: 'Try again, or use --pr.',
  });
}

interface Target {
  mirror: Repository;
  branch: string;
  url: string;
}

/** Throws E_GIT where the branch does more or less than what is asked, from where it left the other. */
async function holdOwn({ mirror, branch, url }: Target, { app, wanted }: Asked, head: string): Promise<void> {
  const there = await mirror.resolve(`refs/heads/${head}`);
  const from = await mirror.mergeBase(await mirror.resolve(`refs/heads/${branch}`), there);
  if (from !== undefined) {
    const changed = await edited(treeOf(mirror.filesAt(from)), app, wanted, namesOf(url));
    if ((await mirror.treeWith(from, changed)) === (await mirror.treeWith(there, new Map()))) return;
  }
  throw new AppError('E_GIT', `the branch ${head} is there with other files`, {
    hint: 'Delete it, and try again.',
  });
}

async function proposed(session: Session, asked: Asked, to: Target) {
  const { options, out, signal } = session;
  const client = await pullClient(options.env, to.url);
  const author = await ownIdentity(options.env, signal);
  const made = await commitOn(to.mirror, asked, { ...to, author });
  if (!made) return void out.note('cox: all of it stands there already');
  const wish = idOf(asked.app.metadata.namespace, asked.wanted, to.branch);
  const own = `cox/set-image/${asked.app.metadata.name}-${wish}-`;
  // Asking twice opens one pull request, wherever its base stands by now.
  for (const ref of (await to.mirror.refs()).keys()) {
    const head = ref.replace(/^refs\/heads\//, '');
    const standing = head.startsWith(own) ? await client.standing({ base: to.branch, head }) : undefined;
    if (standing === undefined) continue;
    await holdOwn(to, asked, head);
    out.note('cox: the pull request was there already');
    return out.result(plain(standing));
  }
  // What was merged and taken back since, or closed, may be asked for again: the base is another one.
  const head = `${own}${shortRevision(made.base)}`;
  if ((await to.mirror.push(`refs/heads/${head}`, made.commit, { createOnly: true })) === 'exists') {
    await to.mirror.fetch();
    await holdOwn(to, asked, head);
  }
  const body = asked.wanted.map(({ name, to: image }) => `- \`${name}\` → \`${referenceText(image)}\``).join('\n');
  const pull = { base: to.branch, head, title: titleOf(asked.app, asked.wanted), body };
  const { url, created } = await client.open(pull);
  if (!created) out.note('cox: the pull request was there already');
  out.result(plain(url));
}

function idOf(...parts: unknown[]): string {
  return shortRevision(createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
}

/** Exit code 0, also where nothing was left to change. */
export async function setImage(session: Session, [name, ...images]: readonly string[]): Promise<number> {
  const { push, pr } = session.options.values;
  if (name === undefined || images.length === 0) throw usage('write cox set-image <app> <image>=<tag>...');
  if (push && pr) throw usage('--push and --pr exclude each other');
  const asked: Asked = { wanted: images.map(wantedOf), app: await session.application(name) };
  if (!push && !pr) return onDisk(session, asked);
  const url = urlOf(session, asked.app);
  const mirror = openOwnGit(session, await session.folder()).repository(url);
  await mirror.fetch();
  const to = { mirror, url, branch: await branchOf(asked.app, mirror, url) };
  await (push ? pushed(session, asked, to) : proposed(session, asked, to));
  return 0;
}
