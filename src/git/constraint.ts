// Version constraints such as `1.x` and `>=1.0 <2`: which tag they mean, as Argo CD's own library reads them.
import type { Refs } from './refs.ts';
import type { Worker } from '../base/worker.ts';
import { maybeConstraint } from '../model/constraint.ts';

/**
 * The ref of the newest tag that fits; undefined if none does, or the text is no constraint. What it meant is
 * remembered as long as the refs are the same.
 */
export class Constraints {
  readonly #worker: Worker;
  readonly #known = new WeakMap<Refs, Map<string, Promise<string | undefined>>>();

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  async newest(refs: Refs, text: string): Promise<string | undefined> {
    if (!maybeConstraint(text)) return undefined;
    const known = this.#known.get(refs) ?? new Map<string, Promise<string | undefined>>();
    this.#known.set(refs, known);
    const asked = known.get(text) ?? this.#ask(refs, text);
    known.set(text, asked);
    asked.catch(() => known.delete(text));
    return asked;
  }

  async #ask(refs: Refs, constraint: string): Promise<string | undefined> {
    const prefix = 'refs/tags/';
    const tags = [...refs.keys()].filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length));
    const { value } = await this.#worker.call('constraint', { constraint, tags });
    return typeof value === 'string' ? `${prefix}${value}` : undefined;
  }
}
