// What the parts themselves cost on this machine: server-side applies and dry runs with undici alone, 16 at a time.
import type { KubeObject } from '../src/model/kube.ts';
import { Pool } from 'undici';
import { startCluster } from '../sandbox/cluster/cluster.ts';
import { objectsOf } from './workload.ts';

export interface Floor {
  /** Server-side applies that create, a second. */
  creates: number;
  /** Server-side applies that change nothing, a second. */
  repeats: number;
  /** Server-side dry runs, a second. */
  dryRuns: number;
  /** CPU seconds of this process for all creates. */
  createCpu: number;
}

const concurrency = 16;
const plurals: Record<string, string> = {
  ConfigMap: 'configmaps',
  Deployment: 'deployments',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
};

interface Place {
  server: string;
  ca: string;
  token: string;
}

function pathOf({ apiVersion, kind, metadata }: KubeObject, namespace: string): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return (
    `${root}/namespaces/${namespace}/${plurals[kind] ?? ''}/${metadata.name ?? ''}` +
    '?fieldManager=argocd-controller&force=true'
  );
}

async function send(
  pool: Pool,
  token: string,
  request: { path: string; method: 'PATCH' | 'POST' | 'DELETE'; type: string; body?: string },
): Promise<void> {
  const { path, method, type, body } = request;
  const answer = await pool.request({
    path,
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    ...(body !== undefined && { body }),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`);
}

/** Seconds that all requests took, `concurrency` at a time. */
async function timed(work: (() => Promise<void>)[]): Promise<number> {
  const waiting = work.values();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const task of waiting) await task();
    }),
  );
  return (performance.now() - start) / 1000;
}

/** Takes about 5 s; leaves nothing behind but a namespace that is going. */
export async function measureFloor({ server, ca, token }: Place, applications = 150): Promise<Floor> {
  const pool = new Pool(server, { connections: concurrency, allowH2: false, connect: { ca } });
  const namespace = `floor-${process.pid}`;
  try {
    await send(pool, token, {
      path: '/api/v1/namespaces',
      method: 'POST',
      type: 'application/json',
      body: JSON.stringify({ metadata: { name: namespace } }),
    });
    const objects = Array.from({ length: applications }, (_, at) => objectsOf(`floor-${at}`)).flat();
    const requests = (query: string): (() => Promise<void>)[] =>
      objects.map(
        (object) => () =>
          send(pool, token, {
            path: `${pathOf(object, namespace)}${query}`,
            method: 'PATCH',
            type: 'application/apply-patch+yaml',
            body: JSON.stringify(object),
          }),
      );
    const cpu = process.cpuUsage();
    const creates = objects.length / (await timed(requests('')));
    const used = process.cpuUsage(cpu);
    const repeats = objects.length / (await timed(requests('')));
    const dryRuns = objects.length / (await timed(requests('&dryRun=All')));
    await send(pool, token, { path: `/api/v1/namespaces/${namespace}`, method: 'DELETE', type: 'application/json' });
    return {
      creates: Math.round(creates),
      repeats: Math.round(repeats),
      dryRuns: Math.round(dryRuns),
      createCpu: (used.user + used.system) / 1e6,
    };
  } finally {
    await pool.destroy();
  }
}

if (import.meta.main) {
  const cluster = await startCluster({ name: 'floor' });
  try {
    process.stdout.write(
      JSON.stringify(await measureFloor({ server: cluster.server, ca: cluster.ca, token: cluster.tokens.admin })) +
        '\n',
    );
  } finally {
    await cluster.stop();
  }
}
