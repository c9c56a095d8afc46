// The words for a Pod are kubectl's, and what it asks of its node is counted as the scheduler counts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linksOf } from '../../src/model/external-urls.ts';
import { podInfo } from '../../src/argocd/pod.ts';

function pod(spec: object, status: object, metadata: object = {}): Parameters<typeof podInfo>[0] {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { ...spec },
    status: { ...status },
  };
}

const one = { containers: [{ name: 'a', image: 'a:1', resources: { requests: { cpu: '0.25', memory: '1Gi' } } }] };
const sidecar = { name: 's', image: 's:1', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } };
const init = { name: 'i', image: 'i:1', resources: { requests: { cpu: '1' } } };
const ready = { name: 'a', ready: true, restartCount: 2, state: { running: {} } };

const rows: [
  what: string,
  pod: Parameters<typeof podInfo>[0],
  reason: string,
  containers: string,
  cpu: string | undefined,
][] = [
  ['runs', pod(one, { phase: 'Running', containerStatuses: [ready] }), 'Running', '1/1', '250'],
  [
    'cannot pull its image',
    pod(one, { phase: 'Pending', containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ErrImagePull' } } }] }),
    'ErrImagePull',
    '0/1',
    '250',
  ],
  [
    'was killed by a signal',
    pod(one, { phase: 'Failed', containerStatuses: [{ name: 'a', state: { terminated: { signal: 9 } } }] }),
    'Signal:9',
    '0/1',
    undefined,
  ],
  [
    'waits for its first init container, which asks for more than all that runs later',
    pod(
      { ...one, initContainers: [init, sidecar] },
      { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { running: {} } }] },
    ),
    'Init:0/2',
    '0/2',
    '1000',
  ],
  [
    'waits for the scheduler',
    pod(one, { phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] }),
    'SchedulingGated',
    '0/1',
    '250',
  ],
  [
    'is being deleted',
    pod(one, { phase: 'Running', containerStatuses: [ready] }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    'Terminating',
    '1/1',
    '250',
  ],
];

for (const [what, object, reason, containers, cpu] of rows)
  test(`a pod that ${what} is told so`, () => {
    const info = new Map(podInfo(object, []).info?.map(({ name, value }) => [name, value]));
    assert.deepEqual([info.get('Status Reason'), info.get('Containers'), info.get('cpu')], [reason, containers, cpu]);
  });

test('a link that a browser would run is left out, with a title too', () => {
  const annotations = {
    'link.argocd.argoproj.io/a': 'https://example.com/a',
    'link.argocd.argoproj.io/b': 'Title|https://example.com/b',
    'link.argocd.argoproj.io/c': 'javascript:alert(1)',
    'link.argocd.argoproj.io/d': 'Title|data:text/html,x',
  };
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', annotations } };
  assert.deepEqual(linksOf(object), ['Title|https://example.com/b', 'https://example.com/a']);
});
