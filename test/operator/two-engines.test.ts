// Beside a controller of Argo CD: /readyz, the log, the page and `cox doctor` say how to choose, until it is gone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { binaries } from '../../tools/binaries.ts';
import { runCox } from '../cli/fixture.ts';
import { eventually, testCluster } from '../control-plane.ts';
import { workload } from '../engine/controller-workload.ts';

test('a controller that works is told once, with both ways to choose, and again when it comes back', async (t) => {
  const cluster = await testCluster(t);
  const { namespace, access } = cluster;
  const { kubectl } = await binaries(['kubectl']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-two-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  await access.must('POST', `/apis/apps/v1/namespaces/${namespace}/statefulsets`, workload({ namespace }));
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: namespace },
  });
  t.after(() => operator.end());
  operator.spawn();
  const command = `kubectl -n ${namespace} scale statefulset argocd-application-controller --replicas=0`;
  const readyz = (says: RegExp): Promise<string> =>
    eventually(`readyz says ${String(says)}`, async () => {
      const answer = await fetch(`${operator.healthUrl}/readyz`);
      const text = `${answer.status} ${(await answer.text()).trim()}`;
      return says.test(text) ? text : undefined;
    });
  const told = (): string[] =>
    operator
      .logs()
      .split('\n')
      .filter((line) => line.includes('two engines: nothing is synced'));
  const said = await readyz(/E_TWO_ENGINES/);
  assert.equal(
    said,
    '503 an application controller of Argo CD works in this namespace (StatefulSet argocd-application-controller), ' +
      `so Coxswain syncs nothing (E_TWO_ENGINES). Choose one engine: ${command} lets Coxswain work, at once ` +
      'and by itself; COX_ENGINE=argocd leaves the work to Argo CD.',
  );
  const page = await (await fetch(`${operator.url}/`)).text();
  assert.match(page, /<div id="held" data-live>\s*<section class="notice wrong"><h3>Nothing is synced<\/h3>/);
  assert.ok(page.includes(command));
  const env = { KUBECONFIG: cluster.kubeconfigs.admin, COX_NAMESPACE: namespace, XDG_CACHE_HOME: dir };
  const doctor = await runCox(['doctor'], { env });
  assert.equal(doctor.code, 1, doctor.err);
  assert.match(doctor.out, /^Definitions +ok +all are installed$/m);
  assert.match(doctor.out, /^Coxswain +ok +\S+ works, COX_ENGINE=coxswain$/m);
  assert.match(doctor.out, /^Engine +wrong +an application controller of Argo CD works in this namespace/m);
  assert.ok(doctor.out.includes(`\nEngine: Choose one engine: ${command}`), doctor.out);

  execFileSync('bash', ['-euc', command.replace('kubectl', `${kubectl} --kubeconfig ${cluster.kubeconfigs.admin}`)]);
  await operator.ready();
  assert.equal(told().length, 1);
  assert.ok(operator.logs().includes('no application controller of Argo CD works here any more: Coxswain syncs'));
  assert.doesNotMatch(await (await fetch(`${operator.url}/`)).text(), /Nothing is synced/);
  const healthy = await runCox(['doctor'], { env });
  assert.equal(healthy.code, 0, healthy.out);

  execFileSync(kubectl, [
    ...['--kubeconfig', cluster.kubeconfigs.admin, '-n', namespace],
    ...['scale', 'statefulset', 'argocd-application-controller', '--replicas=1'],
  ]);
  await readyz(/^503 .*E_TWO_ENGINES/);
  assert.equal(told().length, 2);
});
