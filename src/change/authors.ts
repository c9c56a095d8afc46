// Who makes what a pull request would bring to an application: whoever approves it after the merge is none of them.
import type { Application } from '../model/application.ts';
import type { GateAuthors } from '../policy/gate.ts';
import type { Affected, Range } from './affected.ts';
import type { ChangeDeps, Desired, Read, Reading } from './deps.ts';
import type { AppPreview, PullInput } from './pull.ts';
import { applicationAt } from '../model/history.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';

interface Merging {
  pull: PullInput;
  range: Range;
  affected: readonly Affected[];
}

function readOf(app: Application, state: Desired | Error | undefined): Read | undefined {
  if (!state || state instanceof Error || !state.reads) return undefined;
  return { sources: sourcesOf(app.spec), revisions: state.revisions, reads: state.reads };
}

/** What was synced last; what cannot be rendered any more is taken to have read what is read now. */
async function syncedRead(
  deps: ChangeDeps,
  app: Application,
  now: Read,
  signal: AbortSignal,
): Promise<Read | undefined> {
  const entry = deps.lastSynced(app);
  if (!entry) return undefined;
  const past = applicationAt(app, entry);
  const state = await deps.desired(past.app, past.revisions, signal, { pinned: entry.fetched }).catch(() => undefined);
  signal.throwIfAborted();
  const known = readOf(past.app, state);
  const revisions = past.revisions.map((revision) => revision ?? '');
  return known ?? { sources: sourcesOf(past.app.spec), revisions, reads: now.reads };
}

/** The files that define the Application itself, where its own manifest changes. */
function definition({ affected }: Merging, item: Affected): Reading[] {
  const parent = affected.find(({ key }) => key === item.parent);
  const at = (app: Application | undefined, state: Affected['base']): Read | undefined => {
    if (!app || !state || state instanceof Error) return undefined;
    const manifest = state.manifests.find(
      ({ kind, metadata: { name, namespace } }) =>
        kind === 'Application' &&
        item.key === applicationKey({ metadata: { name: name ?? '', namespace: namespace ?? app.metadata.namespace } }),
    );
    const reads = manifest && state.definedBy?.(manifest);
    return reads && { sources: sourcesOf(app.spec), revisions: state.revisions, reads };
  };
  const now = at(parent?.after, parent?.result);
  return now ? [{ now, past: at(parent?.before, parent?.base) }] : [];
}

/** Undefined while they are not known. */
async function authorsOf(
  deps: ChangeDeps,
  merging: Merging,
  item: Affected,
  { fork, signal }: { fork: string | undefined; signal: AbortSignal },
): Promise<GateAuthors | undefined> {
  const { pull, range } = merging;
  const now = item.after && readOf(item.after, item.result);
  if (!item.after || !now || !deps.authorsOf) return undefined;
  const readings = [{ now, past: await syncedRead(deps, item.after, now, signal) }, ...definition(merging, item)];
  const merge = { ...range, fork, head: pull.head.sha };
  const found = await deps.authorsOf(readings, merge).catch(() => undefined);
  signal.throwIfAborted();
  const { login, id } = pull.author;
  const isCounted = id === 0 || login.endsWith('[bot]') || found?.people.some((person) => person.id === id);
  return (
    found && {
      ...found,
      people: isCounted ? found.people : [...found.people, { login, id, did: `opened #${pull.number}` }],
    }
  );
}

/** Of the gated applications, who made what they would get: since they were last synced, the branch included. */
export async function withAuthors(
  deps: ChangeDeps,
  merging: Merging,
  apps: AppPreview[],
  signal: AbortSignal,
): Promise<AppPreview[]> {
  if (!deps.authorsOf || !apps.some(({ gated }) => gated)) return apps;
  const { pull, range, affected } = merging;
  const fork = await deps.git.repository(pull.repoUrl).mergeBase(range.base, pull.head.sha);
  const items = new Map(affected.map((item) => [item.key, item]));
  return Promise.all(
    apps.map(async (app) => {
      const item = app.gated ? items.get(app.application) : undefined;
      const authors = item && (await authorsOf(deps, merging, item, { fork, signal }));
      return authors ? { ...app, authors } : app;
    }),
  );
}
