// Random sources that hold a secret word: right ones, misspelt ones, and such as make a tool or the API server complain
// about it.

export type Random = () => number;

/** Of one application: its files, undefined = removed. */
export type Files = Record<string, string | undefined>;

/** mulberry32: the same seed gives the same run. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

/** 20 characters that nothing else has. */
export function word(random: Random): string {
  return Array.from({ length: 20 }, () => 'abcdefghjkmnpqrstuvwxyz23456789'[Math.floor(random() * 31)]).join('');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const head = (name: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n`;

type Shape = (secret: string) => string;

/** Documents of a Secret, by what is odd about them. */
const documents: readonly [Shape, ...Shape[]] = [
  (s) => `${head('creds')}stringData:\n  password: ${s}\n`,
  (s) => `${head('creds')}data:\n  password: ${base64(s)}\n`,
  (s) => `${head('creds')}stringdata:\n  password: ${s}\n`,
  (s) => `${head('creds')}StringData:\n  password: ${s}\n`,
  (s) => `${head('creds')}spec:\n  deep:\n  - password: ${s}\n`,
  (s) => `${head('creds')}data:\n  password: ${s}!\n`,
  (s) => `${head('creds')}data:\n- ${s}\n`,
  (s) => `${head('creds')}data: ${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: [${s}]\n`,
  (s) => `${head('creds')}stringData:\n  password: {deep: ${s}}\n`,
  (s) => `${head('creds')}immutable: ${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: |\n    first\n    ${s}\n`,
  (s) =>
    `${head('creds')}  annotations:\n    note: ${s}\n` +
    `    kubectl.kubernetes.io/last-applied-configuration: '{"kind":"Secret","spec":{"x":"${s}"}}'\n` +
    'stringData: {}\n',
  (s) => `${head('creds')}  labels:\n    note: ${s}\nstringData: {}\n`,
  (s) => `${head('creds')}  note: ${s}\nstringData: {}\n`,
  (s) => `${head('creds').replace('Secret', 'secret')}stringData:\n  password: ${s}\n`,
  (s) => `${head('creds').replace('v1', 'v1beta9')}stringData:\n  password: ${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: ${s}: ${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: "${s}\n`,
  (s) => `${head('creds')}stringData:\n\tpassword: ${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: ${s}\n  password: other\n`,
  (s) => `${head('creds')}stringData:\n  password: *${s}\n`,
  (s) => `${head('creds')}stringData:\n  password: !!int ${s}\n`,
  (s) => `${head('creds')}metadata: ${s}\n`,
  (s) =>
    `${head('creds').replace('  name: creds', `  name: creds\n  namespace: "${s} ${s}"`)}stringData: {}\n`.replace(
      `"${s} ${s}"`,
      'no such',
    ),
];

export function plainFiles(random: Random, secret: string): Files {
  return {
    'plain/secret.yaml': pick(random, documents)(secret),
    'plain/other.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n' + `  at: "${Math.floor(random() * 1e9)}"\n`,
  };
}

const templates: readonly [string, ...string[]] = [
  '{{ .Values.password | quote }}',
  '{{ .Values.password }}',
  '{{ fail (printf "bad password %s" .Values.password) }}',
  '{{ required .Values.password .Values.missing }}',
  '{{ .Values.password.deep.deeper }}',
  '{{ index .Values.password "x" }}',
  '{{ include .Values.password . }}',
  '{{ tpl .Values.password . }}',
  '{{ .Values.password | b64dec | toYaml | mustFromJson }}',
  '{{ range .Values.password }}x{{ end }}',
  '{{ mustFromJson .Values.password }}',
  '{{ (fromYaml .Values.password).x }}',
  '{{ .Values.password | mustToDate "2006" }}',
  '{{ semver .Values.password }}',
  '{{ .Values.password | nindent "x" }}',
];
const helmValues: readonly [Shape, ...Shape[]] = [
  (s) => `password: ${s}\n`,
  (s) => `password: "a: ${s}: b"\n`,
  (s) => `password: "{{ ${s} }}"\n`,
  (s) => `password: [${s}]\n`,
  (s) => `password: "${s}\n`,
  (s) => `password:\n\t${s}\n`,
  (s) => `password: '*${s}'\n`,
];

export function helmFiles(random: Random, secret: string): Files {
  const schema =
    random() < 0.3
      ? JSON.stringify({
          $schema: 'https://json-schema.org/draft-07/schema#',
          properties: {
            password: pick<Record<string, unknown>>(random, [
              { enum: ['x'] },
              { type: 'integer' },
              { pattern: '^x$' },
              { maxLength: 3 },
            ]),
          },
        })
      : undefined;
  return {
    'helm/Chart.yaml': 'apiVersion: v2\nname: vault\nversion: 0.1.0\n',
    'helm/values.yaml': pick(random, helmValues)(secret),
    'helm/values.schema.json': schema,
    'helm/templates/secret.yaml': `${head('helm-creds')}stringData:\n  password: ${pick(random, templates)}\n`,
  };
}

export function kustomizeFiles(random: Random, secret: string): Files {
  const generators: readonly [string, ...string[]] = [
    `secretGenerator:\n- name: made\n  literals:\n  - password=${secret}\n`,
    `secretGenerator:\n- name: made\n  literals:\n  - ${secret}\n`,
    `secretGenerator:\n- name: made\n  literals: ${secret}\n`,
    'secretGenerator:\n- name: made\n  envs: [made.env]\n',
    'secretGenerator:\n- name: made\n  files: [made.env]\n',
    'resources: [secret.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: Secret\n' +
      `    metadata: {name: nobody}\n    stringData: {password: ${secret}}\n`,
    'resources: [secret.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |-\n    - op: test\n' +
      `      path: /stringData/password\n      value: ${secret}\n`,
    `resources: [secret.yaml]\npatches:\n- target: {kind: Secret}\n  patch: ${secret}\n`,
    'resources: [secret.yaml]\n',
    'resources: [secret.yaml]\nreplacements:\n' +
      '- source: {kind: Secret, name: creds, fieldPath: stringData.password}\n  targets:\n' +
      `  - select: {kind: Secret}\n    fieldPaths: [stringData.${secret}.x]\n`,
  ];
  const env: readonly [string, ...string[]] = [
    `password=${secret}\n`,
    // None without =: to Kustomize that is the name of a key, and names are shown (docs/security/model.md).
    `=${secret}\n`,
    `pass word=${secret}\n`,
  ];
  return {
    'kustomize/kustomization.yaml': pick(random, generators),
    'kustomize/made.env': pick(random, env),
    'kustomize/secret.yaml': pick(random, documents)(secret),
  };
}

export function jsonnetFiles(random: Random, secret: string): Files {
  const bodies: readonly [string, ...string[]] = [
    'password',
    'error "bad password " + password',
    'std.parseJson(password)',
    'std.assertEqual(password, "x")',
    'password.deep',
    'password + {} + []',
    'std.parseInt(password)',
    'std.base64Decode(password)',
    'assert password == "x" : "the password is " + password; password',
    '{ [password]: 1 }[password + "x"]',
    'std.trace(password, error password)',
    'std.native(password)(1)',
    'std.parseYaml("a: " + password + ": b")',
  ];
  return {
    'jsonnet/main.jsonnet':
      `local password = '${secret}';\n{\n  apiVersion: 'v1',\n  kind: 'Secret',\n` +
      `  metadata: { name: 'jsonnet-creds' },\n  stringData: { password: ${pick(random, bodies)} },\n}\n`,
  };
}
