// Texts of refused manifests: all faults, always in the same words.
import type { ApiError } from '../../src/cluster/api-error.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrorOf } from '../../src/cluster/api-error.ts';
import { fieldAt, fieldText } from '../../src/cluster/field-text.ts';
import { testCluster } from '../control-plane.ts';
import { connect, crd } from './connect.ts';

type Fields = Record<string, unknown>;

function deployment(
  namespace: string,
  {
    spec = {},
    container = {},
    pod = {},
    metadata = {},
    top = {},
  }: { spec?: Fields; container?: Fields; pod?: Fields; metadata?: Fields; top?: Fields },
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace, ...metadata },
    ...top,
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'x', ...container }], ...pod },
      },
      ...spec,
    },
  };
}

test('an apply names all faults of a manifest, and every time the same', async (t) => {
  const { namespace, ...c } = await testCluster(t);
  const { api, discovery } = await connect(t, c);
  const group = `${namespace}.example`;
  const strict = crd(group, 'Strict');
  (strict['spec'] as { versions: Fields[] }).versions[0] = {
    name: 'v1',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { a: { type: 'integer' } } } },
      },
    },
  };
  await api.create(strict);
  await discovery.await({ group, version: 'v1', kind: 'Strict' }, AbortSignal.timeout(20_000));
  const unknown = (...paths: string[]): string =>
    paths.map((path) => `${path}: field not declared in schema`).join(', ');
  const env = [{ name: 'A', value: '1' }, { name: 'A', value: '2' }, { name: 'B' }, { name: 'B' }];
  const rows: [name: string, object: KubeObject, message: string][] = [
    [
      'five unknown fields of one struct',
      deployment(namespace, { spec: { zeta: 1, alpha: { b: 1 }, mid: [1], beta: 'x', omega: null } }),
      unknown('.spec.alpha', '.spec.beta', '.spec.mid', '.spec.omega', '.spec.zeta'),
    ],
    [
      'unknown fields everywhere',
      deployment(namespace, {
        top: { foo: 1 },
        metadata: { labls: {} },
        spec: { strateg: {} },
        container: { imagee: 'y', ports: [{ containerPort: 80, nmae: 'x' }] },
      }),
      unknown(
        '.foo',
        '.metadata.labls',
        '.spec.strateg',
        '.spec.template.spec.containers[0].imagee',
        '.spec.template.spec.containers[0].ports[0].nmae',
      ),
    ],
    [
      'wrong types among them',
      deployment(namespace, {
        spec: { zz: 1, aa: 2, replicas: 'x', paused: 3 },
        pod: { bogus: 1 },
        container: { imagee: 'y' },
      }),
      `${unknown('.spec.aa')}, .spec.paused: expected boolean, .spec.replicas: expected numeric (int or float), ` +
        `got string, ${unknown('.spec.template.spec.bogus', '.spec.template.spec.containers[0].imagee', '.spec.zz')}`,
    ],
    [
      'keys of a list twice',
      deployment(namespace, { container: { env } }),
      '.spec.template.spec.containers[0].env: duplicate entries for key [name="A"], ' +
        '.spec.template.spec.containers[0].env: duplicate entries for key [name="B"]',
    ],
    [
      'keys of a list twice beside an unknown field',
      deployment(namespace, { spec: { bogus: 1 }, container: { env } }),
      `${unknown('.spec.bogus')}, .spec.template.spec.containers[0].env: duplicate entries for key [name="A"], ` +
        '.spec.template.spec.containers[0].env: duplicate entries for key [name="B"]',
    ],
    [
      'labels that are no text',
      deployment(namespace, { metadata: { labels: { a: 1, b: true, c: 'x' } } }),
      '.metadata.labels.a: expected string, .metadata.labels.b: expected string',
    ],
    [
      'a list for a map',
      deployment(namespace, { spec: { selector: [1] }, pod: { containers: { a: 1 } } }),
      '.spec.selector: expected map, .spec.template.spec.containers: expected list',
    ],
    [
      'a custom resource',
      {
        apiVersion: `${group}/v1`,
        kind: 'Strict',
        metadata: { name: 's', namespace },
        spec: { a: 'x', b: 1, 'x.y/z': 2, c: { d: 1 } },
        extra: 1,
      },
      `${unknown('.extra')}, .spec.a: expected numeric (int or float), got string, ` +
        unknown('.spec.b', '.spec.c', '.spec.x.y/z'),
    ],
    [
      'a Secret',
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's', namespace },
        stringdata: { a: 'hunter2' },
        dta: { b: 'hunter2' },
        data: { x: 1 },
      },
      'the Secret cannot be read by the API server: .data.x, .dta, .stringdata',
    ],
    [
      'invalid labels',
      deployment(namespace, { metadata: { labels: { 'a b': '1', 'c d': '2', 'e f': '3', g: '!' } } }),
      '',
    ],
  ];
  for (const [name, object, message] of rows) {
    const texts = new Set<string>();
    for (let time = 0; time < 12; time += 1) {
      const error = await api.apply(object, { dryRun: true }).then(
        () => assert.fail(name),
        (thrown: ApiError) => thrown,
      );
      assert.equal(error.kind, 'terminal', name);
      texts.add(error.message);
    }
    if (message !== '') assert.deepEqual([...texts], [message], name);
    assert.equal(texts.size, 1, `${name}: ${[...texts].join('\n')}`);
  }
});

test('a manifest that can be read costs one request', async (t) => {
  const { namespace, ...c } = await testCluster(t);
  const { api } = await connect(t, c);
  await api.apply(deployment(namespace, {}), { dryRun: true });
  assert.equal(api.counts.dryRun, 1);
});

test('with validation ignored unknown fields are left out, and other faults are refused still', async (t) => {
  const { namespace, ...c } = await testCluster(t);
  const { api } = await connect(t, c);
  const object = deployment(namespace, {
    spec: { bogus: 1, replicas: 0 },
    container: { imagee: 'x' },
    metadata: { labls: {} },
  });
  await assert.rejects(api.apply(object), /bogus/);
  const stored = await api.apply(object, { fieldValidation: 'Ignore' });
  assert.deepEqual([(stored['spec'] as Fields)['replicas'], (stored['spec'] as Fields)['bogus']], [0, undefined]);
  await assert.rejects(
    api.apply(deployment(namespace, { spec: { bogus: 1, replicas: 'x' } }), { fieldValidation: 'Ignore' }),
    /replicas/,
  );
});

test('a path of the server leads to our field and nowhere else', () => {
  const object = {
    spec: {
      'a.b': { c: 1 },
      a: 2,
      list: [
        { name: 'x]', n: 1 },
        { name: 'web', protocol: 'TCP', port: 80 },
      ],
    },
    data: { 'x.y/z': 's' },
  };
  const rows: [text: string, expected: string | undefined][] = [
    ['.spec.a.b.c: wrong', '.spec.a.b.c | : wrong'],
    ['spec.a', '.spec.a | '],
    ['.spec.list[1].port: x', '.spec.list[1].port | : x'],
    ['.spec.list[port=80,protocol="TCP"].name', '.spec.list[1].name | '],
    ['.spec.list[name="other"].n', '.spec.list | [name="other"].n'],
    ['data.x.y/z', '.data.x.y/z | '],
    ['password', undefined],
    ['.spec.listing', '.spec | .listing'],
  ];
  for (const [text, expected] of rows) {
    const found = fieldAt(object, text);
    assert.equal(found && `${fieldText(found.position)} | ${found.rest}`, expected, text);
  }
});

test('what is another at every request is not in the text', () => {
  const text = (message: string, details: object = {}): string =>
    apiErrorOf({ method: 'PATCH', path: '/x', secret: false }, 422, { message, details }, undefined).message;
  assert.equal(
    text('Post "https://hook.a.svc:443/x": read tcp 10.0.0.1:41234->10.0.0.2:443: reset'),
    text('Post "https://hook.a.svc:443/x": read tcp 10.0.0.1:55555->10.0.0.2:443: reset'),
  );
  assert.equal(
    text('spec: Invalid value: core.Spec{X:(*int32)(0xc000a8b2a8)}: field is immutable'),
    'spec: Invalid value: core.Spec{X:(*int32)(…)}: field is immutable',
  );
  const causes = [
    { field: 'b', message: 'Invalid value: "2"' },
    { field: 'a', message: 'Invalid value: "1"' },
  ];
  assert.equal(
    text('X "x" is invalid: [b: Invalid value: "2", a: Invalid value: "1"]', { causes }),
    'X "x" is invalid: [a: Invalid value: "1", b: Invalid value: "2"]',
  );
});
