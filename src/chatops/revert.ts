// `/cox revert`: the pull request that takes an application's last deploy back, made without a checkout.
import type { Answer, ChatopsOptions } from './ports.ts';
import type { Application } from '../model/application.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Repository } from '../git/repository.ts';
import { applicationKey, shortRevision, sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { boundedName } from '../base/name.ts';

interface Task {
  request: Request;
  app: Application;
  /** Whoever asks, with the GitHub id that their commit is known by. */
  actor: Actor;
}

const refused = (text: string): Answer => ({ ok: false, text });

/** Revisions that were synced, newest first, each once in a row. */
function deployed(app: Application): string[] {
  const revisions = (app.status?.history ?? [])
    .map((entry) => entry.revision ?? '')
    .filter((revision) => revision !== '')
    .reverse();
  return revisions.filter((revision, at) => revision !== revisions[at - 1]);
}

/** What was deployed after the revision that a card tells of; undefined where that is the newest. */
export function deployedSince({ status }: Application, told: string | undefined): string | undefined {
  const { revision = '', revisions } = status?.history?.at(-1) ?? {};
  const newest = revisions?.[0] ?? revision;
  return told && newest && newest !== told ? newest : undefined;
}

/** The history keeps so many entries: syncs of one commit push the deploys before it out. */
function isCut({ status }: Application): boolean {
  return (status?.history?.[0]?.id ?? 0) > 0;
}

/** The newest commit up to that one that changed what the application is made of; not the one that brought it. */
async function changeUpTo(repository: Repository, to: string, inputs: string[]): Promise<string | undefined> {
  const [newest] = await repository.log({ to, firstParent: true, paths: inputs, limit: 1 });
  const parent = newest?.parents[0];
  if (!newest || parent === undefined) return undefined;
  for (const path of inputs) if (await repository.objectId(parent, path)) return newest.sha;
  return undefined;
}

/**
 * The newest commit that changed what the application is made of, and came with its last deploy that changed anything.
 * Where the history no longer tells of that deploy, Git does.
 */
async function lastChange(repository: Repository, app: Application, inputs: string[]): Promise<string | undefined> {
  const [now = '', ...earlier] = deployed(app);
  for (const before of earlier) {
    const found = await repository.newestChange(before, now, inputs);
    if (found) return found;
  }
  return isCut(app) ? changeUpTo(repository, earlier.at(-1) ?? now, inputs) : undefined;
}

function bodyOf({ app, actor, request }: Task, commit: string): string {
  // It is anybody's text, and inside a code span it mentions nobody and links nowhere.
  const reason = (request.spec.args['reason'] ?? '')
    .replace(/[`\s]+/g, ' ')
    .trim()
    .slice(0, 500);
  const where = actor.via === 'slack' ? 'in Slack' : actor.via === 'cli' ? 'on the command line' : 'in a pull request';
  return [
    `Takes back the last deploy of **${app.metadata.name}**: reverts ${commit}.`,
    '',
    ...(reason ? [`Why: \`${reason}\``, ''] : []),
    `Asked for by \`${actor.login}\` ${where}. Merging it syncs the affected applications the usual way, ` +
      'approvals included.',
  ].join('\n');
}

interface Change {
  repository: Repository;
  commit: string;
  branch: string;
  inputs: string[];
}

/**
 * Makes the commit on today's head of the branch; its author and date are the Request's, so that a second try makes the
 * same.
 */
async function makeRevert(
  { request, app, actor }: Task,
  { repository, commit, branch, inputs }: Change,
): Promise<{ sha: string } | Answer> {
  const made = await repository.revert({
    commit,
    base: await repository.resolve(`refs/heads/${branch}`),
    author: {
      name: actor.login,
      email: `${actor.id}+${actor.login}@users.noreply.github.com`,
      at: Date.parse(request.spec.createdAt),
    },
    ...(isPartial(request) && { paths: inputs }),
    trailers: [
      ['Requested-by', actor.login],
      ['Coxswain-Application', applicationKey(app)],
    ],
  });
  const { name } = app.metadata;
  if ('empty' in made)
    return refused(
      `${name}: what ${commit.slice(0, 7)} changed is not on ${branch} any more; nothing is left to take back`,
    );
  if ('conflicts' in made)
    return refused(
      `${name}: ${commit.slice(0, 7)} cannot be reverted alone, later commits changed the same lines: ` +
        made.conflicts.join(', '),
    );
  return { sha: made.commit };
}

/** `--only`: of a commit that touched several applications, just this one's part is taken back. */
function isPartial(request: Request): boolean {
  return request.spec.args['only'] === 'true';
}

/** The branch with the revert on the remote: the one that is there, or a new one. */
async function bringBranch(task: Task, change: Change, head: string): Promise<{ sha: string } | Answer> {
  const { repository } = change;
  const ref = `refs/heads/${head}`;
  const there = await repository.remoteRef(ref);
  if (there) return { sha: there };
  const made = await makeRevert(task, change);
  if (!('sha' in made)) return made;
  const pushed = await repository.push(ref, made.sha, { createOnly: true });
  return pushed === 'created' ? made : { sha: (await repository.remoteRef(ref)) ?? made.sha };
}

async function subjectOf(repository: Repository, sha: string, ref?: string): Promise<string> {
  await repository.fetchCommit(sha, ref);
  return (await repository.commit(sha)).message.split('\n')[0] ?? '';
}

/** Those in the repository of its first source, whichever source names them. */
function firstOf({ spec }: Application, inputs: readonly string[][]): string[] {
  const repositories = sourcesOf(spec).map(({ repoURL }) => normaliseRepo(repoURL));
  return inputs.filter((_, index) => repositories[index] === repositories[0]).flat();
}

/**
 * Finds the newest commit of the last deploy that touched the application, and proposes its revert. Doing it twice
 * finds the first.
 */
export async function openRevert(options: ChatopsOptions, task: Task): Promise<Answer> {
  const { app, request } = task;
  const { name } = app.metadata;
  const since = deployedSince(app, request.spec.args['revision']);
  if (since !== undefined)
    return refused(`${name}: since then ${shortRevision(since)} was deployed; revert that in its own card`);
  const source = sourcesOf(app.spec)[0];
  const place = source && options.forge?.repositoryOf(source.repoURL);
  if (!source || !place || !options.forge)
    return refused(`${name}: its repository is not one where the GitHub App is installed`);
  const revisions = deployed(app);
  if (revisions.length < 2 && !(isCut(app) && revisions.length > 0))
    return refused(`${name}: there is no earlier deploy to go back to`);
  const repository = options.git.repository(source.repoURL);
  await repository.fetch();
  const branch = await baseBranch(repository, source.targetRevision);
  if (branch === undefined)
    return refused(
      `${name}: it follows ${source.targetRevision ?? 'HEAD'}, which is no branch; set targetRevision back instead`,
    );
  const inputs = firstOf(app, await options.inputsOf(app, [revisions[0]]));
  const commit = await lastChange(repository, app, inputs);
  if (!commit) return refused(`${name}: nothing of it changed since its first known deploy`);
  const head = `coxswain/revert-${commit.slice(0, 12)}${isPartial(request) ? `-${boundedName(name, 200)}` : ''}`;
  const brought = await bringBranch(task, { repository, commit, branch, inputs }, head);
  if (!('sha' in brought)) return brought;
  const title = (await subjectOf(repository, brought.sha, `refs/heads/${head}`)).slice(0, 250);
  const pull = await options.forge.openPull({ ...place, base: branch, head, title, body: bodyOf(task, commit) });
  const text =
    `${name}: pull request #${pull.number} takes back ${commit.slice(0, 7)} ` +
    `"${await subjectOf(repository, commit)}"`;
  return { ok: true, text, result: { pull: pull.url } };
}

/**
 * The branch that the application follows; HEAD means the remote's default. undefined: a tag, a commit or a constraint.
 */
export async function baseBranch(
  repository: Repository,
  targetRevision: string | undefined,
): Promise<string | undefined> {
  const refs = await repository.refs();
  const named = targetRevision?.replace(/^refs\/heads\//, '');
  if (named && named !== 'HEAD') return refs.has(`refs/heads/${named}`) ? named : undefined;
  const head = refs.get('HEAD');
  const branches = [...refs]
    .filter(([ref, sha]) => ref.startsWith('refs/heads/') && sha === head)
    .map(([ref]) => ref.slice('refs/heads/'.length));
  return branches.find((branch) => branch === 'main' || branch === 'master') ?? branches[0];
}
