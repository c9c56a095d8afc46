// Rules of ignoreDifferences in jq: what they name is ignored wherever it stands, and where one fails, its object alone
// is left.
import type { KubeObject } from '../../src/model/kube.ts';
import type { Asker } from '../../src/compare/object/jq.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Jq } from '../../src/compare/object/jq.ts';
import { binaries } from '../../tools/binaries.ts';
import { configMap, deployment, summary, world } from './fixture.ts';

const { render } = await binaries(['render']);

function containers(...list: Record<string, unknown>[]): KubeObject {
  const object = deployment('api');
  const spec = object['spec'] as { template: { spec: Record<string, unknown> } };
  spec.template.spec['containers'] = list.map((each) => ({ image: 'example/api:1', ...each }));
  return object;
}

function template(object: KubeObject): unknown {
  return { spec: { template: (object['spec'] as { template: unknown }).template } };
}

const env = (...list: [string, string][]): { name: string; value: string }[] =>
  list.map(([name, value]) => ({ name, value }));

interface Row {
  name: string;
  expression: string;
  git: KubeObject;
  live: KubeObject;
  /** undefined: in sync. */
  drift?: string;
}

const spec = '.spec.template.spec';
const rows: Row[] = [
  {
    name: 'an environment variable of every container',
    expression: `${spec}.containers[].env[] | select(.name=="X")`,
    git: containers({ name: 'a', env: env(['X', '1'], ['Y', '1']) }, { name: 'b', env: env(['X', '1']) }),
    live: containers({ name: 'a', env: env(['Y', '1'], ['X', '7']) }, { name: 'b', env: env(['X', '8']) }),
  },
  {
    name: 'and no other one',
    expression: `${spec}.containers[].env[] | select(.name=="X")`,
    git: containers({ name: 'a', env: env(['X', '1'], ['Y', '1']) }),
    live: containers({ name: 'a', env: env(['X', '7'], ['Y', '7']) }),
    drift: 'spec.template.spec.containers[name=a].env[name=Y].value "7" → "1"',
  },
  {
    name: 'several entries of a list without names, wherever they stand',
    expression: `${spec}.containers[0].args[] | select(startswith("--shards"))`,
    git: containers({ name: 'a', args: ['--shards=1', '--log', '--shards-max=2'] }),
    live: containers({ name: 'a', args: ['--log', '--shards-max=9'] }),
  },
  {
    name: 'the rest of such a list counts',
    expression: `${spec}.containers[0].args[] | select(startswith("--shards"))`,
    git: containers({ name: 'a', args: ['--shards=1', '--log'] }),
    live: containers({ name: 'a', args: ['--log=debug', '--shards=9'] }),
    drift: 'spec.template.spec.containers[name=a].args ["--log=debug","--shards=9"] → ["--log","--shards=9"]',
  },
  {
    name: 'what is not there is passed over, as in Argo CD',
    expression: `${spec}.initContainers[] | select(.name=="istio-init")`,
    git: containers({ name: 'a' }),
    live: containers({ name: 'a' }),
  },
];

for (const row of rows) {
  test(`named by jq: ${row.name}`, async (t) => {
    const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jqPathExpressions: [row.expression] }];
    const w = await world(t, { ignoreDifferences });
    await w.sync([row.git]);
    await w.edit(deployment('api'), template(row.live) as Record<string, unknown>);
    const drift = row.drift === undefined ? [] : [`change Deployment/api: ${row.drift}`];
    assert.equal((await w.compare([row.git])).status, row.drift === undefined ? 'Synced' : 'OutOfSync');
    const effect = await w.effect({ last: [row.git], target: [row.git] });
    assert.deepEqual(summary(effect.drift), drift);
    assert.deepEqual(effect.errors, []);
  });
}

test('a certificate that others inject into webhooks is no drift, and told where it is written', async (t) => {
  const rule = { group: 'admissionregistration.k8s.io', jqPathExpressions: ['.webhooks[]?.clientConfig.caBundle'] };
  const w = await world(t, { ignoreDifferences: [{ ...rule, kind: 'MutatingWebhookConfiguration' }] });
  const hook = (name: string, timeoutSeconds: number): Record<string, unknown> => ({
    name: `${name}.example.com`,
    clientConfig: { url: 'https://example.com/', caBundle: 'Cg==' },
    rules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds,
  });
  const configuration = (timeoutSeconds: number): KubeObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `inject-${w.namespace}` },
    webhooks: [hook('a', timeoutSeconds), hook('b', timeoutSeconds)],
  });
  const [first, second] = [[configuration(5)], [configuration(6)]];
  await w.sync(first);
  const { cluster } = w;
  const key = {
    group: 'admissionregistration.k8s.io',
    kind: 'MutatingWebhookConfiguration',
    namespace: '',
    name: `inject-${w.namespace}`,
  };
  t.after(() => cluster.api.delete(key).catch(() => undefined));
  const patch = [0, 1].map((at) => ({
    op: 'replace',
    path: `/webhooks/${at}/clientConfig/caBundle`,
    value: 'aW5qZWN0ZWQ=',
  }));
  const edited = await cluster.api.patch(key, { type: 'json', patch, manager: 'cainjector' });
  await cluster.live.waitFor(key, edited.metadata.resourceVersion ?? '', w.signal);
  assert.equal((await w.compare(first)).status, 'Synced');
  const effect = await w.effect({ last: first, target: second });
  assert.deepEqual([effect.drift, effect.errors, effect.digest === ''], [[], [], false]);
  assert.match(
    effect.total[0]?.notes.join() ?? '',
    /ignored in the comparison, applied with the rest: webhooks\[name=a\.example\.com\]\.clientConfig\.caBundle, /,
  );
});

const failing = {
  'it computes a value where it should name fields': '.data | keys[]',
  'it looks for a field in what is no object': '.data.x.y',
  'a function in it cannot be applied to what is there': '.data.x | startswith(1)',
  'it names the whole object': '.',
  'it takes too long': 'last(repeat(.))',
  'it takes too much memory': '.data.l[536870000] |= 1',
};

test('an expression that fails leaves its object alone and names the reason; all others are judged', async (t) => {
  for (const [why, expression] of Object.entries(failing)) {
    const rule = { kind: 'ConfigMap', name: 'a', jqPathExpressions: ['.data.none', expression] };
    const w = await world(t, { ignoreDifferences: [rule] });
    const last = [configMap('a', { x: 'value' }), configMap('b', { x: '1' })];
    await w.sync(last);
    await w.edit(configMap('a', {}), { data: { x: 'value by hand' } });
    const target = [configMap('a', { x: 'value 2' }), configMap('b', { x: '2' })];
    const compared = await w.compare(target, last);
    const told = `left as it is, neither compared nor synced: spec.ignoreDifferences[0].jqPathExpressions[1]: ${why}`;
    assert.deepEqual(
      compared.resources.map(({ name, status }) => [name, status]),
      [
        ['a', 'Unknown'],
        ['b', 'OutOfSync'],
      ],
    );
    assert.deepEqual(
      compared.conditions.map(({ type, message }) => [type, message]),
      [['IgnoredFieldWarning', `ConfigMap ${w.namespace}/a: ${told}`]],
    );
    const effect = await w.effect({ last, target });
    assert.deepEqual(
      [effect.operations.map(({ key }) => key.name), effect.errors, effect.digest === ''],
      [['b'], [], false],
    );
    assert.ok(effect.notes.includes(`ConfigMap ${w.namespace}/a: ${told}`));
  }
});

const asker: Asker = { application: 'argocd/shop', rules: [] };

function maps(count: number): KubeObject[] {
  return Array.from({ length: count }, (_, at) => ({
    ...configMap(`cm-${at}`, { x: String(at) }),
    metadata: { name: `cm-${at}`, namespace: 'shop' },
  }));
}

test('what was found is not asked again, and an object that ends the process does so alone', async (t) => {
  const jq = new Jq(render);
  t.after(() => jq.stop());
  const objects = maps(300);
  const ask = (expression: string): ReturnType<Jq['namedIn']>[] =>
    objects.map((each) => jq.namedIn(each, expression, asker));
  assert.deepEqual(new Set((await Promise.all(ask('.data.x'))).map((each) => JSON.stringify(each))).size, 1);
  assert.deepEqual(await jq.namedIn(objects[7] ?? configMap('none', {}), '.data.x', asker), { paths: [['data', 'x']] });
  assert.equal(jq.evaluated, 300);
  await Promise.all(ask('.data.x'));
  assert.equal(jq.evaluated, 300);
  const deadly = 'if .metadata.name == "cm-150" then .data.l[536870000] |= 1 else . end | .data.x';
  const [named] = await Promise.all([jq.namedIn(objects[0] ?? configMap('none', {}), '.data', asker), ...ask(deadly)]);
  assert.deepEqual(named, { paths: [['data']] });
  const whys = (await Promise.all(ask(deadly))).flatMap((each, at) => ('why' in each ? [[at, each.why]] : []));
  assert.deepEqual(
    whys.map(([at]) => at),
    [150],
  );
});

test('an expression that takes too much at three objects is tried at no fourth one', async (t) => {
  const jq = new Jq(render);
  t.after(() => jq.stop());
  const answers = await Promise.all(maps(20).map((each) => jq.namedIn(each, 'last(repeat(.))', asker)));
  assert.equal(jq.evaluated, 3);
  assert.deepEqual(
    answers.slice(2, 4).map((each) => 'why' in each && each.why),
    ['it takes too long', 'it took too much at 3 other objects'],
  );
  assert.deepEqual(await jq.namedIn(configMap('a', { x: '1' }), '.data.x', asker), { paths: [['data', 'x']] });
});

const spent = 'the jq expressions of this application took too much together in the last five minutes';

test('many expressions that take too much take their own application its share, and no other one', async (t) => {
  const jq = new Jq(render, () => 20);
  t.after(() => jq.stop());
  const [object = configMap('none', {})] = maps(1);
  const hostile = Array.from({ length: 100 }, (_, at) => `last(repeat(.)) | .data.x${at}`);
  const answers = await Promise.all(hostile.map((each) => jq.namedIn(object, each, asker)));
  assert.ok(jq.evaluated <= 11, `${jq.evaluated} were tried`);
  assert.deepEqual([...new Set(answers.map((each) => 'why' in each && each.why))], ['it takes too long', spent]);
  const before = jq.evaluated;
  assert.deepEqual(await jq.namedIn(object, '.data.x', asker), { why: spent });
  assert.equal(jq.evaluated, before);
  for (const other of [
    { ...asker, application: 'argocd/other' },
    { ...asker, rules: [{ kind: 'ConfigMap', jqPathExpressions: ['.data.x'] }] },
  ])
    await jq.namedIn(object, `.data.x | "${other.application}"`, other);
  assert.equal(jq.evaluated, before + 2);
});

test('what is slow without taking too much counts too, and what was found stays', async (t) => {
  let timeout = 60_000;
  const jq = new Jq(render, () => timeout);
  t.after(() => jq.stop());
  const [a = configMap('none', {}), b = a] = maps(2);
  const slow = 'last(range(1000000)) as $last | .data.x';
  const found = { paths: [['data', 'x']] };
  assert.deepEqual(await jq.namedIn(a, slow, asker), found);
  timeout = 1;
  assert.deepEqual(await jq.namedIn(b, '.data.x', asker), { why: spent });
  assert.deepEqual(await jq.namedIn(a, slow, asker), found);
  timeout = 60_000;
  assert.deepEqual(await jq.namedIn(b, '.data.x', asker), found);
});

test('what jq cannot read is told for the expression, and nothing of the process can be read', async (t) => {
  const jq = new Jq(render);
  t.after(() => jq.stop());
  const faults: Record<string, string> = {
    '.data.x': '',
    '.a)': 'unexpected token ")"',
    '': 'unexpected token ")"',
    'nope(.a)': 'function not defined: nope/1',
    input: 'input(s)/0 is not allowed',
    [`.a${'|.a'.repeat(5_000)}`]: 'it has more than 10,000 characters',
    ['('.repeat(4_999) + '.a' + ')'.repeat(4_999)]: '',
  };
  for (const [expression, fault] of Object.entries(faults)) assert.equal(await jq.fault(expression), fault);
  const home = configMap('a', { '': 'x' });
  assert.deepEqual(await jq.namedIn(home, '.data[env.HOME // ""]', asker), { paths: [['data', '']] });
});
