// `npm run beside -- --delete`: applications are deleted by hand while Argo CD works on them; what it deletes is told
// of those that have a gate, and of no other one.
import type { Report } from '../../src/model/report.ts';
import type { Stage } from '../story/stage.ts';
import assert from 'node:assert/strict';
import { argo, cox, inClusterServer } from '../../src/model/annotations.ts';
import { apply, get, kubectl, list, type Kube } from '../kube.ts';
import { controlNamespace } from '../settings.ts';
import { review, submitted } from '../story/approval.ts';
import { waitingApproval } from '../story/merge.ts';
import { cards, isSynced, textOf, wait, waitApp, waitFor } from '../story/stage.ts';

type Files = Record<string, Record<string, unknown>>;

/** An application of a branch, a project and a namespace of its name. */
interface Grown {
  name: string;
  gated?: boolean;
  /** Of the cascade; none: its objects stay. */
  finalizer?: string;
  files: Files;
  /** Default: of its own name. */
  namespace?: string;
}

const foreground = argo.resourcesFinalizer;
const background = `${argo.resourcesFinalizer}/background`;
const holding = 'example.com/held';
const applications = `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}/applications`;

function config(name: string, annotations: Record<string, string> = {}): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations }, data: { value: '1' } };
}

function deployment(app: string): Record<string, unknown> {
  const labels = { app };
  const containers = [{ name: 'web', image: 'registry.example/web:1.0.0' }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

function projectOf({ name }: Grown): string {
  return `${name}-prod`;
}

function applicationOf({ scene }: Stage, grown: Grown): Record<string, unknown> {
  const { name, gated, finalizer, namespace = name } = grown;
  const annotations = gated ? { [cox.approval]: 'required' } : {};
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: controlNamespace, annotations, ...(finalizer && { finalizers: [finalizer] }) },
    spec: {
      project: projectOf(grown),
      source: { repoURL: scene.repository.url, targetRevision: name, path: name },
      destination: { server: inClusterServer, namespace },
      syncPolicy: gated ? {} : { automated: { prune: true } },
    },
  };
}

async function ground({ scene: { kube } }: Stage, grown: Grown): Promise<void> {
  const { name, namespace = name } = grown;
  await apply(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await apply(kube, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: projectOf(grown), namespace: controlNamespace },
    spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace }] },
  });
}

function push({ scene }: Stage, { name }: Grown, files: Record<string, unknown>): Promise<string> {
  const texts = Object.entries(files).map(([file, object]) => [
    `${name}/${file}.yaml`,
    object && JSON.stringify(object),
  ]);
  return scene.people.alice.github.commit(scene.repository.name, {
    branch: name,
    files: Object.fromEntries(texts) as Record<string, string | null>,
    message: `${name}: ${Object.keys(files).join(' and ')}`,
  });
}

async function approved(stage: Stage, name: string): Promise<string> {
  const approval = await waitingApproval(stage, name);
  assert.match(await submitted(stage, await review(stage, approval), approval.spec.digest), /^Done/);
  return approval.metadata.name;
}

/** Synced, after its approval where it has a gate. */
async function grow(stage: Stage, grown: Grown): Promise<void> {
  await ground(stage, grown);
  await push(stage, grown, grown.files);
  await apply(stage.scene.kube, applicationOf(stage, grown) as unknown as Parameters<typeof apply>[1]);
  if (grown.gated) await approved(stage, grown.name);
  await waitApp(stage, grown.name, 'becomes Synced and Healthy', isSynced);
}

function deletionsOf({ scene }: Stage, name: string): Promise<Report[]> {
  return list<Report>(scene.kube, `/apis/coxswain.dev/v1alpha1/namespaces/${controlNamespace}/reports`).then((all) =>
    all.filter(({ spec }) => spec.about === 'deletion' && spec.application === `${controlNamespace}/${name}`),
  );
}

function ended(stage: Stage, name: string): Promise<NonNullable<Report['status']>> {
  return wait(
    stage,
    `the deletion of ${name} is told`,
    async () => (await deletionsOf(stage, name)).find(({ status }) => status?.phase === 'Deleted')?.status,
    async () => JSON.stringify((await deletionsOf(stage, name)).map(({ status }) => status)),
  );
}

/** As somebody with kubectl, who does not wait for it. */
function deleteByHand({ scene }: Stage, name: string): Promise<string> {
  return kubectl(scene.kubeconfigs.someone, ['-n', controlNamespace, 'delete', 'application', name, '--wait=false']);
}

function gone(stage: Stage, name: string): Promise<true> {
  const { kube } = stage.scene;
  return wait(
    stage,
    `${name} is gone`,
    async () => (await get(kube, `${applications}/${name}`)) === undefined || undefined,
    async () => JSON.stringify((await get(kube, `${applications}/${name}`))?.metadata),
  );
}

async function isThere(kube: Kube, namespace: string, name: string): Promise<boolean> {
  return (await get(kube, `/api/v1/namespaces/${namespace}/configmaps/${name}`)) !== undefined;
}

/** The one card that tells of it. */
function card(stage: Stage, name: string, says: RegExp): Promise<true> {
  return waitFor(stage, `one card tells of the deletion of ${name}`, () => {
    const found = cards(stage)
      .map(textOf)
      .filter((text) => text.startsWith(`${name} `) && /deleted by Argo CD/.test(text));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', says);
  });
}

const past = 'was deleted past the gate. Nobody has approved it here.';

async function cascading(stage: Stage, name: string, finalizer: string): Promise<void> {
  const kept = config('kept', { [argo.syncOptions]: 'Delete=false' });
  await grow(stage, {
    name,
    gated: true,
    finalizer,
    files: { settings: config('settings'), web: deployment(name), kept },
  });
  await deleteByHand(stage, name);
  await gone(stage, name);
  const { message = '', left } = await ended(stage, name);
  const [web, settings] = [`Deployment ${name}/web`, `ConfigMap ${name}/settings`];
  assert.ok(message.startsWith(`${past} Gone with it: `), message);
  for (const each of [web, settings]) assert.ok(message.split(' Still there')[0]?.includes(each), message);
  assert.ok(await isThere(stage.scene.kube, name, 'kept'), 'Argo CD spares it');
  assert.ok(message.includes(`ConfigMap ${name}/kept`) && !message.includes('asks for them to go'), message);
  assert.equal(left, undefined, 'what was to go has gone');
  await card(stage, name, /🔴[\s\S]*Nobody has approved it/);
  stage.tell(`${name}: deleted by hand with ${finalizer}; told what went, and what was to stay`);
}

async function withoutFinalizer(stage: Stage): Promise<void> {
  const name = 'delete-bare';
  await grow(stage, { name, gated: true, files: { settings: config('settings') } });
  await deleteByHand(stage, name);
  await gone(stage, name);
  const { message } = await ended(stage, name);
  assert.equal(message, `${past} Still there: ConfigMap ${name}/settings.`);
  assert.ok(await isThere(stage.scene.kube, name, 'settings'));
  await card(stage, name, /🔴[\s\S]*Nobody has approved it/);
  stage.tell(`${name}: deleted without a finalizer; told that its objects stay`);
}

/** Something of it does not go: the deletion is told while it goes on. */
async function held(stage: Stage): Promise<void> {
  const name = 'delete-held';
  const { kube } = stage.scene;
  await grow(stage, { name, gated: true, finalizer: foreground, files: { settings: config('settings') } });
  const path = `/api/v1/namespaces/${name}/configmaps/settings`;
  const hold = (finalizers: string[]): Promise<unknown> =>
    kube.call('PATCH', path, { metadata: { finalizers } }, 'application/merge-patch+json');
  await hold([holding]);
  await deleteByHand(stage, name);
  await wait(stage, `${name} waits for what is held`, async () =>
    (await get(kube, path))?.metadata.deletionTimestamp === undefined ? undefined : true,
  );
  await card(stage, name, /🔴[\s\S]*is being[\s\S]*deleted[\s\S]*Nobody has approved it/);
  assert.equal((await deletionsOf(stage, name))[0]?.status?.phase, 'Open');
  await hold([]);
  await gone(stage, name);
  const { message } = await ended(stage, name);
  assert.equal(message, `${past} Gone with it: ConfigMap ${name}/settings.`);
  await card(stage, name, /🔴[\s\S]*was[\s\S]*deleted[\s\S]*Nobody has approved it/);
  stage.tell(`${name}: told while it went, and once it was gone`);
}

async function ungated(stage: Stage): Promise<void> {
  const name = 'delete-free';
  await grow(stage, { name, finalizer: foreground, files: { settings: config('settings') } });
  await deleteByHand(stage, name);
  await gone(stage, name);
  assert.ok(!(await isThere(stage.scene.kube, name, 'settings')));
  stage.tell(`${name}: has no gate, and goes without a word`);
}

/** An application of others, which have gates too; one of them leaves by Git, the other with its parent. */
async function family(stage: Stage): Promise<void> {
  const name = 'delete-family';
  const child = (which: string): Grown => {
    return { name: `${name}-${which}`, gated: true, finalizer: foreground, files: { settings: config('settings') } };
  };
  const children = { one: child('one'), two: child('two') };
  for (const each of Object.values(children)) {
    await ground(stage, each);
    await push(stage, each, each.files);
  }
  const files = { one: applicationOf(stage, children.one), two: applicationOf(stage, children.two) };
  const parent = { name, gated: true, finalizer: foreground, namespace: controlNamespace, files };
  await grow(stage, parent);
  for (const each of Object.values(children)) {
    await approved(stage, each.name);
    await waitApp(stage, each.name, 'becomes Synced and Healthy', isSynced);
  }
  await byGit(stage, parent, children.one);
  await byHand(stage, parent, children.two);
}

async function byGit(stage: Stage, parent: Grown, child: Grown): Promise<void> {
  await push(stage, parent, { one: null });
  const approval = await approved(stage, parent.name);
  await gone(stage, child.name);
  const { message, approval: named } = await ended(stage, child.name);
  const went = `Gone with it: ConfigMap ${child.name}/settings.`;
  assert.equal(named, approval);
  assert.equal(message, `was deleted by Argo CD, as approved in ${approval}. ${went}`);
  await waitApp(stage, parent.name, 'becomes Synced and Healthy', isSynced);
  const news = cards(stage)
    .map(textOf)
    .filter((text) => text.includes(child.name) && /was[\s\S]*deleted[\s\S]*by Argo CD/.test(text));
  assert.deepEqual(news, [], 'what people agreed to is no news');
  stage.tell(`${child.name}: taken out of Git and approved; Argo CD prunes it, under that Approval`);
}

async function byHand(stage: Stage, parent: Grown, child: Grown): Promise<void> {
  await deleteByHand(stage, parent.name);
  const went = {
    [child.name]: `ConfigMap ${child.name}/settings`,
    [parent.name]: `Application ${controlNamespace}/${child.name}`,
  };
  for (const [name, what] of Object.entries(went)) {
    await gone(stage, name);
    assert.equal((await ended(stage, name)).message, `${past} Gone with it: ${what}.`);
    await card(stage, name, /🔴[\s\S]*Nobody has approved it/);
  }
  stage.tell(`${parent.name}: deleted by hand, and ${child.name} with it; both are told`);
}

/** Coxswain must have been started beside Argo CD. Throws at the first thing that is not as it should be. */
export async function playDeleting(stage: Stage): Promise<void> {
  await cascading(stage, 'delete-foreground', foreground);
  await cascading(stage, 'delete-background', background);
  await withoutFinalizer(stage);
  await held(stage);
  await ungated(stage);
  await family(stage);
  assert.deepEqual(await deletionsOf(stage, 'delete-free'), [], 'nothing is told of what has no gate');
}
