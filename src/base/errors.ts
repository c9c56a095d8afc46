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

/** Asked one after the other, for an object may come of any of several renderings; undefined ones know none. */
export function firstPlace<T>(
  ...known: (((item: T) => Place | undefined) | undefined)[]
): (item: T) => Place | undefined {
  return (item) => {
    for (const placeOf of known) {
      const place = placeOf?.(item);
      if (place) return place;
    }
    return undefined;
  };
}

interface CodeText {
  meaning: string;
  /** Where a person meets it. */
  seen: string;
  /** What to do next. */
  next: string;
}

/** Every code as `docs/reference/errors.md` prints it. */
export const errorCodes = {
  E_CONFIG: {
    meaning:
      'The configuration is wrong: a variable, a port, a folder, a kubeconfig, a cluster Secret or a destination.',
    seen: 'The log at the start, which ends or waits; `/readyz`; `cox`; the condition ComparisonError',
    next: 'Correct all that the message lists and start again. See [configuration](configuration.md).',
  },
  E_PROCESS: {
    meaning: 'A tool that Coxswain runs ended with an error.',
    seen: 'The condition ComparisonError, the comment, the log, `cox`',
    next: "Read the tool's own words in the message. An ended process is started again by itself.",
  },
  E_PROCESS_LIMIT: {
    meaning: 'A tool that Coxswain runs exceeded its time, memory or output limit.',
    seen: 'The condition ComparisonError, the comment, `cox`',
    next: 'Make the input smaller: split the chart, the Kustomization or the folder into several Applications.',
  },
  E_GIT: {
    meaning: 'A git operation failed, or the repository cannot be reached.',
    seen: 'The condition ComparisonError, the comment, the log, `cox`',
    next: 'Check `repoURL` and whether the server answers. It is tried again.',
  },
  E_GIT_AUTH: {
    meaning: 'The git server refused the credentials, or wants some and there are none.',
    seen: 'The condition ComparisonError, the comment, the log, `cox`',
    next: 'Install the GitHub App in that repository, or correct the repository Secret.',
  },
  E_REVISION: {
    meaning: 'The branch, tag or commit does not exist in the repository.',
    seen: 'The condition ComparisonError, the comment, `cox`',
    next: 'Correct `targetRevision`, or push the branch. After a forced push, sync once more.',
  },
  E_FETCH: {
    meaning: 'A chart, an artifact or a file of the web cannot be fetched, or is not what its index says.',
    seen: 'The condition ComparisonError, the comment, the log, `cox`',
    next: 'Check the address, its repository Secret and whether the server answers. What passes is tried again.',
  },
  E_EGRESS: {
    meaning:
      'Nothing is fetched from there: the address is a private one that no repository Secret names, or the revision ' +
      'is not merged and the synced one fetches nothing from there.',
    seen: 'The condition ComparisonError, the comment, `cox`',
    next:
      'If it is meant: add a repository Secret with that address, or name it in `preview.egress` of `coxswain-cm`. ' +
      'See [configuration](configuration.md).',
  },
  E_PATH: {
    meaning: 'The path does not exist in the repository at that revision.',
    seen: 'The condition ComparisonError, the comment, `cox`',
    next: 'Correct `path`, or commit what should be there.',
  },
  E_RENDER: {
    meaning: 'Helm, Kustomize, Jsonnet or a setting of the source keeps manifests from being produced.',
    seen: 'The comment and the check `coxswain/diff`, with file and line; the condition ComparisonError; `cox`',
    next: 'Correct the file at the line that the message names; `cox app diff` shows the same before a push.',
  },
  E_MANIFEST: {
    meaning: 'A manifest is not valid: the API server or its schema refuses it.',
    seen: 'The comment and the check `coxswain/diff`, with file and line; the condition ComparisonError; `cox`',
    next: 'Correct the field that the message names.',
  },
  E_API: {
    meaning: 'The Kubernetes API answered with an error.',
    seen: 'The condition ComparisonError, the result of a sync, the log, `cox`',
    next: "Read the server's own words. Forbidden: widen the ClusterRole, or narrow what Git and the AppProject hold.",
  },
  E_API_UNREACHABLE: {
    meaning: 'The Kubernetes API cannot be reached.',
    seen: 'The log, `/readyz`, the condition ComparisonError, `cox`',
    next: 'Check network, address and certificate of the cluster. It is tried again.',
  },
  E_KIND_UNKNOWN: {
    meaning: 'The cluster does not serve that kind, or Coxswain leaves it out.',
    seen: 'The comment, the result of a sync, `cox`',
    next: 'Install the CustomResourceDefinition, or correct `apiVersion` and `kind`.',
  },
  E_APPLICATION: {
    meaning: 'There is no such Application.',
    seen: '`cox`',
    next: 'Correct the name; the message names the nearest one.',
  },
  E_PROJECT: {
    meaning: 'The AppProject does not permit it, or the specification of the Application is not valid.',
    seen: 'The comment, the condition InvalidSpecError, `cox`',
    next: 'Correct the Application, or have the AppProject permit it.',
  },
  E_BUSY: {
    meaning: 'Another operation of the Application is in progress.',
    seen: '`cox`',
    next: 'Wait for its end: `cox app get` shows how far it is.',
  },
  E_TWO_ENGINES: {
    meaning:
      'An application controller of Argo CD works on the same Applications as Coxswain with COX_ENGINE=coxswain.',
    seen: 'The log, `/readyz`, the page, `cox doctor`, the answer to a command',
    next: 'Scale the controller to 0, or set COX_ENGINE=argocd. It goes on by itself.',
  },
  E_GITHUB: {
    meaning: 'GitHub refused a request or cannot be reached.',
    seen: 'The log, `/readyz` while the App itself is refused',
    next: 'On 401 check the id and the private key of the App. On 403 accept the permission that is named.',
  },
  E_SETUP: {
    meaning: 'The set-up of GitHub in the browser is closed, or this browser is not the one that began it.',
    seen: 'The page `/setup`',
    next: 'Ask for an address anew with `cox setup github`, and go on in the browser that opened it.',
  },
  E_SLACK: {
    meaning: 'Slack refused a token or cannot be reached.',
    seen: 'The log, `/readyz` while a token is refused',
    next: 'Make the token anew under the settings of the Slack app, and put it into the Secret `coxswain-slack`.',
  },
  E_TOOLS: {
    meaning: 'A tool that Coxswain runs is missing: git, manifests or render.',
    seen: 'The log, `/readyz`, `cox`, and `npm test` where one cannot be built',
    next: 'Put it on PATH or into COX_TOOLS_DIR. The hint says how to build it.',
  },
  E_REDIS: {
    meaning: 'The Redis of Argo CD is away, refuses, or does not answer in time.',
    seen: 'The log',
    next:
      'Check `COX_ARGOCD_REDIS`, the password and the network policy of `argocd-redis`. ' +
      'What the server of Argo CD shows is old meanwhile, nothing else; it is written anew by itself.',
  },
  E_INTERNAL: {
    meaning: 'Something happened that should not.',
    seen: 'The log, the comment, `cox`',
    next: 'Please report it, with the lines of the log around it.',
  },
} as const satisfies Record<string, CodeText>;

type ErrorCode = keyof typeof errorCodes;

interface AppErrorOptions {
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

/** The message of whatever was thrown, without its causes. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A message, and where in Git what it speaks of stands. */
export function textAt(message: string, place: Place | undefined): string {
  return place ? `${message} (${place.file}${place.line === undefined ? '' : `:${place.line}`})` : message;
}
