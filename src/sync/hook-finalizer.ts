// The finalizer that keeps a hook's object until its result has been read.
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import type { Api, ObjectRef } from '../cluster/api.ts';
import { argo } from '../model/annotations.ts';
import type { KubeObject } from '../model/kube.ts';

export function hasHookFinalizer(object: KubeObject): boolean {
  return object.metadata.finalizers?.includes(argo.hookFinalizer) ?? false;
}

/**
 * The object without it; undefined if it never had it or is gone. Throws E_API, transient, when somebody changed the
 * finalizers meanwhile.
 */
export async function dropHookFinalizer(
  api: Pick<Api, 'patch'>,
  ref: ObjectRef,
  object: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const at = object.metadata.finalizers?.indexOf(argo.hookFinalizer) ?? -1;
  if (at < 0) return undefined;
  const path = `/metadata/finalizers/${at}`;
  try {
    return await api.patch(ref, {
      type: 'json',
      patch: [
        { op: 'test', path, value: argo.hookFinalizer },
        { op: 'remove', path },
      ],
      signal,
    });
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    if (isStatus(error, 422))
      throw new AppError('E_API', `the finalizers of ${ref.kind} ${ref.name} were changed meanwhile`, {
        kind: 'transient',
        cause: error,
      });
    throw error;
  }
}
