// The application as an entry of its history had it.
import type { Application, ApplicationSource } from './application.ts';

/** Of a history entry, an operation's result, or anything else that tells what was synced. */
export interface Past {
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  /** What was fetched beside that: name and version → what that was. */
  fetched?: Record<string, string>;
}

/**
 * With the sources that it had then, where the entry tells them; one revision for each source, undefined = not told.
 */
export function applicationAt(app: Application, past: Past): { app: Application; revisions: (string | undefined)[] } {
  const { source, sources, ...spec } = app.spec;
  const today = { ...(source && { source }), ...(sources && { sources }) };
  const told = past.sources?.length ? { sources: past.sources } : past.source && { source: past.source };
  const revisions = past.revisions?.length ? past.revisions : [past.revision || undefined];
  return { app: { ...app, spec: { ...spec, ...(told ?? today) } }, revisions };
}
