// The folded sections of a comment with the diffs of their objects, built only as far as there is room for them.
import type { AppPreview } from '../../change/pull.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { breather } from '../../base/clock.ts';
import { keyTitle, mayHoldSecrets } from '../../model/kube.ts';
import { appSection, byRisk, isDestructive, type AppSection } from './app-section.ts';
import { code, sizeOf } from './escape.ts';
import { objectSection } from './object-section.ts';

interface Built {
  sections: AppSection[];
  /** Everything was built; otherwise what is there is more than the room. */
  whole: boolean;
}

interface Found {
  section: AppSection;
  diff: ObjectDiff;
}

/** What deletes comes before what does not, whichever application it is of. */
function inOrder(sections: readonly AppSection[]): Found[] {
  const all = sections.flatMap((section) =>
    byRisk(section.app.effect?.change ?? []).map((diff) => ({ section, diff })),
  );
  return [
    ...all.filter(({ diff }) => isDestructive(diff.action)),
    ...all.filter(({ diff }) => !isDestructive(diff.action)),
  ];
}

/** Two changes of one text are one to a reader, whichever namespace they are in; undefined: it stands for itself. */
function changeOf({ key, action, changes, before, after, notes }: ObjectDiff): string | undefined {
  const shown = [before, after].find((object) => object !== undefined);
  // Masked values of different Secrets look alike.
  if (mayHoldSecrets(shown ?? { kind: key.kind })) return undefined;
  const fields = changes.map(({ text, before: old, after: now }) => [text, old ?? null, now ?? null]);
  const whole = [before, after].map(
    (object) => object && { ...object, metadata: { ...object.metadata, namespace: '' } },
  );
  return canonicalJson([action, key.group, key.kind, key.name, notes, action === 'change' ? fields : whole]);
}

/** What several applications have alike comes once, with the riskiest of them first. */
async function grouped(all: readonly Found[], breathe: () => Promise<void> | undefined): Promise<Found[][]> {
  const groups: Found[][] = [];
  const known = new Map<string, Found[]>();
  for (const found of all) {
    await breathe();
    const change = changeOf(found.diff);
    const group = change === undefined ? undefined : known.get(change);
    if (group && !group.some(({ section }) => section === found.section)) group.push(found);
    else {
      const alone = [found];
      groups.push(alone);
      if (change !== undefined && !group) known.set(change, alone);
    }
  }
  return groups;
}

/**
 * Sections in the order of `apps`. `context`: unchanged lines around each change; `room` in characters, which are
 * exceeded by one part at most. A diff takes a millisecond, and an application may have thousands: no more are made
 * than have room, and between two of them others get a turn.
 */
export async function buildSections(apps: readonly AppPreview[], context: number, room: number): Promise<Built> {
  const breathe = breather();
  const sections: AppSection[] = [];
  let size = 0;
  for (const app of apps) {
    if (size > room) return { sections, whole: false };
    await breathe();
    const section = appSection(app);
    sections.push(section);
    for (const text of [...section.before, ...section.after]) size += sizeOf(text);
  }
  const all = inOrder(sections);
  const groups = sections.length > 1 ? await grouped(all, breathe) : all.map((found) => [found]);
  for (const [first, ...others] of groups) {
    if (!first) continue;
    if (size > room) return { sections, whole: false };
    await breathe();
    const object = objectSection(
      first.diff,
      context,
      others.map(({ section }) => section.app.name),
    );
    first.section.objects.push(object);
    first.section.left -= 1;
    for (const { section, diff } of others) {
      section.same.push({ title: code(keyTitle(diff.key)), as: first.section.app });
      section.left -= 1;
    }
    size += sizeOf(object.markdown);
  }
  return { sections, whole: true };
}
