// Which commits make a change: those of its inputs in all sources, and of its parent's where that changed the
// Application itself.
import type { Application, ApplicationSource } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Store } from '../../store/store.ts';
import type { Assessment } from '../application/assess.ts';
import type { DesiredState, Desiring } from '../application/desired.ts';
import type { CommitRange, Past } from '../../model/history.ts';
import type { Authors, Change } from '../application/pass.ts';
import { sameJson } from '../../base/canonical.ts';
import { AppError } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { isFetched } from '../remote/remotes.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey, sourcesOf } from '../../model/application.ts';
import { trackingName } from '../../render/document/tracking.ts';
import { effectivePolicy, loosens } from '../../policy/policy.ts';
import { lastPolicy } from '../application/gate-record.ts';
import { stateAt } from '../application/history.ts';

interface RangeDeps {
  store: Store;
  desiring: Desiring;
}

/** What was rendered at a time, and from which sources. */
export interface Read {
  sources: ApplicationSource[];
  revisions: readonly string[];
  reads: readonly (readonly string[])[];
}

/** An Approval holds them: beyond so many their folders stand for the files, and beyond that the whole repository. */
const maxPaths = 1_000;

function folded(paths: readonly string[]): string[] {
  const folders = (): string[] => [
    ...new Set(paths.map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '.')),
  ];
  const few = paths.length > maxPaths ? folders() : [...paths];
  return few.length > maxPaths || few.includes('.') ? ['.'] : few.sort();
}

function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder === '.' || path === folder || path.startsWith(`${folder}/`));
}

/** The same place in the list, or else another source of that repository. */
function placeIn(past: Read | undefined, repo: string, at: number): number {
  if (past?.sources[at]?.repoURL === repo) return at;
  return past?.sources.findIndex((source) => source.repoURL === repo) ?? -1;
}

/**
 * An input counts since it was last read. One that was not read then counts from its first commit: whoever wrote it
 * meant nothing by that.
 */
export function between(now: Read, past: Read | undefined): CommitRange[] {
  return now.sources.flatMap((source, at) => {
    const { repoURL, targetRevision = '' } = source;
    if (isFetched(source)) return [];
    const place = placeIn(past, repoURL, at);
    const [from, to, former] = [past?.revisions[place], now.revisions[at], past?.reads[place] ?? []];
    if (to === undefined) return [];
    const common = {
      repo: repoURL,
      to,
      ...(targetRevision === to ? { pinned: true } : { ref: targetRevision || 'HEAD' }),
    };
    const fresh = (now.reads[at] ?? []).filter((path) => from === undefined || !isWithin(path, former));
    return [
      ...(from !== undefined && from !== to && former.length > 0 ? [{ ...common, from, paths: folded(former) }] : []),
      ...(fresh.length > 0 ? [{ ...common, paths: folded(fresh) }] : []),
    ];
  });
}

/** As it says itself. */
function parentName(store: Store, { metadata }: Application): string | undefined {
  const { method, labelKey } = store.settings().comparison.tracking;
  const byLabel = method === 'label' ? metadata.labels?.[labelKey] : undefined;
  return byLabel ?? metadata.annotations?.[argo.trackingId]?.split(':')[0];
}

function parentOf(store: Store, app: Application): Application | undefined {
  const name = parentName(store, app);
  const found = name
    ? store.applications.list().find((other) => trackingName(other, store.namespace) === name)
    : undefined;
  return found === app ? undefined : found;
}

/** What of an Application decides what is deployed, and where. */
function meaning(spec: Application['spec']): unknown {
  const { project, destination, ignoreDifferences = [], syncPolicy } = spec;
  return [
    sourcesOf(spec),
    project,
    destination,
    ignoreDifferences,
    (syncPolicy?.syncOptions ?? []).toSorted(),
    syncPolicy?.managedNamespaceMetadata ?? {},
  ];
}

function definitionIn(state: DesiredState, parent: Application, app: Application): KubeObject | undefined {
  const namespace = (object: KubeObject): string | undefined =>
    object.metadata.namespace ?? parent.spec.destination.namespace;
  return state.manifests.find(
    (object) =>
      object.kind === 'Application' &&
      object.metadata.name === app.metadata.name &&
      namespace(object) === app.metadata.namespace,
  );
}

/** A plain folder's file defines it alone; whatever Helm or Kustomize read may have had a part in it. */
export function definedBy(
  state: DesiredState,
  definition: KubeObject | undefined,
  sources: readonly ApplicationSource[],
): readonly (readonly string[])[] {
  const file = definition && state.placeOf(definition)?.file;
  return sources.length === 1 && state.sourceTypes[0] === 'Directory' && file !== undefined ? [[file]] : state.reads;
}

function revisionsOf({ revision, revisions }: Past = {}): string[] {
  return revisions && revisions.length > 0 ? revisions : revision ? [revision] : [];
}

async function readAt(
  { desiring }: RangeDeps,
  parent: Application,
  entry: Past,
  { app, signal }: { app: Application; signal: AbortSignal },
): Promise<{ read: Read; definition: KubeObject | undefined } | undefined> {
  const state = await stateAt(desiring, parent, entry, signal);
  if (state === 'gone') return undefined;
  const definition = definitionIn(state, parent, app);
  const sources = sourcesOf({ ...parent.spec, ...entry });
  return { definition, read: { sources, revisions: state.revisions, reads: definedBy(state, definition, sources) } };
}

const byHand = 'the Application itself was changed by no commit that is known';

/** What the parent has synced of the Application since that was last synced, or was made. */
async function parentChange(
  deps: RangeDeps,
  app: Application,
  { signal, seen }: { signal: AbortSignal; seen: readonly string[] },
): Promise<Change> {
  const parent = parentOf(deps.store, app);
  if (!parent || seen.includes(applicationKey(parent))) return { ranges: [], unknown: [byHand] };
  const { history = [], operationState } = parent.status ?? {};
  const now = [operationState?.syncResult, history.at(-1)].find((each) => revisionsOf(each).length > 0);
  const found = now && (await readAt(deps, parent, now, { app, signal }));
  // Whoever may write the Application may write that it is tracked: what counts is that the parent's manifests say the
  // same.
  const spec = found?.definition?.['spec'] as Application['spec'] | undefined;
  if (!found || !spec || !sameJson(meaning(spec), meaning(app.spec))) {
    // Its status tells of a sync only after the first objects were written.
    if (parent.operation) throw new AppError('E_INTERNAL', `${parent.metadata.name} is syncing`, { kind: 'waiting' });
    return { ranges: [], unknown: [byHand] };
  }
  const since = Date.parse(app.status?.history?.at(-1)?.deployStartedAt ?? app.metadata.creationTimestamp ?? '');
  const entry = history.findLast((each) => Date.parse(each.deployedAt) < since);
  const before = entry && (await readAt(deps, parent, entry, { app, signal }));
  const ranges = between(found.read, before?.read);
  // Other sources of the parent's own are somebody's doing too.
  if (entry === undefined || sameJson(sourcesOf({ ...parent.spec, ...entry }), found.read.sources))
    return { ranges, unknown: [] };
  const above = await parentChange(deps, parent, { signal, seen: [...seen, applicationKey(parent)] });
  return { ranges: [...ranges, ...above.ranges], unknown: above.unknown };
}

/**
 * Whether something of that name was synced here before: then an Application that says something else was changed, or
 * made anew.
 */
function isKnown({ store }: RangeDeps, app: Application): boolean {
  return store.records.get(applicationKey(app))?.spec.state !== undefined;
}

/**
 * Whether it was last synced under another project, which permits other things: that is no part of its sources. Where
 * that one asked nobody, nothing of it was ever agreed to.
 */
function isOfAnotherProject({ store }: RangeDeps, app: Application): boolean {
  const name = store.records.get(applicationKey(app))?.spec.project;
  if (name === undefined || name === app.spec.project) return false;
  const project = store.projects.get(`${store.namespace}/${name}`);
  return !project || effectivePolicy(app, project).gated;
}

/**
 * What is fetched under the same name and is another thing than it was: no commit did that. Another version of a chart
 * is the doing of whoever wrote it down. A range, or a tag, is known by the record: the history names what it meant.
 */
function movedBy({ store }: RangeDeps, { subject: { app }, desired, last }: Assessment): string[] {
  if (last === undefined) return [];
  const pins = store.records.get(applicationKey(app))?.spec.fetched ?? {};
  const then =
    last === 'gone'
      ? undefined
      : new Map([...Object.entries(pins), ...last.fetched.map(({ what, is }) => [what, is] as const)]);
  return desired.fetched
    .filter(({ what, is }) => (then ? (then.get(what) ?? is) !== is : true))
    .map(({ what }) => `nobody knows who changed what ${redactText(what)} is`);
}

/**
 * A gate that is looser than the remembered one was loosened by no sync that people agreed to, or that would have been
 * remembered.
 */
function loosenedBy({ store }: RangeDeps, { app, project }: Assessment['subject']): string[] {
  const former = lastPolicy(store, app);
  return former && loosens(former, effectivePolicy(app, project)) ? ['nobody knows who loosened its gate'] : [];
}

/** Whose commits they are is asked for elsewhere; `unknown`: what of the change no commit made. */
export async function changeOf(deps: RangeDeps, found: Assessment, signal: AbortSignal): Promise<Change> {
  const { ranges, unknown } = await commitsOf(deps, found, signal);
  return { ranges, unknown: [...unknown, ...movedBy(deps, found), ...loosenedBy(deps, found.subject)] };
}

async function commitsOf(
  deps: RangeDeps,
  { subject: { app }, desired, last }: Assessment,
  signal: AbortSignal,
): Promise<Change> {
  const sources = sourcesOf(app.spec);
  const entry = last === undefined ? undefined : app.status?.history?.at(-1);
  const before = entry && sourcesOf({ ...app.spec, ...entry });
  const then = last === 'gone' ? { revisions: revisionsOf(entry), reads: desired.reads } : last;
  const past = before && then && { sources: before, revisions: then.revisions, reads: then.reads };
  const ranges = between({ sources, revisions: desired.revisions, reads: desired.reads }, past);
  if (before && sameJson(before, sources) && !isOfAnotherProject(deps, app)) return { ranges, unknown: [] };
  // The first that anybody hears of an Application without a parent: nothing of it was agreed to before.
  if (!entry && !isKnown(deps, app) && parentName(deps.store, app) === undefined) return { ranges, unknown: [] };
  const above = await parentChange(deps, app, { signal, seen: [applicationKey(app)] });
  return { ranges: [...ranges, ...above.ranges], unknown: above.unknown };
}

/** What of these ranges came after those: of a source that was not asked about then, nothing. */
function since(then: readonly CommitRange[], now: readonly CommitRange[]): CommitRange[] {
  return now.flatMap((range) => {
    const from = then.find(({ repo, ref }) => repo === range.repo && ref === range.ref)?.to;
    return from === undefined || from === range.to ? [] : [{ ...range, from }];
  });
}

/**
 * Name of the Approval of that effect that has ended without being applied, if a commit came since that touches what is
 * read: whoever makes it asks for it again.
 */
export async function outdatedBy(
  deps: RangeDeps & { authors: Authors },
  found: Assessment,
  digest: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const ended = deps.store.approvals
    .of(applicationKey(found.subject.app))
    .find(
      ({ spec, status }) => spec.digest === digest && (status?.phase === 'Rejected' || status?.phase === 'Expired'),
    );
  if (!ended?.spec.ranges || !deps.authors.hasCommits || ended.spec.revision === found.desired.revisions[0])
    return undefined;
  const { ranges } = await changeOf(deps, found, signal);
  return (await deps.authors.hasCommits(since(ended.spec.ranges, ranges), found.subject.app))
    ? ended.metadata.name
    : undefined;
}
