// Buttons of our checks: a click becomes a Request before GitHub gets its answer, since nothing else remembers it.
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import type { PullRef, Request } from '../../model/coxswain.ts';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../../base/clock.ts';
import { hashOf } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';

type Click = EmitterWebhookEvent<'check_run.requested_action'>['payload'];

/** `owner/repo#7` of our external ids. */
export function parsePullKey(key: string): PullRef | undefined {
  const match = /^([^/#\s]+)\/([^/#\s]+)#(\d+)$/.exec(key);
  return match?.[1] && match[2] ? { owner: match[1], repo: match[2], number: Number(match[3]) } : undefined;
}

/**
 * Answers whether the click was a decision; a Refresh is the caller's. Who may decide is asked when it is carried out.
 */
export async function takeClick(
  { store, clock }: { store: Store; clock: Clock },
  { id, payload: { requested_action: action, sender } }: { id: string; payload: Click },
  pull: PullRef,
): Promise<boolean> {
  const [, verb, prefix] = /^(approve|reject)-([0-9a-f]{6,12})$/.exec(action?.identifier ?? '') ?? [];
  if ((verb !== 'approve' && verb !== 'reject') || !prefix) return false;
  const approval = store.approvals.list().find((each) => each.spec.digest.startsWith(prefix));
  if (!approval || sender.type !== 'User') return true;
  const login = sender.login.toLowerCase();
  const name = approval.spec.application.split('/').at(-1) ?? '';
  const request: Request = {
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'Request',
    metadata: { name: `click-${hashOf(id).slice(0, 24)}`, namespace: store.namespace },
    spec: {
      verb,
      application: approval.spec.application,
      shown: true,
      pull,
      args: { text: `${verb} ${name}` },
      digest: approval.spec.digest,
      // GitHub shows the buttons of a check to those alone who may write.
      actor: { login, id: sender.id, via: 'pull-request', known: true },
      origin: { kind: 'web' },
      createdAt: rfc3339(clock.now()),
    },
  };
  await store.requests.create(request);
  return true;
}
