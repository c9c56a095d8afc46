// Fields of custom resources that Kubernetes' own types write in another form than Git does, `1` for `1000m`, are no
// difference (Argo CD: docs/user-guide/diffing.md#known-kubernetes-types-in-crds-resource-limits-volume-mounts-etc).
import type { KnownField } from '../../model/comparison-settings.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Worker } from '../../base/worker.ts';
import { parseJson, stringifyJson } from '../../base/json.ts';
import { sameJson } from '../../base/canonical.ts';
import { isObject } from '../../model/kube.ts';

/** `predicted`, in which all that means the same as in `live` stands as it does there. */
export async function inFormOf(
  worker: Worker,
  fields: readonly KnownField[],
  { live, predicted }: { live: KubeObject; predicted: KubeObject },
): Promise<KubeObject> {
  const asked = fields.map(({ field, type }) => ({ path: field.split('.'), type }));
  const texts = [predicted, live].map((object) => Buffer.from(stringifyJson(object)));
  const { blobs } = await worker.call('known-forms', { fields: asked }, texts);
  const [mine, theirs] = blobs.map((blob) => parseJson(blob.toString()));
  return form({ mine: predicted, theirs: live }, { mine, theirs }) as KubeObject; // as it came, but for its fields
}

interface Pair {
  mine: unknown;
  theirs: unknown;
}

/** `known`: the same as their types write it. */
function form({ mine, theirs }: Pair, known: Pair): unknown {
  if (isSame(known)) return theirs;
  const all = [mine, theirs, known.mine, known.theirs];
  if (all.every(isObject)) {
    const [from, live, one, other] = all;
    const names = new Set([...Object.keys(from ?? {}), ...Object.keys(live ?? {})]);
    const fields = [...names].map((name): [string, unknown] => [
      name,
      form({ mine: from?.[name], theirs: live?.[name] }, { mine: one?.[name], theirs: other?.[name] }),
    ]);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }
  if (!all.every(Array.isArray)) return mine;
  const [from = [], live = [], one = [], other = []] = all;
  if (from.length !== live.length) return mine;
  return from.map((entry: unknown, at) =>
    form({ mine: entry, theirs: live[at] as unknown }, { mine: one[at] as unknown, theirs: other[at] as unknown }),
  );
}

function isSame({ mine, theirs }: Pair): boolean {
  return mine === undefined || theirs === undefined ? mine === theirs : sameJson(mine, theirs);
}
