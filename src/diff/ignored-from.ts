// One form of an object with what is ignored as another form has it, entries of lists too, wherever they stand in each.
import type { FieldPath } from '../model/effect.ts';
import type { KubeObject } from '../model/kube.ts';
import { isObject } from '../model/kube.ts';

/** Positions in a live object and in another form of it. */
export interface Ignored {
  live: FieldPath[];
  other: FieldPath[];
}

/** Positions as a tree. */
interface Marks {
  /** All that is here is ignored. */
  whole: boolean;
  below: Map<FieldPath[number], Marks>;
}

interface Forms {
  other: unknown;
  live: unknown;
  ofOther: Marks | undefined;
  ofLive: Marks | undefined;
}

function marksOf(positions: readonly FieldPath[]): Marks {
  const root: Marks = { whole: false, below: new Map() };
  for (const position of positions) {
    let at = root;
    for (const step of position) {
      const next = at.below.get(step) ?? { whole: false, below: new Map() };
      at.below.set(step, next);
      at = next;
    }
    at.whole = true;
  }
  return root;
}

/** By which entries of a list are told apart. */
export function nameOf(entry: unknown): string | undefined {
  return isObject(entry) && typeof entry['name'] === 'string' ? entry['name'] : undefined;
}

function isIgnored(name: string, { ofOther, ofLive }: Forms): boolean {
  return ofOther?.below.get(name)?.whole === true || ofLive?.below.get(name)?.whole === true;
}

function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function object(forms: Forms): Record<string, unknown> {
  const { other, live, ofOther, ofLive } = forms;
  const names = new Set([...(isObject(other) ? Object.keys(other) : []), ...(ofLive?.below.keys() ?? [])].map(String));
  const fields = [...names].map((name): [string, unknown] => [
    name,
    isIgnored(name, forms)
      ? field(live, name)
      : form({
          other: field(other, name),
          live: field(live, name),
          ofOther: ofOther?.below.get(name),
          ofLive: ofLive?.below.get(name),
        }),
  ]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** The entry of `live` that an entry is compared with: of its name, else of its rank among those that count. */
function partnerOf(entries: unknown[], kept: readonly number[], rank: number, entry: unknown): number | undefined {
  const name = nameOf(entry);
  return name === undefined ? kept[rank] : kept.find((at) => nameOf(entries[at]) === name);
}

function list({ other, live, ofOther, ofLive }: Forms): unknown[] {
  const [mine, theirs] = [Array.isArray(other) ? other : [], Array.isArray(live) ? live : []];
  const kept = (entries: unknown[], marks: Marks | undefined): number[] =>
    [...entries.keys()].filter((at) => marks?.below.get(at)?.whole !== true);
  const [keptMine, keptTheirs] = [kept(mine, ofOther), kept(theirs, ofLive)];
  const result = keptMine.map((at, rank) => {
    const partner = partnerOf(theirs, keptTheirs, rank, mine[at]);
    return form({
      other: mine[at],
      live: partner === undefined ? undefined : theirs[partner],
      ofOther: ofOther?.below.get(at),
      ofLive: partner === undefined ? undefined : ofLive?.below.get(partner),
    });
  });
  for (const [at, entry] of theirs.entries()) {
    if (ofLive?.below.get(at)?.whole !== true) continue;
    // What is ignored in one form alone is there once.
    const name = nameOf(entry);
    if (name !== undefined && result.some((each) => nameOf(each) === name)) continue;
    result.splice(Math.min(at, result.length), 0, entry);
  }
  return result;
}

function form(forms: Forms): unknown {
  const { other, live, ofOther, ofLive } = forms;
  if (!ofOther && !ofLive) return other;
  const shape = other ?? live;
  if (Array.isArray(shape)) return list(forms);
  return isObject(shape) ? object(forms) : other;
}

/** `other` itself where nothing is ignored. */
export function withIgnoredFrom(other: KubeObject, live: KubeObject, ignored: Ignored): KubeObject {
  if (ignored.live.length === 0 && ignored.other.length === 0) return other;
  return object({ other, live, ofOther: marksOf(ignored.other), ofLive: marksOf(ignored.live) }) as KubeObject;
}
