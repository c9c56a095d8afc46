// Pull requests and repositories come and go.
import type { Installations } from '../../src/github/client/installations.ts';
import type { Host } from '../../src/github/client/probot.ts';
import type { Store } from '../../src/store/store.ts';
import type { Change } from '../../src/change/change.ts';
import type { Round } from './round.ts';
import { Octokit } from '@octokit/core';
import { SteppedClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { PullQueue } from '../../src/github/pull/pull-queue.ts';
import { Intake } from '../../src/github/pull/sweep.ts';
import { PullIndex } from '../../src/github/pull/pull-index.ts';
import { pad, turnsUntil } from './round.ts';

export function shown(): Round {
  const index = new PullIndex();
  return (number) => {
    index.set(`acme/infra#${number}`, [`ns/app-${number}-${pad}`]);
    index.set(`acme/infra#${number}`, []);
  };
}

/** GitHub with the pull requests of one repository, all of them closed without a merge. */
function octokitOf(listed: () => { number: number; updated_at: string }[]): Octokit {
  const repo = { full_name: 'acme/infra', clone_url: 'https://github.example/acme/infra.git', default_branch: 'main' };
  const side = { ref: 'main', sha: 'a'.repeat(40), repo };
  const answer = ({ pathname, searchParams }: URL): unknown => {
    if (/\/pulls\/\d+$/.test(pathname))
      return { number: 1, state: 'closed', merged: false, base: side, head: side, user: { login: 'eve', id: 1 } };
    if (pathname.endsWith('/check-runs')) return { total_count: 0, check_runs: [] };
    return pathname.endsWith('/pulls') && searchParams.get('state') === 'closed' ? listed() : [];
  };
  return new Octokit({ request: { fetch: (url: string) => Promise.resolve(Response.json(answer(new URL(url)))) } });
}

/** Each round another repository, which is taken out again, or another pull request, which is closed and grows old. */
export function sweeps(subject: 'pulls' | 'repositories'): () => Round {
  return () => {
    const clock = new SteppedClock(1_800_000_000_000);
    let repository: { owner: string; repo: string } | undefined;
    let pulls: { number: number; updated_at: string }[] = [];
    let look: () => void = () => undefined;
    const octokit = octokitOf(() => pulls);
    const installations = {
      loaded: true,
      load: () => Promise.resolve(),
      get repositories() {
        return repository ? [repository] : [];
      },
      named: (owner: string, repo: string) =>
        repository?.owner === owner && repository.repo === repo ? repository : undefined,
      client: (owner: string, repo: string) => ({ owner, repo, octokit }),
      at: () => undefined,
    } as unknown as Installations;
    const nothing = { list: () => [] };
    const store = { approvals: nothing, requests: nothing } as unknown as Store;
    const common = { installations, store, clock, log: silentLogger() };
    const queue = new PullQueue({
      ...common,
      appId: 1,
      change: {} as Change,
      publicUrl: 'https://cox.example',
      onCommand: () => undefined,
    });
    const intake = new Intake({
      ...common,
      api: { app: octokit } as unknown as Host,
      pulls: queue,
      every: (_name, fn) => ((look = () => void fn()), () => undefined),
    });
    queue.start();
    intake.start();
    const sweep = async (): Promise<void> => {
      clock.step(61_000); // what was to be tried again
      look();
      await turnsUntil(() => intake.idle && queue.idle);
    };
    return async (number) => {
      repository = { owner: 'acme', repo: subject === 'pulls' ? 'infra' : `infra-${number}-${pad}` };
      pulls = [{ number, updated_at: new Date(clock.now()).toISOString() }];
      await sweep();
      if (subject === 'repositories') repository = undefined;
      else pulls = [];
      await sweep();
    };
  };
}
