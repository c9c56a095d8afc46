// `/cox revert`: the pull request that takes an application's last deploy back, made without a checkout (design §4i).
import type { Answer, ChatopsOptions } from './ports.ts';
import type { Application } from '../model/application.ts';
import type { Request } from '../model/coxswain.ts';
import type { Repository } from '../git/repository.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';

const refused = (text: string): Answer => ({ ok: false, text });

/** The last two revisions that were synced, oldest first. */
function lastTwo(app: Application): [string, string] | undefined {
  const revisions = (app.status?.history ?? []).map((entry) => entry.revision ?? '').filter((revision) => revision !== '');
  const [before, now] = [revisions.at(-2), revisions.at(-1)];
  return before && now ? [before, now] : undefined;
}

function bodyOf(request: Request, app: Application, commit: { sha: string; subject: string }): string {
  const { actor } = request.spec;
  const where = actor.via === 'slack' ? 'from Slack' : actor.via === 'cli' ? 'from the command line' : 'from a pull request';
  return [
    `Takes back the last deploy of **${app.metadata.name}**: reverts ${commit.sha}.`,
    '',
    `Asked for by @\u200b${actor.login} ${where}. Merging it syncs the affected applications the usual way, approvals included.`,
  ].join('\n');
}

async function makeRevert(request: Request, task: { app: Application; repository: Repository; commit: string; branch: string; inputs: string[] }): Promise<{ sha: string; subject: string } | Answer> {
  const { repository, commit, branch, inputs } = task;
  const name = request.spec.actor.login;
  const found = await repository.commit(commit);
  const subject = found.message.split('\n')[0] ?? '';
  const made = await repository.revert({
    commit,
    base: await repository.resolve(branch),
    author: { name, email: `${request.spec.actor.id}+${name}@users.noreply.github.com`, at: Date.parse(request.spec.createdAt) },
    // The whole commit is taken back unless other applications changed in it too and only this one failed (`--only`).
    ...(request.spec.args['only'] === 'true' && { paths: inputs }),
    trailers: [['Requested-by', name], ['Coxswain-Application', applicationKey(task.app)]],
  });
  if ('empty' in made) return refused(`${task.app.metadata.name}: that change is not on ${branch} any more; nothing is left to take back`);
  if ('conflicts' in made) return refused(`${task.app.metadata.name}: ${commit.slice(0, 7)} cannot be reverted alone, later commits changed the same lines: ${made.conflicts.join(', ')}`);
  return { sha: made.commit, subject };
}

/** Finds the newest commit between the last two syncs that touched the application, and proposes its revert. Doing it twice finds the first. */
export async function openRevert(options: ChatopsOptions, request: Request, app: Application): Promise<Answer> {
  const source = sourcesOf(app.spec)[0];
  const place = source && options.forge?.repositoryOf(source.repoURL);
  if (!source || !place || !options.forge) return refused(`${app.metadata.name}: its repository is not one where the GitHub App is installed`);
  const revisions = lastTwo(app);
  if (!revisions) return refused(`${app.metadata.name}: there is no earlier deploy to go back to`);
  const repository = options.git.repository(source.repoURL);
  await repository.fetch();
  const inputs = await options.inputsOf(app, revisions[1]);
  const commit = await repository.newestChange(revisions[0], revisions[1], inputs);
  if (!commit) return refused(`${app.metadata.name}: nothing of it changed between its last two deploys`);
  const branch = await baseBranch(repository, source.targetRevision);
  const made = await makeRevert(request, { app, repository, commit, branch, inputs });
  if (!('sha' in made)) return made;
  const head = `coxswain/revert-${commit.slice(0, 12)}${request.spec.args['only'] === 'true' ? `-${app.metadata.name}` : ''}`;
  await repository.push(`refs/heads/${head}`, made.sha, { createOnly: true });
  const pull = await options.forge.openPull({
    ...place,
    base: branch,
    head,
    title: `Revert "${made.subject}"`,
    body: bodyOf(request, app, { sha: commit, subject: made.subject }),
  });
  const text = `${app.metadata.name}: pull request #${pull.number} takes back ${commit.slice(0, 7)} "${made.subject}"`;
  return { ok: true, text, result: { pull: pull.url } };
}

/** The branch that the application follows; HEAD means the remote's default. */
async function baseBranch(repository: Repository, targetRevision: string | undefined): Promise<string> {
  if (targetRevision && targetRevision !== 'HEAD') return targetRevision;
  const refs = await repository.refs();
  const head = refs.get('HEAD');
  const branches = [...refs].filter(([name, sha]) => name.startsWith('refs/heads/') && sha === head).map(([name]) => name.slice('refs/heads/'.length));
  return branches.find((name) => name === 'main' || name === 'master') ?? branches[0] ?? 'main';
}
