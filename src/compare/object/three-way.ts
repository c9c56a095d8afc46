// Patches by which a client-side tool applies a manifest, made by kubectl's own libraries in our Go program.
import type { KubeObject } from '../../model/kube.ts';
import { AppError } from '../../base/errors.ts';
import { Worker } from '../../base/worker.ts';
import { argo } from '../../model/annotations.ts';
import { gvkOf } from '../../model/kube.ts';
import { parseJson, stringifyJson } from '../../base/json.ts';

interface ThreeWayPatch {
  /** Built-in kinds are merged by the keys of their lists, all others by field. */
  type: 'strategic' | 'merge';
  patch: unknown;
  /** Beside the last-applied annotation, nothing changes. */
  empty: boolean;
}

/** In a process of its own, started by the first question: only where Argo CD works is there any. */
export class ThreeWay {
  readonly #worker: Worker;

  /** `path` of the program `render`. */
  constructor(path: string) {
    this.#worker = new Worker({ path, timeoutMs: 15_000 });
  }

  stop(): void {
    this.#worker.stop();
  }

  /** What the last-applied annotation of `live` has, `target` says and `live` is. Throws E_MANIFEST. */
  async patch(target: KubeObject, live: KubeObject): Promise<ThreeWayPatch> {
    const before = live.metadata.annotations?.[argo.lastApplied];
    const texts = [stringifyJson(target), stringifyJson(live), ...(before === undefined ? [] : [before])];
    try {
      const { value, blobs } = await this.#worker.call(
        'patch',
        gvkOf(target),
        texts.map((text) => Buffer.from(text)),
      );
      const { type, empty } = value as Pick<ThreeWayPatch, 'type' | 'empty'>;
      return { type, empty, patch: parseJson((blobs[0] ?? Buffer.alloc(0)).toString()) };
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'E_PROCESS' || cause.kind !== 'terminal') throw cause;
      throw new AppError('E_MANIFEST', cause.message, {
        hint: 'Correct the manifest; with ServerSideApply=true the API server merges it.',
        cause,
      });
    }
  }
}
