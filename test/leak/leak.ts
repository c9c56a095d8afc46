// Drives random Secrets through the whole product, and looks for their words in every byte that left it.
import type { TestContext } from 'node:test';
import type { Application } from '../../src/model/application.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Scene } from '../../sandbox/scene.ts';
import type { Files, Random } from './shapes.ts';
import assert from 'node:assert/strict';
import { apply, get, list } from '../../sandbox/kube.ts';
import { until } from '../../sandbox/condition.ts';
import { startScene } from '../../sandbox/scene.ts';
import { formsOf, outlets } from './outlets.ts';
import { helmFiles, jsonnetFiles, kustomizeFiles, pick, plainFiles, seeded, word } from './shapes.ts';

const makers: Record<string, (random: Random, secret: string) => Files> = {
  plain: plainFiles,
  helm: helmFiles,
  kustomize: kustomizeFiles,
  jsonnet: jsonnetFiles,
};
const names = [...Object.keys(makers), 'gated'];
const applications = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const withinMs = 120_000;

/** `gated` shows the plain folder again, and waits for approval each time. */
function applicationOf(name: string, url: string): KubeObject {
  const gated = name === 'gated';
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd', ...(gated && { annotations: { 'coxswain.dev/approval': 'required' } }) },
    spec: {
      project: 'default',
      source: { repoURL: url, path: gated ? 'plain' : name, targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: `leak-${name}` },
      syncPolicy: { automated: { prune: true }, syncOptions: ['CreateNamespace=true'], retry: { limit: 0 } },
    },
  };
}

interface Run {
  scene: Scene;
  random: Random;
  secrets: string[];
}

function fresh({ random, secrets }: Run): string {
  const made = word(random);
  secrets.push(made);
  return made;
}

/** A pull request, its comment and checks, its merge, and what the engine makes of it. */
async function round(run: Run, at: number): Promise<void> {
  const { scene, random } = run;
  const { github, people, repository, kube } = scene;
  const files: Files = Object.assign({}, ...Object.values(makers).map((make) => make(random, fresh(run)))) as Files;
  const author = github.actAs(people.alice.login);
  const branch = `round-${at}`;
  await author.commit(repository.name, {
    branch,
    files: Object.fromEntries(Object.entries(files).map(([path, text]) => [path, text ?? null])),
    message: branch,
  });
  const number = await author.openPullRequest(repository.name, { head: branch, title: branch });
  const [world] = github.world.repositories;
  await until(
    `the check of ${branch}`,
    () =>
      world?.checks.find(
        (check) =>
          check.name === 'coxswain/diff' &&
          check.headSha === world.pulls.get(number)?.headSha &&
          check.conclusion !== null,
      ) ?? undefined,
    { withinMs },
  );
  const merged = await author.merge(repository.name, number);
  await until(
    `every application to look at ${branch}`,
    async () => {
      const all = await list<Application>(kube, applications);
      return (
        all.every(
          ({ operation, status }) =>
            operation === undefined && (status?.sync?.revision === merged || (status?.conditions?.length ?? 0) > 0),
        ) || undefined
      );
    },
    { withinMs },
  );
  await drift(run);
}

/** Somebody changes a live Secret, if there is one. */
async function drift(run: Run): Promise<void> {
  const { kube } = run.scene;
  const path =
    '/api/v1/namespaces/' +
    pick(run.random, [
      'leak-plain/secrets/creds',
      'leak-helm/secrets/helm-creds',
      'leak-jsonnet/secrets/jsonnet-creds',
    ]);
  if (await get(kube, path))
    await kube.call(
      'PATCH',
      path,
      { stringData: { password: fresh(run) }, metadata: { annotations: { note: fresh(run) } } },
      'application/merge-patch+json',
    );
}

/** The same seed plays the same rounds. */
export async function leaks(t: TestContext, { seed, rounds }: { seed: number; rounds: number }): Promise<void> {
  const scene = await startScene({ env: { COX_LOG_LEVEL: 'debug' } });
  t.diagnostic(`seed ${seed}`);
  const run: Run = { scene, random: seeded(seed), secrets: [] };
  try {
    await apply(scene.kube, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: 'argocd' },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    });
    for (const name of names) await apply(scene.kube, applicationOf(name, scene.repository.url));
    await scene.coxswain.start();
    for (let at = 1; at <= rounds; at += 1) await round(run, at);
    const all = await outlets(scene, names);
    for (const [outlet, text] of Object.entries(all)) {
      for (const [at, secret] of run.secrets.entries()) {
        for (const form of formsOf(secret)) {
          const found = text.indexOf(form);
          assert.equal(
            found,
            -1,
            `${outlet} holds secret ${at} of seed ${seed}: …${text.slice(Math.max(0, found - 300), found + 60)}…`,
          );
        }
      }
    }
    assert.ok(
      run.secrets.length >= rounds * 4 && /\+{8}/.test(all['GitHub: comments, checks, deployments'] ?? ''),
      'Secrets were shown, masked',
    );
  } finally {
    await scene.stop();
  }
}
