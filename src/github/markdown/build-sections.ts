// The folded sections of a comment with the diffs of their objects, built only as far as there is room for them.
import type { AppPreview } from '../../change/pull.ts';
import type { ObjectDiff } from '../../model/effect.ts';
import { breather } from '../../base/clock.ts';
import { appSection, byRisk, isDestructive, type AppSection } from './app-section.ts';
import { sizeOf } from './escape.ts';
import { objectSection } from './object-section.ts';

interface Built {
  sections: AppSection[];
  /** Everything was built; otherwise what is there is more than the room. */
  whole: boolean;
}

/** What deletes comes before what does not, whichever application it is of. */
function inOrder(sections: readonly AppSection[]): { section: AppSection; diff: ObjectDiff }[] {
  const all = sections.flatMap((section) =>
    byRisk(section.app.effect?.change ?? []).map((diff) => ({ section, diff })),
  );
  return [
    ...all.filter(({ diff }) => isDestructive(diff.action)),
    ...all.filter(({ diff }) => !isDestructive(diff.action)),
  ];
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
  for (const { section, diff } of inOrder(sections)) {
    if (size > room) return { sections, whole: false };
    await breathe();
    const object = objectSection(diff, context);
    section.objects.push(object);
    section.left -= 1;
    size += sizeOf(object.markdown);
  }
  return { sections, whole: true };
}
