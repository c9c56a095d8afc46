// A check run: found by name, commit and external id, made once, and changed only when it says something else.
import type { CheckAnnotation, CheckContent } from '../markdown/check-content.ts';
import type { CheckMemory, PullMemory } from './pull-memory.ts';
import type { ShownDiff } from '../markdown/record.ts';
import type { RepositoryClient } from '../client/installations.ts';
import { checks } from '../../model/annotations.ts';
import { hashOf } from '../../base/canonical.ts';
import { effectsIn } from '../markdown/record.ts';
import { paginating } from '../client/api.ts';

export interface CheckContext {
  client: RepositoryClient;
  externalId: string;
  appId: number;
  memory: PullMemory;
  /** Our page with all that the pull request showed. */
  detailsUrl: string;
  signal: AbortSignal;
}

/** As GitHub has it; what of it is read here. */
interface Run {
  id: number | bigint;
  status: string;
  conclusion: string | null;
  completed_at: string | null;
  html_url: string | null;
  external_id: string | null;
  output: { title: string | null; summary: string | null; text: string | null; annotations_count: number };
}

/** Of that commit and pull request, the newest first; GitHub keeps a thousand. */
export async function runsOf(
  context: Pick<CheckContext, 'client' | 'externalId' | 'appId' | 'signal'>,
  { name, sha }: Pick<CheckContent, 'name' | 'sha'>,
): Promise<Run[]> {
  const { client, externalId, appId, signal } = context;
  const { owner, repo, octokit } = client;
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    owner,
    repo,
    ref: sha,
    check_name: name,
    app_id: appId,
    filter: 'all',
    per_page: 100,
    request: { signal },
  });
  return data.check_runs.filter((run) => run.external_id === externalId).sort((a, b) => Number(b.id) - Number(a.id));
}

/** What the check of the head says of the diff, once there was one; read once. */
export async function shownDiff(context: CheckContext, head: string): Promise<ShownDiff | undefined> {
  const { memory, detailsUrl: versions } = context;
  if (memory.shown?.head === head) return memory.shown;
  const [run] = await runsOf(context, { name: checks.diff, sha: head });
  memory.shown = { head, text: run?.output.text ?? '', url: run?.html_url ?? '', versions };
  return memory.shown;
}

async function find(
  context: CheckContext,
  check: Pick<CheckContent, 'name' | 'sha'>,
): Promise<CheckMemory | undefined> {
  const runs = await runsOf(context, check);
  const [newest] = runs;
  if (!newest) return undefined;
  const { title, summary, text, annotations_count: count } = newest.output;
  return {
    id: Number(newest.id),
    hash: said({
      conclusion: newest.conclusion ?? undefined,
      title: title ?? '',
      summary: summary ?? '',
      text: text ?? '',
    }),
    finished: newest.status === 'completed',
    effects: effectsText(text),
    runs: runs.length,
    annotations: count > 0 ? await annotationsOf(context, Number(newest.id)) : new Set(),
  };
}

async function annotationsOf({ client, signal }: CheckContext, id: number): Promise<Set<string>> {
  const { owner, repo, octokit } = client;
  const all = await paginating(octokit, signal)('GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations', {
    owner,
    repo,
    check_run_id: id,
    per_page: 100,
  });
  return new Set(
    all.map((each) => annotationKey({ path: each.path, start_line: each.start_line, message: each.message ?? '' })),
  );
}

function annotationKey({
  path,
  start_line: line,
  message,
}: Pick<CheckAnnotation, 'path' | 'start_line' | 'message'>): string {
  return hashOf([path, line, message]);
}

/** What can be read back from GitHub; buttons and annotations follow from it. */
function said(content: { conclusion: string | undefined; title: string; summary: string; text?: string }): string {
  return hashOf([content.conclusion ?? '', content.title, content.summary, content.text ?? '']);
}

function effectsText(text: string | null | undefined): string {
  return effectsIn(text ?? '')
    .map(({ name, digest }) => `${name} ${digest}`)
    .join('\n');
}

/** GitHub tells a hundred runs at once, and the newest must be among them. */
const mostRuns = 50;

/** Another effect of the same commit is another version: what was shown before stays in a run of its own. */
function isKept({ effects, runs }: CheckMemory, { name, text }: CheckContent): boolean {
  return name === checks.diff && effects !== '' && effects !== effectsText(text) && runs < mostRuns;
}

/** GitHub queued it again for whoever asked, and would show it so for good. */
async function endAgain({ client, signal }: CheckContext, id: number): Promise<void> {
  const { owner, repo, octokit } = client;
  await octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
    ...{ owner, repo, check_run_id: id, status: 'completed', conclusion: 'neutral' },
    request: { signal },
  });
}

/** A check is one of its name for each commit. */
export function checkKey({ name, sha }: { name: string; sha: string }): string {
  return `${name} ${sha}`;
}

/** Has this check of that commit a result? */
export async function isFinished(context: CheckContext, check: { name: string; sha: string }): Promise<boolean> {
  const { memory } = context;
  const key = checkKey(check);
  const known = memory.checks.get(key) ?? (await find(context, check));
  if (known) memory.checks.set(key, known);
  return known?.finished === true && !memory.rerequested.has(key);
}

/** A failure forgets the run: the next pass looks again. */
export async function writeCheck(context: CheckContext, content: CheckContent): Promise<void> {
  const { client, memory, externalId, detailsUrl, signal } = context;
  const { owner, repo, octokit } = client;
  const key = checkKey(content);
  const hash = said(content);
  const newest = memory.checks.get(key) ?? (await find(context, content));
  if (newest) memory.checks.set(key, newest);
  if (newest?.hash === hash && !memory.rerequested.has(key)) return;
  memory.checks.delete(key);
  const known = newest && isKept(newest, content) ? undefined : newest;
  if (newest && !known && memory.rerequested.has(key)) await endAgain(context, newest.id);
  // GitHub adds what is sent to the annotations that the run has.
  const annotations = (content.annotations ?? [])
    .slice(0, 50)
    .filter((each) => !known?.annotations.has(annotationKey(each)));
  const output = {
    title: content.title,
    summary: content.summary,
    ...(content.text && { text: content.text }),
    ...(annotations.length > 0 && { annotations }),
  };
  const state = content.conclusion
    ? { status: 'completed' as const, conclusion: content.conclusion }
    : { status: 'in_progress' as const };
  const common = {
    owner,
    repo,
    name: content.name,
    external_id: externalId,
    details_url: detailsUrl,
    ...state,
    output,
    actions: content.actions ?? [],
    request: { signal },
  };
  const id = known
    ? known.id
    : Number(
        (await octokit.request('POST /repos/{owner}/{repo}/check-runs', { ...common, head_sha: content.sha })).data.id,
      );
  if (known)
    await octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', { ...common, check_run_id: id });
  memory.checks.set(key, {
    id,
    hash,
    finished: content.conclusion !== undefined,
    effects: effectsText(content.text),
    runs: (newest?.runs ?? 0) + (known ? 0 : 1),
    annotations: new Set([...(known?.annotations ?? []), ...annotations.map(annotationKey)]),
  });
  memory.rerequested.delete(key);
}
