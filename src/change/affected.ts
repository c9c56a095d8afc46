// Which applications a pull request touches: those whose inputs differ between the branch and the merge result, through
// apps of apps too.
import type { Application, ApplicationSource } from '../model/application.ts';
import type { ChangeDeps, Desired, Unmerged } from './deps.ts';
import type { KubeObject, ObjectMeta } from '../model/kube.ts';
import type { PullInput } from './pull.ts';
import { canonicalJson } from '../base/canonical.ts';
import { breather } from '../base/clock.ts';
import { Semaphore } from '../base/semaphore.ts';
import { describeError } from '../base/errors.ts';
import { applicationKey, sourcesOf } from '../model/application.ts';
import { normaliseRepo } from '../model/repository.ts';
import { ChangedPaths } from '../git/touch.ts';
import { gvkOf, isObject } from '../model/kube.ts';
import { denialOf, mayHold } from './permission.ts';

/** Deeper chains of applications of applications are not followed. */
const maxDepth = 10;

/** The two commits between which a pull request is looked at. */
export interface Range {
  base: string;
  result: string;
}

/** An application whose inputs, or which itself, differs between the two commits. */
export interface Affected {
  key: string;
  /** The Application at the base; undefined if the pull request brings it. */
  before: Application | undefined;
  /** At the result, with the live status; undefined if the pull request removes it. */
  after: Application | undefined;
  /** `namespace/name` of the application whose manifests hold it, when its own manifest changed. */
  parent?: string;
  /** Manifests at both ends, or why there are none. */
  base: Desired | Error | undefined;
  result: Desired | Error | undefined;
}

interface AffectedList {
  affected: Affected[];
  /** How many applications follow this branch. */
  considered: number;
}

interface Candidate {
  before: Application | undefined;
  after: Application | undefined;
  parent?: string;
}

/**
 * Does the source follow that branch? `HEAD`, or nothing, means the default branch (Argo CD: util/webhook/webhook.go).
 */
function follows(source: ApplicationSource, revision: string, pull: PullInput): boolean {
  const branch = pull.base.ref;
  if (revision === '' || revision === 'HEAD') return branch === pull.defaultBranch;
  return source.chart === undefined && (revision === branch || revision === `refs/heads/${branch}`);
}

/**
 * By source of the application: the commit to pin it to, or undefined for sources that the pull request cannot move.
 */
export function pins(app: Application, pull: PullInput, commit: string): (string | undefined)[] {
  const repository = normaliseRepo(pull.repoUrl);
  return sourcesOf(app.spec).map((source) =>
    normaliseRepo(source.repoURL) === repository && follows(source, source.targetRevision ?? '', pull)
      ? commit
      : undefined,
  );
}

function tracks(app: Application, pull: PullInput): boolean {
  return pins(app, pull, pull.head.sha).some((pin) => pin !== undefined);
}

/**
 * What stands for the inputs when they cannot be read: an error that is there on both sides is not the pull request's.
 */
async function inputsOf(
  deps: ChangeDeps,
  app: Application | undefined,
  revisions: (string | undefined)[],
  { signal, unmerged }: Asking,
): Promise<string> {
  if (!app) return '';
  try {
    return await deps.inputsKey(app, revisions, signal, unmerged);
  } catch (error) {
    signal.throwIfAborted();
    return describeError(error);
  }
}

async function manifestsOf(
  deps: ChangeDeps,
  app: Application | undefined,
  revisions: (string | undefined)[],
  { signal, unmerged }: Asking,
): Promise<Desired | Error | undefined> {
  if (!app) return undefined;
  try {
    return denialOf(deps, app) ?? (await deps.desired(app, revisions, signal, { unmerged }));
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Asking {
  signal: AbortSignal;
  unmerged?: Unmerged;
}

/** Surely not touched: neither since its last rendering nor by the pull request did anything change where it reads. */
async function isFar(
  deps: ChangeDeps,
  pull: PullInput,
  app: Application,
  { range, changes }: { range: Range; changes: Look['changes'] },
): Promise<boolean> {
  const known = deps.rendered(applicationKey(app));
  if (!known) return false;
  const mirror = deps.git.repository(pull.repoUrl);
  for (const [index, pin] of pins(app, pull, range.result).entries()) {
    const before = known.revisions[index];
    if (pin === undefined) continue;
    if (before === undefined) return false;
    const inputs = known.inputs[index];
    if (!inputs) return false;
    for (const from of [before, range.base]) {
      const changed = changes.get(from) ?? mirror.changedPaths(from, pin).then((paths) => ChangedPaths.of(paths));
      changes.set(from, changed);
      if ((await changed).touch(inputs)) return false;
    }
  }
  return true;
}

function isApplication(
  object: KubeObject,
): object is KubeObject & { metadata: ObjectMeta & { name: string }; spec: Application['spec'] } {
  const spec = object['spec'];
  return (
    gvkOf(object).group === 'argoproj.io' &&
    object.kind === 'Application' &&
    typeof object.metadata.name === 'string' &&
    isObject(spec) &&
    isObject(spec['destination'])
  );
}

/**
 * Applications among the manifests that their parent may hold, by key; one without a namespace goes where its parent
 * deploys to.
 */
function childrenOf(
  deps: ChangeDeps,
  parent: Application | undefined,
  desired: Desired | Error | undefined,
): Map<string, Application> {
  const found = new Map<string, Application>();
  if (!parent || !desired || desired instanceof Error) return found;
  const namespace = parent.spec.destination.namespace ?? deps.namespace;
  for (const object of desired.manifests) {
    if (!isApplication(object)) continue;
    const child: Application = {
      ...object,
      metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace },
      spec: { ...object.spec, project: object.spec.project || 'default' },
    };
    if (mayHold(deps, parent, child)) found.set(applicationKey(child), child);
  }
  return found;
}

/** What people wrote of an Application: its spec, labels and annotations. */
function written(app: Application | undefined): string {
  return canonicalJson(app && [app.spec, app.metadata.labels ?? {}, app.metadata.annotations ?? {}]);
}

/**
 * The manifest with what only the live object has: its status, and annotations that others set. `base`: the manifest
 * of today.
 */
function onto(
  live: Application | undefined,
  { base, manifest }: { base: Application | undefined; manifest: Application | undefined },
): Application | undefined {
  if (!live || !manifest) return manifest;
  const gone = base?.metadata.annotations ?? {};
  const others = Object.entries(live.metadata.annotations ?? {}).filter(([name]) => !Object.hasOwn(gone, name));
  const metadata = {
    ...live.metadata,
    ...manifest.metadata,
    annotations: { ...Object.fromEntries(others), ...manifest.metadata.annotations },
  };
  return { ...live, metadata, spec: manifest.spec };
}

function changedChildren(deps: ChangeDeps, parent: Affected): Map<string, Candidate> {
  const before = childrenOf(deps, parent.before, parent.base);
  const after = childrenOf(deps, parent.after, parent.result);
  const changed = new Map<string, Candidate>();
  if (parent.result instanceof Error || parent.base instanceof Error) return changed;
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (written(before.get(key)) === written(after.get(key))) continue;
    const live = deps.applications.get(key);
    changed.set(key, {
      before: before.has(key) ? (live ?? before.get(key)) : undefined,
      after: onto(live, { base: before.get(key), manifest: after.get(key) }),
      parent: parent.key,
    });
  }
  return changed;
}

interface Look {
  key: string;
  candidate: Candidate;
  /** Paths that differ from the result, by commit. */
  changes: Map<string, Promise<ChangedPaths>>;
  breathe: () => Promise<void> | undefined;
  signal: AbortSignal;
}

async function look(
  deps: ChangeDeps,
  pull: PullInput,
  range: Range,
  { key, candidate, changes, breathe, signal }: Look,
): Promise<Affected | undefined> {
  const { before, after, parent } = candidate;
  await breathe();
  // A commit that is gone from Git is no reason to look no closer.
  if (!parent && after && (await isFar(deps, pull, after, { range, changes }).catch(() => false))) return undefined;
  const basePins = before ? pins(before, pull, range.base) : [];
  const resultPins = after ? pins(after, pull, range.result) : [];
  const unmerged = { merged: before, revisions: basePins, repoUrl: pull.repoUrl };
  if (!parent) {
    const [a, b] = await Promise.all([
      inputsOf(deps, before, basePins, { signal }),
      inputsOf(deps, after, resultPins, { signal, unmerged }),
    ]);
    if (a === b) return undefined;
  }
  const [base, result] = await Promise.all([
    manifestsOf(deps, before, basePins, { signal }),
    manifestsOf(deps, after, resultPins, { signal, unmerged }),
  ]);
  return { key, before, after, base, result, ...(parent && { parent }) };
}

/** Sorted by key. Rejects with the signal's reason when superseded. */
export async function affectedBy(
  deps: ChangeDeps,
  pull: PullInput,
  range: Range,
  signal: AbortSignal,
): Promise<AffectedList> {
  const turns = new Semaphore(deps.concurrency ?? 8);
  const changes = new Map<string, Promise<ChangedPaths>>();
  const breathe = breather();
  const found = new Map<string, Affected>();
  const own = deps.applications.list().filter((app) => tracks(app, pull));
  let round = new Map<string, Candidate>(own.map((app) => [applicationKey(app), { before: app, after: app }]));
  const followed = new Set<string>();
  for (let depth = 0; round.size > 0 && depth < maxDepth; depth += 1) {
    const results = await Promise.all(
      [...round].map(async ([key, candidate]) => {
        const giveBack = await turns.take(signal);
        try {
          return await look(deps, pull, range, { key, candidate, changes, breathe, signal });
        } finally {
          giveBack();
        }
      }),
    );
    const hits = results.filter((each) => each !== undefined);
    for (const hit of hits) found.set(hit.key, hit);
    const next = new Map(hits.flatMap((hit) => [...changedChildren(deps, hit)]).filter(([key]) => !followed.has(key)));
    for (const key of next.keys()) followed.add(key);
    round = next;
  }
  const affected = [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { affected, considered: new Set([...own.map(applicationKey), ...found.keys()]).size };
}
