// The typed requests of `Api`, made from the transport and what discovery knows.
import type { KubeObject } from '../model/kube.ts';
import type {
  Api,
  ApiVerb,
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  ListOptions,
  ObjectRef,
  PatchOptions,
  RequestOptions,
  WriteOptions,
} from './api.ts';
import type { ApiResource, Discovery } from './discovery/discovery.ts';
import type { Answer, Transport } from './wire/transport.ts';
import { AppError } from '../base/errors.ts';
import { fieldManager } from '../model/annotations.ts';
import { gvkOf } from '../model/kube.ts';
import { isManifestFault, isStatus } from './api-error.ts';
import { applyType } from './apply-body.ts';
import { everyFault } from './manifest-fault.ts';
import { isTooBig, refuseChangedNumbers, tooBig } from './dry-run.ts';
import { collectionPath, objectPath, withQuery } from './paths.ts';
import { objectOf, pageOf } from './object-list.ts';

const pageSize = 500;
const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;
const metadataList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

interface Write {
  verb: ApiVerb;
  method: string;
  path: string;
  body: unknown;
  contentType?: string;
  query?: Record<string, string | number | boolean | undefined>;
}

/** Rejects with ApiError for an answer of 400 or more, with E_API_UNREACHABLE when none came. */
export class ObjectApi implements Api {
  readonly #transport: Transport;
  readonly #discovery: Discovery;

  constructor(transport: Transport, discovery: Discovery) {
    this.#transport = transport;
    this.#discovery = discovery;
  }

  get counts(): Readonly<Record<ApiVerb, number>> {
    return this.#transport.counts;
  }

  async get(ref: ObjectRef, options: CallOptions = {}): Promise<KubeObject | undefined> {
    const path = objectPath(await this.#resource(ref, options.signal), ref);
    try {
      const { body } = await this.#transport.call({ ...common(options), verb: 'get', method: 'GET', path, safe: true });
      return objectOf(body);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async list(kind: { group: string; kind: string }, options: ListOptions = {}): Promise<KubeObject[]> {
    const resource = await this.#resource(
      { ...kind, ...(options.version !== undefined && { version: options.version }) },
      options.signal,
    );
    const accept = options.metadataOnly === true ? metadataList : 'application/json';
    const items: KubeObject[] = [];
    const { labelSelector, fieldSelector } = options;
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const path = withQuery(collectionPath(resource, options.namespace), {
        limit: pageSize,
        continue: cursor,
        labelSelector,
        fieldSelector,
      });
      const { body } = await this.#transport.call({
        ...common(options),
        verb: 'list',
        method: 'GET',
        path,
        accept,
        safe: true,
      });
      const page = pageOf(body, resource);
      for (const item of page.items) items.push(item);
      cursor = page.next;
    }
    return items;
  }

  async create(object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const resource = await this.#resource(gvkOf(object), options.signal);
    if (resource.namespaced && !object.metadata.namespace)
      throw new AppError('E_MANIFEST', `${object.kind} ${object.metadata.name ?? ''} needs a namespace`);
    return this.#writeWhole(
      { verb: 'create', method: 'POST', path: collectionPath(resource, object.metadata.namespace), body: object },
      options,
    );
  }

  async replace(object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#writeWhole(
      { verb: 'update', method: 'PUT', path: await this.#pathOf(object, options.signal), body: object },
      options,
    );
  }

  async apply(object: KubeObject, options: ApplyOptions = {}): Promise<KubeObject> {
    const path = await this.#pathOf(object, options.signal);
    const query = { force: options.force ?? true };
    // JSON is YAML: the server needs this type to know an apply, and reads the body as either.
    const write = (body: KubeObject, how: WriteOptions): Promise<KubeObject> =>
      this.#writeWhole(
        { verb: 'apply', method: 'PATCH', path, body, contentType: applyType, query },
        { fieldValidation: 'Warn', ...how },
      );
    try {
      return await write(object, options);
    } catch (error) {
      if (!isManifestFault(error)) throw error;
      const trial = { ...options, dryRun: true };
      const faults = await everyFault(error, object, {
        create: (body) => this.create(body, { ...trial, fieldValidation: 'Strict' }),
        apply: (body) => write(body, trial),
      });
      // An apply refuses unknown fields whatever is asked; any other write leaves them out.
      if (options.fieldValidation === 'Ignore' && faults.rest) return write(faults.rest, options);
      throw faults.error;
    }
  }

  async patch(ref: ObjectRef, options: PatchOptions): Promise<KubeObject> {
    const path = objectPath(await this.#resource(ref, options.signal), ref, options.subresource);
    return objectOf(
      (
        await this.#write(
          { verb: 'patch', method: 'PATCH', path, body: options.patch, contentType: patchTypes[options.type] },
          options,
        )
      ).body,
    );
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const path = objectPath(await this.#resource(ref, options.signal), ref);
    const { uid, resourceVersion, propagationPolicy = 'Background', gracePeriodSeconds, dryRun } = options;
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy,
      gracePeriodSeconds,
      ...(dryRun === true && { dryRun: ['All'] }),
      ...((uid !== undefined || resourceVersion !== undefined) && { preconditions: { uid, resourceVersion } }),
    };
    try {
      // With a uid a repetition hits the same object or none.
      await this.#transport.call({
        ...common(options),
        verb: dryRun === true ? 'dryRun' : 'delete',
        method: 'DELETE',
        path,
        body,
        safe: uid !== undefined || dryRun === true,
      });
      return true;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    if (!path.startsWith('/')) throw new AppError('E_INTERNAL', 'a request path begins with a slash');
    const { body, contentType, accept } = options;
    const answer = await this.#transport.call({
      ...common(options),
      verb: 'raw',
      method,
      path: withQuery(path, options.query),
      body,
      ...(contentType !== undefined && { contentType }),
      ...(accept !== undefined && { accept }),
      safe: method === 'GET' || method === 'HEAD',
    });
    return answer.body;
  }

  /** The answer is looked at: the server takes some objects that it cannot store, or stores as others. */
  async #writeWhole(write: Write & { body: KubeObject }, options: WriteOptions): Promise<KubeObject> {
    const answer = await this.#write(write, options);
    const object = objectOf(answer.body);
    // Also what could not be tried before: it is stored, and told.
    refuseChangedNumbers(write.path, write.body, object);
    if (options.dryRun !== true) return object;
    const bytes = Buffer.byteLength(answer.text);
    if (isTooBig(write.path, bytes) && (await this.#isCustom(object, options))) throw tooBig(bytes);
    return object;
  }

  /** Custom resources are stored as the JSON that they are answered in. */
  async #isCustom(object: KubeObject, options: CallOptions): Promise<boolean> {
    const { group, plural } = await this.#resource(gvkOf(object), options.signal);
    if (group === '') return false;
    const definition = {
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: `${plural}.${group}`,
    };
    return (await this.get(definition, common(options))) !== undefined;
  }

  async #write(write: Write, options: WriteOptions): Promise<Answer> {
    const { manager = fieldManager, dryRun = false, fieldValidation } = options;
    const path = withQuery(write.path, {
      ...write.query,
      fieldManager: manager,
      dryRun: dryRun ? 'All' : undefined,
      fieldValidation,
    });
    return this.#transport.call({
      ...common(options),
      verb: dryRun ? 'dryRun' : write.verb,
      method: write.method,
      path,
      body: write.body,
      ...(write.contentType !== undefined && { contentType: write.contentType }),
      safe: dryRun,
    });
  }

  async #pathOf(object: KubeObject, signal: AbortSignal | undefined): Promise<string> {
    const resource = await this.#resource(gvkOf(object), signal);
    return objectPath(resource, { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' });
  }

  /** A kind that is not known may have come a moment ago: its group is asked once. */
  async #resource(
    kind: { group: string; version?: string; kind: string },
    signal: AbortSignal | undefined,
  ): Promise<ApiResource> {
    const known = this.#discovery.resourceOf(kind);
    if (known) return known;
    await this.#discovery.refresh(kind.group, signal);
    const found = this.#discovery.resourceOf(kind);
    if (found) return found;
    const version = kind.version === undefined ? '' : `/${kind.version}`;
    throw new AppError(
      'E_KIND_UNKNOWN',
      `the cluster does not serve ${kind.kind} of ${kind.group || 'core'}${version}`,
      {
        kind: 'transient',
        hint: 'Install its custom resource definition first, or correct apiVersion and kind.',
      },
    );
  }
}

function common(options: CallOptions): Pick<CallOptions, 'signal' | 'impersonate' | 'timeoutMs' | 'forLease'> {
  const { signal, impersonate, timeoutMs, forLease } = options;
  return {
    ...(forLease && { forLease }),
    ...(signal && { signal }),
    ...(impersonate && { impersonate }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}
