// The errors of Coxswain: every failure a person may meet has a stable code, a kind that decides what happens next, and
// a hint.

/**
 * What the caller may do: `terminal` — do not retry until an input changes; `waiting` — not a failure, look again
 * later; `transient` — retry with backoff.
 */
export type ErrorKind = 'terminal' | 'waiting' | 'transient';

/** Where in a file the cause stands; `file` is relative to the repository's root, `line` and `column` count from 1. */
export interface Place {
  file: string;
  line?: number;
  column?: number;
}

/** Every code with the sentence that `docs/reference/errors.md` prints for it. */
export const errorCodes = {
  E_CONFIG: 'The configuration is wrong; every fault is listed.',
  E_PROCESS: 'A tool that Coxswain runs ended with an error.',
  E_PROCESS_LIMIT: 'A tool that Coxswain runs exceeded its time, memory or output limit.',
  E_GIT: 'A git operation failed.',
  E_GIT_AUTH: 'The git server refused the credentials.',
  E_REVISION: 'The revision does not exist in the repository.',
  E_PATH: 'The path does not exist in the repository at that revision.',
  E_CONFLICT: 'Two changes of the same lines cannot be combined.',
  E_RENDER: 'The manifests cannot be produced from the source.',
  E_MANIFEST: 'A manifest is not valid.',
  E_API: 'The Kubernetes API answered with an error.',
  E_API_UNREACHABLE: 'The Kubernetes API cannot be reached.',
  E_KIND_UNKNOWN: 'The cluster does not serve that kind.',
  E_APPLICATION: 'There is no such Application.',
  E_PROJECT: 'The AppProject does not permit it, or the specification of the Application is not valid.',
  E_BUSY: 'Another operation of the Application is in progress.',
  E_GITHUB: 'GitHub refused a request or cannot be reached.',
  E_TOOLS: 'A pinned tool is missing and cannot be built.',
  E_INTERNAL: 'Something happened that should not: please report it.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface AppErrorOptions {
  kind?: ErrorKind;
  /** What the person can do next, one sentence. */
  hint?: string;
  place?: Place;
  cause?: unknown;
}

/** The one error class; `message` is one sentence without the code. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = options.kind ?? 'terminal';
    this.hint = options.hint;
    this.place = options.place;
  }
}

/** One line for a person: `file:line: message (E_CODE). Hint`. Unknown errors read as E_INTERNAL. */
export function describeError(error: unknown): string {
  if (!(error instanceof AppError)) return `${error instanceof Error ? error.message : String(error)} (E_INTERNAL)`;
  const place = error.place ? `${error.place.file}${error.place.line ? `:${error.place.line}` : ''}: ` : '';
  return `${place}${error.message} (${error.code})${error.hint ? `. ${error.hint}` : ''}`;
}

/** Unknown errors are transient: retrying with backoff loses nothing, giving up may. */
export function errorKind(error: unknown): ErrorKind {
  return error instanceof AppError ? error.kind : 'transient';
}

/** What was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
