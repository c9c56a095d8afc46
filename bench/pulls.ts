// Measures previews: `npm run bench:pulls -- [--apps 1000] [--touch 5,200]`.
import type { Application } from '../src/model/application.ts';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { until } from '../sandbox/condition.ts';
import { apply, list } from '../sandbox/kube.ts';
import { startScene, type Scene } from '../sandbox/scene.ts';
import { usageOf } from './usage.ts';
import { namesOf, writeApplications } from './workload.ts';

const help = `npm run bench:pulls [-- options]

Creates applications from one repository in a sandbox GitHub, opens pull requests that change one ConfigMap in some of
them, and measures from the webhook until the comment names them all. Prints one JSON line for each.

  --apps <n>       applications; default 1000
  --touch <list>   how many each pull request touches; default 5,200
  --help           this text
`;

const withinMs = 15 * 60_000;
const argo = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function applicationOf(
  name: string,
  repoURL: string,
): { apiVersion: string; kind: string; metadata: { name: string; namespace: string }; spec: Application['spec'] } {
  const spec = {
    project: 'default',
    source: { repoURL, targetRevision: 'main', path: `apps/${name}` },
    destination: { server: 'https://kubernetes.default.svc', namespace: `ns-${name}` },
    syncPolicy: { automated: { prune: true }, syncOptions: ['CreateNamespace=true'] },
  };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name, namespace: 'argocd' }, spec };
}

async function create(scene: Scene, names: string[]): Promise<object> {
  const before = usageOf(scene.coxswain.pid);
  const start = performance.now();
  for (const name of names) await apply(scene.kube, applicationOf(name, scene.repository.url));
  await until(
    'all Synced',
    async () =>
      (await list<Application>(scene.kube, argo)).every((app) => app.status?.sync?.status === 'Synced') || undefined,
    { withinMs, everyMs: 500 },
  );
  const after = usageOf(scene.coxswain.pid);
  return {
    phase: 'create',
    apps: names.length,
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    cpu_s: Number((after.cpu - before.cpu).toFixed(1)),
    rss_mib: Math.round(after.rss),
  };
}

/** The file of an application with its value changed: Helm keeps it in its values, the others in the manifests. */
function touched(dir: string, name: string): [string, string] {
  const file = ['values.yaml', 'all.yaml']
    .map((each) => `apps/${name}/${each}`)
    .find((path) => existsSync(join(dir, path)));
  if (file === undefined) throw new Error(`${name} has no manifest`);
  return [file, readFileSync(join(dir, file), 'utf8').replace('"0"', '"1"')];
}

async function preview(scene: Scene, names: string[]): Promise<object> {
  const { alice } = scene.people;
  const repo = scene.repository.name;
  const branch = `touch-${names.length}`;
  await alice.github.commit(repo, {
    branch,
    files: Object.fromEntries(names.map((name) => touched(scene.repository.dir, name))),
    message: branch,
  });
  const before = usageOf(scene.coxswain.pid);
  const start = performance.now();
  const number = await alice.github.openPullRequest(repo, { head: branch, title: branch, body: '' });
  const said = (): string | undefined =>
    scene.github.world.repositories[0]?.comments.find((comment) => comment.pull === number)?.body;
  const body = await until(
    'the comment',
    () => (said()?.includes(`${names.length} applications change`) ? said() : undefined),
    { withinMs, everyMs: 5, instead: () => said()?.slice(0, 300) ?? 'nothing' },
  );
  const took = (performance.now() - start) / 1000;
  const after = usageOf(scene.coxswain.pid);
  return {
    phase: 'pull-request',
    touched: names.length,
    comment_s: Number(took.toFixed(2)),
    cpu_s: Number((after.cpu - before.cpu).toFixed(2)),
    rss_mib: Math.round(after.rss),
    characters: body.length,
  };
}

async function run(apps: number, touch: number[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-bench-pulls-'));
  const names = namesOf(apps);
  writeApplications(dir, names);
  const scene = await startScene({ sample: dir, log: note, env: { COX_LOG_LEVEL: 'warn' } });
  try {
    await scene.coxswain.start();
    note(`creating ${apps} applications`);
    process.stdout.write(`${JSON.stringify(await create(scene, names))}\n`);
    for (const count of touch) process.stdout.write(`${JSON.stringify(await preview(scene, names.slice(0, count)))}\n`);
  } finally {
    await scene.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  const { values } = parseArgs({
    options: {
      apps: { type: 'string', default: '1000' },
      touch: { type: 'string', default: '5,200' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) process.stdout.write(help);
  else await run(Number(values.apps), values.touch.split(',').map(Number));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
