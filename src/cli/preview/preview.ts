// `cox preview`: what merging the files of a clone, or a branch, would change in the live cluster, before anybody is
// asked.
import type { PullInput, PullPreview } from '../../change/pull.ts';
import type { Repository } from '../../git/repository.ts';
import type { Clone } from '../clone.ts';
import type { Session } from '../session.ts';
import { renderComment } from '../../github/markdown/comment.ts';
import { commentMarker } from '../../model/annotations.ts';
import { usage } from '../options.ts';
import { data, isData } from '../output.ts';
import { openClone } from '../clone.ts';
import { defaultBranch, repositoryNamed } from '../repository.ts';
import { openPreview } from './rooms.ts';
import { previewText } from './show.ts';

interface Asked {
  url: string;
  mirror: Repository;
  clone: Clone | undefined;
}

async function ofClone(clone: Clone, mirror: Repository, revision: string): Promise<string | undefined> {
  const sha = await clone.commitOf(revision);
  if (sha !== undefined) await clone.bring(sha, mirror);
  return sha;
}

/** `ref`: what people call it. A repository that was named is asked before the clone, which may be of another one. */
async function headOf({ options }: Session, { url, mirror, clone }: Asked): Promise<PullInput['head']> {
  const { revision, values } = options;
  if (clone && revision === undefined) {
    const sha = await clone.workTree();
    await clone.bring(sha, mirror);
    return { ref: (await clone.branch()) ?? 'HEAD', sha };
  }
  if (revision === undefined) throw usage(`--revision must name what of ${url} is looked at`);
  const own = clone && values.repo === undefined ? await ofClone(clone, mirror, revision) : undefined;
  const sha =
    own ??
    (await mirror.resolve(revision).catch(async (error: unknown) => {
      const found = clone && (await ofClone(clone, mirror, revision));
      if (found === undefined) throw error;
      return found;
    }));
  return { ref: revision, sha };
}

async function previewOf(session: Session): Promise<PullPreview> {
  const { options, signal } = session;
  const { repo, base } = options.values;
  const clone = await openClone(session, process.cwd());
  if (!clone && (repo === undefined || options.revision === undefined))
    throw usage('cox preview looks at the files of a clone: run it in one, or name --repo and --revision');
  const origin = repo ?? (await clone?.origin());
  if (origin === undefined) throw usage('this clone has no remote origin: --repo must name the repository');
  const { store, git, change } = await openPreview(session);
  const url = repositoryNamed(store.applications.list(), origin);
  const mirror = git.repository(url);
  await mirror.fetch();
  const branch = await defaultBranch(mirror);
  const pull: PullInput = {
    ...{ repoUrl: url, owner: '', repo: '', number: 0, draft: false, fork: false },
    base: { ref: base ?? branch, sha: '' },
    head: await headOf(session, { url, mirror, clone }),
    defaultBranch: branch,
    author: { login: '', id: 0 },
  };
  return change.preview(pull, signal);
}

function isChanging({ apps, conflicts }: PullPreview): boolean {
  return conflicts.length > 0 || apps.some(({ status }) => status !== 'unchanged');
}

function isFaulty({ apps, errors }: PullPreview): boolean {
  return errors.length > 0 || apps.some(({ error, effect }) => error ?? (effect && effect.errors.length > 0));
}

/**
 * What the comment says, without the line that marks it as the App's own. `publicUrl`: of the pages that it links;
 * '' = names are no links.
 */
async function markdownOf(preview: PullPreview, publicUrl: string): Promise<string> {
  const { body } = await renderComment({ preview, activity: '', publicUrl, refused: '' });
  const bare = body.replace(`${commentMarker}\n`, '');
  return publicUrl ? bare : bare.replaceAll(/\[([^\]\n]{1,300})\]\(\/applications\/[^)\n]{1,600}\)/g, '$1');
}

/** Exit code 0 nothing changes, 1 something does, 3 what merging would do cannot be told as a whole. */
export async function preview(session: Session): Promise<number> {
  const { options, out } = session;
  const found = await previewOf(session);
  if (isData(options.format)) out.result(data(options.format, found));
  else if (options.values.markdown) out.result(await markdownOf(found, options.env['COX_PUBLIC_URL'] ?? ''));
  else out.result(previewText(found, options.color));
  if (isFaulty(found)) return 3;
  return isChanging(found) ? 1 : 0;
}
