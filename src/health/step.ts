// Rules for custom resources as data: steps over an object's own words, the first that can tell decides.
import type { Health, HealthStatusCode } from '../model/application.ts';
import type { StatusCondition } from './conditions.ts';
import { isObject } from '../model/kube.ts';
import { at, listAt, mapAt, numberAt, textAt } from '../model/read.ts';
import { parseConditions } from './conditions.ts';

type Scalar = string | number | boolean;
/** By verdict the words that stand for it, whatever their case; `x*` begins with x, `*x` ends with it. */
type Words = Partial<Record<HealthStatusCode, readonly string[]>>;
type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A word at a path decides. */
interface FieldStep extends Words {
  field: string;
  /** For a word that stands in no list. */
  others?: HealthStatusCode;
  /** Path of what is told with it. */
  message?: string;
}

/** The first of these conditions that can tell. Reasons in lists go before its status, unless that is True. */
interface ConditionStep extends Omit<Words, 'Unknown'>, Partial<Record<ConditionStatus, HealthStatusCode>> {
  condition: string | readonly string[];
  /** Path of the list; `status.conditions` if absent. */
  in?: string;
  /** One that was set for an older generation of the object says that its controller is still at work. */
  fresh?: true;
}

/** The controller has not seen this generation yet. */
interface ObservedStep {
  observed: string;
}

/** What must hold of one field or one condition. */
type Test =
  | { field: string; is: Scalar | readonly Scalar[] }
  /** It is there, and none of these. */
  | { field: string; not: Scalar | readonly Scalar[] }
  | { field: string; empty: boolean }
  | { field: string; below: string | number }
  | { field: string; differs: string }
  /** Fewer members of this map have one of these values. */
  | { entries: string; of: readonly string[]; below: string }
  | { annotation: string; is?: string }
  /** The text there is `m/n`, and m is less than n. */
  | { unmet: string }
  | { condition: string; is: ConditionStatus; reason?: readonly string[]; in?: string };

/** All of the tests hold. */
export interface TestStep {
  when: readonly Test[];
  is: HealthStatusCode;
  message?: string;
}

/** Every entry of a list or map is judged by steps of its own; the worst is taken. */
interface EachStep {
  each: string;
  steps: Rule;
}

type Step = FieldStep | ConditionStep | ObservedStep | TestStep | EachStep;
export type Rule = readonly Step[];
/** By `group/Kind`; a `*` in the group stands for any text, a kind of `*` for any kind. */
export type RuleTable = Readonly<Record<string, Rule>>;

const verdicts: readonly HealthStatusCode[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** undefined: no step can tell. Paths are relative to `value`, a part of an object of that generation. */
export function judgeBy(
  rule: Rule,
  value: Record<string, unknown>,
  generation = numberAt(value, 'metadata', 'generation'),
): Health | undefined {
  for (const step of rule) {
    const health = take(step, value, generation);
    if (health) return health;
  }
  return undefined;
}

function take(step: Step, value: Record<string, unknown>, generation: number | undefined): Health | undefined {
  if ('when' in step) return step.when.every((test) => holds(test, value)) ? told(step.is, step.message) : undefined;
  if ('observed' in step) return unobserved(generation, count(value, step.observed));
  if ('each' in step) return worstEntry(step, value, generation);
  if ('condition' in step) return byCondition(step, value, generation);
  return byField(step, value);
}

function told(status: HealthStatusCode, message: string | undefined): Health {
  return message ? { status, message } : { status };
}

function read(value: unknown, path: string): unknown {
  return at(value, ...path.split('.'));
}

/** A number, also where it is written as text. */
function count(value: unknown, path: string | number): number | undefined {
  const found = typeof path === 'number' ? path : read(value, path);
  if (typeof found === 'string') return /^\d{1,15}$/.test(found) ? Number(found) : undefined;
  return typeof found === 'number' ? found : undefined;
}

/** What a controller that has not seen this generation yet makes of it. */
export function unobserved(wanted: number | undefined, seen: number | undefined): Health | undefined {
  if (wanted === undefined || seen === undefined || seen >= wanted) return undefined;
  return { status: 'Progressing', message: `generation is ${wanted}, but the latest observed generation is ${seen}` };
}

/** A word of a list of words. */
export function stands(word: string, words: readonly string[] | undefined): boolean {
  const small = word.toLowerCase();
  return (words ?? []).some((each) => {
    const one = each.toLowerCase();
    if (one.startsWith('*')) return small.endsWith(one.slice(1));
    return one.endsWith('*') ? small.startsWith(one.slice(0, -1)) : small === one;
  });
}

function verdictOf(word: string, words: Words): HealthStatusCode | undefined {
  return verdicts.find((status) => stands(word, words[status]));
}

function byField(step: FieldStep, value: unknown): Health | undefined {
  const found = read(value, step.field);
  if (typeof found !== 'string' && typeof found !== 'boolean' && typeof found !== 'number') return undefined;
  const word = String(found);
  if (word === '') return undefined;
  const status = verdictOf(word, step) ?? step.others;
  if (!status) return undefined;
  const said = step.message === undefined ? '' : textAt(value, ...step.message.split('.'));
  return told(status, said || `${step.field.slice(step.field.lastIndexOf('.') + 1)} is ${word}`);
}

function conditionsAt(value: unknown, path = 'status.conditions'): StatusCondition[] {
  return parseConditions(listAt(value, ...path.split('.')));
}

function byCondition(step: ConditionStep, value: unknown, generation: number | undefined): Health | undefined {
  const list = conditionsAt(value, step.in);
  for (const type of typeof step.condition === 'string' ? [step.condition] : step.condition) {
    const found = list.find((condition) => condition.type === type);
    if (!found) continue;
    const stale = step.fresh && unobserved(generation, found.observedGeneration);
    if (stale) return stale;
    const byReason = found.status === 'True' ? undefined : verdictOf(found.reason, { ...step, Unknown: [] });
    const status = byReason ?? step[found.status as ConditionStatus];
    if (status) return told(status, found.message || found.reason);
  }
  return undefined;
}

function worstEntry(step: EachStep, value: unknown, generation: number | undefined): Health | undefined {
  const entries = read(value, step.each);
  const found = (isObject(entries) ? Object.values(entries) : Array.isArray(entries) ? entries : [])
    .filter(isObject)
    .flatMap((entry) => judgeBy(step.steps, entry, generation) ?? []);
  return found.reduce<Health | undefined>(
    (worst, each) => (worst && verdicts.indexOf(worst.status) >= verdicts.indexOf(each.status) ? worst : each),
    undefined,
  );
}

function holds(test: Test, value: unknown): boolean {
  if ('condition' in test) {
    return conditionsAt(value, test.in).some(
      ({ type, status, reason }) =>
        type === test.condition && status === test.is && (!test.reason || stands(reason, test.reason)),
    );
  }
  if ('annotation' in test) {
    const found = at(value, 'metadata', 'annotations', test.annotation);
    return test.is === undefined ? found !== undefined : found === test.is;
  }
  if ('entries' in test) {
    const members = Object.values(mapAt(value, ...test.entries.split('.')) ?? {});
    const limit = count(value, test.below);
    return limit !== undefined && members.filter((each) => test.of.some((word) => word === each)).length < limit;
  }
  if ('unmet' in test) {
    const [met, of] = String(read(value, test.unmet)).split('/').map(Number);
    return met !== undefined && of !== undefined && met < of;
  }
  const found = read(value, test.field);
  if ('is' in test) return among(found, test.is);
  if ('not' in test) return found !== undefined && !among(found, test.not);
  if ('empty' in test) return isEmpty(found) === test.empty;
  if ('differs' in test) return found !== undefined && found !== read(value, test.differs);
  const limit = count(value, test.below);
  return limit !== undefined && (count(value, test.field) ?? 0) < limit;
}

function among(found: unknown, wanted: Scalar | readonly Scalar[]): boolean {
  return (typeof wanted === 'object' ? wanted : [wanted]).some((each) => each === found);
}

function isEmpty(found: unknown): boolean {
  if (found === undefined || found === null || found === '') return true;
  if (Array.isArray(found)) return found.length === 0;
  return isObject(found) && Object.keys(found).length === 0;
}
