// Tells Argo CD of new commits, which else it finds at its own poll: only the applications whose inputs they touch.
import type { Application } from '../../model/application.ts';
import type { DesiredState } from '../application/desired.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { canonicalJson, sameJson } from '../../base/canonical.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { keyThen } from '../application/history.ts';

type RefreshDeps = Pick<ReconcileDeps, 'store' | 'memory' | 'sources'>;

/** The commits that its sources mean now; undefined when Argo CD was told of them already, or looks at it anyway. */
async function untold({ memory, sources }: RefreshDeps, app: Application): Promise<string | undefined> {
  if (app.metadata.annotations?.[argo.refresh] !== undefined || app.metadata.deletionTimestamp) return undefined;
  const heads = canonicalJson((await sources.heads(app)).map((head) => head ?? ''));
  return memory.get(applicationKey(app))?.refreshedAt === heads ? undefined : heads;
}

/** For one whose inputs the new commits surely touch. Throws when it cannot be written. */
export async function askRefresh(deps: RefreshDeps, app: Application): Promise<void> {
  const heads = await untold(deps, app);
  const known = deps.memory.get(applicationKey(app));
  if (heads === undefined || !known) return;
  known.refreshedAt = heads;
  try {
    const metadata = { annotations: { [argo.refresh]: 'normal' } };
    await deps.store.applications.patch(applicationKey(app), { metadata });
  } catch (error) {
    known.refreshedAt = undefined;
    throw error;
  }
}

/** What Argo CD's status was written from is not what Git says; of another spec it finds out by itself. */
async function isBehind(
  deps: Pick<ReconcileDeps, 'desiring'>,
  app: Application,
  desired: DesiredState,
  signal: AbortSignal,
): Promise<boolean> {
  const { comparedTo, revision, revisions } = app.status?.sync ?? {};
  if (!comparedTo || !(revision || revisions?.length)) return false;
  const { source, sources } = comparedTo;
  const from = { ...(source && { source }), ...(sources && { sources }) };
  const past = { ...from, ...(revision && { revision }), ...(revisions && { revisions }) };
  if (!sameJson(sources?.length ? sources : [source], sourcesOf(app.spec))) return false;
  return (await keyThen(deps.desiring, app, past, { desired, signal })) !== desired.key;
}

/** Makes up for a push that nobody heard of, or after which the process died: once for each head. */
export async function catchUp(
  deps: RefreshDeps & Pick<ReconcileDeps, 'desiring'>,
  app: Application,
  desired: DesiredState,
  signal: AbortSignal,
): Promise<void> {
  const heads = await untold(deps, app);
  const known = deps.memory.get(applicationKey(app));
  if (heads === undefined || !known) return;
  if (await isBehind(deps, app, desired, signal)) await askRefresh(deps, app);
  else known.refreshedAt = heads;
}
