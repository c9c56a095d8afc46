// Verbs that change the application or what it has.
import assert from 'node:assert/strict';
import { until } from '../../condition.ts';
import {
  ask,
  become,
  has,
  imageOf,
  liveObject,
  name,
  objectPath,
  type Deployment,
  type Ground,
  type Verb,
} from './ground.ts';

const [former, next] = ['registry.example.com/web:1.4.0', 'registry.example.com/web:1.5.0'];

async function appSet(ground: Ground): Promise<string> {
  await ask(ground, 'app', 'set', name, '--kustomize-image', next);
  await become(
    ground,
    ['app', 'diff', name],
    ({ code, stdout }) => (code === 1 && stdout.includes(former) && stdout.includes(next)) || undefined,
  );
  const text = await ask(ground, 'app', 'sync', name);
  has(text, [/^Phase: +Succeeded$/m]);
  assert.equal(await imageOf(ground), next);
  return 'another image by Kustomize: app diff shows it, app sync brings it';
}

async function appHistory(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'history', name);
  const ids = [...text.matchAll(/^(\d+) +\d{4}-.* main \([0-9a-f]{7}\)$/gm)].map(([, id = '']) => id);
  assert.ok(ids.length >= 2, text);
  return `${ids.length} syncs with time and revision`;
}

async function appRollback(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'rollback', name, '0');
  has(text, [/^Phase: +Succeeded$/m]);
  assert.equal(await imageOf(ground), former);
  return 'to the first sync: the former image is back';
}

const deployment = ['--kind', 'Deployment', '--resource-name', 'web'];

async function actionsList(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'actions', 'list', name, ...deployment);
  has(text, [/Deployment +web +restart +false/, /Deployment +web +pause +false/, /Deployment +web +resume +true/]);
  return 'restart, pause and others of the Deployment, resume disabled';
}

async function actionsRun(ground: Ground): Promise<string> {
  await ask(ground, 'app', 'actions', 'run', name, 'restart', ...deployment);
  const live = await liveObject<Deployment>(ground, objectPath.deployment);
  const annotations = live?.spec.template.metadata.annotations ?? {};
  assert.ok('kubectl.kubernetes.io/restartedAt' in annotations, JSON.stringify(annotations));
  return 'restart: the pod template is restarted in the cluster';
}

async function deleteResource(ground: Ground): Promise<string> {
  await ask(ground, 'app', 'delete-resource', name, '--kind', 'ConfigMap', '--resource-name', 'settings');
  await until(
    'the ConfigMap is gone',
    async () => (await liveObject(ground, objectPath.settings)) === undefined || undefined,
  );
  await become(
    ground,
    ['app', 'get', name],
    ({ stdout }) => /ConfigMap +web +settings +OutOfSync +Missing/.test(stdout) || undefined,
  );
  return 'a ConfigMap: it is gone, the application OutOfSync';
}

export const changes: readonly Verb[] = [
  { name: 'app set', run: appSet },
  { name: 'app history', run: appHistory },
  { name: 'app rollback', run: appRollback },
  { name: 'app actions list', run: actionsList },
  { name: 'app actions run', run: actionsRun },
  { name: 'app delete-resource', run: deleteResource },
];
