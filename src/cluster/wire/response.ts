// Answers and failures of the wire, in the words in which they are passed on.
import { AppError, errorMessage } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { concernsSecrets } from '../api-error.ts';

/** The request as its error tells of it. */
export function failed(call: { method: string; path: string; body?: unknown }): {
  method: string;
  path: string;
  body?: unknown;
  secret: boolean;
} {
  return { method: call.method, path: call.path, body: call.body, secret: concernsSecrets(call.path, call.body) };
}

/** No answer came; E_API_UNREACHABLE. */
export function unreachable(call: { method: string; path: string }, cause: unknown): AppError {
  return new AppError('E_API_UNREACHABLE', `${call.method} ${call.path.split('?')[0]}: ${errorMessage(cause)}`, {
    kind: 'transient',
    cause,
    hint: 'Check the network and the state of the API server.',
  });
}

/** JSON, or the text itself where it is none. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** Whatever a signal was aborted with, as an Error. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
