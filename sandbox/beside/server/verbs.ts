// The verbs in the order of one application's life.
import assert from 'node:assert/strict';
import { until } from '../../condition.ts';
import { changes } from './changes.ts';
import {
  applicationPath,
  ask,
  become,
  has,
  imageOf,
  liveObject,
  name,
  objectPath,
  type Ground,
  type Verb,
} from './ground.ts';
import { page } from './page.ts';
import { views } from './views.ts';
import { rules } from './rules.ts';

function clusterList(ground: Ground): Promise<string> {
  const line = /^https:\/\/kubernetes\.default\.svc .*Successful.*$/m;
  return become(ground, ['cluster', 'list'], ({ stdout }) => line.exec(stdout)?.[0]);
}

async function projList(ground: Ground): Promise<string> {
  const text = await ask(ground, 'proj', 'list');
  has(text, [/^default .*\*,\*/m]);
  return 'project default with its destinations';
}

async function appCreate(ground: Ground): Promise<string> {
  const source = ['--repo', ground.repoUrl, '--path', name, '--revision', 'main'];
  const destination = ['--dest-server', 'https://kubernetes.default.svc', '--dest-namespace', name];
  const text = await ask(
    ground,
    'app',
    'create',
    name,
    ...source,
    ...destination,
    '--sync-option',
    'CreateNamespace=true',
  );
  has(text, [/application 'web' created/]);
  return text;
}

async function appList(ground: Ground): Promise<string> {
  const line = /^argocd\/web .*OutOfSync +Missing/m;
  await become(ground, ['app', 'list'], ({ stdout }) => line.test(stdout) || undefined);
  return 'before the first sync: web, OutOfSync, Missing';
}

async function appSync(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'sync', name);
  has(text, [/^Phase: +Succeeded$/m, /apps +Deployment +web +web +Synced/m]);
  assert.equal(await imageOf(ground), 'registry.example.com/web:1.4.0');
  return 'Phase Succeeded, Deployment Synced, and it stands in the cluster';
}

async function appWait(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'wait', name, '--sync', '--health', '--operation', '--timeout', '60');
  has(text, [/^Sync Status: +Synced/m, /^Health Status: +Healthy/m]);
  return 'ends once Synced and Healthy';
}

async function appGet(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'get', name, '--refresh');
  has(text, [
    /^Sync Status: +Synced to main/m,
    /^Health Status: +Healthy/m,
    /^apps +Deployment +web +web +Synced +Healthy/m,
  ]);
  const app = await liveObject<{ metadata: { annotations?: Record<string, string> } }>(ground, applicationPath);
  assert.equal(app?.metadata.annotations?.['argocd.argoproj.io/refresh'], undefined);
  return 'Synced, Healthy, each resource with both; --refresh returns and its annotation is gone';
}

async function appDelete(ground: Ground): Promise<string> {
  await ask(ground, 'app', 'delete', name, '--yes', '--wait');
  const gone = (path: string): Promise<boolean> => liveObject(ground, path).then((found) => found === undefined);
  await until(
    'all of it is gone',
    async () => ((await gone(objectPath.deployment)) && (await gone(objectPath.credentials))) || undefined,
  );
  assert.ok(await gone(applicationPath), 'the application is gone');
  has(await ask(ground, 'app', 'list'), [], ['argocd/web']);
  return 'the application and what it had are gone';
}

export const verbs: readonly Verb[] = [
  { name: 'cluster list', run: clusterList },
  { name: 'proj list', run: projList },
  { name: 'app create', run: appCreate },
  { name: 'app list', run: appList },
  { name: 'app sync', run: appSync },
  { name: 'app wait', run: appWait },
  { name: 'app get', run: appGet },
  ...page,
  ...views,
  ...changes,
  ...rules,
  { name: 'app delete', run: appDelete },
];
