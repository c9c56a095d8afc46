// Structured logs: JSON lines on standard error, secrets removed in one place.
import type { DestinationStream } from 'pino';
import { pino } from 'pino';

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
type LogFields = Record<string, unknown>;

/** Messages are constant; what varies goes into the fields. An error goes into the field `err`. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

const secretNames = new Set([
  ...['authorization', 'cookie', 'set-cookie', 'password', 'passwd', 'secret', 'token', 'bearertoken'],
  ...['privatekey', 'clientsecret', 'keydata', 'sshprivatekey'],
]);

function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return secretNames.has(lower) || lower.startsWith('x-hub-signature');
}

const urlUserinfo = /(:\/\/)[^/\s@]+@/g;
const urlQuerySecret = /([?&](?:access_token|token|secret|key|password|signature)=)[^&\s"']+/gi;
const bearer = /\b(bearer|basic|token)\s+[a-z0-9._~+/=-]{8,}/gi;
const knownTokens = /\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|x(?:ox[a-z]|app)-[A-Za-z0-9-]{8,})/g;
/** Looked for once in each run of its characters, from the first `eyJ` on. */
const webTokens = /(?<![\w-])(?:(?!eyJ)[\w-])*eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;

/**
 * The text without credentials: userinfo and tokens in URLs, Authorization values, GitHub, Slack and JSON web tokens.
 */
export function redactText(text: string): string {
  return text
    .replace(urlUserinfo, '$1***@')
    .replace(urlQuerySecret, '$1***')
    .replace(bearer, '$1 ***')
    .replace(knownTokens, '***')
    .replace(webTokens, '***');
}

/**
 * A copy that is safe to write out: strings are redacted, members with a telling name are replaced, errors become plain
 * values, deep values are cut.
 */
function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (depth > 6) return '…';
  if (value instanceof Error) return redactError(value, depth);
  if (Buffer.isBuffer(value)) return `<${value.length} bytes>`;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isSecretName(name) ? '***' : redact(member, depth + 1)]),
  );
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? { code: redact(error.code, depth + 1) } : {};
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) };
  return {
    type: error.name,
    message: redactText(error.message),
    ...code,
    stack: redactText(error.stack ?? ''),
    ...cause,
  };
}

interface LogOptions {
  /** Default `info`. */
  level?: LogLevel;
  /** Where the lines go; default standard error. */
  write?: (line: string) => void;
}

/**
 * JSON lines with RFC 3339 times, by default from level info to standard error; secrets are removed from every line.
 */
export function createLogger(options: LogOptions = {}): Logger {
  const destination: DestinationStream = options.write
    ? { write: options.write }
    : pino.destination({ fd: 2, sync: true });
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) =>
          Object.fromEntries(
            Object.entries(fields).map(([name, value]) => [name, isSecretName(name) ? '***' : redact(value)]),
          ),
        bindings: (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redact(value)])),
      },
      serializers: { err: (value: unknown) => value },
    },
    destination,
  );
}

/** Writes nothing: for tests and for the command line's quiet paths. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent' });
}
