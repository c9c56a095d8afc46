// Holds requests, answers and webhooks to GitHub's published description (schema.json, made by trim-schema.ts).
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

type Json = { [key: string]: unknown };

interface RouteSchema {
  query: Record<string, unknown>;
  body: unknown;
  required: boolean;
  responses: Record<string, unknown>;
}

interface SchemaFile {
  version: string;
  routes: Record<string, RouteSchema>;
  webhooks: Record<string, unknown>;
  $defs: Record<string, unknown>;
}

/** Each check returns the faults found, none when the value is as published. */
export interface Schema {
  version: string;
  routes: string[];
  webhooks: string[];
  request(route: string, query: Record<string, string>, body: unknown): string[];
  answer(route: string, status: number, body: unknown): string[];
  webhook(name: string, payload: unknown): string[];
  /** What of `body` this answer shows: GitHub gives the same object with more or fewer fields in different places. */
  fitAnswer(route: string, status: number, body: unknown): unknown;
  fitWebhook(name: string, payload: unknown): unknown;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function describe(errors: ErrorObject[] | null | undefined): string[] {
  return (errors ?? []).slice(0, 8).map((error) => {
    const extra =
      error.keyword === 'additionalProperties' ? ` '${String(record(error.params)['additionalProperty'])}'` : '';
    const allowed = error.keyword === 'enum' ? ` ${JSON.stringify(record(error.params)['allowedValues'])}` : '';
    return `${error.instancePath || '/'} ${error.message ?? 'is wrong'}${extra}${allowed}`;
  });
}

/** Every property name that occurs anywhere, so that fitting never hides a misspelt field. */
function vocabulary(file: SchemaFile): Set<string> {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    const members = record(node);
    for (const name of Object.keys(record(members['properties']))) names.add(name);
    Object.values(members).forEach(walk);
  };
  walk([file.routes, file.webhooks, file.$defs]);
  return names;
}

/** Drops the fields that the schema does not list here but GitHub shows elsewhere. */
class Fitter {
  readonly #file: SchemaFile;
  readonly #names: Set<string>;

  constructor(file: SchemaFile) {
    this.#file = file;
    this.#names = vocabulary(file);
  }

  fit(schema: unknown, value: unknown): unknown {
    if (Array.isArray(value)) {
      const items = this.#alternatives(schema)
        .map((each) => each['items'])
        .find((each) => each !== undefined);
      return items === undefined ? value : value.map((item) => this.fit(items, item));
    }
    if (typeof value !== 'object' || value === null) return value;
    const alternatives = this.#alternatives(schema).filter((each) => each['properties'] !== undefined);
    const free = this.#alternatives(schema).some(
      (each) =>
        record(each['additionalProperties']) === each['additionalProperties'] || each['additionalProperties'] === true,
    );
    if (alternatives.length === 0) return value;
    const out: Json = {};
    for (const [name, member] of Object.entries(value)) {
      const known = alternatives.map((each) => record(each['properties'])[name]).filter((each) => each !== undefined);
      if (known.length > 0) out[name] = this.fit(known.length === 1 ? known[0] : { anyOf: known }, member);
      else if (free || !this.#names.has(name)) out[name] = member;
    }
    return out;
  }

  #alternatives(schema: unknown): Json[] {
    const node = record(schema);
    const ref = node['$ref'];
    if (typeof ref === 'string') return this.#alternatives(this.#file.$defs[ref.slice('github#/$defs/'.length)]);
    const parts = [node['allOf'], node['anyOf']].flatMap((each) => (Array.isArray(each) ? (each as unknown[]) : []));
    return [node, ...parts.flatMap((part) => this.#alternatives(part))];
  }
}

class Validators {
  readonly #ajv: Ajv;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(file: SchemaFile) {
    // Coerced query strings are checked as the numbers and booleans they mean; bodies are never coerced.
    this.#ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: 'github', $defs: file.$defs });
  }

  faults(key: string, schema: unknown, value: unknown): string[] {
    let validate = this.#compiled.get(key);
    if (!validate) {
      validate = this.#ajv.compile(record(schema));
      this.#compiled.set(key, validate);
    }
    return validate(value) ? [] : describe(validate.errors);
  }
}

function coerce(schema: unknown, text: string): unknown {
  const type = record(schema)['type'];
  if ((type === 'integer' || type === 'number') && text.trim() !== '' && Number.isFinite(Number(text)))
    return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function requestFaults(
  validators: Validators,
  route: string,
  schema: RouteSchema,
  sent: { query: Record<string, string>; body: unknown },
): string[] {
  const faults: string[] = [];
  for (const [name, text] of Object.entries(sent.query)) {
    const known = schema.query[name];
    if (known === undefined) faults.push(`?${name} is no parameter of this route`);
    else
      faults.push(
        ...validators.faults(`${route} ?${name}`, known, coerce(known, text)).map((fault) => `?${name} ${fault}`),
      );
  }
  if (schema.body === null) {
    const empty = sent.body === undefined || Object.keys(record(sent.body)).length === 0;
    return empty ? faults : [...faults, '/ this route takes no body'];
  }
  if (sent.body === undefined) return schema.required ? [...faults, '/ the body is missing'] : faults;
  return [...faults, ...validators.faults(`${route} body`, schema.body, sent.body)];
}

/** Reads schema.json; validators are compiled when first used. */
export function loadSchema(): Schema {
  const file = JSON.parse(readFileSync(new URL('schema.json', import.meta.url), 'utf8')) as SchemaFile;
  const validators = new Validators(file);
  const fitter = new Fitter(file);
  const error = { $ref: 'github#/$defs/basic-error' };
  // Any route may answer these, published or not.
  const answerSchema = (route: string, status: number): unknown => {
    const published = file.routes[route]?.responses[String(status)];
    if (published !== undefined) return published;
    return [401, 403, 404, 409, 422, 429, 500, 502, 503].includes(status) ? error : status === 304 ? null : undefined;
  };
  return {
    version: file.version,
    routes: Object.keys(file.routes),
    webhooks: Object.keys(file.webhooks),
    request: (route, query, body) => {
      const schema = file.routes[route];
      return schema ? requestFaults(validators, route, schema, { query, body }) : ['the route is not covered'];
    },
    answer: (route, status, body) => {
      const schema = answerSchema(route, status);
      if (schema === undefined) return [`the status ${status} is not published for this route`];
      if (schema === null) return body === undefined ? [] : ['the answer has no body there'];
      return validators.faults(`${route} ${status}`, schema, body);
    },
    webhook: (name, payload) => {
      const schema = file.webhooks[name];
      return schema === undefined ? ['the webhook is not covered'] : validators.faults(`hook ${name}`, schema, payload);
    },
    fitAnswer: (route, status, body) => fitter.fit(answerSchema(route, status), body),
    fitWebhook: (name, payload) => fitter.fit(file.webhooks[name], payload),
  };
}
