// What a client-side apply, Argo CD's default, would make of a live object: the patch that kubectl sends, tried by dry
// run (docs/decisions/0038).
import type { CompareContext } from './comparison.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../model/kube.ts';
import type { Prediction } from './predict.ts';
import type { PreparedObject } from './prepare.ts';
import type { Verdict } from './verdicts.ts';
import { AppError } from '../../base/errors.ts';
import { argo, fieldManager } from '../../model/annotations.ts';
import { diffFields, withoutNoise } from '../../diff/diff.ts';
import { difference, fieldSet, heldBy, isOurApply, pathId, treeOf, union } from '../../diff/managed-fields.ts';
import { sameJson } from '../../base/canonical.ts';
import { hasPath } from '../../diff/path.ts';
import { isClientSide } from './argo-apply.ts';
import { ownedChanges } from '../../diff/owned.ts';
import { bodyOf, predict, sameVersion } from './predict.ts';
import { synced } from './verdicts.ts';

const attempts = 6;

function isWhole({ subresource }: ManagedFieldsEntry): boolean {
  return !subresource;
}

/**
 * What a write that is no apply changes, told as an apply of ours: that holds what the server says was written, and
 * what went. So changes have the same paths whoever applies.
 */
export function toldAsApply(live: KubeObject, answer: KubeObject): KubeObject {
  const entries = answer.metadata.managedFields ?? [];
  const written = heldBy(
    answer,
    (entry) => isOurApply(entry) || (entry.manager === fieldManager && !entry.subresource),
  );
  const gone = difference(heldBy(live, isWhole), heldBy(answer, isWhole));
  // Where the server does not keep who writes what.
  const plain = entries.length > 0 ? [] : diffFields(withoutNoise(live), withoutNoise(answer)).map(({ path }) => path);
  const told = new Map(plain.map((path) => [pathId(path), { path, leaf: true }]));
  return {
    ...answer,
    metadata: {
      ...answer.metadata,
      ...(live.metadata.annotations && {
        annotations: { ...answer.metadata.annotations, ...lastAppliedOf(live) },
      }),
      managedFields: [
        ...entries.filter((entry) => !isOurApply(entry)),
        {
          manager: fieldManager,
          operation: 'Apply',
          fieldsType: 'FieldsV1',
          fieldsV1: treeOf(union(written, gone, told)),
        },
      ],
    },
  };
}

function lastAppliedOf({ metadata }: KubeObject): Record<string, string> {
  const text = metadata.annotations?.[argo.lastApplied];
  return text === undefined ? {} : { [argo.lastApplied]: text };
}

/** What Git gave up, and a client-side apply does not know of. */
function keptIn(predicted: KubeObject, target: KubeObject, previous: KubeObject | undefined): Prediction['kept'] {
  if (!previous) return [];
  const kept = new Map<string, Prediction['kept'][number]>();
  for (const entry of predicted.metadata.managedFields ?? []) {
    for (const [id, { path, leaf }] of fieldSet(entry.fieldsV1)) {
      if (!leaf || path[0] === 'status' || path[2] === argo.lastApplied || kept.has(id)) continue;
      if (!hasPath(previous, path) || hasPath(target, path) || !hasPath(predicted, path)) continue;
      kept.set(id, { path, by: `${entry.manager ?? ''}${entry.subresource ? ` (${entry.subresource})` : ''}` });
    }
  }
  return [...kept.values()];
}

type LiveBody = NonNullable<Awaited<ReturnType<typeof bodyOf>>>;

/** Over which version it was tried, and what came of it; undefined: of that version it would be another patch. */
async function judged(
  context: CompareContext,
  prepared: PreparedObject,
  body: LiveBody,
): Promise<{ body: LiveBody; verdict: Verdict } | undefined> {
  const { cluster, threeWay, verdicts, signal } = context;
  if (!threeWay) throw new AppError('E_INTERNAL', 'nothing makes patches of client-side applies');
  const sent = await threeWay.patch(prepared.target, body.object);
  if (sent.empty) return { body, verdict: synced };
  const { type, patch } = sent;
  verdicts.stats.asked += 1;
  const ref = { ...prepared.key, version: prepared.version };
  const answer = await cluster.api.patch(ref, { type, patch, dryRun: true, signal });
  const tried = await sameVersion(context, body.record, prepared, answer);
  if (!tried) return undefined;
  const live = tried.object;
  const moved = live.metadata.resourceVersion !== body.object.metadata.resourceVersion;
  if (moved && !sameJson(await threeWay.patch(prepared.target, live), sent)) return undefined;
  const applied = toldAsApply(live, answer);
  return { body: tried, verdict: ownedChanges(live, applied).length > 0 ? { ...synced, applied, live } : synced };
}

/** As `predict`. What others hold counts for nothing here: the last-applied annotation alone tells what goes. */
async function predictClientSide(
  context: CompareContext,
  prepared: PreparedObject,
  previous: PreparedObject | undefined,
): Promise<Prediction | undefined> {
  const { cluster, verdicts, signal } = context;
  const known = { hash: `client-side ${prepared.hash}`, baseline: '*', whole: false };
  const told = (live: LiveBody, predicted: KubeObject): Prediction => {
    return { live, predicted, removed: [], kept: keptIn(predicted, prepared.target, previous?.target) };
  };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = cluster.live.get(prepared.key);
    if (!record) return undefined;
    const found = verdicts.find(record, known.hash, '');
    if (found?.applied && found.live) return told({ record, object: found.live }, found.applied);
    const body = await bodyOf(context, record, prepared.version);
    const version = body?.object.metadata.resourceVersion;
    if (body && found) return told(body, body.object);
    if (!body) await cluster.live.until(prepared.key, (now) => now?.uid !== record.uid, signal);
    else if (version !== record.resourceVersion) await cluster.live.waitFor(prepared.key, version ?? '', signal);
    const tried = body && version === record.resourceVersion && (await judged(context, prepared, body));
    if (!tried) continue;
    const { verdict } = tried;
    verdicts.set(tried.body.record, known, verdict, tried.body.object);
    return told(tried.body, verdict.applied ?? tried.body.object);
  }
  throw new AppError('E_API', 'the object changes faster than it can be compared', {
    kind: 'transient',
    hint: 'It is compared again by itself.',
  });
}

/** What applying the manifest would make of a live object, by whoever applies it: `predict`, or as Argo CD does it. */
export function predictApply(
  context: CompareContext,
  prepared: PreparedObject,
  previous: PreparedObject | undefined,
): Promise<Prediction | undefined> {
  return (isClientSide(context, prepared) ? predictClientSide : predict)(context, prepared, previous);
}
