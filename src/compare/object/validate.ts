// Manifests without a live object to compare with: creates, hooks and recreations, tried by dry run under the server's
// own rules.
import type { CompareContext } from './comparison.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { ObjectError } from '../../model/effect.ts';
import type { Prepared, PreparedObject } from './prepare.ts';
import { AppError } from '../../base/errors.ts';
import { fieldValidation } from './field-validation.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { objectError } from './predict.ts';
import { isClientSide, isForced } from './argo-apply.ts';
import { isReplaced } from './replace.ts';

interface Validation {
  /** "created, not validated: …" */
  note?: string;
  error?: ObjectError;
}

export interface ValidateContext extends CompareContext {
  /** The manifests that would be synced: what they bring themselves need not be there yet. */
  target: Prepared;
  /** Namespace that CreateNamespace=true makes; '' for none. */
  createdNamespace: string;
}

function bringsNamespace(context: ValidateContext, name: string): boolean {
  return name !== '' && (name === context.createdNamespace || context.target.objects.has(`/Namespace//${name}`));
}

function unserved(object: PreparedObject): Validation {
  if (object.brought) return { note: `created, not validated: ${object.key.kind} is defined by this change` };
  const message = `the cluster does not serve ${object.target.apiVersion} ${object.key.kind}`;
  return { error: { key: object.key, code: 'E_KIND_UNKNOWN', message, ...(object.place && { place: object.place }) } };
}

async function tried(
  context: ValidateContext,
  object: PreparedObject,
  request: () => Promise<unknown>,
): Promise<Validation> {
  if (!object.served) return unserved(object);
  if (context.verdicts.isValid(object.key, object.hash)) return {};
  try {
    context.verdicts.stats.asked += 1;
    await request();
    context.verdicts.setValid(object.key, object.hash);
    return {};
  } catch (error) {
    if (!isStatus(error, 404)) return { error: objectError(context, error, object) };
    const { namespace } = object.key;
    if (bringsNamespace(context, namespace))
      return { note: `created, not validated: namespace ${namespace} is created by this change` };
    const message = `namespace ${namespace} does not exist`;
    return { error: { key: object.key, code: error.code, message, ...(object.place && { place: object.place }) } };
  }
}

/** A manifest of which nothing is live. A success is remembered. */
export function validateCreate(context: ValidateContext, object: PreparedObject): Promise<Validation> {
  return tried(context, object, () =>
    // As `kubectl apply` and `kubectl create` do, which leave out what the server does not know.
    isClientSide(context, object) || (context.byArgo && isReplaced(context, object))
      ? context.cluster.api.create(object.target, { dryRun: true, signal: context.signal })
      : context.cluster.api.apply(object.target, {
          dryRun: true,
          fieldValidation: fieldValidation(context, object),
          signal: context.signal,
        }),
  );
}

function anonymous(object: KubeObject): KubeObject {
  const { name, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: { ...metadata, generateName: metadata.generateName ?? `${(name ?? 'x').slice(0, 50)}-` },
  };
}

/** Under a name of the server's choice: the hook of the last sync may still be there. */
export function validateHook(context: ValidateContext, object: PreparedObject): Promise<Validation> {
  return tried(context, object, () =>
    context.cluster.api.create(anonymous(object.target), {
      dryRun: true,
      fieldValidation: fieldValidation(context, object),
      signal: context.signal,
    }),
  );
}

interface RecreateCheck {
  /** The server refuses the change in place, and would take the manifest as a new object. */
  possible: boolean;
  /** Force=true (with or without Replace=true) asks for it. */
  forced: boolean;
}

/** After a 422 on the update: refused because a field cannot change, or because the manifest is wrong in itself? */
export async function checkRecreate(
  context: ValidateContext,
  object: PreparedObject,
  refused: unknown,
  syncOptions: ReadonlyMap<string, string>,
): Promise<RecreateCheck> {
  const forced = isForced({ ...context, syncOptions }, object, context.cluster.live.get(object.key)?.object);
  if (!isStatus(refused, 422)) return { possible: false, forced };
  try {
    await createAnew(context, object);
    return { possible: true, forced };
  } catch (error) {
    if (error instanceof AppError && error.kind === 'terminal') return { possible: false, forced };
    throw error;
  }
}

function createAnew(context: ValidateContext, { target }: PreparedObject): Promise<unknown> {
  context.verdicts.stats.asked += 1;
  return context.cluster.api.create(anonymous(target), { dryRun: true, signal: context.signal });
}

/** Why what is live cannot be deleted and made anew; undefined: it can. */
export async function faultAsNew(context: ValidateContext, object: PreparedObject): Promise<ObjectError | undefined> {
  try {
    await createAnew(context, object);
    return undefined;
  } catch (error) {
    return objectError(context, error, object);
  }
}
