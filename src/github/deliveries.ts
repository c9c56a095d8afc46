// The Probot app: what each webhook means. A handler leaves a key, or stores a click, which nothing else remembers.
import type { ApplicationFunction, Context } from 'probot';
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import type { Clock } from '../base/clock.ts';
import type { Intake } from './pull/sweep.ts';
import type { Logger } from '../base/log.ts';
import type { PullQueue } from './pull/pull-queue.ts';
import type { PullRef } from '../model/coxswain.ts';
import type { Store } from '../store/store.ts';
import { commentMarker } from '../model/annotations.ts';
import { pullKey } from '../change/pull.ts';
import { parsePullKey, takeClick } from './pull/check-actions.ts';

/** A push as a hint: read Git afresh. `after` is 40 zeros when the ref was deleted. */
export interface Push {
  repoUrl: string;
  ref: string;
  before: string;
  after: string;
  /** Undefined when the payload does not list them all. */
  changedPaths: string[] | undefined;
}

interface Hearing {
  appId: number;
  store: Store;
  clock: Clock;
  pulls: PullQueue;
  intake: Intake;
  onPush: (push: Push) => void;
  log: Logger;
}

type PushPayload = EmitterWebhookEvent<'push'>['payload'];
type RepositoryPayload = { name: string; owner?: { login: string } | null } | undefined;

/**
 * Paths that the commits of a push name; undefined when the payload does not hold all commits (GitHub lists 2,048 at
 * most).
 */
function changedPaths({ commits, forced, created }: PushPayload): string[] | undefined {
  if (!Array.isArray(commits) || commits.length >= 2048 || forced || created) return undefined;
  return [
    ...new Set(commits.flatMap(({ added = [], removed = [], modified = [] }) => [...added, ...removed, ...modified])),
  ];
}

/** The push as git knows it. */
export function pushOf(payload: PushPayload): Push {
  return {
    repoUrl: payload.repository.clone_url ?? '',
    ref: payload.ref,
    before: payload.before,
    after: payload.after,
    changedPaths: changedPaths(payload),
  };
}

function placeOf(repository: RepositoryPayload, number: number): PullRef {
  return { owner: repository?.owner?.login ?? '', repo: repository?.name ?? '', number };
}

function hearPush({ intake, onPush }: Hearing, { payload }: Context<'push'>): void {
  onPush(pushOf(payload));
  const branch = /^refs\/heads\/(.+)$/.exec(payload.ref)?.[1];
  if (branch !== undefined) intake.branch(placeOf(payload.repository, 0), branch);
}

function hearComment({ appId, pulls, intake }: Hearing, { payload }: Context<'issue_comment'>): void {
  const { action, comment, issue, repository, sender } = payload;
  if (!issue.pull_request) return;
  const place = placeOf(repository, issue.number);
  const ours = comment.performed_via_github_app?.id === appId && comment.body.startsWith(commentMarker);
  if (ours && sender.type !== 'Bot' && action !== 'created') pulls.forgetComment(pullKey(place));
  if (action === 'created' && comment.user?.type === 'User') intake.comment(place, comment.id);
}

async function hearCheckRun({ appId, pulls, store, clock }: Hearing, context: Context<'check_run'>): Promise<void> {
  const { id, payload } = context;
  const { check_run: run } = payload;
  const pull = parsePullKey(run.external_id ?? '');
  if (!pull || run.app?.id !== appId) return;
  if (payload.action === 'rerequested') pulls.rerun(pullKey(pull), { name: run.name, sha: run.head_sha });
  if (payload.action !== 'requested_action') return;
  const decided = await takeClick({ store, clock }, { id, payload }, pull);
  if (!decided) pulls.add(pullKey(pull));
}

/**
 * Milliseconds for which a handler may store something: after nine seconds Probot would tell GitHub that all is well.
 */
const handlerMs = 6_000;

/** What it throws is told here; GitHub sees a failed delivery, that can be sent again. */
function heard<C extends { name: string; id: string }>(
  { clock, log }: Hearing,
  hear: (context: C) => Promise<void> | void,
): (context: C) => Promise<void> {
  return async (context) => {
    const late = Promise.withResolvers<never>();
    const cancel = clock.after(handlerMs, () => late.reject(new Error(`not stored within ${handlerMs / 1000} s`)));
    try {
      await Promise.race([hear(context), late.promise]);
    } catch (error) {
      log.error({ event: context.name, delivery: context.id, err: error }, 'webhook delivery failed');
      throw error;
    } finally {
      cancel();
    }
  };
}

/** Everything but a click only leaves a key: GitHub has its answer before any work is done. */
export function app(hearing: Hearing): ApplicationFunction {
  const { pulls, intake } = hearing;
  return (probot) => {
    probot.on(
      'push',
      heard(hearing, (context: Context<'push'>) => hearPush(hearing, context)),
    );
    probot.on(
      'pull_request',
      heard(hearing, ({ payload: { pull_request: pull, repository } }: Context<'pull_request'>) =>
        pulls.headMoved(pullKey(placeOf(repository, pull.number)), pull.head.sha),
      ),
    );
    probot.on(
      'issue_comment',
      heard(hearing, (context: Context<'issue_comment'>) => hearComment(hearing, context)),
    );
    probot.on(
      'check_run',
      heard(hearing, (context: Context<'check_run'>) => hearCheckRun(hearing, context)),
    );
    probot.on(
      ['installation', 'installation_repositories', 'repository'],
      heard(hearing, () => intake.installations()),
    );
  };
}
