// `/cox hold`: the pull request that turns automated sync off in Git, because Argo CD asks no gate before it.
import type { Application, ApplicationSource } from '../model/application.ts';
import type { Actor, Request } from '../model/coxswain.ts';
import type { Repository } from '../git/repository.ts';
import type { Answer, ChatopsOptions } from './ports.ts';
import { boundedName } from '../base/name.ts';
import { applicationKey, isAutomated, sourcesOf } from '../model/application.ts';
import { argoGroup } from '../model/argo-kinds.ts';
import { trackedBy } from '../model/tracking.ts';
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

/** The application that brings this one, by whichever way it is tracked. */
function parentOf({ store }: ChatopsOptions, { metadata }: Application): Application | undefined {
  const { namespace, name } = metadata;
  const key = { group: argoGroup, kind: 'Application', namespace, name };
  const tracking = trackedBy(metadata, key, store.settings().comparison.tracking);
  const found = store.applications.list().find((other) => trackingName(other, store.namespace) === tracking);
  return found && applicationKey(found) === applicationKey({ metadata }) ? undefined : found;
}

interface Found {
  path: string;
  /** Of the file as it is. */
  id: string;
  text: string;
  line: number;
}

/** A branch that a source of the parent follows, and what is read there. */
interface Place {
  repository: Repository;
  owner: string;
  repo: string;
  base: string;
  /** The commit of the branch now. */
  head: string;
  inputs: string[];
}

/** Where it can be edited as a manifest; `off`: it is turned off there. */
async function manifestsIn({ repository, head, inputs }: Place, { metadata }: Application): Promise<(Found | 'off')[]> {
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
  return found;
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

type Branch = Omit<Place, 'inputs'>;

/** The branch that a source follows; otherwise why nothing can be edited there. */
async function branchOf(
  { forge, git }: ChatopsOptions,
  { repoURL, targetRevision, chart }: ApplicationSource,
): Promise<Branch | string> {
  const at = chart === undefined ? forge?.repositoryOf(repoURL) : undefined;
  if (!at) return 'is read from no repository where the GitHub App is installed';
  const repository = git.repository(repoURL);
  await repository.fetch();
  const base = await baseBranch(repository, targetRevision);
  if (base === undefined) return `follows ${targetRevision ?? 'HEAD'}, which is no branch`;
  return { ...at, repository, base, head: await repository.resolve(`refs/heads/${base}`) };
}

/** What the parent reads, each branch once; otherwise why that cannot be edited. */
async function placesOf(options: ChatopsOptions, parent: Application): Promise<Place[] | string> {
  const branches: (Branch | string)[] = [];
  for (const source of sourcesOf(parent.spec)) branches.push(await branchOf(options, source));
  const known = branches.filter((each) => typeof each !== 'string');
  if (known.length === 0) return [...new Set(branches)].join(', and ') || 'has no source';
  const heads = branches.map((each) => (typeof each === 'string' ? undefined : each.head));
  const inputs = await options.inputsOf(parent, heads);
  const places = new Map<string, Place>();
  for (const [at, branch] of branches.entries()) {
    if (typeof branch === 'string') continue;
    const id = [branch.owner, branch.repo, branch.base].join(' ');
    places.set(id, { ...branch, inputs: [...(places.get(id)?.inputs ?? []), ...(inputs[at] ?? [])] });
  }
  return [...places.values()];
}

/** Doing it twice finds the first, while the file is as it was. */
export async function openHold(options: ChatopsOptions, task: Task): Promise<Answer> {
  const { app } = task;
  const { name } = app.metadata;
  if (!isAutomated(app.spec)) return refused(`${name}: automated sync is off`);
  const parent = parentOf(options, app);
  if (!parent) return refused(`${name}: no application of here brings it; ${byHand}`);
  const { forge } = options;
  if (!forge) return refused(`${name}: no GitHub App is set up here; ${byHand}`);
  const places = await placesOf(options, parent);
  if (typeof places === 'string') return refused(`${name}: ${parent.metadata.name} ${places}; ${byHand}`);
  const found: { place: Place; manifest: Found | 'off' }[] = [];
  for (const place of places) for (const manifest of await manifestsIn(place, app)) found.push({ place, manifest });
  const [only, ...more] = found;
  if (!only || more.length > 0)
    return refused(`${name}: Git has no single manifest of it in what ${parent.metadata.name} reads; ${byHand}`);
  const { place, manifest } = only;
  if (manifest === 'off')
    return refused(`${name}: it is off in Git; ${parent.metadata.name} brings that with its sync`);
  const { owner, repo, base } = place;
  const head = await bringBranch(task, place, manifest);
  const title = titleOf(app).slice(0, 250);
  const pull = await forge.openPull({ owner, repo, base, head, title, body: bodyOf(task, manifest) });
  return {
    ok: true,
    text: `${name}: pull request #${pull.number} turns automated sync off`,
    result: { pull: pull.url },
  };
}
