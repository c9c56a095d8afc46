// The options of the command line as a value, and the error of using it wrongly.
import type { Format } from './output.ts';

export interface Options {
  format: Format;
  namespace: string;
  kubeconfig: string | undefined;
  context: string | undefined;
  revision: string | undefined;
  prune: boolean;
  wait: boolean;
  /** Folder of helm, kustomize and jsonnet; PATH when empty. */
  tools: string;
}

export class Usage extends Error {}

export function usage(message: string): Error {
  return new Usage(message);
}
