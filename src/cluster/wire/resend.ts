// When a request to the API server may be sent again.
import { AppError } from '../../base/errors.ts';
import { ApiError } from '../api-error.ts';

/** Milliseconds, or undefined if a repetition could do harm or would not help. */
export function waitBeforeRetry(error: unknown, safe: boolean, backoff: () => number): number | undefined {
  if (error instanceof ApiError) {
    // refused before it was handled: safe for writes too
    if (error.status === 429) return error.retryAfterMs ?? backoff();
    return safe && (error.status === 502 || error.status === 503 || error.status === 504)
      ? (error.retryAfterMs ?? backoff())
      : undefined;
  }
  if (!(error instanceof AppError) || error.code !== 'E_API_UNREACHABLE') return undefined;
  const code = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return undefined; // we have stopped
  return safe || neverSent(code) ? backoff() : undefined;
}

function neverSent(code: unknown): boolean {
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT';
}
