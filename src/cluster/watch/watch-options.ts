// What a watch of one kind is given, and to whom it tells what it sees.
import type { Semaphore } from '../../base/semaphore.ts';
import type { Logger } from '../../base/log.ts';
import type { Clock } from '../../base/clock.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { WatchTiming } from './watch-timing.ts';
import type { Transport } from '../wire/transport.ts';
import type { ApiResource } from '../discovery/discovery.ts';

/**
 * Takes what a watch tells; must return at once and not throw. `json` makes the object's text; it is valid after the
 * call too.
 */
export interface WatchSink {
  /** A listing begins. One that is broken off begins again. */
  listing(): void;
  listed(object: KubeObject, json: () => string): void;
  /** The listing is complete: what it did not name is gone. */
  complete(resourceVersion: string): void;
  changed(object: KubeObject, json: () => string): void;
  gone(object: KubeObject): void;
  /** Nothing else happened up to this version. */
  reached(resourceVersion: string): void;
  /** The watch fails and is tried again later; undefined when it works again. */
  problem(error: Error | undefined): void;
}

export interface WatchOptions {
  transport: Transport;
  resource: ApiResource;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  metadataOnly: boolean;
  sink: WatchSink;
  clock: Clock;
  random: () => number;
  timing: WatchTiming;
  log: Logger;
  /** The sink tells that the kind may not be read. Default: the log is told here. */
  forbiddenIsTold?: boolean;
  /** Bounds how many kinds are listed at the same time. */
  turns: Semaphore;
}

/** Ends this connection; `relist` if what comes after it cannot be known. */
export class Interruption extends Error {
  readonly relist: boolean;

  constructor(message: string, relist: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Interruption';
    this.relist = relist;
  }
}

export const accepts = {
  whole: 'application/json',
  metadata: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
  metadataList: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
} as const;
