// The render room: manifests out of the files of a commit, made once for each content.
import type { Rendered, RenderCounts, RenderInputs, RenderRequest } from './request.ts';

/**
 * Errors: E_RENDER (the source or its tool: file, line and cause in one sentence), E_MANIFEST (a document that is no Kubernetes object),
 * E_PATH (the path is not there), E_PROCESS_LIMIT.
 */
export interface Renderer {
  /** From the cache if the key is known; two requests with one key share one run. */
  render(request: RenderRequest): Promise<Rendered>;
  /** The closure of the source's inputs and the key of its manifests, without rendering. */
  inputs(request: RenderRequest): Promise<RenderInputs>;
  readonly counts: Readonly<RenderCounts>;
}
