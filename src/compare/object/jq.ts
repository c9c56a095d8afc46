// What jq expressions name in objects: asked of our Go program in batches, and remembered as long as the object is.
import type { FieldPath } from '../../model/effect.ts';
import type { IgnoreDifference } from '../../model/application.ts';
import type { KubeObject } from '../../model/kube.ts';
import { LRUCache } from 'lru-cache';
import { hashOf } from '../../base/canonical.ts';
import { AppError } from '../../base/errors.ts';
import { Worker } from '../../base/worker.ts';
import { keyOf, keyText } from '../../model/kube.ts';
import { stringifyJson } from '../../base/json.ts';

/** Positions of what is there; or why nobody can tell. */
type Named = { paths: FieldPath[] } | { why: string };

/** Milliseconds that a request may take beside the evaluation that is under way at its end. */
const requestMs = 14_000;
const defaultTimeoutMs = 1_000;
/** Bytes that an evaluation may hold. */
const memory = 256 * 2 ** 20;
/** Of one request. */
const [mostPairs, mostText] = [512, 8 * 2 ** 20];
/** An expression that took too much is not tried again at this object for a while, and at so many at none. */
const strikes = 3;
const strikeMs = 300_000;
/** All rules of an application may take so many times what one expression may take at one object, in that while. */
const shareOf = 10;
const expressionsKept = 10_000;

/** Whose rules are read: what they take is taken from its share of the one process, in which all are read. */
export interface Asker {
  /** `namespace/name`. */
  application: string;
  /** What a pull request makes of the rules has a share of its own. */
  rules: readonly IgnoreDifference[];
}

interface Pair {
  expression: string;
  object: KubeObject;
  share: string;
  resolve(named: Named): void;
  reject(error: unknown): void;
}

interface Found {
  paths: FieldPath[] | null;
  error?: string;
  /** It took too much, which another time it may not. */
  limit?: boolean;
  /** Milliseconds. */
  took?: number;
}

interface Answer {
  faults: string[];
  /** As far as it went: what is left is asked again. */
  found: Found[];
}

const tooMuch: Found = { paths: null, error: 'it takes too much memory', limit: true };

/** In a process of its own: YAML is read while an expression takes all the time that it is given. */
export class Jq {
  readonly #worker: Worker;
  readonly #known = new WeakMap<KubeObject, Map<string, Promise<Named>>>();
  readonly #faults = new LRUCache<string, Promise<string>>({ max: expressionsKept });
  /** By expression, then by object. */
  readonly #struck = new LRUCache<string, Map<string, Named>>({ max: expressionsKept, ttl: strikeMs });
  /** Milliseconds, by share. */
  readonly #taken = new LRUCache<string, number>({ max: expressionsKept, ttl: strikeMs, noUpdateTTL: true });
  readonly #hashes = new WeakMap<readonly IgnoreDifference[], string>();
  readonly #timeoutMs: () => number;
  readonly #waiting: Pair[] = [];
  #working = false;
  /** Pairs that were evaluated since the start. */
  evaluated = 0;

  /**
   * `path` of the program `render`; `timeoutMs`: for one expression and one object (Argo CD:
   * controller.ignore.normalizer.jq.timeout).
   */
  constructor(path: string, timeoutMs: () => number = () => defaultTimeoutMs) {
    this.#worker = new Worker({ path, memory: 4 * memory });
    this.#timeoutMs = timeoutMs;
  }

  stop(): void {
    this.#worker.stop();
  }

  /** Why an expression cannot be read; '' if it can. */
  fault(expression: string): Promise<string> {
    const known = this.#faults.get(expression);
    if (known) return known;
    const asked = this.#call([expression], [], []).then(
      ({ faults }) => faults[0] ?? '',
      (error: unknown) => {
        if (this.#worker.isStopped || !hasEnded(error)) throw error;
        return 'it is beyond what jq can read';
      },
    );
    this.#faults.set(expression, asked);
    asked.catch(() => this.#faults.delete(expression));
    return asked;
  }

  /** Objects are never modified, so what was found in one holds. */
  async namedIn(object: KubeObject, expression: string, asker: Asker): Promise<Named> {
    const struck = this.#isStruck(object, expression);
    if (struck) return struck;
    const known = this.#known.get(object) ?? new Map<string, Promise<Named>>();
    this.#known.set(object, known);
    const answer = known.get(expression) ?? this.#ask(object, expression, this.#shareOf(asker));
    known.set(expression, answer);
    try {
      return await answer;
    } catch (error) {
      known.delete(expression);
      throw error;
    }
  }

  #shareOf({ application, rules }: Asker): string {
    const hash = this.#hashes.get(rules) ?? hashOf(rules);
    this.#hashes.set(rules, hash);
    return `${application} ${hash}`;
  }

  #ask(object: KubeObject, expression: string, share: string): Promise<Named> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ expression, object, share, resolve, reject });
      if (this.#working) return;
      this.#working = true;
      void this.#work();
    });
  }

  /** While a request is under way more is asked: the next one takes all of it. */
  async #work(): Promise<void> {
    await Promise.resolve(); // what is asked at the same time goes together
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostPairs);
      try {
        await this.#evaluate(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#working = false;
  }

  async #evaluate(batch: readonly Pair[]): Promise<void> {
    let left = batch;
    while (left.length > 0) {
      const open = left.filter((pair) => {
        const refused = this.#isStruck(pair.object, pair.expression) ?? this.#isSpent(pair);
        if (refused) pair.resolve(refused);
        return !refused;
      });
      left = open.length > 0 ? await this.#evaluateSome(open) : [];
    }
  }

  /** What is left. */
  async #evaluateSome(pairs: readonly Pair[]): Promise<readonly Pair[]> {
    const { asked, expressions, texts } = requestOf(pairs);
    const began = performance.now();
    try {
      const { found } = await this.#call(expressions, texts, asked);
      found.forEach((each, at) => this.#settle(pairs[at], each));
      return pairs.slice(found.length);
    } catch (error) {
      if (this.#worker.isStopped || !hasEnded(error)) throw error;
      const [first] = pairs;
      if (pairs.length === 1) this.#settle(first, { ...tooMuch, took: performance.now() - began });
      // One of them is the end of the process, and nobody knows which.
      else for (const pair of pairs) await this.#evaluate([pair]);
      return [];
    }
  }

  #settle(pair: Pair | undefined, { paths, error, limit, took = 0 }: Found): void {
    if (!pair) return;
    const { object, expression, share } = pair;
    this.evaluated += 1;
    this.#taken.set(share, (this.#taken.get(share) ?? 0) + took);
    const named: Named = paths && error === undefined ? { paths } : { why: error ?? '' };
    if (limit) {
      const met = this.#struck.get(expression) ?? new Map<string, Named>();
      met.set(keyText(keyOf(object)), named);
      this.#struck.set(expression, met);
      this.#known.get(object)?.delete(expression);
    }
    pair.resolve(named);
  }

  #isStruck(object: KubeObject, expression: string): Named | undefined {
    const met = this.#struck.get(expression);
    if (!met) return undefined;
    const own = met.get(keyText(keyOf(object)));
    return own ?? (met.size < strikes ? undefined : { why: `it took too much at ${strikes} other objects` });
  }

  /** An answer for now: it is asked again. */
  #isSpent({ object, expression, share }: Pair): Named | undefined {
    if ((this.#taken.get(share) ?? 0) <= shareOf * this.#timeoutMs()) return undefined;
    this.#known.get(object)?.delete(expression);
    return { why: 'the jq expressions of this application took too much together in the last five minutes' };
  }

  async #call(expressions: string[], texts: Uint8Array[], asked: readonly [number, number][]): Promise<Answer> {
    const timeout = this.#timeoutMs();
    const { value } = await this.#worker.call(
      'jq',
      { expressions, asked, timeout, memory },
      texts,
      requestMs + timeout,
    );
    return value as Answer;
  }
}

function hasEnded(error: unknown): boolean {
  return (
    error instanceof AppError &&
    (error.code === 'E_PROCESS_LIMIT' || (error.code === 'E_PROCESS' && error.kind === 'transient'))
  );
}

/** Of the first pairs, as many as a request takes; each object once. */
function requestOf(pairs: readonly Pair[]): {
  expressions: string[];
  texts: Uint8Array[];
  asked: [number, number][];
} {
  const expressions = new Map<string, number>();
  const objects = new Map<KubeObject, number>();
  const texts: Uint8Array[] = [];
  const asked: [number, number][] = [];
  let size = 0;
  for (const { expression, object } of pairs) {
    let at = objects.get(object);
    if (at === undefined) {
      if (size > mostText) break;
      const text = Buffer.from(stringifyJson(object));
      size += text.length;
      at = texts.push(text) - 1;
      objects.set(object, at);
    }
    const number = expressions.get(expression) ?? expressions.size;
    expressions.set(expression, number);
    asked.push([number, at]);
  }
  return { expressions: [...expressions.keys()], texts, asked };
}
