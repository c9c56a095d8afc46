// Measures the receiver of webhooks: `node bench/webhook.ts [--rate 200] [--seconds 20] [--no-app]`.
import type { GitHubOptions } from '../src/github/parts.ts';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const secret = 'bench-secret';

interface Load {
  url: string;
  rate: number;
  seconds: number;
}

/** About as large as GitHub's own. */
function delivery(number: number): string {
  return JSON.stringify({
    action: 'synchronize',
    number,
    pull_request: { number, head: { sha: String(number).padStart(40, '0') }, body: 'x'.repeat(24 * 1024) },
    repository: { name: 'infra', owner: { login: 'acme' } },
    installation: { id: 7 },
    sender: { type: 'User', login: 'ann', id: 1 },
  });
}

/** Milliseconds until the answer. */
async function deliver(url: string, number: number): Promise<number> {
  const body = delivery(number);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'pull_request',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  const began = performance.now();
  const answer = await fetch(url, { method: 'POST', body, headers });
  await answer.text();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return performance.now() - began;
}

/** Sends at its times, whether or not what went before is answered. */
async function send({ url, rate, seconds }: Load): Promise<number[]> {
  const began = performance.now();
  const answers: Promise<number>[] = [];
  for (let sent = 0; sent < rate * seconds; sent += 1) {
    const wait = began + (sent * 1000) / rate - performance.now();
    if (wait > 1) await sleep(wait);
    answers.push(deliver(url, sent % 500));
  }
  return Promise.all(answers);
}

/** The receiver alone: nobody works on the keys that it leaves. */
async function receiver(withApp: boolean): Promise<string> {
  const { createGitHub } = await import('../src/github/github.ts');
  const { openClient } = await import('../src/github/client/client.ts');
  const { systemClock } = await import('../src/base/clock.ts');
  const { createLogger } = await import('../src/base/log.ts');
  const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const app = { appId: 1, privateKey, webhookSecret: secret, apiUrl: 'http://127.0.0.1:1/api/v3' };
  const unused = {} as GitHubOptions['store'] & GitHubOptions['change'];
  const clock = systemClock;
  const log = createLogger({ level: 'warn' });
  const github = await createGitHub({
    client: withApp ? await openClient({ ...app, policies: unused, clock, log }) : undefined,
    webhookSecret: secret,
    store: unused,
    change: unused,
    every: () => () => undefined,
    onPush: () => undefined,
    publicUrl: 'http://localhost',
    clock,
    log,
  });
  const server = createServer((request, response) => void github.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/webhooks/github`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '20' },
      'no-app': { type: 'boolean', default: false },
    },
  });
  const url = await receiver(!values['no-app']);
  const mib = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);
  const before = mib();
  const load: Load = { url, rate: Number(values.rate), seconds: Number(values.seconds) };
  const cpu = process.cpuUsage();
  const sender = new Worker(new URL(import.meta.url), { workerData: load });
  const [spans] = (await once(sender, 'message')) as [number[]];
  const used = process.cpuUsage(cpu);
  const sorted = spans.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100;
  const result = {
    rate: load.rate,
    deliveries: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuSeconds: Math.round((used.user + used.system) / 1e4) / 100,
    mibBefore: before,
    mibAfter: mib(),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

if (isMainThread) await main();
else parentPort?.postMessage(await send(workerData as Load));
