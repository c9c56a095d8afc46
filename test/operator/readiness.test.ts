// The start in a cluster where something is missing: the log and /readyz say what, and it goes on by itself.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOperator, toolsFolder } from '../../sandbox/operator.ts';
import { binaries } from '../../tools/binaries.ts';
import { eventually, ownCluster } from '../control-plane.ts';

const crds = join(import.meta.dirname, '../../deploy/crds');

interface Scene {
  operator: Awaited<ReturnType<typeof createOperator>>;
  apply(file: string): unknown;
  ready(): Promise<{ status: number; text: string }>;
}

/** A cluster of its own without any definitions, and an operator that is not running yet. */
async function scene(t: TestContext): Promise<Scene> {
  const cluster = await ownCluster(t);
  const { kubectl } = await binaries(['kubectl']);
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-starting-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const operator = await createOperator({
    dir,
    toolsDir: await toolsFolder(dir),
    env: { KUBECONFIG: cluster.kubeconfig, COX_NAMESPACE: cluster.namespace },
  });
  t.after(() => operator.end());
  const apply = (file: string): unknown =>
    execFileSync(kubectl, ['--kubeconfig', cluster.kubeconfigs.admin, 'apply', '--server-side', '-f', file]);
  const ready = async (): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${operator.healthUrl}/readyz`);
    return { status: answer.status, text: await answer.text() };
  };
  return { operator, apply, ready };
}

test('while custom resource definitions are missing, the log and /readyz name them and the next step', async (t) => {
  const { operator, apply, ready } = await scene(t);
  apply(join(crds, 'argoproj.io_applications.yaml'));
  operator.spawn();
  const waiting = await eventually('what it waits for', async () => {
    const answer = await ready();
    return answer.text.includes('CustomResourceDefinitions') && !answer.text.includes('Application.argoproj.io')
      ? answer
      : undefined;
  });
  assert.deepEqual(waiting, {
    status: 503,
    text:
      'starting: waits for CustomResourceDefinitions that are not installed (AppProject.argoproj.io, ' +
      'Approval.coxswain.dev, DriftEpisode.coxswain.dev, Request.coxswain.dev, SyncRecord.coxswain.dev); ' +
      'kubectl apply -f deploy/crds installs them\n',
  });
  assert.match(
    operator.logs(),
    new RegExp(
      /"level":"warn".*"missing":"[^"]*AppProject\.argoproj\.io, /.source +
        /Approval\.coxswain\.dev[^"]*","hint":"kubectl apply -f deploy\/crds.*the start waits for custom /.source +
        /resource definitions that are not installed"/.source,
    ),
  );
  apply(crds);
  await eventually('it is ready', async () => ((await ready()).status === 200 ? true : undefined));
});

test('an upgrade without a definition that is dispensable starts, says so, and takes it when it comes', async (t) => {
  const { operator, apply, ready } = await scene(t);
  const later = 'coxswain.dev_reports.yaml';
  for (const file of readdirSync(crds).filter((name) => name !== later)) apply(join(crds, file));
  operator.spawn();
  const answer = await eventually('it is ready', async () => {
    const now = await ready();
    return now.status === 200 ? now : undefined;
  });
  const says = 'deploys and failures have no cards in Slack; kubectl apply -k deploy brings it';
  assert.equal(answer.text, `ok; but Report.coxswain.dev is missing or may not be read: ${says}\n`);
  const told = operator
    .logs()
    .split('\n')
    .filter((line) => line.includes('can do without'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /"level":"warn".*"missing":\["Report"\]/);
  apply(join(crds, later));
  await eventually('it is followed', async () => ((await ready()).text === 'ok\n' ? true : undefined));
});
