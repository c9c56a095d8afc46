// Coxswain as a child process in somebody's own cluster: several kubeconfigs, and a log-in plug-in that needs their
// environment.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { applyCrds } from '../../sandbox/settings.ts';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { foreignKube, get } from '../../sandbox/kube.ts';
import { testCluster } from '../control-plane.ts';

test('a cluster of several kubeconfigs and a plug-in is reached with the environment of the person', async (t) => {
  const plane = await testCluster(t);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-foreign-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, part: Record<string, unknown>): string => {
    writeFileSync(join(dir, name), JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...part }));
    return join(dir, name);
  };
  const credential =
    `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",` +
    `"status":{"token":"'"$FOREIGN_TOKEN"'"}}`;
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `printf '${credential}'`],
    interactiveMode: 'Never',
  };
  const ca = Buffer.from(plane.ca).toString('base64');
  const contexts = file('contexts', {
    'current-context': 'theirs',
    contexts: [{ name: 'theirs', context: { cluster: 'theirs', user: 'plugin' } }],
    clusters: [{ name: 'theirs', cluster: { server: plane.server, 'certificate-authority-data': ca } }],
  });
  const kubeconfig = `${contexts}:${file('users', { users: [{ name: 'plugin', user: { exec } }] })}`;
  process.env['FOREIGN_TOKEN'] = plane.token;
  const kube = await foreignKube(kubeconfig);
  t.after(() => kube.close());
  assert.ok(await get(kube, `/api/v1/namespaces/${plane.namespace}`));
  await applyCrds(kube);
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    inherit: true,
    env: { KUBECONFIG: kubeconfig, COX_NAMESPACE: plane.namespace },
  });
  t.after(() => operator.end());
  await operator.start();
});
