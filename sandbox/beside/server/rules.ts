// Verbs over what rules of application and project say: fields that are ignored, objects that belong to nobody, and a
// tree in pieces.
import assert from 'node:assert/strict';
import { createClient } from '@redis/client';
import { until } from '../../condition.ts';
import {
  applicationPath,
  ask,
  become,
  edit,
  has,
  imageOf,
  liveObject,
  name,
  objectPath,
  type Ground,
  type Verb,
} from './ground.ts';
import { deleteNode, managedOf } from './page.ts';

/** So many members has one piece of a tree here. */
export const shardSize = 3;

const ignoreDifferences = [
  { kind: 'ConfigMap', jsonPointers: ['/data/size'] },
  {
    ...{ group: 'apps', kind: 'Deployment', managedFieldsManagers: ['tuner'] },
    jqPathExpressions: ['.spec.template.spec.containers[].resources'],
  },
];

async function dryRun(ground: Ground): Promise<string> {
  has(await ask(ground, 'app', 'sync', name, '--dry-run'), [/^Phase: +Succeeded$/m]);
  assert.equal(await liveObject(ground, objectPath.settings), undefined, 'it is not made');
  has(await ask(ground, 'app', 'sync', name), [/^Phase: +Succeeded$/m]);
  assert.ok(await liveObject(ground, objectPath.settings));
  return '--dry-run makes nothing of the deleted ConfigMap, the same without it makes it anew';
}

/** What the page shows of an object on either side of its diff. */
async function sidesOf(ground: Ground, kind: string): Promise<[unknown, unknown]> {
  const found = (await managedOf(ground)).find((each) => each.kind === kind);
  return [JSON.parse(found?.normalizedLiveState ?? 'null'), JSON.parse(found?.predictedLiveState ?? 'null')];
}

async function ignored(ground: Ground): Promise<string> {
  await edit(ground, applicationPath, { spec: { ignoreDifferences } });
  await ask(ground, 'app', 'get', name, '--refresh');
  const resources = { requests: { cpu: '20m', memory: '32Mi' } };
  const image = await imageOf(ground);
  const containers = [{ name: 'web', image, resources }];
  await edit(ground, objectPath.settings, { data: { size: 'large' } });
  await edit(ground, objectPath.deployment, { spec: { template: { spec: { containers } } } });
  await edit(ground, objectPath.deployment, { spec: { replicas: 4 } }, 'tuner');
  const text = await become(ground, ['app', 'manifests', name, '--source', 'live'], ({ stdout }) =>
    ['size: large', 'cpu: 20m', 'replicas: 4'].every((each) => stdout.includes(each)) ? stdout : undefined,
  );
  has(text, [/size: large/]);
  const { code, stdout } = await ground.cli('app', 'diff', name);
  assert.deepEqual([code, stdout.trim()], [0, ''], 'nothing of what is ignored');
  has(await ask(ground, 'app', 'get', name), [/^Sync Status: +Synced/m]);
  for (const kind of ['ConfigMap', 'Deployment']) {
    const [live, predicted] = await sidesOf(ground, kind);
    assert.deepEqual(live, predicted, `the page shows no difference of the ${kind}`);
  }
  await edit(ground, objectPath.settings, { data: { color: 'blue' } });
  const shown = await become(ground, ['app', 'diff', name], ({ code: ended, stdout: told }) =>
    ended === 1 && told.includes('color') ? told : undefined,
  );
  has(shown, [/^< +color: blue$/m, /^> +color: red$/m]);
  assert.ok(!/^[<>] +size:/m.test(shown), shown);
  return 'by pointer, jq and manager: Synced, no diff, exit 0; another field beside one is shown alone';
}

async function orphans(ground: Ground): Promise<string> {
  const { status } = await ground.kube.call('POST', objectPath.stray.replace(/\/stray$/, ''), {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stray' }, data: {} },
  });
  assert.equal(status, 201);
  await ask(ground, 'proj', 'set', 'default', '--orphaned-resources');
  const own = await become(ground, ['app', 'resources', name, '--orphaned'], ({ stdout }) =>
    /ConfigMap +web +stray +Yes/.test(stdout) ? stdout : undefined,
  );
  has(own, [], ['settings', 'kube-root-ca.crt', 'Deployment']);
  has(await ask(ground, 'app', 'resources', name), [/ConfigMap +web +stray +Yes/, /ConfigMap +web +settings +No/]);
  has(await ask(ground, 'app', 'manifests', name, '--source', 'live'), [/settings/], ['stray']);
  return 'what the project calls orphaned: the stray ConfigMap alone, no manifest of the application';
}

async function deleteOrphan(ground: Ground): Promise<string> {
  const stray = ['--kind', 'ConfigMap', '--resource-name', 'stray'];
  const { code } = await ground.cli('app', 'delete-resource', name, ...stray);
  assert.notEqual(code, 0, 'it is none of the application');
  await deleteNode(ground, { version: 'v1', kind: 'ConfigMap', group: '', resourceName: 'stray' });
  await until('it is gone', async () => (await liveObject(ground, objectPath.stray)) === undefined || undefined);
  await become(
    ground,
    ['app', 'resources', name, '--orphaned'],
    ({ stdout }) => !stdout.includes('stray') || undefined,
  );
  return 'the command line deletes managed objects alone, as with Argo CD; the page deletes it, and its node is gone';
}

async function pieces(ground: Ground): Promise<string> {
  const client = createClient({ url: `redis://${ground.redis}` });
  await client.connect();
  try {
    const found = (await client.keys(`app|resources-tree|${name}*`)).toSorted();
    assert.ok(found.length > 2, found.join(', '));
    return `the tree lies in ${found.length} pieces of ${shardSize}: ${found.join(', ')}`;
  } finally {
    client.destroy();
  }
}

const service = ['--kind', 'Service', '--resource-name', 'web'];

async function getResource(ground: Ground): Promise<string> {
  has(await ask(ground, 'app', 'get-resource', name, ...service, '--output', 'yaml'), [/kind: Service/, /port: 80/]);
  return 'the Service, as it is';
}

async function patchResource(ground: Ground): Promise<string> {
  const patch = [
    '--patch',
    '{"metadata": {"labels": {"patched": "yes"}}}',
    '--patch-type',
    'application/merge-patch+json',
  ];
  await ask(ground, 'app', 'patch-resource', name, ...service, ...patch);
  const live = await liveObject<{ metadata: { labels?: Record<string, string> } }>(ground, objectPath.service);
  assert.equal(live?.metadata.labels?.['patched'], 'yes');
  return 'a label of the Service';
}

export const rules: readonly Verb[] = [
  { name: 'app sync --dry-run', run: dryRun },
  { name: 'tree in pieces', run: pieces },
  { name: 'app get-resource', run: getResource },
  { name: 'app patch-resource', run: patchResource },
  { name: 'ignored fields', run: ignored },
  { name: 'app resources --orphaned', run: orphans },
  { name: 'API: an orphan is deleted', run: deleteOrphan },
];
