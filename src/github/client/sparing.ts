// GitHub's requests for those whom nobody asks who they are: a small part of what an installation may ask in an hour.
import type { Octokit } from '@octokit/core';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { Budget } from './rate-limiter.ts';

/** Requests of one installation. GitHub permits it at least 5,000 in an hour ("Rate limits for the REST API"). */
const limits = [
  { ms: 60_000, points: 100 },
  { ms: 3_600_000, points: 500 },
];
/** So much of the hour stays for pull requests, checks and approvals, whoever used up the rest. */
const kept = 0.2;

export interface Sparing {
  octokit: Octokit;
  /** Throws E_GITHUB now where so many requests would not be permitted; spends nothing. */
  room(requests: number): void;
}

function used(waitMs: number): AppError {
  const minutes = Math.ceil(waitMs / 60_000);
  return new AppError('E_GITHUB', "pages have used up their share of GitHub's requests", {
    kind: 'waiting',
    hint:
      `Open this one again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}; ` +
      'until then the checks coxswain/diff on GitHub have the same.',
  });
}

/** Seconds since the epoch, where GitHub tells that its hour is nearly used up; an Enterprise Server may have none. */
function scarceUntil(headers: Record<string, string | number | undefined>): number | undefined {
  const told = (name: string): number => Number(headers[`x-ratelimit-${name}`] ?? NaN);
  const reset = told('reset');
  return told('remaining') < told('limit') * kept && Number.isFinite(reset) ? reset : undefined;
}

/**
 * Each request that is sent counts, and never waits for GitHub's limits: then it throws E_GITHUB, and so it does where
 * the share is used up, with when it can be had again.
 */
export function sparing(clock: Clock): (at: { octokit: Octokit; installation: number }) => Sparing {
  const budgets = new Map<number, Budget>();
  return ({ octokit, installation }) => {
    const budget = budgets.get(installation) ?? new Budget({ clock, limits });
    budgets.set(installation, budget);
    const room = (requests: number): void => {
      const wait = budget.freeIn(requests);
      if (wait > 0) throw used(wait);
    };
    const hook: Parameters<typeof octokit.hook.wrap<'request'>>[1] = async (send, asked) => {
      room(1);
      budget.spend(1);
      const answer = await octokit.hook('request', send, asked);
      const scarce = scarceUntil(answer.headers);
      if (scarce !== undefined) budget.closeUntil(scarce * 1000);
      return answer;
    };
    const request = octokit.request.defaults({ request: { hook, atOnce: true } });
    return { octokit: Object.assign(Object.create(octokit) as Octokit, { request }), room };
  };
}
