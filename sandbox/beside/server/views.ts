// Verbs that show: what they read of Redis is written by Coxswain.
import assert from 'node:assert/strict';
import { ask, become, edit, has, liveObject, name, objectPath, type Ground, type Verb } from './ground.ts';

const inGit = 'as-git-has-it';
const byHand = 'changed-by-hand';

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** None of them may stand in an answer. */
const secrets = [inGit, byHand].flatMap((text) => [text, encoded(text)]);

async function appResources(ground: Ground): Promise<string> {
  const text = await ask(ground, 'app', 'resources', name);
  has(text, [/Deployment +web +web/, /ConfigMap +web +settings/, /Secret +web +credentials/, /Service +web +web/]);
  const args = ['app', 'resources', name, '--output', 'tree=detailed'];
  const branch = [
    'Deployment +web +web',
    'ReplicaSet +web +web-\\w+',
    ...Array<string>(2).fill('Pod +web +web-\\w+-\\w+'),
  ];
  const lines = new RegExp(branch.map((each) => `^[^A-Z\\n]*${each} .*Healthy.*$`).join('\n'), 'm');
  await become(ground, args, ({ stdout }) => lines.test(stdout) || undefined);
  return 'the managed ones, and by tree the Deployment, its ReplicaSet and both Pods, Healthy';
}

async function appManifests(ground: Ground): Promise<string> {
  const git = await ask(ground, 'app', 'manifests', name);
  has(git, [/^kind: Deployment$/m, /^kind: Secret$/m, /password: '?\++/], secrets);
  const live = await ask(ground, 'app', 'manifests', name, '--source', 'live');
  has(
    live,
    [/^kind: Deployment$/m, /^ {2}uid: /m, /image: registry\.example\.com\/web:1\.4\.0/, /password: '?\++/],
    secrets,
  );
  return 'Git and live, the Secret masked in both';
}

async function appDiff(ground: Ground): Promise<string> {
  const args = ['app', 'diff', name];
  await become(ground, args, ({ code, stdout }) => (code === 0 && stdout.trim() === '') || undefined);
  await edit(ground, objectPath.settings, { data: { color: 'blue' } });
  await edit(ground, objectPath.deployment, { spec: { replicas: 3 } });
  await edit(ground, objectPath.credentials, { data: { password: encoded(byHand) } });
  const text = await become(ground, args, ({ code, stdout }) =>
    code === 1 && /ConfigMap/.test(stdout) && /Deployment/.test(stdout) && /Secret/.test(stdout) ? stdout : undefined,
  );
  has(text, [/^< +color: blue$/m, /^> +color: red$/m, /^< +replicas: 3$/m, /^> +replicas: 2$/m], secrets);
  has(text, [/^< +password: \++$/m, /^> +password: \++$/m]);
  const sizes = [...text.matchAll(/^[<>] +password: (\++)$/gm)].map(([, sign = '']) => sign.length);
  assert.equal(new Set(sizes).size, 2, 'a changed value has another sign');
  return 'in sync: nothing, exit 0; after an edit: the fields, exit 1, the Secret masked with a sign for each value';
}

async function appLogs(ground: Ground): Promise<string> {
  const all = await ask(ground, 'app', 'logs', name, '--tail', '1');
  const pods = ((await liveObject(ground, objectPath.pods)) as { items: unknown[] }).items.length;
  assert.deepEqual(all.match(/the \w+ line/g), Array<string>(pods).fill('the third line'), all);
  const pod = ['--kind', 'Deployment', '--name', 'web', '--container', 'web', '--filter', 'second'];
  has(await ask(ground, 'app', 'logs', name, ...pod), [/the second line/], ['third']);
  return 'the last line of each Pod; those of the Deployment that a filter lets through';
}

export const views: readonly Verb[] = [
  { name: 'app resources', run: appResources },
  { name: 'app manifests', run: appManifests },
  { name: 'app diff', run: appDiff },
  { name: 'app logs', run: appLogs },
];
