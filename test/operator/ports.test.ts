// The ports of a running operator: each answers what docs/reference/configuration.md says of it, and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { ports } from '../../tools/reference.ts';
import { testCluster } from '../control-plane.ts';

const root = join(import.meta.dirname, '../..');

test('each port serves its own paths, as the table says, and 404 for those of the others', async (t) => {
  const cluster = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-ports-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: cluster.namespace },
  });
  t.after(() => operator.end());
  await operator.start();
  const origins = { public: new URL(operator.webhookUrl).origin, page: operator.url, metrics: operator.healthUrl };
  for (const [name, origin] of Object.entries(origins))
    for (const { port, paths } of ports)
      for (const path of paths) {
        const { status } = await fetch(origin + path, { redirect: 'manual' });
        assert.equal(status === 404, port !== name, `${path} at ${name}: ${status}`);
      }
});

test('nothing of ours is called for admission: the API server judges by itself', () => {
  assert.deepEqual(ports.find(({ port }) => port === 'admission')?.paths, []);
  const files = readdirSync(join(root, 'deploy')).filter((file) => file.endsWith('.yaml'));
  const kinds = files.flatMap((file) => readFileSync(join(root, 'deploy', file), 'utf8').match(/^kind: .*/gm) ?? []);
  assert.ok(kinds.includes('kind: ValidatingAdmissionPolicy'));
  assert.deepEqual(
    kinds.filter((kind) => /WebhookConfiguration/.test(kind)),
    [],
  );
});
