// Everything that a pull request showed, by head and effect: read from the checks of its commits, where it is kept.
import type { Clock } from '../../base/clock.ts';
import type { PullRef } from '../../model/coxswain.ts';
import type { GitHubClient } from '../client/client.ts';
import type { ShownEffect } from '../markdown/record.ts';
import type { ReadPull } from './read-pull.ts';
import { AppError } from '../../base/errors.ts';
import { inParallel } from '../../base/semaphore.ts';
import { TtlCache } from '../../base/ttl-cache.ts';
import { pullKey, pullUrl } from '../../change/pull.ts';
import { checks } from '../../model/annotations.ts';
import { isGitHub, paginating } from '../client/api.ts';
import { pushesTo } from '../client/pushes.ts';
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

const mostHeads = 30;

/** Newest first: the head, what was pushed before, and where GitHub has no record of pushes its commits. */
async function headsOf(client: GitHubClient['installations'], { pull }: ReadPull): Promise<string[]> {
  const at = client.client(pull.owner, pull.repo);
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
async function versionsOf(client: GitHubClient, { pull }: ReadPull, head: string): Promise<ShownVersion[]> {
  const context = {
    client: client.installations.client(pull.owner, pull.repo),
    externalId: pullKey(pull),
    appId: client.appId,
    signal: AbortSignal.timeout(20_000),
  };
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

async function recordOf(client: GitHubClient, ref: PullRef): Promise<PullRecord | undefined> {
  await client.ready();
  if (!client.installations.named(ref.owner, ref.repo)) return undefined;
  const read = await readPull(client.installations.client(ref.owner, ref.repo), ref.number).catch((error: unknown) => {
    if (isGitHub(error, 404)) return undefined;
    throw error;
  });
  if (!read) return undefined;
  const heads = await headsOf(client.installations, read);
  const asked = heads.slice(0, mostHeads);
  const versions = await inParallel(asked, 4, (head) => versionsOf(client, read, head));
  return {
    url: pullUrl(read.pull),
    state: read.state,
    versions: versions.flat(),
    older: heads.length - asked.length,
  };
}

const knownMs = 30_000;
const minuteMs = 60_000;
/** Each costs up to 35 of GitHub's requests, of which the App needs the most for pull requests themselves. */
const mostInMinute = 20;

/**
 * Nobody is asked who they are, so GitHub is asked for few of them at once. undefined: there is no such pull request
 * where the App is installed. Throws E_GITHUB while GitHub does not answer, or too many were asked for.
 */
export function pullRecords(client: GitHubClient, clock: Clock): (ref: PullRef) => Promise<PullRecord | undefined> {
  const known = new TtlCache<PullRecord | undefined>({ clock, forMs: knownMs, keeps: () => true, limit: 50 });
  let asked: number[] = [];
  return (ref) =>
    known.get(pullKey(ref).toLowerCase(), async () => {
      asked = asked.filter((at) => at > clock.now() - minuteMs);
      if (asked.length >= mostInMinute)
        throw new AppError('E_GITHUB', 'too many pull requests were asked for in the last minute', {
          hint: 'Open the page again in a minute, or read the check coxswain/diff on GitHub.',
        });
      asked.push(clock.now());
      return recordOf(client, ref);
    });
}
