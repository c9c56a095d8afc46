// `/cox hold`: the pull request that turns automated sync off in Git, because Argo CD asks no gate before it.
import type { Application } from '../model/application.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Repository } from '../git/repository.ts';
import type { Answer, ChatopsOptions } from './ports.ts';
import { boundedName } from '../base/name.ts';
import { argo } from '../model/annotations.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { trackingName } from '../render/document/tracking.ts';
import { withoutAutomated } from './automated.ts';
import { baseBranch } from './revert.ts';

interface Task {
  request: Request;
  app: Application;
  actor: Actor;
}

const refused = (text: string): Answer => ({ ok: false, text });
const mostBytes = 1_000_000;
const byHand = 'set spec.syncPolicy.automated.enabled to false where its manifest comes from';

/** The application that brings this one. */
function parentOf({ store }: ChatopsOptions, app: Application): Application | undefined {
  const [name = ''] = app.metadata.annotations?.[argo.trackingId]?.split(':') ?? [];
  const found = store.applications.list().find((other) => trackingName(other, store.namespace) === name);
  return found === app ? undefined : found;
}

interface Found {
  path: string;
  /** Of the file as it is. */
  id: string;
  text: string;
  line: number;
}

/** Where Git has it as a manifest that can be edited: one file alone. */
async function manifestIn(
  { repository, head, inputs }: { repository: Repository; head: string; inputs: string[] },
  { metadata }: Application,
): Promise<Found | 'off' | undefined> {
  const found: (Found | 'off')[] = [];
  const files = new Map<string, string>();
  for (const input of inputs) for (const { path, id } of await repository.files(head, input)) files.set(path, id);
  for (const [path, id] of files) {
    if (!/\.ya?ml$/.test(path)) continue;
    const data = await repository.read(head, path);
    if (data.length > mostBytes || !data.includes(metadata.name)) continue;
    const turned = withoutAutomated(data.toString('utf8'), metadata);
    if (turned === 'off') found.push(turned);
    else if (turned !== undefined && turned !== 'none') found.push({ path, id, ...turned });
  }
  return found.length === 1 ? found[0] : undefined;
}

function bodyOf({ app, actor }: Task, { path, line }: Found): string {
  const where = actor.via === 'slack' ? 'in Slack' : actor.via === 'cli' ? 'on the command line' : 'in a pull request';
  return [
    `Turns automated sync of **${app.metadata.name}** off (${path}:${line}): Argo CD syncs by itself what nobody has ` +
      'approved. From then on what is approved is synced, at once and nothing else.',
    '',
    `Asked for by \`${actor.login}\` ${where}.`,
  ].join('\n');
}

interface Place {
  repository: Repository;
  /** The commit of the branch now. */
  head: string;
}

/** The branch on the remote: the one that is there, or a new one; its author and date are the Request's. */
async function bringBranch({ request, app, actor }: Task, { repository, head }: Place, found: Found): Promise<string> {
  const branch = `coxswain/hold-${found.id.slice(0, 12)}-${boundedName(app.metadata.name, 200)}`;
  const ref = `refs/heads/${branch}`;
  if (await repository.remoteRef(ref)) return branch;
  const author = {
    name: actor.login,
    email: `${actor.id}+${actor.login}@users.noreply.github.com`,
    at: Date.parse(request.spec.createdAt),
  };
  const trailers = `Requested-by: ${actor.login}\nCoxswain-Application: ${applicationKey(app)}\n`;
  const commit = await repository.commitTree({
    tree: await repository.treeWith(head, new Map([[found.path, found.text]])),
    parents: [head],
    message: `${titleOf(app)}\n\n${trailers}`,
    author,
  });
  await repository.push(ref, commit, { createOnly: true });
  return branch;
}

function titleOf({ metadata }: Application): string {
  return `Turn automated sync of ${metadata.name} off`;
}

/** Doing it twice finds the first, while the file is as it was. */
export async function openHold(options: ChatopsOptions, task: Task): Promise<Answer> {
  const { app } = task;
  const { name } = app.metadata;
  if (!isAutomated(app.spec)) return refused(`${name}: automated sync is off`);
  const parent = parentOf(options, app);
  const source = parent && sourcesOf(parent.spec)[0];
  if (!source) return refused(`${name}: no application of here brings it; ${byHand}`);
  const place = options.forge?.repositoryOf(source.repoURL);
  if (!place || !options.forge)
    return refused(`${name}: the repository of ${parent.metadata.name} is not one where the GitHub App is installed`);
  const repository = options.git.repository(source.repoURL);
  await repository.fetch();
  const base = await baseBranch(repository, source.targetRevision);
  if (base === undefined)
    return refused(`${name}: ${parent.metadata.name} follows ${source.targetRevision ?? 'HEAD'}, which is no branch`);
  const head = await repository.resolve(`refs/heads/${base}`);
  const inputs = await options.inputsOf(parent, head);
  const found = await manifestIn({ repository, head, inputs }, app);
  if (found === 'off') return refused(`${name}: it is off in Git; ${parent.metadata.name} brings that with its sync`);
  if (!found)
    return refused(`${name}: Git has no single manifest of it in what ${parent.metadata.name} reads; ${byHand}`);
  const branch = await bringBranch(task, { repository, head }, found);
  const body = bodyOf(task, found);
  const pull = await options.forge.openPull({ ...place, base, head: branch, title: titleOf(app).slice(0, 250), body });
  return {
    ok: true,
    text: `${name}: pull request #${pull.number} turns automated sync off`,
    result: { pull: pull.url },
  };
}
