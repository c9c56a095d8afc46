// Tells Argo CD of new commits, which else it finds at its own poll: only the applications whose inputs they touch.
import type { Application } from '../../model/application.ts';
import type { DesiredState } from '../application/desired.ts';
import type { Known, Telling } from '../application/memory.ts';
import type { ReconcileDeps } from '../application/pass.ts';
import { canonicalJson, sameJson } from '../../base/canonical.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { specConditions } from '../../policy/project.ts';
import { keyThen } from '../application/history.ts';
import { projectOf } from '../application/ownership.ts';

type RefreshDeps = Pick<ReconcileDeps, 'store' | 'memory' | 'sources' | 'clock'>;
type CatchUpDeps = RefreshDeps & Pick<ReconcileDeps, 'desiring' | 'enqueue' | 'targetOf'>;

/**
 * Not at once after a status of Argo CD: it writes its own answer over its copy of the application, and what is told in
 * that moment stands there and is never seen (Argo CD: controller/appcontroller.go writeBackToInformer).
 */
const breathMs = 1_000;
/** So long it is given to take what it was told; doubled each time. */
const patienceMs = 10_000;
/** Together about as long as its own poll takes. */
const mostTimes = 4;

const value = 'normal';

function annotationOf({ metadata }: Application): string | undefined {
  return metadata.annotations?.[argo.refresh];
}

/** The commits that its sources mean now, as text. */
async function headsOf({ sources }: RefreshDeps, app: Application): Promise<string> {
  return canonicalJson((await sources.heads(app)).map((head) => head ?? ''));
}

/** Writes it; where it stands already, it is taken away first, or nothing would change that Argo CD could see. */
async function tell({ store, clock }: RefreshDeps, app: Application, known: Known, heads: string): Promise<void> {
  const before = known.telling;
  const times = (before?.heads === heads ? before.times : 0) + 1;
  known.telling = { heads, times, due: clock.now() + patienceMs * 2 ** (times - 1), standing: true };
  const write = (text: string | null): Promise<unknown> =>
    store.applications.patch(applicationKey(app), { metadata: { annotations: { [argo.refresh]: text } } });
  try {
    if (annotationOf(app) !== undefined) await write(null);
    await write(value);
  } catch (error) {
    known.telling = before;
    throw error;
  }
}

/** For one whose inputs the new commits surely touch. Throws when it cannot be written. */
export async function askRefresh(deps: RefreshDeps, app: Application): Promise<void> {
  const known = deps.memory.get(applicationKey(app));
  if (!known || app.metadata.deletionTimestamp || annotationOf(app) !== undefined) return;
  const heads = await headsOf(deps, app);
  const { telling } = known;
  if (telling?.heads !== heads || (telling.times === 0 && telling.due !== Infinity))
    await tell(deps, app, known, heads);
}

/** What Argo CD's status was written from; undefined where it says so itself that it must look anew. */
function comparedByArgo({ spec, status }: Application): Parameters<typeof keyThen>[2] {
  const { comparedTo, revision, revisions } = status?.sync ?? {};
  if (!comparedTo || !(revision || revisions?.length)) return undefined;
  const { source, sources } = comparedTo;
  if (!sameJson(sources?.length ? sources : [source], sourcesOf(spec))) return undefined;
  const from = { ...(source && { source }), ...(sources && { sources }) };
  return { ...from, ...(revision && { revision }), ...(revisions && { revisions }) };
}

/** 'unknown': from commits that the mirrors lack. Argo CD may be further than they are. */
async function progressOf(
  { desiring }: Pick<ReconcileDeps, 'desiring'>,
  app: Application,
  desired: DesiredState,
  signal: AbortSignal,
): Promise<'behind' | 'there' | 'unknown'> {
  const past = comparedByArgo(app);
  if (!past) return 'there';
  const key = await keyThen(desiring, app, past, { desired, signal });
  return key === undefined ? 'unknown' : key === desired.key ? 'there' : 'behind';
}

/**
 * Argo CD refuses its spec for something that is in order by now: it looks at an AppProject when it compares, and not
 * when that is made (Argo CD: controller/appcontroller.go refreshAppConditions).
 */
async function isRefusedInVain({ store, targetOf }: CatchUpDeps, app: Application): Promise<boolean> {
  if (!app.status?.conditions?.some(({ type }) => type === 'InvalidSpecError')) return false;
  const [project, cluster] = [projectOf(store, app), await targetOf(app)];
  return specConditions({ app, project, cluster, controlNamespace: store.namespace }).length === 0;
}

function followed(before: Telling | undefined, heads: string, standing: boolean, now: number): Telling {
  const same = before?.heads === heads;
  if (same && (before.standing === standing || before.due === Infinity)) return before;
  const times = same ? before.times : 0;
  return { heads, times, due: now + (standing ? patienceMs * 2 ** Math.max(times - 1, 0) : breathMs), standing };
}

/**
 * Makes up for a push that nobody heard of or after which the process died, and for what was told and not taken: until
 * Argo CD has compared what the heads say. Answers in how many ms it wants to look again.
 */
export async function catchUp(
  deps: CatchUpDeps,
  app: Application,
  desired: DesiredState,
  signal: AbortSignal,
): Promise<number | undefined> {
  const key = applicationKey(app);
  const known = deps.memory.get(key);
  const standing = annotationOf(app);
  // Another value is somebody's who wants more than this.
  if (!known || app.metadata.deletionTimestamp || (standing !== undefined && standing !== value)) return undefined;
  const heads = await headsOf(deps, app);
  const telling = followed(known.telling, heads, standing !== undefined, deps.clock.now());
  known.telling = telling;
  const { revision, revisions } = app.status?.sync ?? {};
  const inVain = await isRefusedInVain(deps, app);
  const named = canonicalJson([revision ?? '', revisions ?? [], inVain]);
  if (telling.due === Infinity && telling.compared === named) return undefined;
  const progress = inVain ? 'behind' : await progressOf(deps, app, desired, signal);
  if (known.telling !== telling) return breathMs; // it was told meanwhile
  if (progress === 'unknown' && known.soughtFor !== named) {
    known.soughtFor = named;
    known.wantsSince = deps.clock.now();
    deps.enqueue(key);
    return undefined;
  }
  // What it has compared is done with; that it refuses it is news.
  const rests = telling.due === Infinity && !inVain;
  if (progress === 'there' || telling.times >= mostTimes || rests) {
    known.telling = { ...telling, due: Infinity, compared: named };
    return undefined;
  }
  const wait = (telling.due === Infinity ? 0 : telling.due) - deps.clock.now();
  if (wait > 0) return wait;
  await tell(deps, app, known, telling.heads);
  return (known.telling?.due ?? 0) - deps.clock.now();
}
