// The live objects of an application that is deleted: highest wave first, as far as they may go
// (Argo CD: controller/sort_delete.go).
import type { ResourceKey } from '../../model/kube.ts';
import type { Cascade, Item } from '../application/taken.ts';
import { deleteOption, isKept } from '../application/taken.ts';
import { AppError } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { argo } from '../../model/annotations.ts';
import { isApplication, isProject } from '../../model/argo-kinds.ts';
import { waveOf } from '../../model/hooks.ts';
import { keyTitle } from '../../model/kube.ts';
import { textAt } from '../../model/read.ts';
import { dropHookFinalizer, hasHookFinalizer } from '../../sync/hooks.ts';

/** What a deletion waits for. */
export interface Waiting {
  /** Told as DeletionError; undefined while it goes on by itself. */
  error?: string;
  /** Milliseconds after which to look again even without an event. */
  after?: number;
}

/** Milliseconds after which kinds that cannot be read are looked at again. */
const againMs = 10_000;

/**
 * Kinds of which nobody knows whether objects are left. One that may not be listed counts only if the application had
 * objects of it.
 */
function unreadable({ app, target }: Cascade): string[] {
  const { discovery, live } = target.cluster;
  const had = new Set((app.status?.resources ?? []).map((item) => `${item.group ?? ''}/${item.kind}`));
  return discovery.resources().flatMap((kind) => {
    const problem = live.problemOf(kind);
    if (!problem || (problem instanceof AppError && problem.code === 'E_KIND_UNKNOWN') || isStatus(problem, 404))
      return [];
    if (isStatus(problem, 403) && !had.has(`${kind.group}/${kind.kind}`)) return [];
    return [`${kind.kind}${kind.group && `.${kind.group}`} (${problem.message})`];
  });
}

async function itemsOf({ target, tracking, signal }: Cascade): Promise<Item[]> {
  const { live, api } = target.cluster;
  const records = live.keysOf(tracking).flatMap((key) => live.get(key) ?? []);
  const items = await Promise.all(
    records.map(async (record) => ({ record, object: record.object ?? (await api.get(record.key, { signal })) })),
  );
  return items.flatMap(({ record, object }) => (object ? [{ record, object }] : []));
}

/**
 * Delete=confirm holds the whole deletion until the application carries the annotation deletion-approved: what is to be
 * confirmed, and how.
 */
function awaitedConfirmation(cascade: Cascade, items: readonly Item[]): string | undefined {
  const { metadata } = cascade.app;
  const approved = Date.parse(metadata.annotations?.[argo.deletionApproved] ?? '');
  if (approved >= Date.parse(metadata.deletionTimestamp ?? '')) return undefined;
  const [first, ...more] = items
    .filter(({ object }) => deleteOption(cascade, object) === 'confirm')
    .map(({ record }) => keyTitle(record.key))
    .sort();
  if (first === undefined) return undefined;
  const named = more.length > 0 ? `${first} and ${more.length} more` : first;
  return (
    `Nothing is deleted until somebody confirms it: ${named} asks for it by Delete=confirm. To confirm, ` +
    `set the annotation ${argo.deletionApproved} of the application to the present time (RFC 3339, ` +
    `not before ${metadata.deletionTimestamp ?? ''}).`
  );
}

/** Applications that go as well still ask their AppProject what may go. */
function isAsked({ record }: Item, items: readonly Item[]): boolean {
  return (
    isProject(record.key) &&
    items.some(
      (other) => isApplication(other.record.key) && textAt(other.object, 'spec', 'project') === record.key.name,
    )
  );
}

async function deleteHighestWave({ app, target, signal }: Cascade, all: readonly Item[]): Promise<void> {
  const items = all.filter((item) => !isAsked(item, all));
  const highest = Math.max(...items.map(({ object }) => waveOf(object)));
  const background = app.metadata.finalizers?.includes(`${argo.resourcesFinalizer}/background`);
  const now = items.filter(({ record, object }) => waveOf(object) === highest && !record.deleting);
  await Promise.all(
    now.map(({ record }) =>
      target.cluster.api.delete(record.key, {
        uid: record.uid,
        propagationPolicy: background ? 'Background' : 'Foreground',
        signal,
      }),
    ),
  );
}

/**
 * One step; undefined when nothing is left that may go. `takesIt`: an Application that is going, and takes this one
 * along in turn: in a circle each would wait for the next for ever.
 */
export async function cascade(input: Cascade, takesIt: (key: ResourceKey) => boolean): Promise<Waiting | undefined> {
  const { target, signal } = input;
  await target.cluster.live.start(signal);
  const items = await itemsOf(input);
  const remaining = items.filter((item) => !isKept(input, item));
  const unconfirmed = awaitedConfirmation(input, remaining);
  if (unconfirmed !== undefined) return { error: unconfirmed };
  // Nobody will read the result of a hook in flight any more.
  await Promise.all(
    items
      .filter(({ object }) => hasHookFinalizer(object))
      .map(({ record, object }) => dropHookFinalizer(target.cluster.api, record.key, object, signal)),
  );
  if (remaining.length > 0) await deleteHighestWave(input, remaining);
  const unknown = unreadable(input);
  if (unknown.length > 0)
    return {
      error:
        `Nobody can tell whether objects are left, for these kinds cannot be read now: ${unknown.join(', ')}. ` +
        'The deletion goes on by itself when they can.',
      after: againMs,
    };
  return remaining.some(({ record: { key } }) => !takesIt(key)) ? {} : undefined;
}
