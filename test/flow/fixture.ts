// An operator without GitHub credentials, a GitHub to set it up with, and one address for both of its ports.
import type { TestContext } from 'node:test';
import type { SandboxGitHub } from '../../sandbox/github/github.ts';
import type { Operator } from '../../sandbox/operator.ts';
import type { TestCluster } from '../control-plane.ts';
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeKubeconfig } from '../../sandbox/cluster/access.ts';
import { startGitHub } from '../../sandbox/github/github.ts';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { cox } from '../../src/cli/run.ts';
import { testCluster } from '../control-plane.ts';

/** One address for page and webhooks, as an Ingress has it. */
async function front(t: TestContext, ports: () => { page: string; webhook: string }): Promise<string> {
  const server = createServer((request, response) => {
    const { page, webhook } = ports();
    const path = request.url ?? '/';
    const to = path.startsWith('/webhooks/github') ? webhook : `${page}${path}`;
    const passed = httpRequest(to, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.writeHead(502).end('bad gateway'));
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

export interface Place {
  cluster: TestCluster;
  github: SandboxGitHub;
  operator: Operator;
  url: string;
}

export async function place(t: TestContext): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'cox-setup-'));
  const cluster = await testCluster(t);
  const github = await startGitHub({ dir });
  await github.createRepository({ owner: 'acme', name: 'infra', installed: false });
  github.user('ann', { 'acme/infra': 'write' });
  const { server, ca, token } = cluster;
  const running: { operator?: Operator } = {};
  const url = await front(t, () => ({
    page: running.operator?.url ?? '',
    webhook: running.operator?.webhookUrl ?? '',
  }));
  const operator = await createOperator({
    dir: join(dir, 'coxswain'),
    toolsDir: await toolsFolder(dir),
    env: {
      KUBECONFIG: writeKubeconfig(join(dir, 'kubeconfig'), { server, ca, token, user: 'coxswain' }),
      COX_NAMESPACE: cluster.namespace,
      COX_PUBLIC_URL: url,
      COX_GITHUB_API_URL: github.apiUrl,
    },
  });
  running.operator = operator;
  t.after(async () => {
    await operator.end();
    await github.stop();
    await rm(dir, { recursive: true, force: true });
    assert.deepEqual(github.violations, []);
  });
  await operator.start();
  return { cluster, github, operator, url };
}

/** What `cox setup github` prints. */
export async function printed({ cluster }: Place): Promise<string> {
  const said: string[] = [];
  const out = { result: (text: string) => void said.push(text), note: (text: string) => void said.push(text) };
  const env = { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: cluster.namespace };
  const signal = AbortSignal.timeout(20_000);
  assert.equal(await cox(['setup', 'github'], { env, out, color: false, signal }), 0, said.join('\n'));
  return said.at(-1) ?? '';
}
