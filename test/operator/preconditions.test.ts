// What the start waits for: the log and /readyz say which, with code and next step, and it goes on by itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createOperator, type Operator } from '../../sandbox/operator.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually, testCluster } from '../control-plane.ts';

const names = ['manifests', 'render'] as const;

/** In a cluster with its definitions; `tools` are in the folder when it starts. */
async function operatorWith(
  t: TestContext,
  { tools = names, env = {} }: { tools?: readonly string[]; env?: Record<string, string> },
): Promise<{ operator: Operator; dir: string; put: (name: (typeof names)[number]) => void; kubectl: string[] }> {
  const cluster = await testCluster(t);
  const paths = await binaries([...names, 'kubectl']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-door-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const put = (name: (typeof names)[number]): void => symlinkSync(paths[name], join(dir, name));
  for (const name of names) if (tools.includes(name)) put(name);
  const operator = await createOperator({
    dir,
    toolsDir: dir,
    env: { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: cluster.namespace, ...env },
  });
  t.after(() => operator.end());
  return { operator, dir, put, kubectl: [paths.kubectl, '--kubeconfig', cluster.kubeconfig] };
}

/** What /readyz says as soon as it says that. */
function readyz(operator: Operator, says: RegExp): Promise<string> {
  return eventually(`readyz says ${String(says)}`, async () => {
    const answer = await fetch(`${operator.healthUrl}/readyz`);
    const text = `${answer.status} ${(await answer.text()).trim()}`;
    return says.test(text) ? text : undefined;
  });
}

function warnings(operator: Operator, message: string): Record<string, unknown>[] {
  return operator
    .logs()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['level'] === 'warn' && line['msg'] === message);
}

function waits(operator: Operator): { code: string; hint: string }[] {
  return warnings(operator, 'the start waits').map(({ err, hint }) => ({
    code: (err as { code: string }).code,
    hint: String(hint),
  }));
}

test('tools that are missing are named with where they were looked for, and the start waits for them', async (t) => {
  const { operator, dir, put } = await operatorWith(t, { tools: [] });
  operator.spawn();
  const text = await readyz(operator, /missing/);
  assert.ok(
    text.startsWith(
      `503 starting: waits: missing: manifests (looked at ${dir}/manifests), render (looked at ${dir}/render) ` +
        '(E_TOOLS). Put manifests on PATH',
    ),
    text,
  );
  const [told, ...more] = waits(operator);
  assert.equal(told?.code, 'E_TOOLS');
  assert.match(told?.hint ?? '', /tools\/binaries\.ts manifests builds it\. .*tools\/binaries\.ts render builds it/);
  assert.deepEqual(more, []);
  put('manifests');
  await readyz(operator, /missing: render/);
  put('render');
  await operator.ready();
});

test('a data folder that cannot be written is told, and the start waits for it', async (t) => {
  const { operator, dir } = await operatorWith(t, {});
  writeFileSync(join(dir, 'data'), 'a file where the folder should be');
  operator.spawn();
  assert.match(
    await readyz(operator, /data folder/),
    /^503 starting: waits: the data folder \S+\/data cannot be written: .+ \(E_CONFIG\)\. .*COX_DATA_DIR\.$/,
  );
  assert.deepEqual(
    waits(operator).map(({ code }) => code),
    ['E_CONFIG'],
  );
  rmSync(join(dir, 'data'));
  await operator.ready();
});

test('a port that is in use is told with its variable, and the start waits for it', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { operator } = await operatorWith(t, { env: { COX_LISTEN_PAGE: `127.0.0.1:${port}` } });
  operator.spawn();
  assert.match(
    await readyz(operator, /in use/),
    /^503 starting: waits: 127\.0\.0\.1:\d+ cannot be opened: it is in use \(E_CONFIG\)\. .*COX_LISTEN_PAGE\.$/,
  );
  await new Promise((resolve) => taken.close(resolve));
  await operator.ready();
});

test('when the port of /readyz itself is in use, the process ends with code, cause and next step', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { operator } = await operatorWith(t, { env: { COX_LISTEN_METRICS: `127.0.0.1:${port}` } });
  operator.spawn();
  const said = await eventually('it says why', () =>
    operator.logs().includes('cannot start') ? operator.logs() : undefined,
  );
  assert.match(said, /coxswain cannot start: 127\.0\.0\.1:\d+ cannot be opened: it is in use \(E_CONFIG\)\. .*METRICS/);
});

test('a namespace that does not exist is told with the command that makes it; the start waits for it', async (t) => {
  const { operator, kubectl } = await operatorWith(t, { env: { COX_NAMESPACE: 'cox-nowhere' } });
  const [command = '', ...args] = kubectl;
  t.after(() => execFileSync(command, [...args, 'delete', 'namespace', 'cox-nowhere', '--wait=false']));
  operator.spawn();
  assert.match(
    await readyz(operator, /does not exist/),
    new RegExp(
      /^503 starting: waits: the namespace cox-nowhere does not exist \(E_CONFIG\)\. Run kubectl create /.source +
        /namespace cox-nowhere/.source,
    ),
  );
  execFileSync(command, [...args, 'create', 'namespace', 'cox-nowhere']);
  await operator.ready();
});
