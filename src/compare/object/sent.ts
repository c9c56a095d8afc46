// What a sync sends over a live object, and what comes of it: with RespectIgnoreDifferences=true the ignored fields go
// as they are live.
import type { KubeObject } from '../../model/kube.ts';
import type { Prediction } from './predict.ts';
import type { PreparedObject } from './prepare.ts';
import type { ReplaceContext } from './replace.ts';
import { AppError } from '../../base/errors.ts';
import { bodyOf } from './predict.ts';
import { hashOf } from '../../base/canonical.ts';
import { withIgnoredOf } from '../../diff/ignore.ts';
import { ignoredOf, mayIgnore } from './ignored.ts';
import { isReplaced } from './replace.ts';

interface SentInput {
  prepared: PreparedObject;
  /** The last synced manifest. */
  previous: PreparedObject | undefined;
  /** `predict` or `predictReplace`. */
  how: (
    context: ReplaceContext,
    prepared: PreparedObject,
    previous: PreparedObject | undefined,
  ) => Promise<Prediction | undefined>;
}

/** Neither `prediction` nor `refused`: there is no live object. */
export interface Sent {
  /** As it is applied; `prepared` itself, unless ignored fields are respected. */
  sent: PreparedObject;
  prediction?: Prediction;
  /** What was thrown. */
  refused?: unknown;
}

function isRespected(context: ReplaceContext, { key }: PreparedObject): boolean {
  return context.syncOptions.get('RespectIgnoreDifferences') === 'true' && mayIgnore(context, key);
}

async function targetOver(
  context: ReplaceContext,
  { prepared, previous }: SentInput,
  live: KubeObject,
): Promise<PreparedObject> {
  if (!isRespected(context, prepared)) return prepared;
  const ignored = await ignoredOf(context, prepared.key, { live, other: prepared.target });
  const target = withIgnoredOf(live, prepared.target, ignored, {
    previous: previous?.target,
    whole: isReplaced(context, prepared),
  });
  const hash = hashOf(target);
  return hash === prepared.hash ? prepared : { ...prepared, target, hash };
}

const attempts = 6;

/** The comparison hands `sent` to the sync, and the effect tells of the same: what was approved is what is applied. */
export async function sentOver(context: ReplaceContext, input: SentInput): Promise<Sent> {
  const { prepared } = input;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    let sent = prepared;
    try {
      const record = isRespected(context, prepared) ? context.cluster.live.get(prepared.key) : undefined;
      const body = record && (await bodyOf(context, record, prepared.served ? prepared.version : undefined));
      if (body) sent = await targetOver(context, input, body.object);
      const prediction = await input.how(context, sent, input.previous);
      if (!prediction) return { sent: prepared };
      // The live object may have moved meanwhile, and its ignored fields with it.
      if ((await targetOver(context, input, prediction.live.object)).hash === sent.hash) return { sent, prediction };
    } catch (error) {
      return { sent, refused: error };
    }
  }
  return {
    sent: prepared,
    refused: new AppError('E_API', 'the object changes faster than it can be compared', {
      kind: 'transient',
      hint: 'It is compared again by itself.',
    }),
  };
}
