// What the API server's failures mean to us, and which of their words may be passed on.
import type { ErrorKind } from '../base/errors.ts';
import { AppError } from '../base/errors.ts';
import { isObject, mayHoldSecrets } from '../model/kube.ts';
import { fieldAt, fieldText } from './field-text.ts';

/** One entry of Status.details.causes (Kubernetes API). `field` is a path like `spec.ports[0].port`. */
export interface ApiCause {
  reason: string;
  field: string;
  message: string;
}

/** What is known of the request that failed. */
interface FailedRequest {
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
  /** It concerns Secrets: of what was sent only the field paths are told. */
  readonly secret: boolean;

  constructor(
    message: string,
    fields: {
      code: 'E_API' | 'E_MANIFEST';
      kind: ErrorKind;
      status: number;
      reason: string;
      causes: readonly ApiCause[];
      retryAfterMs: number | undefined;
      hint?: string;
      secret?: boolean;
    },
  ) {
    super(fields.code, message, { kind: fields.kind, ...(fields.hint !== undefined && { hint: fields.hint }) });
    this.name = 'ApiError';
    this.status = fields.status;
    this.reason = fields.reason;
    this.causes = fields.causes;
    this.retryAfterMs = fields.retryAfterMs;
    this.secret = fields.secret ?? false;
  }
}

/** Whether the API server answered with that HTTP status. */
export function isStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/**
 * The server failed while it worked on this very object, as when a webhook for it cannot be called: 500 InternalError
 * (Kubernetes API;
 * its details name nothing better). Failures of the API as a whole are 429, 502, 503, 504, or 500 without that reason
 * (etcd).
 */
export function isInternal(error: unknown): error is ApiError {
  return isStatus(error, 500) && error.reason === 'InternalError';
}

/** Paths of the fields that the API server finds invalid (422): `spec.ports[0].port`; none of any other error. */
export function refusedFields(error: unknown): string[] {
  return isStatus(error, 422) ? error.causes.map(({ field }) => field) : [];
}

/** The server cannot read what was sent; other faults of a manifest have a reason. */
export function isManifestFault(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 'E_MANIFEST';
}

/** True for requests whose answers may echo values of Secrets. */
export function concernsSecrets(path: string, body: unknown): boolean {
  return /\/api\/v1\/(?:namespaces\/[^/]+\/)?secrets(?:[/?]|$)/.test(path) || (isObject(body) && mayHoldSecrets(body));
}

/**
 * The error for an answer. Server-side apply answers 500 for manifests that do not fit the schema ("failed to create
 * typed patch object", "failed to convert"): there is no reason to tell them by, so their text is read. It echoes
 * values, and so may webhooks and validation: of anything about a Secret only the field paths are passed on.
 */
export function apiErrorOf(
  request: FailedRequest,
  status: number,
  body: unknown,
  retryAfterMs: number | undefined,
): ApiError {
  const text = textOf(body);
  const reason = isObject(body) && typeof body['reason'] === 'string' ? body['reason'] : '';
  const manifest =
    status === 500 &&
    /failed to create typed (patch|live) object|failed to convert|: field not declared in schema/.test(text);
  const undecodable =
    status === 400 &&
    /strict decoding error|unknown field|cannot be handled as|error decoding patch|unmarshal/i.test(text);
  const isManifest = manifest || undecodable;
  const causes = causesOf(body);
  const faults = causes.length === 0 && isManifest ? manifestFaults(text, request.body) : [];
  const found = causes.length === 0 ? faults : causes;
  const all = request.secret ? found.map((cause) => ({ ...cause, message: '' })) : found;
  const plain = faults.some(({ message }) => message !== '')
    ? faultsText(faults)
    : plainMessage(text, status, request, causes);
  return new ApiError(request.secret ? secretMessage(status, reason, all, isManifest) : plain, {
    code: isManifest ? 'E_MANIFEST' : 'E_API',
    kind: kindOf(status, isManifest, causes),
    status,
    reason,
    causes: all,
    secret: request.secret,
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
  if (status === 401 || status === 404 || status === 408 || status === 409 || status === 410 || status === 429)
    return 'transient';
  return status >= 500 ? 'transient' : 'terminal';
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return isObject(body) && typeof body['message'] === 'string' ? body['message'] : '';
}

/** Whoever reads it knows which object was sent. */
const sentObject = /^failed to create typed (?:patch|live) object \([^)]*\): /;
const undeclared = 'field not declared in schema';

/** Reason of a cause: the kind has no such field. */
export const unknownField = 'FieldUnknown';

/** Reason of a cause: entries of a list have the same key (Kubernetes API: CauseTypeFieldValueDuplicate). */
export const duplicateValue = 'FieldValueDuplicate';

/** An answer without causes gives no reason: its text is read here, and nowhere else. */
function reasonOf(message: string): string {
  if (message === undeclared) return unknownField;
  // eslint-disable-next-line no-restricted-syntax -- see above
  return message.startsWith('duplicate entries') ? duplicateValue : 'FieldValueInvalid';
}

/** The faults that the text names, at our own fields, in an order of their own. The server's goes by its maps. */
function manifestFaults(whole: string, body: unknown): ApiCause[] {
  const text = whole.slice(0, 50_000);
  const unknown = [...text.matchAll(/unknown field "((?:[^"\\]|\\.)*)"/g)].map(
    ([, path = '']) => `${path}: ${undeclared}`,
  );
  const lines =
    unknown.length > 0
      ? unknown
      : text
          .trim()
          .replace(sentObject, '')
          .split('\n')
          .map((line) => line.trim());
  const causes = lines.flatMap((line): ApiCause[] => {
    const found = fieldAt(body, line);
    if (!found?.rest.startsWith(': ')) return [];
    const message = found.rest.slice(2).replace(/, got &.*$/, '');
    return [{ reason: reasonOf(message), field: fieldText(found.position), message }];
  });
  if (causes.length > 0) return causes.sort((a, b) => (faultsText([a]) < faultsText([b]) ? -1 : 1));
  return pathsNamed(whole, body).map((field) => ({ reason: 'FieldValueInvalid', field, message: '' }));
}

function faultsText(faults: readonly ApiCause[]): string {
  return faults
    .map(({ field, message }) => (message === '' ? field : `${field}: ${message}`))
    .join(', ')
    .slice(0, longest);
}

/** The error with all of a manifest's faults in place of those that it happened to name. */
export function withFaults(error: ApiError, faults: readonly ApiCause[]): ApiError {
  const { kind, status, reason, retryAfterMs, hint, secret } = error;
  return new ApiError(secret ? secretMessage(status, reason, faults, true) : faultsText(faults), {
    code: 'E_MANIFEST',
    kind,
    status,
    reason,
    causes: faults,
    secret,
    retryAfterMs,
    ...(hint !== undefined && { hint }),
  });
}

function fieldsText(causes: readonly ApiCause[]): string {
  return [...new Set(causes.map((cause) => cause.field).filter((field) => field !== ''))].join(', ');
}

const longest = 2000;

/** `Deployment.apps "web" is invalid: [` begins a list in the order of the server's maps. */
const severalFaults = /^.{1,400}? is invalid: \[/s;

/** Without what is another at every request: addresses of memory, and ports that a connection was given. */
function settled(text: string): string {
  return text.replace(/\(0x[0-9a-f]{6,16}\)/g, '(…)').replace(/:\d{1,5}->/g, '->');
}

function plainMessage(text: string, status: number, request: FailedRequest, causes: readonly ApiCause[]): string {
  const [head] = (causes.length > 1 && severalFaults.exec(text)) || [];
  const sorted =
    head === undefined
      ? text
      : `${head}${causes
          .map(({ field, message }) => `${field}: ${message}`)
          .sort()
          .join(', ')}]`;
  const short = settled(sorted.trim().replace(sentObject, '')).slice(0, longest);
  return short || `HTTP ${status} to ${request.method} ${request.path.split('?')[0]}`;
}

function secretMessage(status: number, reason: string, causes: readonly ApiCause[], manifest: boolean): string {
  const what = manifest
    ? 'the Secret cannot be read by the API server'
    : `the API server refused the request about a Secret: HTTP ${status}${reason ? ` ${reason}` : ''}`;
  const fields = fieldsText(causes);
  return fields === '' ? what : `${what}: ${fields}`;
}

function detailsOf(body: unknown): Record<string, unknown> {
  return isObject(body) && isObject(body['details']) ? body['details'] : {};
}

function causesOf(body: unknown): ApiCause[] {
  const causes = detailsOf(body)['causes'];
  if (!Array.isArray(causes)) return [];
  const word = (value: unknown): string => (typeof value === 'string' ? value : '');
  return causes
    .filter(isObject)
    .map((cause) => ({ reason: word(cause['reason']), field: word(cause['field']), message: word(cause['message']) }));
}

function retryAfterOf(body: unknown): number | undefined {
  const seconds = detailsOf(body)['retryAfterSeconds'];
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

/**
 * Those field paths of what we sent that the text names. Values cannot pass: a word is taken from our own keys, never
 * from the text.
 */
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
