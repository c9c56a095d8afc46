// What can be made to go wrong in front of the API server, as plain state that the proxy asks for each request.
import type { IncomingMessage } from 'node:http';

/** What a fault can choose by. */
export interface SeenRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  watch: boolean;
  dryRun: boolean;
}

export interface CannedAnswer {
  /** HTTP status; the body is a Kubernetes Status with the reason that belongs to it. */
  status: number;
  /** How many matching requests get it; default 1. */
  times?: number;
  /** Seconds, sent as Retry-After. */
  retryAfter?: number;
  /** Default: every request. */
  match?: (request: SeenRequest) => boolean;
  /** Replaces the message of the Status. */
  message?: string;
  /** Plain text instead of a Status. */
  text?: string;
}

export function parseRequest(request: IncomingMessage): SeenRequest {
  const url = new URL(request.url ?? '/', 'http://proxy');
  const watch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    watch,
    dryRun: url.searchParams.has('dryRun'),
  };
}

const keptOut = /\/(leases|events|[a-z]+accessreviews|tokenreviews|tokenrequests|selfsubjectreviews)(\/|$)/;

/**
 * Changes that count for the crash test: no dry runs, and no heartbeats, events and questions, whose number depends on
 * time.
 */
export function isMutating({ method, path, dryRun }: SeenRequest): boolean {
  return ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method) && !dryRun && !keptOut.test(path);
}

/** Kubernetes API, meta/v1 StatusReason. */
const reasons: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The body that the API server sends with such a status. */
export function statusBody(code: number, message = `injected ${code}`, retryAfter?: number): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: reasons[code] ?? 'Unknown',
    code,
    ...(retryAfter !== undefined && { details: { retryAfterSeconds: retryAfter } }),
  };
}

/** The canned answers that stand, in the order in which they were given. */
export class CannedAnswers {
  #standing: { answer: CannedAnswer; left: number }[] = [];

  add(answer: CannedAnswer): void {
    this.#standing.push({ answer, left: answer.times ?? 1 });
  }

  /** Uses up one turn of the first answer that matches. */
  take(request: SeenRequest): CannedAnswer | undefined {
    const found = this.#standing.find(({ answer }) => answer.match?.(request) ?? true);
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#standing = this.#standing.filter((other) => other !== found);
    return found.answer;
  }

  clear(): void {
    this.#standing = [];
  }
}
