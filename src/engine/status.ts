// The status of an Application as Argo CD writes it: conditions, times that move only with their meaning, and the patch that gets there.
import type { Application, ApplicationStatus, Condition, ConditionType, Health } from '../model/application.ts';
import { rfc3339 } from '../base/clock.ts';
import { mergePatch } from './merge-patch.ts';

/** Replaces the conditions of the evaluated types; an unchanged message keeps its time; sorted by type, then message (argocd.md §1.3). */
export function withConditions(before: Condition[] | undefined, evaluated: ConditionType[], now: Condition[], at: number): Condition[] {
  const kept = (before ?? []).filter((item) => !evaluated.includes(item.type));
  const timed = now.map((item) => {
    const same = before?.find((old) => old.type === item.type && old.message === item.message);
    return { ...item, lastTransitionTime: same?.lastTransitionTime ?? rfc3339(at) };
  });
  return [...kept, ...timed].sort((a, b) => (`${a.type}\n${a.message}` < `${b.type}\n${b.message}` ? -1 : 1));
}

/** lastTransitionTime moves only when the status does. */
export function withHealth(before: Health | undefined, now: Health, at: number): Health {
  const since = before?.status === now.status ? before.lastTransitionTime : undefined;
  return { status: now.status, ...(now.message && { message: now.message }), lastTransitionTime: since ?? rfc3339(at) };
}

/** One merge patch that brings status (and, where given, operation and annotations) to the wanted values; undefined when nothing differs. */
export function statusPatch(app: Application, status: ApplicationStatus, more: Record<string, unknown> = {}): Record<string, unknown> | undefined {
  const patch = mergePatch(app.status, status);
  if (!patch && Object.keys(more).length === 0) return undefined;
  return { ...(patch && { status: patch }), ...more };
}
