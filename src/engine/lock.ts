// Setting and ending the lock of an application, as a person asks for it.
import type { Application } from '../model/application.ts';
import type { Lock } from '../policy/lock.ts';
import type { Outcome, RequestDeps } from './request.ts';
import { cox } from '../model/annotations.ts';
import { applicationKey } from '../model/application.ts';
import { lockOf, lockText, lockValue } from '../policy/lock.ts';

type LockDeps = Pick<RequestDeps, 'store' | 'clock'>;

/** Over the version that was looked at: two people never lock at once. Throws a conflict, worth another try. */
async function annotate({ store }: LockDeps, app: Application, value: string | null): Promise<void> {
  const { resourceVersion } = app.metadata;
  await store.applications.patch(applicationKey(app), {
    metadata: { ...(resourceVersion && { resourceVersion }), annotations: { [cox.lock]: value } },
  });
}

/** Whoever set it sets it anew; of somebody else's it is said how it ends. */
export async function lock(deps: LockDeps, app: Application, wanted: Lock): Promise<Outcome> {
  const there = lockOf(app, deps.clock.now());
  const ends = `\`/cox unlock ${app.metadata.name}\` ends that`;
  if (there && there.by !== wanted.by) return { done: false, message: `it is ${lockText(there)}; ${ends}` };
  if (there?.request !== wanted.request) await annotate(deps, app, lockValue(wanted));
  return { done: true, message: `${lockText(wanted)}; nothing of it is synced before; ${ends}` };
}

/** Whoever may sync it may end anybody's. */
export async function unlock(deps: LockDeps, app: Application): Promise<Outcome> {
  const there = lockOf(app, deps.clock.now());
  if (!there) return { done: false, message: 'it is not locked' };
  await annotate(deps, app, null);
  return { done: true, message: `unlocked; it was ${lockText(there)}` };
}
