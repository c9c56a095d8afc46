// Drift episodes: one for each distinct drift that outlives the settle time, closed when it is gone.
import type { Clock } from '../../base/clock.ts';
import type { Application } from '../../model/application.ts';
import type { Actor, DriftEpisode, DriftedObject, EpisodePhase } from '../../model/coxswain.ts';
import type { Store } from '../../store/store.ts';
import type { DriftSeen } from '../application/memory.ts';
import { hashOf } from '../../base/canonical.ts';
import { rfc3339 } from '../../base/clock.ts';
import { applicationLabel, hashedName } from '../../base/name.ts';
import { stringifyJson } from '../../base/json.ts';
import { cox } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { coxGroup, coxVersion } from '../../model/coxswain.ts';
import { keyText } from '../../model/kube.ts';
import { withoutEnded } from '../approval/round.ts';
import { differs, wake, wakesAt } from './snooze.ts';
import { storedDrift } from './stored-drift.ts';

interface EpisodeDeps {
  store: Store;
  clock: Clock;
}

/** What drifted as it is told, and the MACs of what is live of it and is not told. */
interface DriftFound {
  objects: DriftedObject[];
  macs: readonly string[];
}

/** Equal for equal drift: the keys, the paths, the (masked) values, and the MACs; '' without drift. */
export function driftFingerprint(objects: DriftedObject[], macs: readonly string[] = []): string {
  if (objects.length === 0) return '';
  const rows = objects.map((item) => [
    keyText(item.key),
    item.kind,
    item.changes.map((change) => [change.text, change.before ?? null, change.after ?? null]),
  ]);
  const texts = rows.map((row) => stringifyJson(row)).sort();
  return hashOf([...texts, ...[...macs].sort()].join('\n'));
}

function isLive(episode: DriftEpisode): boolean {
  return ['Open', 'Reverting', 'Snoozed'].includes(episode.status?.phase ?? 'Open');
}

async function close(
  deps: EpisodeDeps,
  episode: DriftEpisode,
  phase: EpisodePhase,
  ended: { message: string; by?: Actor },
): Promise<void> {
  const status = {
    phase,
    message: ended.message,
    endedAt: rfc3339(deps.clock.now()),
    ...(ended.by && { endedBy: ended.by }),
  };
  await deps.store.episodes.patch(
    `${episode.metadata.namespace}/${episode.metadata.name}`,
    { status },
    { subresource: 'status' },
  );
}

/** The message of the last operation, if it was to put these objects back and failed. */
function failedRevert(app: Application, episode: DriftEpisode): string | undefined {
  const { operationState: state } = app.status ?? {};
  const failed = state?.phase === 'Failed' || state?.phase === 'Error';
  const concerned = state?.operation.sync?.resources?.some((ref) =>
    episode.status?.objects.some(({ key }) => key.kind === ref.kind && key.name === ref.name),
  );
  return failed && concerned ? state.message : undefined;
}

/** Answers the milliseconds after which a snoozed one wakes. */
async function open(
  deps: EpisodeDeps,
  app: Application,
  fingerprint: string,
  objects: DriftedObject[],
): Promise<number | undefined> {
  const { namespace, name } = app.metadata;
  const episode: DriftEpisode = {
    apiVersion: `${coxGroup}/${coxVersion}`,
    kind: 'DriftEpisode',
    metadata: {
      name: hashedName(name, fingerprint),
      namespace,
      labels: { [cox.application]: applicationLabel(app.metadata) },
    },
    spec: { application: applicationKey(app), fingerprint, openedAt: rfc3339(deps.clock.now()) },
  };
  const known =
    deps.store.episodes.of(applicationKey(app)).find(({ spec }) => spec.fingerprint === fingerprint) ??
    deps.store.episodes.get(`${namespace}/${episode.metadata.name}`);
  const key = `${namespace}/${known?.metadata.name ?? episode.metadata.name}`;
  if (known && isLive(known) && known.status) {
    const failure = known.status.phase === 'Reverting' ? failedRevert(app, known) : undefined;
    if (failure !== undefined)
      await deps.store.episodes.patch(
        key,
        { status: { phase: 'Open', message: `putting it back failed: ${failure}`, endedBy: null, reason: null } },
        { subresource: 'status' },
      );
    const wakes = wakesAt(known);
    if (wakes !== undefined && wakes > deps.clock.now()) return wakes - deps.clock.now();
    if (wakes !== undefined) await wake(deps, known);
    return undefined;
  }
  if (!known) await deps.store.episodes.create(episode);
  else await deps.store.episodes.patch(key, { spec: { openedAt: episode.spec.openedAt } });
  const status = {
    phase: 'Open',
    message: differs,
    left: null,
    ...storedDrift(objects),
    endedAt: null,
    endedBy: null,
    reason: null,
    snooze: null,
    cards: withoutEnded(known?.status?.cards),
    details: withoutEnded(known?.status?.details),
  };
  await deps.store.episodes.patch(key, { status }, { subresource: 'status' });
  return undefined;
}

/** Ends whatever is open of the application. */
export async function endDrift(deps: EpisodeDeps, application: string, message: string): Promise<void> {
  for (const episode of deps.store.episodes.of(application).filter(isLive))
    await close(deps, episode, 'Superseded', { message });
}

/** Ends the live episodes of the application whose drift is not the present one. */
async function closeOthers(deps: EpisodeDeps, app: Application, fingerprint: string): Promise<void> {
  for (const episode of deps.store.episodes.of(applicationKey(app))) {
    if (!isLive(episode) || episode.spec.fingerprint === fingerprint) continue;
    if (fingerprint) await close(deps, episode, 'Superseded', { message: 'the drift is another one now' });
    else if (episode.status?.phase === 'Reverting')
      await close(deps, episode, 'Reverted', {
        message: 'put back to Git',
        ...(episode.status.endedBy && { by: episode.status.endedBy }),
      });
    else await close(deps, episode, 'Healed', { message: 'live matches Git again' });
  }
}

/** An episode that was opened when no MAC counted yet goes on as the one of what is live now: nobody is told twice. */
async function takeOver({ store }: EpisodeDeps, app: Application, former: string, fingerprint: string): Promise<void> {
  if (former === fingerprint) return;
  const standing = store.episodes
    .of(applicationKey(app))
    .find((item) => isLive(item) && item.spec.fingerprint === former);
  if (!standing) return;
  await store.episodes.patch(`${standing.metadata.namespace}/${standing.metadata.name}`, { spec: { fingerprint } });
}

/**
 * Brings the application's episodes in line with the drift just seen. Answers what to remember, and when to look again
 * (ms from now) while a new drift has not outlived the settle time, or is snoozed.
 */
export async function followDrift(
  deps: EpisodeDeps,
  app: Application,
  { objects, macs }: DriftFound,
  seen: DriftSeen | undefined,
): Promise<{ seen: DriftSeen | undefined; after?: number }> {
  const fingerprint = driftFingerprint(objects, macs);
  if (!fingerprint) {
    await closeOthers(deps, app, fingerprint);
    return { seen: undefined };
  }
  const now = deps.clock.now();
  const since = seen?.fingerprint === fingerprint ? seen.since : now;
  const left = since + deps.store.settings().driftSettleMs - now;
  // What has not lasted yet supersedes nothing: it may be on its way to none, as when a pruned object still goes.
  if (left > 0) return { seen: { fingerprint, since }, after: left };
  await takeOver(deps, app, driftFingerprint(objects), fingerprint);
  await closeOthers(deps, app, fingerprint);
  const after = await open(deps, app, fingerprint, objects);
  return { seen: { fingerprint, since }, ...(after !== undefined && { after }) };
}
