// Version constraints such as `1.x` and `>=1.0 <2`: which tag they mean, as Argo CD's own library reads them.
import type { Refs } from './refs.ts';
import type { Worker } from '../base/worker.ts';
import { maybeConstraint } from '../model/constraint.ts';

/** Masterminds/semver: NewVersion. */
const version = /^v?\d{1,19}(?:\.\d{1,19}){0,2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]+)?$/;

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

  /**
   * `tagPrefix`: only tags that begin so count, by what stands behind it; a version that is written out means the tag
   * of that name then, whether there is one or not (Argo CD: util/versions/tags.go MaxVersion).
   */
  async newest(refs: Refs, text: string, tagPrefix = ''): Promise<string | undefined> {
    if (tagPrefix !== '' && version.test(text)) return `refs/tags/${tagPrefix}${text}`;
    if (!maybeConstraint(text)) return undefined;
    const known = this.#known.get(refs) ?? new Map<string, Promise<string | undefined>>();
    this.#known.set(refs, known);
    const name = `${tagPrefix}\0${text}`;
    const asked = known.get(name) ?? this.#ask(refs, text, `refs/tags/${tagPrefix}`);
    known.set(name, asked);
    asked.catch(() => known.delete(name));
    return asked;
  }

  async #ask(refs: Refs, constraint: string, prefix: string): Promise<string | undefined> {
    const tags = [...refs.keys()].filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length));
    const { value } = await this.#worker.call('constraint', { constraint, tags });
    return typeof value === 'string' ? `${prefix}${value}` : undefined;
  }
}
