// A control plane of its own with Coxswain beside it, to be measured; run alone, it prints where everything is and
// waits.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access, writeKubeconfig } from '../sandbox/cluster/access.ts';
import { startCluster } from '../sandbox/cluster/cluster.ts';
import { apply, documents, kubeOf } from '../sandbox/kube.ts';
import { createOperator, toolsFolder } from '../sandbox/operator.ts';
import { applyCrds, controlNamespace } from '../sandbox/settings.ts';

export interface Stand {
  server: string;
  ca: string;
  /** Administrator's. */
  token: string;
  access: Access;
  /** Coxswain's process. */
  pid: number;
  /** Takes GitHub deliveries. */
  webhook: string;
  webhookSecret: string;
  /** Coxswain's log. */
  logFile: string;
  stop(): Promise<void>;
}

const webhookSecret = 'bench-secret';
const defaultProject = join(import.meta.dirname, '..', 'deploy', 'default-project.yaml');

/** Only a webhook secret is configured: no GitHub App, no Slack. `more`: further settings of Coxswain. */
export async function startStand(
  log: (line: string) => void = () => undefined,
  more: Record<string, string> = {},
): Promise<Stand> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-bench-'));
  log('starting the control plane');
  const cluster = await startCluster({ name: 'bench' });
  const access = new Access({ server: cluster.server, ca: cluster.ca, token: cluster.tokens.admin });
  const kube = kubeOf(access);
  await applyCrds(kube);
  await apply(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: controlNamespace } });
  for (const object of documents(readFileSync(defaultProject, 'utf8'))) await apply(kube, object);
  const toolsDir = await toolsFolder(dir);
  const kubeconfig = writeKubeconfig(join(dir, 'coxswain.kubeconfig'), {
    server: cluster.server,
    ca: cluster.ca,
    token: cluster.token,
    user: 'coxswain',
  });
  const env = {
    KUBECONFIG: kubeconfig,
    COX_GITHUB_WEBHOOK_SECRET: webhookSecret,
    COX_LOG_LEVEL: process.env['COX_LOG_LEVEL'] ?? 'warn',
    ...more,
  };
  log('starting Coxswain');
  const operator = await createOperator({ dir: join(dir, 'coxswain'), toolsDir, env });
  const stop = async (): Promise<void> => {
    await operator.end();
    await access.close();
    await cluster.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await operator.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const { server, ca } = cluster;
  return {
    server,
    ca,
    token: cluster.tokens.admin,
    access,
    pid: operator.pid,
    webhook: operator.webhookUrl,
    webhookSecret,
    logFile: operator.logFile,
    stop,
  };
}

async function main(): Promise<void> {
  const stand = await startStand((line) => process.stderr.write(`${line}\n`));
  const flags = [
    '--server',
    stand.server,
    '--token',
    stand.token,
    '--pids',
    String(stand.pid),
    '--webhook',
    stand.webhook,
    '--webhook-secret',
    stand.webhookSecret,
  ];
  process.stdout.write(`${flags.join(' ')}\n`);
  process.stderr.write(`log: ${stand.logFile}\nCtrl-C stops everything\n`);
  await new Promise<void>((resolve) => {
    const open = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(open);
      resolve();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });
  await stand.stop();
}

if (import.meta.main) await main();
