// One kind of object of the control plane: read from a watched copy, written through the API.
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Mirror } from '../cluster/mirror.ts';
import type { KubeObject, ResourceKey } from '../model/kube.ts';
import type { Sealing } from './seal.ts';
import type { Kept } from './collection-index.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';
import { changesStatus, hasOurStatus, isBlank, isOurs, sealed, sealedPatch, withOurEntries } from './seal.ts';
import { watchIndex } from './collection-index.ts';

/** One JSON patch operation (RFC 6902). */
interface PatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test';
  path: string;
  value?: unknown;
}

/**
 * One kind of object in the control-plane namespace(s): reads come from memory (kept by a watch, and by the answers to
 * our own writes, so that a read after a write is never older than it), writes go to the API. Keys are
 * `namespace/name`.
 */
export interface Collection<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): T[];
  /**
   * Resolves when it has been read once. Of a store that is open all are, but for kinds that it can do without; of
   * those nothing is known before.
   */
  read(signal?: AbortSignal): Promise<void>;
  /**
   * Those that belong to it: our own resources by application (`namespace/name`), SyncRecords by place, Applications by
   * project, projects by name.
   */
  of(value: string): T[];
  /**
   * Called with the key after every change, ours included; `now` is undefined after a deletion. Hints only: read
   * afresh.
   */
  onChange(fn: (key: string, now: T | undefined, before: T | undefined) => void): () => void;
  /**
   * 'exists' when the name is taken already: for content-named objects that is success. Either way it can be read
   * afterwards.
   */
  create(object: T): Promise<'created' | 'exists'>;
  /** Merge patch of the object itself (or of its status subresource). Throws ApiError 404/409. */
  patch(
    key: string,
    patch: Record<string, unknown>,
    options?: { subresource?: 'status'; resourceVersion?: string },
  ): Promise<T>;
  /** JSON patch; a failed `test` throws ApiError 422. */
  jsonPatch(key: string, operations: PatchOperation[]): Promise<T>;
  /**
   * Resolves when the request is accepted, also if it was gone already; it can be read until the watch has seen it go.
   */
  delete(key: string): Promise<void>;
}

interface Kind {
  group: string;
  kind: string;
}

interface WatchedCollection<T extends KubeObject> extends Collection<T>, Kind {
  mirror: Mirror<Kept<T>>;
  /**
   * Those that stand where ours belong and that we did not write, or no longer as they are; none of a kind that is not
   * sealed.
   */
  foreign(): KubeObject[];
}

function refOf(kind: Kind, key: string): ResourceKey {
  const slash = key.indexOf('/');
  return { ...kind, namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function conditional(patch: Record<string, unknown>, resourceVersion: string | undefined): Record<string, unknown> {
  if (resourceVersion === undefined) return patch;
  return { ...patch, metadata: { ...(isObject(patch['metadata']) && patch['metadata']), resourceVersion } };
}

type Writes<T extends KubeObject> = Pick<Collection<T>, 'create' | 'patch' | 'jsonPatch' | 'delete'>;

interface Written<T> {
  api: Api;
  mirror: Mirror<Kept<T>>;
  options: CollectionOptions<T>;
  kind: Kind;
}

/** `part`: what of it we have just written with a MAC. */
function accepted<T extends KubeObject>(
  { mirror, options, kind }: Written<T>,
  object: KubeObject,
  part?: 'object' | 'status',
): T {
  mirror.accept(object);
  const { sealing } = options;
  if (sealing && part && !(part === 'status' ? hasOurStatus : isOurs)(sealing, object)) {
    throw new AppError(
      'E_CONFIG',
      `the cluster does not keep all that Coxswain writes into ${kind.kind} ${object.metadata.name ?? ''}`,
      {
        hint: 'Its custom resource definition is older than Coxswain: kubectl apply -k deploy brings the present one.',
      },
    );
  }
  const seen = keptOf(options, object).seen;
  if (!seen) throw new AppError('E_INTERNAL', `the API answered a ${kind.kind} that cannot be read`);
  return seen;
}

/** A name that ours must have is not left to a stranger's object: this very one goes. */
async function removeForeign<T extends KubeObject>({ api, kind }: Written<T>, { metadata }: KubeObject): Promise<void> {
  const { namespace = '', name = '', uid, finalizers = [] } = metadata;
  const ref = { ...kind, namespace, name };
  if (finalizers.length > 0) await api.patch(ref, { type: 'merge', patch: { metadata: { uid, finalizers: null } } });
  await api.delete(ref, uid === undefined ? {} : { uid });
}

/** What it says is written when its uid is known. */
async function fill<T extends KubeObject>(written: Written<T>, object: T, blank: KubeObject): Promise<'created'> {
  written.mirror.accept(blank);
  await patch(written, {
    key: `${object.metadata.namespace}/${object.metadata.name}`,
    patch: { spec: object['spec'] },
  });
  return 'created';
}

async function create<T extends KubeObject>(written: Written<T>, object: T): Promise<'created' | 'exists'> {
  const {
    api,
    mirror,
    kind,
    options: { sealing },
  } = written;
  const { namespace = '', name = '' } = object.metadata;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const made = await api.create(sealing ? sealed(sealing, object) : object);
      if (sealing?.bound) return await fill(written, object, made);
      accepted(written, made, 'object');
      return 'created';
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
    // Whoever made it may be ahead of our watch.
    const found = mirror.get(namespace, name)?.seen ? undefined : await api.get({ ...kind, namespace, name });
    // Its maker died in between, or somebody made it again.
    if (found && sealing && isOurs(sealing, found) && isBlank(sealing, found)) return fill(written, object, found);
    if (!found || !sealing || isOurs(sealing, found) || attempt > 0) {
      if (found) mirror.accept(found);
      return 'exists';
    }
    await removeForeign(written, found);
  }
}

interface Patch {
  key: string;
  patch: Record<string, unknown>;
  subresource?: 'status' | undefined;
  resourceVersion?: string | undefined;
}

const mostConflicts = 5;

function versionIn({ metadata }: Record<string, unknown>): string | undefined {
  return isObject(metadata) && typeof metadata['resourceVersion'] === 'string'
    ? metadata['resourceVersion']
    : undefined;
}

/**
 * Every write counts for one version of the object alone: what a former holder of the Lease sent late changes nothing
 * any more. After a conflict it is made anew (a MAC is of one version too), unless the caller means one version
 * himself.
 */
async function patch<T extends KubeObject>(
  written: Written<T>,
  { key, patch: wanted, subresource, resourceVersion = versionIn(wanted) }: Patch,
): Promise<T> {
  const {
    api,
    mirror,
    kind,
    options: { sealing },
  } = written;
  const ref = refOf(kind, key);
  const send = (body: Record<string, unknown>, version: string | undefined): Promise<KubeObject> =>
    api.patch(ref, { type: 'merge', patch: conditional(body, version), ...(subresource && { subresource }) });
  let current = mirror.get(ref.namespace, ref.name)?.raw;
  for (let conflicts = 0; ; conflicts += 1) {
    if (!current || (sealing && resourceVersion !== undefined && current.metadata.resourceVersion !== resourceVersion))
      current = await api.get(ref);
    const body = sealing ? current && sealedPatch(sealing, current, wanted, subresource) : wanted;
    if (!current || !body) break;
    try {
      const answer = await send(body, resourceVersion ?? current.metadata.resourceVersion);
      const part = sealing && subresource && !changesStatus(sealing, wanted) ? undefined : (subresource ?? 'object');
      return accepted(written, answer, part);
    } catch (error) {
      if (!isStatus(error, 409) || resourceVersion !== undefined || conflicts >= mostConflicts) throw error;
      current = undefined;
    }
  }
  return accepted(written, await send(wanted, resourceVersion));
}

function writes<T extends KubeObject>(written: Written<T>): Writes<T> {
  const { api, kind } = written;
  return {
    create: (object) => create(written, object),
    patch: (key, wanted, options = {}) => patch(written, { key, patch: wanted, ...options }),
    async jsonPatch(key, operations) {
      return accepted(written, await api.patch(refOf(kind, key), { type: 'json', patch: operations }));
    },
    async delete(key) {
      await api.delete(refOf(kind, key));
    },
  };
}

interface CollectionOptions<T> extends Kind {
  namespace: string;
  parse: (object: KubeObject) => T | undefined;
  /** What `of` looks objects up by. */
  indexOf: (object: T) => string | readonly string[];
  /** Of a kind that only we write: what is not as we wrote it does not count. */
  sealing?: Sealing;
  /** What stands for an object that we did not write; default: nothing. */
  parseForeign?: (object: KubeObject) => T | undefined;
}

function keptOf<T extends KubeObject>(
  { sealing, parse, parseForeign }: CollectionOptions<T>,
  raw: KubeObject,
): Kept<T> {
  if (!sealing) return { raw, seen: parse(raw) };
  const { status: _status, ...bare } = raw;
  const own = withOurEntries(sealing, raw);
  const seen = hasOurStatus(sealing, raw) ? own : bare;
  if (!isOurs(sealing, raw)) return { raw, seen: parseForeign?.(seen), foreign: true };
  return { raw, seen: isBlank(sealing, raw) ? undefined : parse(seen), foreign: own !== raw };
}

/** Empty until its mirror is started. */
export function watchCollection<T extends KubeObject>(
  cluster: Cluster,
  options: CollectionOptions<T>,
): WatchedCollection<T> {
  const { namespace } = options;
  const kind = { group: options.group, kind: options.kind };
  const mirror = cluster.mirror<Kept<T>>({ kind, namespace, parse: (object) => keptOf(options, object) });
  return {
    ...kind,
    mirror,
    of: watchIndex(mirror, options.indexOf),
    get: (key) => {
      const ref = refOf(kind, key);
      return mirror.get(ref.namespace, ref.name)?.seen;
    },
    list: () => mirror.all().flatMap(({ seen }) => seen ?? []),
    read: (signal) => mirror.start(signal),
    foreign: () =>
      mirror
        .all()
        .filter(({ foreign }) => foreign === true)
        .map(({ raw }) => raw),
    onChange: (fn) =>
      mirror.onChange(({ namespace: at, name, after, before }) => {
        if (after?.seen || before?.seen) fn(`${at}/${name}`, after?.seen, before?.seen);
      }),
    ...writes({ api: cluster.api, mirror, options, kind }),
  };
}
