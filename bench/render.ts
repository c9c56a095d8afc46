// Measures rendering alone: `npm run bench:render -- [--apps 1000]`.
import type { Files } from '../src/model/files.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import { Worker } from '../src/base/worker.ts';
import { filesOf, openGit, type Git } from '../src/git/git.ts';
import { createRenderer, type Renderer } from '../src/render/render.ts';
import { binaries } from '../tools/binaries.ts';
import { usageOf } from './usage.ts';
import { startWorkload } from './workload.ts';

const help = `npm run bench:render [-- options]

Renders applications of 8 objects each out of one Git repository, a third plain, a third Kustomize, a third Helm,
without a cluster. Prints JSON: milliseconds of one rendering after the other (there and back, files and reading
included), by kind; seconds for all of them at once from cold; memory of this process and of those that render.

  --apps <n>   applications; default 1000
  --help       this text
`;

const kinds = ['plain', 'kustomize', 'helm'] as const;

interface Stage {
  names: string[];
  files: Files;
  open(): Promise<Renderer>;
}

async function withStage<T>(count: number, use: (stage: Stage) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-bench-render-'));
  const { manifests, render } = await binaries(['manifests', 'render']);
  const workload = await startWorkload(dir, count);
  const abort = new AbortController();
  const worker = new Worker({ path: render });
  const git: Git = openGit({
    worker,
    dir: join(dir, 'mirrors'),
    clock: systemClock,
    log: silentLogger(),
    credentials: () => Promise.resolve(undefined),
    signal: abort.signal,
    protocols: ['http'],
  });
  try {
    const repository = git.repository(workload.url);
    await repository.fetch();
    const files = filesOf(repository, await repository.resolve('main'));
    return await use({
      names: workload.names,
      files,
      open: () => createRenderer({ worker, program: manifests }),
    });
  } finally {
    abort.abort();
    await git.stop();
    worker.stop();
    await workload.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function render(renderer: Renderer, { files }: Stage, name: string): Promise<void> {
  const { manifests } = await renderer.render({
    source: { repoURL: 'https://git.example/mono', path: `apps/${name}` },
    app: { name, namespace: 'argocd', destinationNamespace: `ns-${name}`, project: 'default', revision: 'main' },
    merged: true,
    files,
    cluster: { version: '1.36.3', apiVersions: ['apps/v1', 'v1'] },
  });
  if (manifests.length !== 8) throw new Error(`${name} has ${manifests.length} objects`);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

/** Of each kind; the first ones warm up. */
async function oneByOne(stage: Stage): Promise<Record<string, object>> {
  const renderer = await stage.open();
  const answers: Record<string, object> = {};
  for (const [at, kind] of kinds.entries()) {
    const names = stage.names.filter((_, index) => index % 3 === at).slice(0, 220);
    const took: number[] = [];
    let before = usageOf(process.pid);
    for (const [index, name] of names.entries()) {
      if (index === 20) before = usageOf(process.pid);
      const start = performance.now();
      await render(renderer, stage, name);
      if (index >= 20) took.push(performance.now() - start);
    }
    took.sort((a, b) => a - b);
    answers[kind] = {
      p50_ms: rounded(took[took.length >> 1] ?? 0),
      p95_ms: rounded(took[Math.floor(took.length * 0.95)] ?? 0),
      cpu_ms: rounded(((usageOf(process.pid).cpu - before.cpu) * 1000) / took.length),
    };
  }
  return answers;
}

async function atOnce(stage: Stage): Promise<object> {
  const renderer = await stage.open();
  const before = usageOf(process.pid);
  const start = performance.now();
  const waiting = stage.names[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const name of waiting) await render(renderer, stage, name);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const after = usageOf(process.pid);
  return {
    apps: stage.names.length,
    seconds: rounded(seconds),
    cpu_s: rounded(after.cpu - before.cpu),
    rss_mib: Math.round(after.rss),
  };
}

const { values } = parseArgs({ options: { apps: { type: 'string', default: '1000' }, help: { type: 'boolean' } } });
if (values.help) process.stdout.write(help);
else
  await withStage(Number(values.apps), async (stage) => {
    const print = (phase: string, answer: object): boolean =>
      process.stdout.write(`${JSON.stringify({ phase, ...answer, load: rounded(loadavg()[0] ?? 0) })}\n`);
    print('cold', await atOnce(stage));
    for (const [kind, answer] of Object.entries(await oneByOne(stage))) print(kind, answer);
  });
