// Trims GitHub's published OpenAPI description to what the sandbox plays and writes schema.json.
//
// Run by hand when covered.ts or the version changes (the package unpacks to 385 MB, so it stays out of the install):
//   cd "$(mktemp -d)" && npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
//   node_modules/.bin/node sandbox/github/schema/trim-schema.ts <that directory>/package
//
// OpenAPI 3.0 becomes JSON Schema (`nullable` becomes the type null), texts and examples go, and every object schema
// that lists its properties and is no part of an allOf, oneOf or anyOf is closed, so that an unknown field is a fault.
import { readFileSync, writeFileSync } from 'node:fs';
import { coveredRoutes, coveredWebhooks } from './covered.ts';

type Json = { [key: string]: unknown };

const kept = [
  'type',
  'enum',
  'format',
  'pattern',
  'required',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
];

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

class Trimmer {
  readonly defs: Json = {};
  readonly #components: Json;

  constructor(description: Json) {
    this.#components = record(description['components']);
  }

  /** Follows a reference to a component. */
  resolve(value: unknown): Json {
    const node = record(value);
    const ref = node['$ref'];
    if (typeof ref !== 'string') return node;
    const [, , group, name] = ref.split('/');
    return record(record(this.#components[group ?? ''])[name ?? '']);
  }

  /** `open`: this schema is a part of a combination, so it may not forbid what the other parts name. */
  schema(value: unknown, open: boolean): unknown {
    const node = record(value);
    if (typeof node['$ref'] === 'string') return this.#reference(node['$ref'], open);
    const out: Json = {};
    for (const key of kept) if (node[key] !== undefined) out[key] = node[key];
    // GitHub leaves such a text empty, although an empty text has no format.
    if (node['default'] === '') delete out['format'];
    // Git takes any text as an address, and GitHub's own `name[bot]@…` is no valid one.
    if (node['format'] === 'email') delete out['format'];
    if (node['items'] !== undefined) out['items'] = this.schema(node['items'], false);
    if (node['properties'] !== undefined) out['properties'] = this.#each(record(node['properties']));
    for (const part of ['allOf', 'oneOf', 'anyOf']) {
      if (node[part] === undefined) continue;
      // Several published alternatives overlap, so "exactly one" would refuse GitHub's own answers.
      out[part === 'allOf' ? 'allOf' : 'anyOf'] =
        part === 'allOf' ? this.#all(list(node[part])) : list(node[part]).map((member) => this.schema(member, true));
    }
    const combined = out['allOf'] !== undefined || out['anyOf'] !== undefined;
    const extra = node['additionalProperties'];
    if (typeof extra === 'boolean') out['additionalProperties'] = extra;
    else if (extra !== undefined) out['additionalProperties'] = this.schema(extra, false);
    else if (out['properties'] !== undefined && !open && !combined) out['additionalProperties'] = false;
    return node['nullable'] === true ? nullable(out) : out;
  }

  /** A property that several members of an allOf describe must hold to each, so none of them may close it. */
  #all(members: unknown[]): unknown[] {
    const names = members.flatMap((member) => Object.keys(record(this.resolve(member)['properties'])));
    const shared = new Set(names.filter((name, at) => names.indexOf(name) !== at));
    return members.map((member) => {
      const trimmed = this.schema(shared.size > 0 ? this.resolve(member) : member, true);
      for (const [name, property] of Object.entries(record(record(trimmed)['properties'])))
        if (shared.has(name)) opened(property);
      return trimmed;
    });
  }

  #each(properties: Json): Json {
    return Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, this.schema(property, false)]),
    );
  }

  #reference(ref: string, open: boolean): Json {
    const name = ref.split('/').at(-1) ?? '';
    const key = open ? `${name}~open` : name;
    if (this.defs[key] === undefined) {
      this.defs[key] = {};
      this.defs[key] = this.schema(record(this.#components['schemas'])[name], open);
    }
    return { $ref: `github#/$defs/${key}` };
  }
}

/** Takes every closing away, in place. */
function opened(schema: unknown): void {
  if (Array.isArray(schema)) return schema.forEach(opened);
  const node = record(schema);
  if (node['additionalProperties'] === false) delete node['additionalProperties'];
  Object.values(node).forEach(opened);
}

function nullable(schema: Json): Json {
  const type = schema['type'];
  if (typeof type !== 'string' || schema['allOf'] || schema['anyOf']) return { anyOf: [schema, { type: 'null' }] };
  const values = schema['enum'];
  return {
    ...schema,
    type: [type, 'null'],
    ...(Array.isArray(values) ? { enum: [...new Set([...list(values), null])] } : {}),
  };
}

function jsonSchema(trimmer: Trimmer, holder: unknown): unknown {
  const content = record(trimmer.resolve(holder)['content']);
  const json = record(content['application/json']);
  return json['schema'] === undefined ? null : trimmer.schema(json['schema'], false);
}

function trimRoute(trimmer: Trimmer, path: Json, operation: Json): Json {
  const query: Json = {};
  for (const each of [...list(path['parameters']), ...list(operation['parameters'])]) {
    const parameter = trimmer.resolve(each);
    if (parameter['in'] === 'query') query[String(parameter['name'])] = trimmer.schema(parameter['schema'], false);
  }
  const responses: Json = {};
  for (const [status, response] of Object.entries(record(operation['responses']))) {
    responses[status] = jsonSchema(trimmer, response);
  }
  const required = record(operation['requestBody'])['required'] === true;
  return {
    query,
    body: operation['requestBody'] ? jsonSchema(trimmer, operation['requestBody']) : null,
    required,
    responses,
  };
}

function main(packageDir: string): void {
  const read = (file: string): Json => record(JSON.parse(readFileSync(`${packageDir}/${file}`, 'utf8')));
  const description = read('generated/api.github.com.json');
  const version = record(description['info'])['version'];
  const trimmer = new Trimmer(description);
  const routes: Json = {};
  for (const route of coveredRoutes) {
    const [method = '', path = ''] = route.split(' ');
    const item = record(record(description['paths'])[path]);
    const operation = item[method.toLowerCase()];
    if (operation === undefined) throw new Error(`the published description has no ${route}`);
    routes[route] = trimRoute(trimmer, item, record(operation));
  }
  const webhooks: Json = {};
  for (const name of coveredWebhooks) {
    const hook = record(record(record(description['x-webhooks'])[name])['post']);
    if (hook['requestBody'] === undefined) throw new Error(`the published description has no webhook ${name}`);
    webhooks[name] = jsonSchema(trimmer, hook['requestBody']);
  }
  trimmer.schema({ $ref: '#/components/schemas/basic-error' }, false);
  // The published list wants each account to be a user and an enterprise at once; the single installation is right.
  const installation = trimmer.schema({ $ref: '#/components/schemas/installation' }, false);
  record(record(routes['GET /app/installations'])['responses'])['200'] = { type: 'array', items: installation };
  const out = { source: '@octokit/openapi api.github.com.json', version, routes, webhooks, $defs: trimmer.defs };
  writeFileSync(new URL('schema.json', import.meta.url), `${JSON.stringify(out)}\n`);
}

main(process.argv[2] ?? 'package');
