// What the page of Argo CD asks of its server beyond the command line: tree, one object, its deletion, and the stream.
import assert from 'node:assert/strict';
import { createClient } from '@redis/client';
import { until } from '../../condition.ts';
import { liveObject, name, objectPath, type Ground, type Verb } from './ground.ts';

interface Node {
  kind: string;
  name: string;
  parentRefs?: { kind: string; name: string }[];
  health?: { status: string };
  images?: string[];
}

interface Tree {
  nodes: Node[];
  hosts?: { name: string }[];
}

async function call({ server, password }: Ground, path: string, method = 'GET'): Promise<Response> {
  const login = { method: 'POST', body: JSON.stringify({ username: 'admin', password }) };
  const json = { 'content-type': 'application/json' };
  const session = await fetch(`http://${server}/api/v1/session`, { ...login, headers: json });
  const { token } = (await session.json()) as { token: string };
  const accept = path.startsWith('stream/') ? 'text/event-stream' : 'application/json';
  const headers = { ...json, accept, authorization: `Bearer ${token}` };
  const answer = await fetch(`http://${server}/api/v1/${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(20_000),
  });
  assert.ok(answer.ok, `${method} ${path} answered ${answer.status}`);
  return answer;
}

/** Each object as the page compares it. */
export async function managedOf(
  ground: Ground,
): Promise<{ kind: string; normalizedLiveState: string; predictedLiveState: string }[]> {
  const answer = await call(ground, `applications/${name}/managed-resources`);
  return ((await answer.json()) as { items: Awaited<ReturnType<typeof managedOf>> }).items;
}

/** An object of the tree, below the application or an orphan. */
export async function deleteNode(ground: Ground, node: Record<string, string>): Promise<void> {
  const query = new URLSearchParams({ namespace: name, ...node });
  await call(ground, `applications/${name}/resource?${query.toString()}`, 'DELETE');
}

async function treeOf(ground: Ground): Promise<Tree> {
  return (await (await call(ground, `applications/${name}/resource-tree`)).json()) as Tree;
}

function podsOf({ nodes }: Tree): Node[] {
  return nodes.filter(({ kind }) => kind === 'Pod');
}

async function showTree(ground: Ground): Promise<string> {
  const tree = await treeOf(ground);
  const set = tree.nodes.find(({ kind }) => kind === 'ReplicaSet');
  assert.deepEqual(
    set?.parentRefs?.map((parent) => `${parent.kind}/${parent.name}`),
    ['Deployment/web'],
  );
  const pods = podsOf(tree);
  assert.equal(pods.length, 2);
  for (const pod of pods) {
    assert.deepEqual(pod.images, ['registry.example.com/web:1.4.0']);
    assert.equal(pod.health?.status, 'Healthy');
    assert.equal(pod.parentRefs?.[0]?.name, set?.name);
  }
  assert.ok(
    tree.hosts?.some((host) => host.name.startsWith('node-')),
    'hosts of the pods',
  );
  return 'ReplicaSet below its Deployment, Pods below it with image and health, their hosts';
}

/** The first event in which `look` finds it. */
async function streamed(answer: Response, look: (tree: Tree) => boolean): Promise<void> {
  let text = '';
  for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      const { result } = JSON.parse(line.slice('data: '.length)) as { result?: Tree };
      if (result && look(result)) return;
    }
  }
  throw new Error('the stream ended before');
}

async function isListening({ redis }: Ground): Promise<true | undefined> {
  const client = createClient({ url: `redis://${redis}` });
  await client.connect();
  try {
    return (await client.pubSubChannels('app|managed-resources|*')).length > 0 || undefined;
  } finally {
    client.destroy();
  }
}

async function deletePod(ground: Ground): Promise<string> {
  const pod = podsOf(await treeOf(ground))[0]?.name ?? '';
  // The server sends nothing, not even its headers, before the first change.
  const told = call(ground, `stream/applications/${name}/resource-tree`).then((stream) =>
    streamed(stream, (tree) => {
      const pods = podsOf(tree).map((each) => each.name);
      return pods.length === 2 && !pods.includes(pod);
    }),
  );
  told.catch(() => undefined); // awaited below
  await until('the server listens for changes', () => isListening(ground));
  const query = new URLSearchParams({ namespace: name, resourceName: pod, version: 'v1', kind: 'Pod', group: '' });
  const resource = `applications/${name}/resource?${query.toString()}`;
  const { manifest } = (await (await call(ground, resource)).json()) as { manifest: string };
  assert.equal((JSON.parse(manifest) as { metadata: { name: string } }).metadata.name, pod);
  const gone = async (): Promise<true | undefined> =>
    (await liveObject(ground, `${objectPath.pods}/${pod}`)) === undefined || undefined;
  await Promise.all([told, call(ground, resource, 'DELETE').then(() => until('the Pod is gone', gone))]);
  return 'a Pod found by the tree is shown and deleted; the stream tells of the one that takes its place';
}

export const page: readonly Verb[] = [
  { name: 'API: resource tree', run: showTree },
  { name: 'API: a Pod, the stream', run: deletePod },
];
