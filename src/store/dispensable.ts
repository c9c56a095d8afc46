// Kinds that decide nothing: where the cluster lacks one, or we may not read or write it, as after an upgrade without
// its definitions and Role, one thing is missing and the rest works.
import { coxGroup } from '../model/coxswain.ts';

/** What goes without it, as a sentence about now. */
const costs: Readonly<Record<string, string>> = {
  Report: `Report.${coxGroup} is missing or may not be read: deploys and failures have no cards in Slack`,
  Event: 'Events may not be created: Applications have none, and their status tells everything still',
};

/** Whether everything else works without that kind of ours. */
export function isDispensable({ group, kind }: { group: string; kind: string }): boolean {
  return group === coxGroup && Object.hasOwn(costs, kind);
}

/** `kinds`: keys of `costs`. Says what is missing, what goes without it, and what to do; undefined where nothing is. */
export function lackingText(kinds: readonly string[]): string | undefined {
  const each = kinds.flatMap((kind) => costs[kind] ?? []);
  return each.length === 0 ? undefined : `${each.join('; ')}; kubectl apply -k deploy brings it`;
}
