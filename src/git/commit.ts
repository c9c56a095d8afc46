// Commit objects: read from git's format, and their authors written for git's environment.
import type { Commit, Signature } from './repository.ts';
import type { GitVariables } from './command.ts';
import { AppError } from '../base/errors.ts';

/** Parses a commit object; unknown headers (signatures, encodings) are skipped. */
export function parseCommit(sha: string, data: Buffer): Commit {
  const text = data.toString('utf8');
  const blank = text.indexOf('\n\n');
  const commit: Commit = {
    sha,
    tree: '',
    parents: [],
    author: { name: '', email: '', at: 0 },
    committer: { name: '', email: '', at: 0 },
    message: blank < 0 ? '' : text.slice(blank + 2),
  };
  for (const line of text.slice(0, blank < 0 ? undefined : blank).split('\n')) {
    const space = line.indexOf(' ');
    const value = line.slice(space + 1);
    if (space === 0) continue; // the rest of a header of several lines
    const name = line.slice(0, space);
    if (name === 'tree') commit.tree = value;
    else if (name === 'parent') commit.parents.push(value);
    else if (name === 'author') commit.author = parseSignature(value);
    else if (name === 'committer') commit.committer = parseSignature(value);
  }
  return commit;
}

function parseSignature(text: string): Signature {
  const [open, close] = [text.indexOf('<'), text.lastIndexOf('>')];
  const time = open < 0 || close < open ? undefined : /^ (-?\d+) [+-]\d{4}$/.exec(text.slice(close + 1));
  if (!time) return { name: text, email: '', at: 0 };
  return {
    name: text.slice(0, open).replace(/ $/, ''),
    email: text.slice(open + 1, close),
    at: Number(time[1]) * 1000,
  };
}

/** Environment variables with which git writes exactly this author and committer. */
export function identity(author: Signature, committer: Signature): GitVariables {
  return {
    GIT_AUTHOR_NAME: author.name || 'unknown',
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: gitDate(author.at),
    GIT_COMMITTER_NAME: committer.name || 'unknown',
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: gitDate(committer.at),
  };
}

function gitDate(ms: number): string {
  return `@${Math.max(0, Math.floor(ms / 1000))} +0000`;
}

/** A whole commit id, SHA-1 or SHA-256. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{40,64}$/.test(text);
}

/** Only full ids reach git's command line. Throws E_REVISION. */
export function fullId(text: string): string {
  if (!isId(text)) throw new AppError('E_REVISION', `${JSON.stringify(text)} is not a commit id`);
  return text;
}

/** The first line of a message. */
export function subjectOf(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
