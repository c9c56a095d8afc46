// What a rendering is asked and what it answers: the words of the render room.
import type { ApplicationSource, Condition } from '../../model/application.ts';
import type { Files } from '../../model/files.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Place } from '../../base/errors.ts';
import type { Remote } from './remote.ts';

export interface RenderRequest {
  source: ApplicationSource;
  app: {
    name: string;
    /** Of the Application resource. */
    namespace: string;
    /** Of spec.destination; '' if none. */
    destinationNamespace: string;
    project: string;
    /** Resolved commit; it is no part of the key. */
    revision: string;
  };
  /**
   * Somebody with the right to has merged this revision, or it is what the application itself follows. What a pull
   * request asks is not: it shares no process and no result with what is.
   */
  merged: boolean;
  /** The source's repository at its revision. */
  files: Files;
  /** Other sources by their `ref` name, for value files such as `$values/prod.yaml`. */
  refs?: ReadonlyMap<string, Files>;
  cluster: {
    /** As in discovery: without the leading v. Only Helm depends on it. */
    version: string;
    /** `group/version` and `group/version/Kind`, sorted. Only Helm depends on it. */
    apiVersions: readonly string[];
  };
  /** Brings what the source refers to elsewhere; without it nothing is fetched. */
  remote?: Remote;
  signal?: AbortSignal;
}

/** Argo CD's status.sourceType. */
export type SourceType = 'Helm' | 'Kustomize' | 'Directory';

/** What a rendering depends on: equal keys have equal manifests. */
export interface RenderInputs {
  sourceType: SourceType;
  key: string;
  /**
   * Files and folders whose content counts, and paths where such may appear, sorted; those of another source begin with
   * `$ref/`.
   */
  inputs: string[];
  /** Those of the inputs that are there and count now. */
  reads: string[];
}

export interface Rendered extends RenderInputs {
  /** Flattened, without tracking; shared with other callers and never to be modified. */
  manifests: readonly KubeObject[];
  /** For each manifest the file and line it comes from, where known. */
  places: readonly (Place | undefined)[];
  /** What people should know of it, such as files that hold no object. Without time. */
  warnings: readonly Condition[];
}

export interface RenderCounts {
  /** Runs of Helm, Kustomize and Jsonnet, and readings of plain files: everything but cache hits. */
  renders: number;
  hits: number;
  /** Requests that joined a run under way. */
  shared: number;
}
