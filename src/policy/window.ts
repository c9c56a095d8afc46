// Sync windows: whether an application may be synced at a moment, and when that changes (Argo CD:
// pkg/apis/application/v1alpha1/types.go SyncWindows).
import type { Destination } from '../model/application.ts';
import type { SyncWindow } from '../model/project.ts';
import type { Worker } from '../base/worker.ts';
import { globMatch } from '../base/glob.ts';

export interface WindowInput {
  windows: readonly SyncWindow[];
  /** Name of the application. */
  application: string;
  destination: Destination;
  /** Not initiated automatically. */
  manual: boolean;
  /** Milliseconds since the epoch. */
  at: number;
  /** The operation began while it was permitted: `syncOverrun` lets it finish. */
  running?: boolean;
}

interface WindowDecision {
  permitted: boolean;
  why: string;
  /** Milliseconds since the epoch of the next start or end of a window that matters; absent if none. */
  changesAt?: number;
}

function applies(window: SyncWindow, input: WindowInput): boolean {
  const some = (globs: string[] | undefined, ...texts: (string | undefined)[]): boolean | undefined =>
    globs && globs.length > 0
      ? globs.some((glob) => texts.some((text) => text !== undefined && globMatch(glob, text)))
      : undefined;
  const answers = [
    some(window.applications, input.application),
    some(window.namespaces, input.destination.namespace),
    some(window.clusters, input.destination.name, input.destination.server),
  ].filter((answer) => answer !== undefined);
  return window.andOperator ? answers.length > 0 && answers.every(Boolean) : answers.some(Boolean);
}

interface Judged {
  window: SyncWindow;
  active: boolean;
  changesAt: number | undefined;
}

/** As `render` answers the verb `cron`, in milliseconds; 0 is never. */
interface Opening {
  /** The first start that is less than the duration before the moment, or later. */
  start: number;
  /** The first start at the moment or later. */
  next: number;
  duration: number;
  error?: string;
}

/**
 * Times are computed in the window's zone, so that a window keeps its hours across a change of the clocks (Argo CD
 * shifts by an hour there).
 */
function judge(window: SyncWindow, at: number, { start, next, duration }: Opening): Judged {
  const active = start !== 0 && start < at;
  // A window is active from the moment after its start: Argo CD's comparison is strict.
  return { window, active, changesAt: active ? start + duration : next === 0 ? undefined : next + 1 };
}

/**
 * Deny beats allow; no window at all permits. A window that cannot be read forbids, and says so; what cannot be read is
 * what Argo CD refuses.
 */
export async function syncWindow(worker: Worker, input: WindowInput): Promise<WindowDecision> {
  const windows = input.windows.filter((window) => applies(window, input));
  const asked = windows.map(({ schedule, timeZone, duration }) => ({
    schedule,
    zone: timeZone || 'UTC',
    duration,
    at: input.at,
  }));
  const strange = windows.find(({ kind }) => kind !== 'allow' && kind !== 'deny');
  if (strange)
    return {
      permitted: false,
      why:
        'a sync window cannot be evaluated: its kind is ' +
        `${JSON.stringify(strange.kind ?? '')}, neither allow nor deny`,
    };
  const openings = asked.length > 0 ? ((await worker.call('cron', asked)).value as Opening[]) : [];
  const wrong = openings.find(({ error }) => error !== undefined);
  if (wrong) return { permitted: false, why: `a sync window cannot be evaluated: ${wrong.error ?? ''}` };
  const judged = windows.flatMap((window, index) =>
    openings[index] ? [judge(window, input.at, openings[index])] : [],
  );
  const changes = judged.map((one) => one.changesAt).filter((time) => time !== undefined);
  const answer = decide(judged, input);
  return changes.length > 0 ? { ...answer, changesAt: Math.min(...changes) } : answer;
}

function decide(judged: readonly Judged[], input: WindowInput): WindowDecision {
  const deny = judged.filter((one) => one.window.kind === 'deny' && one.active);
  const allow = judged.filter((one) => one.window.kind === 'allow');
  const manual = (some: readonly Judged[]): boolean => input.manual && some.every((one) => one.window.manualSync);
  const overrun = (some: readonly Judged[]): boolean =>
    input.running === true && some.length > 0 && some.every((one) => one.window.syncOverrun);
  if (deny.length > 0) {
    if (manual(deny)) return { permitted: true, why: 'a deny window is active, and it lets manual syncs pass' };
    if (overrun(deny)) return { permitted: true, why: 'a deny window is active, and what had begun may finish' };
    return { permitted: false, why: `a deny window is active (${titles(deny)})` };
  }
  if (allow.some((one) => one.active))
    return { permitted: true, why: `an allow window is active (${titles(allow.filter((one) => one.active))})` };
  if (allow.length === 0) return { permitted: true, why: 'no sync window applies' };
  if (manual(allow)) return { permitted: true, why: 'no allow window is active, and they let manual syncs pass' };
  if (overrun(allow)) return { permitted: true, why: 'no allow window is active, and what had begun may finish' };
  return { permitted: false, why: `no allow window is active (${titles(allow)})` };
}

function titles(judged: readonly Judged[]): string {
  return judged
    .map(({ window }) => window.description || `${window.schedule} for ${window.duration} ${window.timeZone || 'UTC'}`)
    .join('; ');
}
