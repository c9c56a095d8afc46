// What each webhook means: a push to be told, a key to be looked at, a click to be stored.
import type { Clock } from '../base/clock.ts';
import type { Delivery } from './webhook/webhook.ts';
import type { Intake } from './pull/sweep.ts';
import type { PullQueue } from './pull/pull-queue.ts';
import type { Push } from './forge.ts';
import type { Store } from '../store/store.ts';
import { commentMarker } from '../model/annotations.ts';
import { pullKey } from '../change/pull.ts';
import { parsePullKey, takeClick } from './pull/check-actions.ts';
import { at, textAt } from '../model/read.ts';
import { changedPaths, idAt } from './webhook/payload.ts';

export interface DeliveryOptions {
  appId: number;
  store: Store;
  clock: Clock;
  pulls: PullQueue;
  intake: Intake;
}

export function pushOf(payload: unknown): Push {
  return {
    repoUrl: textAt(payload, 'repository', 'clone_url'),
    ref: textAt(payload, 'ref'),
    before: textAt(payload, 'before'),
    after: textAt(payload, 'after'),
    changedPaths: changedPaths(payload),
  };
}

function repositoryOf(payload: unknown): { owner: string; repo: string } {
  return { owner: textAt(payload, 'repository', 'owner', 'login'), repo: textAt(payload, 'repository', 'name') };
}

function pullRequest({ pulls }: DeliveryOptions, { payload }: Delivery): void {
  const key = pullKey({ ...repositoryOf(payload), number: idAt(payload, 'pull_request', 'number') });
  pulls.headMoved(key, textAt(payload, 'pull_request', 'head', 'sha'));
}

function issueComment({ appId, pulls, intake }: DeliveryOptions, { payload }: Delivery): void {
  if (at(payload, 'issue', 'pull_request') === undefined) return;
  const place = { ...repositoryOf(payload), number: idAt(payload, 'issue', 'number') };
  const own = idAt(payload, 'comment', 'performed_via_github_app', 'id') === appId;
  const ours = own && textAt(payload, 'comment', 'body').startsWith(commentMarker);
  const byUs = textAt(payload, 'sender', 'type') === 'Bot';
  if (ours && !byUs && textAt(payload, 'action') !== 'created') pulls.forgetComment(pullKey(place));
  if (textAt(payload, 'action') === 'created' && textAt(payload, 'comment', 'user', 'type') === 'User')
    intake.comment(place, idAt(payload, 'comment', 'id'));
}

async function checkRun(options: DeliveryOptions, delivery: Delivery): Promise<void> {
  const { payload } = delivery;
  const pull = parsePullKey(textAt(payload, 'check_run', 'external_id'));
  if (!pull || idAt(payload, 'check_run', 'app', 'id') !== options.appId) return;
  const action = textAt(payload, 'action');
  if (action === 'rerequested')
    options.pulls.rerun(pullKey(pull), {
      name: textAt(payload, 'check_run', 'name'),
      sha: textAt(payload, 'check_run', 'head_sha'),
    });
  if (action !== 'requested_action') return;
  const decided = await takeClick(options, delivery, pull);
  if (!decided) options.pulls.add(pullKey(pull));
}

/** Everything but a click only leaves a key. */
export async function takeDelivery(options: DeliveryOptions, delivery: Delivery): Promise<void> {
  switch (delivery.event) {
    case 'push': {
      const { ref } = pushOf(delivery.payload);
      if (ref.startsWith('refs/heads/'))
        options.intake.branch(repositoryOf(delivery.payload), ref.slice('refs/heads/'.length));
      return;
    }
    case 'pull_request':
      return pullRequest(options, delivery);
    case 'issue_comment':
      return issueComment(options, delivery);
    case 'check_run':
      return checkRun(options, delivery);
    case 'installation':
    case 'installation_repositories':
    case 'repository':
      return options.intake.installations();
    default:
      return;
  }
}
