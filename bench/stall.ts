// How long the event loop is held at a stretch by what large repositories and applications ask for.
import type { Comparer, Comparison } from '../src/compare/compare.ts';
import type { LiveObject } from '../src/cluster/live.ts';
import type { CompareCluster } from '../src/compare/object/comparison.ts';
import type { DesiredState } from '../src/engine/application/desired.ts';
import type { Application, Health } from '../src/model/application.ts';
import type { Files } from '../src/model/files.ts';
import type { KubeObject, ManagedFieldsEntry, ResourceKey } from '../src/model/kube.ts';
import type { RenderRequest } from '../src/render/source/request.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthOf } from '../src/health/health.ts';
import { fieldManager } from '../src/model/annotations.ts';
import { createComparer } from '../src/compare/compare.ts';
import { Jq } from '../src/compare/object/jq.ts';
import { healthOfAll } from '../src/engine/application/health.ts';
import { comparedStatus, statusPatch } from '../src/engine/application/status.ts';
import { ChangedPaths } from '../src/git/touch.ts';
import { keyOf, keyText } from '../src/model/kube.ts';
import { createRenderer, type Renderer } from '../src/render/render.ts';
import { Worker } from '../src/base/worker.ts';
import { binaries } from '../tools/binaries.ts';
import { comment, configMap } from './stall-comment.ts';
import { longest } from './longest.ts';

async function paths(): Promise<number> {
  const changed = Array.from({ length: 20_000 }, (_, at) => `data/${at % 300}/${at % 7}/file-${at}.json`);
  const inputs = Array.from({ length: 1000 }, (_, at) => [
    `apps/${at}`,
    ...Array.from({ length: 8 }, (_each, file) => `apps/${at}/${file}.yaml`),
  ]);
  return longest(async () => {
    const index = await ChangedPaths.of(changed);
    inputs.forEach((each) => index.touch(each));
  });
}

function filesOf(texts: ReadonlyMap<string, Buffer>, version = 0): Files {
  const entry = (path: string): { path: string; kind: 'file' | 'dir'; id: string; executable: boolean } | undefined =>
    path === 'app' || texts.has(path)
      ? { path, kind: path === 'app' ? 'dir' : 'file', id: `${path} ${version}`, executable: false }
      : undefined;
  return {
    entry: (path) => Promise.resolve(entry(path)),
    id: (path) => Promise.resolve(entry(path)?.id),
    kind: (path) => Promise.resolve(entry(path)?.kind),
    list: () => Promise.resolve([...texts.keys()].flatMap((path) => entry(path) ?? [])),
    read: (path) => Promise.resolve(texts.get(path)),
  };
}

async function withRenderer<T>(use: (renderer: Renderer) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-stall-'));
  const tools = await binaries(['manifests', 'render']);
  const worker = new Worker({ path: tools.render });
  try {
    return await use(
      await createRenderer({
        worker,
        program: tools.manifests,
      }),
    );
  } finally {
    worker.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function requestOf(files: Files, revision: number): RenderRequest {
  return {
    source: { repoURL: 'https://git.example/x', path: 'app' },
    app: { name: 'app', namespace: 'argocd', destinationNamespace: 'app', project: 'default', revision: `${revision}` },
    merged: true,
    files,
    cluster: { version: '1.36.3', apiVersions: [] },
  };
}

/** One file: what a chart of custom resource definitions or a generated folder looks like. */
async function documents(): Promise<number> {
  const text = (run: number): Buffer =>
    Buffer.from(
      Array.from(
        { length: 20_000 },
        (_, at) =>
          `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-${at}}\ndata: {value: "${run}", other: plain text}\n`,
      ).join('---\n'),
    );
  let run = 0;
  return withRenderer((renderer) =>
    longest(async () => {
      run += 1;
      await renderer.render(requestOf(filesOf(new Map([[`app/all-${run}.yaml`, text(run)]])), run));
    }),
  );
}

/** What a kustomization of 20,000 files reads; Kustomize itself takes minutes over them. */
async function kustomization(): Promise<number> {
  const names = Array.from({ length: 20_000 }, (_, at) => `c-${at}.yaml`);
  let run = 0;
  return withRenderer((renderer) =>
    longest(async () => {
      run += 1;
      const text = `# ${run}\nresources:\n${names.map((name) => `- ${name}\n`).join('')}`;
      const files = filesOf(
        new Map([
          [`app/kustomization.yaml`, Buffer.from(text)],
          ...names.map((name): [string, Buffer] => [`app/${name}`, Buffer.from('')]),
        ]),
        run,
      );
      await renderer.inputs(requestOf(files, run));
    }),
  );
}

/** A cluster in which everything is as Git says. */
function cluster(objects: readonly KubeObject[]): CompareCluster {
  const records = new Map(
    objects.map((object): [string, LiveObject] => [
      keyText(keyOf(object)),
      {
        key: keyOf(object),
        uid: object.metadata.uid ?? '',
        apiVersion: 'v1',
        resourceVersion: '1',
        generation: undefined,
        fingerprint: '1',
        application: 'app',
        root: true,
        ownerUids: [],
        deleting: false,
        object,
      },
    ]),
  );
  const get = (key: ResourceKey): LiveObject | undefined => records.get(keyText(key));
  const resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
  return {
    discovery: { resourceOf: () => resource, version: '1.36.3', apiVersions: () => [] },
    live: {
      get,
      keysOf: () => [...records.values()].map(({ key }) => key),
      want: () => Promise.resolve(),
      forget: () => undefined,
      again: () => undefined,
      problemOf: () => undefined,
      onChange: () => () => undefined,
    },
    api: {
      apply: (object: KubeObject) =>
        Promise.resolve({
          ...object,
          ...get(keyOf(object))?.object,
          ...(object['data'] ? { data: object['data'] } : {}),
        }),
    },
  } as unknown as CompareCluster;
}

const app: Application = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'app', namespace: 'argocd' },
  spec: { project: 'default', destination: { namespace: 'app' } },
};

function comparerOf(objects: readonly KubeObject[]): Comparer {
  return createComparer({
    cluster: cluster(objects),
    jq: new Jq(''),
    macKey: Buffer.alloc(32),
    server: 'https://kubernetes.default.svc',
  });
}

/** What a sync would do where each of 1,000 objects changes, and the answer of the API server takes no time. */
async function effect(): Promise<number> {
  const managedFields: ManagedFieldsEntry[] = [
    { manager: fieldManager, operation: 'Apply', apiVersion: 'v1', fieldsV1: { 'f:data': { 'f:value': {} } } },
  ];
  const manifests = Array.from({ length: 1000 }, (_, at) => configMap(at));
  const live = manifests.map((object) => ({ ...object, metadata: { ...object.metadata, managedFields } }));
  const target = manifests.map((object) => ({ ...object, data: { value: 'y'.repeat(200) } }));
  return longest(async () => {
    const { signal } = new AbortController();
    const input = { app, tracking: 'app', last: manifests, target, prune: true };
    const { total } = await comparerOf(live).effect(input, signal);
    if (total.length !== 1000) throw new Error(`${total.length} of 1,000 objects change`);
  });
}

/** Passes over one application of which one object after the other changes its status. */
async function churn(): Promise<number> {
  const objects = Array.from({ length: 1000 }, (_, at) => configMap(at));
  const comparer = comparerOf(objects);
  const signal = new AbortController().signal;
  const desired = { revisions: ['a'], sourceTypes: ['Directory'] } as unknown as DesiredState;
  let comparison: Comparison = await comparer.compare({ app, tracking: 'app', manifests: objects }, signal);
  const judge = async (object: KubeObject): Promise<Health | undefined> => healthOf(object);
  let status = app.status;
  return longest(async () => {
    for (const object of objects.slice(0, 100)) {
      comparison = await comparer.compareObjects(comparison, [keyOf(object)], signal);
      const now = comparedStatus(
        { ...app, ...(status && { status }) },
        { comparison, desired, health: await healthOfAll(app, judge, comparison), moved: false },
        0,
      );
      statusPatch({ ...app, ...(status && { status }) }, now);
      status = now;
      await new Promise((resolve) => void setImmediate(resolve));
    }
  });
}

/** Milliseconds, each at most 100. */
export async function stall(): Promise<Record<string, number>> {
  return {
    paths_ms: await paths(),
    documents_ms: await documents(),
    kustomization_ms: await kustomization(),
    churn_ms: await churn(),
    effect_ms: await effect(),
    comment_ms: await comment(),
  };
}
