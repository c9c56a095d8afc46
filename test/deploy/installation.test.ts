// The README's installation: its commands are run in their order, against a real API server without Argo CD.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KubeObject } from '../../src/model/kube.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually, ownCluster } from '../control-plane.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const section = readme.slice(readme.indexOf('## Install it'), readme.indexOf('## What it is not'));

/** Commands of the code blocks, with continued lines joined. */
function commands(): string[] {
  return [...section.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').trim().split('\n'),
  );
}

/** Needs a registry, or a kubelet that answers: the sandbox only plays its nodes. */
const elsewhere = /^docker |^curl | logs | port-forward /;

test('each command of the installation does what it says, and what it makes is what the operator reads', async (t) => {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-readme-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const folder of ['deploy', 'examples']) cpSync(join(root, folder), join(dir, folder), { recursive: true });
  symlinkSync(kubectl, join(dir, 'kubectl'));
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  writeFileSync(join(dir, 'coxswain.private-key.pem'), privateKey);
  const env = { PATH: `${dir}:/usr/bin:/bin`, HOME: dir, KUBECONFIG: cluster.kubeconfigs.admin };
  const ran = commands().filter((command) => !elsewhere.test(command));
  assert.ok(ran.length >= 7, ran.join('\n'));
  for (const command of ran)
    execFileSync('bash', ['-euo', 'pipefail', '-c', command], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const get = async (path: string): Promise<KubeObject> => (await cluster.access.must('GET', path)) as KubeObject;
  const keys = async (name: string): Promise<string[]> =>
    Object.keys((await get(`/api/v1/namespaces/argocd/secrets/${name}`))['data'] ?? {}).sort();
  assert.deepEqual(await keys('coxswain-github'), ['app-id', 'private-key', 'webhook-secret']);
  assert.deepEqual(await keys('coxswain-slack'), ['app-token', 'bot-token']);
  const text = JSON.stringify(await get('/apis/apps/v1/namespaces/argocd/deployments/coxswain'));
  for (const part of [
    'registry.example.com/coxswain:0.1.0',
    '"COX_ENGINE","value":"coxswain"',
    'https://coxswain.example',
  ])
    assert.ok(text.includes(part), part);
  await eventually('a pod that runs', async () => {
    const pods = (await cluster.access.must('GET', '/api/v1/namespaces/argocd/pods')) as { items: KubeObject[] };
    return JSON.stringify(pods.items).includes('"phase":"Running"') ? true : undefined;
  });
});

test('the installation names every step that would be silent, and exposes the public port alone', () => {
  for (const part of ['COX_ENGINE', 'COX_PUBLIC_URL', 'slack.channel', 'slack.identities', '/readyz', 'Ingress'])
    assert.ok(section.includes(part), part);
  const ingress = readFileSync(join(root, 'examples/install/ingress.yaml'), 'utf8');
  assert.deepEqual(
    [...ingress.matchAll(/service: \{name: ([\w-]+), port: \{name: (\w+)\}\}/g)].map(([, ...to]) => to),
    [['coxswain', 'public']],
  );
  const first = readme.slice(0, readme.indexOf('## Try it'));
  for (const part of ['For teams', 'Argo CD', 'kubechecks', 'Atlantis', 'beside', 'instead of'])
    assert.ok(first.includes(part), part);
  assert.match(readme, /## Licence\n\n\[Apache-2\.0\]\(LICENSE\)/);
});
