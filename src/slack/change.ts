// What stands behind a revision: the words of its commit, and where its repository is on the web.
import type { Application } from '../model/application.ts';
import { sourcesOf } from '../model/application.ts';

interface ChangeTitle {
  /** The change in its author's words. */
  title: string;
  /** Number of the pull request that brought it, when the commit names one. */
  pull?: number;
}

/**
 * GitHub's three ways to merge: a merge commit names the pull request first and its title below, a squash ends with
 * `(#7)`.
 */
export function titleOf(message: string): ChangeTitle {
  const [subject = '', ...body] = message.split('\n').map((line) => line.trim());
  const merged = /^Merge pull request #(\d+) from /.exec(subject)?.[1];
  if (merged) return { title: body.find((line) => line !== '') ?? subject, pull: Number(merged) };
  const squashed = /\(#(\d+)\)$/.exec(subject);
  return squashed
    ? { title: subject.slice(0, squashed.index).trimEnd(), pull: Number(squashed[1]) }
    : { title: subject };
}

/** The repository's page; undefined when its address is none of the web. Credentials never stay in it. */
export function repositoryPage(app: Application | undefined): string | undefined {
  const source = app && sourcesOf(app.spec)[0]?.repoURL;
  const ssh = /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+?)(?:\.git)?\/?$/.exec(source ?? '');
  if (ssh) return `https://${ssh[1] ?? ''}/${ssh[2] ?? ''}`;
  if (!source || !/^https?:\/\//.test(source) || !URL.canParse(source)) return undefined;
  const { origin, pathname } = new URL(source);
  return `${origin}${pathname.replace(/\.git\/?$/, '').replace(/\/$/, '')}`;
}
