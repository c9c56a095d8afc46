// What was synced: the application as an entry of its history had it, and the commits that led there.
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

/**
 * Commits after `from` up to `to`; without `from` all that led there. Only those count that touched one of the paths.
 */
export interface CommitRange {
  /** URL of the repository, as the source names it. */
  repo: string;
  from?: string;
  to: string;
  /** Files and folders from the root, `.` for everything; everything if absent. */
  paths?: string[];
  /** What the source follows, unless the Application names this very commit. */
  ref?: string;
  /** The Application names this very commit. */
  pinned?: boolean;
}
