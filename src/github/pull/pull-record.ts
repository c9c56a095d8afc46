// Everything that a pull request showed, by head and effect: read from the checks of its commits, where it is kept.
import type { Clock } from '../../base/clock.ts';
import type { PullRef } from '../../model/coxswain.ts';
import type { GitHubClient } from '../client/client.ts';
import type { RepositoryClient } from '../client/installations.ts';
import type { Sparing } from '../client/sparing.ts';
import type { ShownEffect } from '../markdown/record.ts';
import type { ReadPull } from './read-pull.ts';
import { AppError } from '../../base/errors.ts';
import { inParallel } from '../../base/semaphore.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import { pullKey, pullUrl } from '../../change/pull.ts';
import { checks } from '../../model/annotations.ts';
import { isGitHub, paginating } from '../client/api.ts';
import { pushesTo } from '../client/pushes.ts';
import { sparing } from '../client/sparing.ts';
import { effectsIn } from '../markdown/record.ts';
import { runsOf } from '../publish/check-run.ts';
import { readPull } from './read-pull.ts';

interface ShownVersion {
  /** The commit that was looked at. */
  head: string;
  /** RFC 3339; '' while it is being looked at. */
  at: string;
  /** One sentence. */
  title: string;
  /** Markdown of ours, masked: every diff. */
  text: string;
  effects: ShownEffect[];
  /** Page of the check. */
  url: string;
}

interface PullRecord {
  /** Page of the pull request. */
  url: string;
  state: ReadPull['state'];
  /** Newest first. */
  versions: ShownVersion[];
  /** So many commits were heads before those that were asked about. */
  older: number;
}

/** Of one repository: with what, and as which App. */
interface Asking {
  client: RepositoryClient;
  appId: number;
}

const mostHeads = 30;

/** Newest first: the head, what was pushed before, and where GitHub has no record of pushes its commits. */
async function headsOf(at: RepositoryClient, { pull }: ReadPull): Promise<string[]> {
  const { pushes, whole } = await pushesTo(at, `refs/heads/${pull.head.ref}`);
  const pushed = pull.fork ? [] : pushes.flatMap(({ after, before }) => [after, before]);
  const commits =
    pushed.length > 0 && whole
      ? []
      : (
          await paginating(at.octokit)('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', {
            owner: pull.owner,
            repo: pull.repo,
            pull_number: pull.number,
            per_page: 100,
          })
        ).map(({ sha }) => sha);
  return [...new Set([pull.head.sha, ...pushed, ...commits.toReversed()])].filter((sha) => !/^0+$/.test(sha));
}

/** Equal effects are one version; the newest of them tells it. */
async function versionsOf(from: Asking, { pull }: ReadPull, head: string): Promise<ShownVersion[]> {
  const context = { ...from, externalId: pullKey(pull), signal: AbortSignal.timeout(20_000) };
  const runs = await runsOf(context, { name: checks.diff, sha: head }).catch((error: unknown) => {
    if (isGitHub(error, 422)) return []; // GitHub has forgotten the commit
    throw error;
  });
  const versions = runs.map(({ output, completed_at: at, html_url: url }) => ({
    head,
    at: at ?? '',
    title: output.title ?? '',
    text: output.text ?? '',
    effects: effectsIn(output.text ?? ''),
    url: url ?? '',
  }));
  const same = ({ text, effects }: ShownVersion): string => (effects.length > 0 ? JSON.stringify(effects) : text);
  return versions.filter((each, index) => versions.findIndex((other) => same(other) === same(each)) === index);
}

async function recordOf(from: Asking, number: number, room: Sparing['room']): Promise<PullRecord | undefined> {
  const read = await readPull(from.client, number).catch((error: unknown) => {
    if (isGitHub(error, 404)) return undefined;
    throw error;
  });
  if (!read) return undefined;
  const heads = await headsOf(from.client, read);
  const asked = heads.slice(0, mostHeads);
  room(asked.length);
  const versions = await inParallel(asked, 4, (head) => versionsOf(from, read, head));
  return {
    url: pullUrl(read.pull),
    state: read.state,
    versions: versions.flat(),
    older: heads.length - asked.length,
  };
}

const knownMs = 30_000;

/**
 * Nobody is asked who they are, so GitHub is asked sparingly. undefined: there is no such pull request where the App is
 * installed. Throws E_GITHUB while GitHub does not answer, or the share of such pages is used up.
 */
export function pullRecords(client: GitHubClient, clock: Clock): (ref: PullRef) => Promise<PullRecord | undefined> {
  const known = new TtlCache<PullRecord | undefined>({ clock, forMs: knownMs, keeps: () => true, limit: 50 });
  const spare = sparing(clock);
  return async (ref) => {
    const { installations, appId } = client;
    // Reading the list would be a request that nobody counts; the sweep reads it, again and again until it has it.
    if (!installations.loaded)
      throw new AppError('E_GITHUB', 'it is not known yet where the GitHub App is installed', {
        kind: 'waiting',
        hint: 'Open the page again in a minute. /installation says what GitHub answers.',
      });
    const found = installations.named(ref.owner, ref.repo);
    if (!found) return undefined;
    const { octokit, room } = spare(found);
    const from = { client: { owner: found.owner, repo: found.repo, octokit }, appId };
    return known.get(pullKey(ref).toLowerCase(), () => recordOf(from, ref.number, room));
  };
}
