// What the API server's failures mean to us, and which of their words may be passed on.
import { AppError } from '../base/errors.ts';
import type { ErrorKind } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';

/** One entry of Status.details.causes (Kubernetes API). `field` is a path like `spec.ports[0].port`. */
export interface ApiCause {
  reason: string;
  field: string;
  message: string;
}

/** What is known of the request that failed. */
export interface FailedRequest {
  method: string;
  path: string;
  /** What was sent; its field paths are the only words of an answer about a Secret that are passed on. */
  body?: unknown;
  /** The request concerns Secrets: its path says so, or what was sent. */
  secret: boolean;
}

/** An answer of the API server with a status of 400 or more, or such a Status inside a watch. */
export class ApiError extends AppError {
  readonly status: number;
  /** Kubernetes' reason, e.g. `NotFound`, `Conflict`, `Invalid`; '' if the answer was no Status. */
  readonly reason: string;
  readonly causes: readonly ApiCause[];
  readonly retryAfterMs: number | undefined;

  constructor(message: string, fields: { code: 'E_API' | 'E_MANIFEST'; kind: ErrorKind; status: number; reason: string; causes: readonly ApiCause[]; retryAfterMs: number | undefined; hint?: string }) {
    super(fields.code, message, { kind: fields.kind, ...(fields.hint !== undefined && { hint: fields.hint }) });
    this.name = 'ApiError';
    this.status = fields.status;
    this.reason = fields.reason;
    this.causes = fields.causes;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

export function isStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/**
 * The server failed while it worked on this very object, as when a webhook for it cannot be called: 500 InternalError (Kubernetes API;
 * its details name nothing better). Failures of the API as a whole are 429, 502, 503, 504, or 500 without that reason (etcd).
 */
export function isInternal(error: unknown): error is ApiError {
  return isStatus(error, 500) && error.reason === 'InternalError';
}

/** True for requests whose answers may echo values of Secrets. */
export function concernsSecrets(path: string, body: unknown): boolean {
  return /\/api\/v1\/(?:namespaces\/[^/]+\/)?secrets(?:[/?]|$)/.test(path) || (isObject(body) && body['kind'] === 'Secret' && body['apiVersion'] === 'v1');
}

/**
 * The error for an answer. Server-side apply answers 500 for manifests that do not fit the schema ("failed to create typed patch
 * object", "failed to convert"): there is no reason to tell them by, so their text is read. It echoes values, and so may webhooks
 * and validation: of anything about a Secret only the field paths are passed on.
 */
export function apiErrorOf(request: FailedRequest, status: number, body: unknown, retryAfterMs: number | undefined): ApiError {
  const text = textOf(body);
  const reason = isObject(body) && typeof body['reason'] === 'string' ? body['reason'] : '';
  const manifest = status === 500 && /failed to create typed (patch|live) object|failed to convert|: field not declared in schema/.test(text);
  const unknownField = status === 400 && /strict decoding error|unknown field|cannot be handled as|error decoding patch|unmarshal/i.test(text);
  const paths = manifest || unknownField ? pathsNamed(text, request.body) : [];
  const causes = request.secret ? causesOf(body).map((cause) => ({ ...cause, message: '' })) : causesOf(body);
  const all = causes.length > 0 ? causes : paths.map((field) => ({ reason: 'FieldValueInvalid', field, message: '' }));
  const isManifest = manifest || unknownField;
  return new ApiError(request.secret ? secretMessage(status, reason, all, isManifest) : plainMessage(text, status, request), {
    code: isManifest ? 'E_MANIFEST' : 'E_API',
    kind: kindOf(status, isManifest, causes),
    status,
    reason,
    causes: all,
    retryAfterMs: retryAfterMs ?? retryAfterOf(body),
    ...(isManifest && { hint: 'Correct the manifest: the API server cannot read it.' }),
  });
}

/** The error for an ERROR event of a watch. */
export function watchErrorOf(path: string, status: unknown): ApiError {
  const code = isObject(status) && typeof status['code'] === 'number' ? status['code'] : 500;
  return apiErrorOf({ method: 'WATCH', path, secret: concernsSecrets(path, undefined) }, code, status, undefined);
}

function kindOf(status: number, manifest: boolean, causes: readonly ApiCause[]): ErrorKind {
  if (manifest) return 'terminal';
  if (status === 403) return causes.some((cause) => cause.reason === 'NamespaceTerminating') ? 'transient' : 'terminal';
  if (status === 401 || status === 404 || status === 408 || status === 409 || status === 410 || status === 429) return 'transient';
  return status >= 500 ? 'transient' : 'terminal';
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return isObject(body) && typeof body['message'] === 'string' ? body['message'] : '';
}

/** Whoever reads it knows which object was sent. */
const sentObject = /^failed to create typed (?:patch|live) object \([^)]*\): /;

function plainMessage(text: string, status: number, request: FailedRequest): string {
  const short = text.trim().replace(sentObject, '').slice(0, 2000);
  return short || `HTTP ${status} to ${request.method} ${request.path.split('?')[0]}`;
}

function secretMessage(status: number, reason: string, causes: readonly ApiCause[], manifest: boolean): string {
  const what = manifest ? 'the Secret cannot be read by the API server' : `the API server refused the request about a Secret: HTTP ${status}${reason ? ` ${reason}` : ''}`;
  const fields = [...new Set(causes.map((cause) => cause.field).filter((field) => field !== ''))];
  return fields.length > 0 ? `${what}: ${fields.join(', ')}` : what;
}

function detailsOf(body: unknown): Record<string, unknown> {
  return isObject(body) && isObject(body['details']) ? body['details'] : {};
}

function causesOf(body: unknown): ApiCause[] {
  const causes = detailsOf(body)['causes'];
  if (!Array.isArray(causes)) return [];
  const word = (value: unknown): string => (typeof value === 'string' ? value : '');
  return causes.filter(isObject).map((cause) => ({ reason: word(cause['reason']), field: word(cause['field']), message: word(cause['message']) }));
}

function retryAfterOf(body: unknown): number | undefined {
  const seconds = detailsOf(body)['retryAfterSeconds'];
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

/** Those field paths of what we sent that the text names. Values cannot pass: a word is taken from our own keys, never from the text. */
function pathsNamed(text: string, body: unknown): string[] {
  if (!isObject(body)) return [];
  const found: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (path && (names(text, path) || names(text, path.slice(1)))) found.push(path);
    if (found.length >= 50) return;
    if (Array.isArray(value)) value.forEach((item, index) => visit(item, `${path}[${index}]`));
    else if (isObject(value)) for (const [name, member] of Object.entries(value)) visit(member, `${path}.${name}`);
  };
  visit(body, '');
  // The deepest path says it best: `.spec` is named by `.spec.replicas` as well.
  return found.filter((path) => !found.some((other) => other !== path && other.startsWith(path)));
}

function names(text: string, path: string): boolean {
  for (let at = text.indexOf(path); at >= 0; at = text.indexOf(path, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + path.length] ?? ' ';
    if (!/[\w.\-/]/.test(before) && /[\s:;,"'\]).]/.test(after)) return true;
  }
  return false;
}
