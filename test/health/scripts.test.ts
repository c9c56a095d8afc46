// Health by scripts of argocd-cm, run by the program that the operator runs.
import type { TestContext } from 'node:test';
import type { Script } from '../../src/health/scripts.ts';
import type { Health } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthScripts } from '../../src/health/scripts.ts';
import { render } from '../worker.ts';

const boat: KubeObject = {
  apiVersion: 'example.com/v1',
  kind: 'Boat',
  metadata: { name: 'x', generation: 3 },
  spec: { sails: ['main', 'jib'], ports: [{ number: 8080 }], since: 1764000000, half: 0.5, off: false, none: null },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

function script(text: string, fields: Partial<Script> = {}): Script {
  const key = 'resource.customizations.health.example.com_Boat';
  return { kind: 'example.com/Boat', script: text, openLibs: false, key, ...fields };
}

function running(t: TestContext, ...list: Script[]): HealthScripts {
  const scripts = new HealthScripts(render, () => list);
  t.after(() => scripts.stop());
  return scripts;
}

async function said(t: TestContext, text: string, fields: Partial<Script> = {}): Promise<Health | undefined> {
  return running(t, script(text, fields)).healthOf(boat);
}

/** The script tells one value as its message. */
async function told(t: TestContext, expression: string, openLibs = false): Promise<string> {
  const text = `return {status = "Healthy", message = tostring(${expression})}`;
  const health = await said(t, text, { openLibs });
  return health?.status === 'Healthy' ? (health.message ?? '') : `${health?.status}: ${health?.message}`;
}

test('a script judges the objects of its kind, and others are judged as ever', async (t) => {
  const text = `
    hs = {}
    for _, condition in ipairs(obj.status.conditions) do
      if condition.type == "Ready" and condition.status == "True" then
        hs.status = "Suspended"
        hs.message = "in port with " .. #obj.spec.sails .. " sails"
      end
    end
    return hs`;
  const scripts = running(t, script(text));
  assert.deepEqual(await scripts.healthOf(boat), { status: 'Suspended', message: 'in port with 2 sails' });
  assert.equal((await scripts.healthOf({ ...boat, kind: 'Ship' }))?.status, 'Healthy');
  assert.equal(await scripts.healthOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }), undefined);
  assert.equal(scripts.evaluated, 1);
});

test('numbers, texts, lists and what is absent are for a script what they are for one of Argo CD', async (t) => {
  const rows = [
    ['obj.metadata.generation', '3'],
    ['obj.spec.since', '1764000000'],
    ['obj.spec.since * 1000', '1764000000000'],
    ['obj.spec.half', '0.5'],
    ['10 / 2', '5'],
    ['obj.spec.ports[1].number', '8080'],
    ['obj.spec.off', 'false'],
    ['obj.spec.none', 'nil'],
    ['obj.spec.other', 'nil'],
    ['#obj.spec.sails', '2'],
    ['table.getn(obj.spec.sails)', '2'],
    ['unpack({7})', '7'],
    ['type(setfenv)', 'function'],
    ['type(os.time())', 'number'],
    ['os.date("!%Y", 0)', '1970'],
    ['type(require("os").time)', 'function'],
    ['table.concat(obj.spec.sails, ",")', 'main,jib'],
  ] as const;
  for (const [expression, expected] of rows) assert.equal(await told(t, expression), expected, expression);
});

test('useOpenLibs gives a script texts and mathematics, without it there are none', async (t) => {
  assert.equal(await told(t, 'string == nil and math == nil'), 'true');
  assert.equal(await told(t, '("Main"):lower() .. math.max(1, 2)', true), 'main2');
});

test('a script reads no file, runs no program, loads no library and writes nothing between our answers', async (t) => {
  const all = [
    ...['io', 'dofile', 'loadfile', 'debug', 'os.execute', 'os.getenv', 'os.remove', 'os.exit', 'os.tmpname'],
    ...['package.loadlib', 'channel', 'os.rename', 'os.setenv', 'collectgarbage', 'module'],
  ];
  for (const openLibs of [false, true]) {
    for (const name of all) assert.equal(await told(t, name, openLibs), 'nil', name);
    assert.equal(await told(t, 'pcall(require, "io")', openLibs), 'false');
    assert.equal(await told(t, 'pcall(require, "string.x")', openLibs), 'false');
    assert.equal(await told(t, 'print("out of turn") == nil', openLibs), 'true');
  }
});

test('what a script returns beside a table with a status is told as Argo CD tells it', async (t) => {
  assert.equal(await said(t, 'return nil'), undefined);
  assert.equal(await said(t, 'return {}'), undefined);
  assert.equal(await said(t, ''), undefined);
  const invalid = { status: 'Unknown', message: 'Lua returned an invalid health status' };
  assert.deepEqual(await said(t, 'return {status = "Fine"}'), invalid);
  assert.deepEqual(await said(t, 'return {message = "no status"}'), invalid);
  const health = await said(t, 'return "Healthy"');
  assert.equal(health?.status, 'Unknown');
  assert.match(
    health?.message ?? '',
    /^resource\.customizations\.health\.example\.com_Boat of argocd-cm: it returns a/,
  );
});

test('a script that fails leaves the health Unknown, and says which one', async (t) => {
  const missing = await said(t, 'return {status = obj.status.phase.name}');
  assert.equal(missing?.status, 'Unknown');
  assert.match(missing?.message ?? '', /^resource\.customizations\.health\.example\.com_Boat of argocd-cm: .*nil/);
  assert.doesNotMatch(missing?.message ?? '', /stack traceback/);
  assert.match((await said(t, 'error("no harbour")'))?.message ?? '', /no harbour/);
});

test('a script that cannot be read is named as a fault of its key, and judges Unknown', async (t) => {
  const scripts = running(t, script('if then'), script('return {status = "Healthy"}', { kind: 'example.com/Ship' }));
  const [fault, ...rest] = await scripts.faults();
  assert.match(fault ?? '', /^resource\.customizations\.health\.example\.com_Boat of argocd-cm: the script for /);
  assert.deepEqual(rest, []);
  assert.equal((await scripts.healthOf(boat))?.status, 'Unknown');
});

test('a script without an end is ended, is soon not run any more, and the next one is answered', async (t) => {
  const scripts = running(
    t,
    script('while true do end'),
    script('return {status = "Healthy"}', { kind: 'example.com/Ship' }),
  );
  for (let round = 0; round < 4; round += 1) assert.equal((await scripts.healthOf(boat))?.status, 'Unknown');
  assert.match((await scripts.healthOf(boat))?.message ?? '', /is not run for five minutes/);
  assert.equal(scripts.evaluated, 3);
  assert.equal((await scripts.healthOf({ ...boat, kind: 'Ship' }))?.status, 'Healthy');
});

test('a script that takes all memory ends alone, whether it asks bit by bit or at once', async (t) => {
  const hungry = [
    'local t = {} for i = 1, 1e9 do t[i] = {i, i, i, i} end return t',
    'local s = ("x"):rep(1e6) local t = {} for i = 1, 1e6 do t[i] = s .. i end return t',
    'return {status = ("x"):rep(1e12)}',
    'local function f() return f() + 1 end return f()',
  ];
  for (const text of hungry) {
    const scripts = running(
      t,
      script(text, { openLibs: true }),
      script('return {status = "Healthy"}', { kind: 'example.com/Ship' }),
    );
    assert.equal((await scripts.healthOf(boat))?.status, 'Unknown', text);
    assert.equal((await scripts.healthOf({ ...boat, kind: 'Ship' }))?.status, 'Healthy', text);
  }
});

test('a search in a text that goes back for ever is ended too', async (t) => {
  const text = 'return {status = tostring(string.find(("a"):rep(60), ("a*"):rep(40) .. "b"))}';
  const scripts = running(
    t,
    script(text, { openLibs: true }),
    script('return {status = "Healthy"}', { kind: 'a.b/C' }),
  );
  assert.equal((await scripts.healthOf(boat))?.status, 'Unknown');
  assert.equal((await scripts.healthOf({ ...boat, apiVersion: 'a.b/v1', kind: 'C' }))?.status, 'Healthy');
});

test('what one script leaves behind the next one does not find', async (t) => {
  const scripts = running(
    t,
    script('leaked = "yes"; table.insert = nil; obj.kind = "x"; return {status = "Healthy"}'),
    script('return {status = "Healthy", message = tostring(leaked) .. type(table.insert)}', {
      kind: 'example.com/Ship',
    }),
  );
  await scripts.healthOf(boat);
  const next = await scripts.healthOf({ ...boat, kind: 'Ship' });
  assert.deepEqual(next, { status: 'Healthy', message: 'nilfunction' });
});

test('a kind of its own goes before many kinds, and those reach groups and the core group as globs', async (t) => {
  const judge = (status: string, kind: string): Script => script(`return {status = "${status}"}`, { kind });
  const scripts = running(
    t,
    judge('Suspended', 'example.com/Boat'),
    judge('Missing', '*.example.org/*'),
    judge('Degraded', '*/*'),
  );
  const of = async (apiVersion: string, kind: string): Promise<string | undefined> =>
    (await scripts.healthOf({ ...boat, apiVersion, kind }))?.status;
  assert.equal(await of('example.com/v1', 'Boat'), 'Suspended');
  assert.equal(await of('sea.example.org/v1', 'Boat'), 'Missing');
  assert.equal(await of('example.com/v1', 'Ship'), 'Degraded');
  assert.equal(await of('v1', 'ConfigMap'), 'Degraded');
});

test('a script sees no value of a Secret, and an object that is being deleted is Progressing without it', async (t) => {
  const kind = 'Secret';
  const text =
    'return {status = "Healthy", message = tostring(obj.data.password) .. tostring(obj.metadata.annotations)}';
  const scripts = running(t, script(text, { kind }));
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind,
    metadata: { name: 's', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'c2VjcmV0' } },
    data: { password: 'c2VjcmV0' },
  };
  assert.deepEqual(await scripts.healthOf(secret), { status: 'Healthy', message: '++++++++nil' });
  const going = { ...secret, metadata: { ...secret.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.equal((await scripts.healthOf(going))?.status, 'Progressing');
});
