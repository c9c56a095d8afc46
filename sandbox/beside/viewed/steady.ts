// What a view says of one application without what no two clusters have in common.
import { gunzipSync } from 'node:zlib';

/** Of a field that differs each time its name is kept. */
const volatile = new Map(
  Object.entries({
    uid: 'UID',
    resourceVersion: 'VERSION',
    creationTimestamp: 'TIME',
    createdAt: 'TIME',
    attemptedAt: 'TIME',
    lastCacheSyncTime: 'TIME',
    time: 'TIME',
    lastTransitionTime: 'TIME',
    lastUpdateTime: 'TIME',
    clusterIP: 'IP',
    resourcesCount: 'COUNT',
    apisCount: 'COUNT',
  }),
);

function steadyText(text: string): string {
  if (text.startsWith('{') && text.endsWith('}')) return JSON.stringify(steady(JSON.parse(text)));
  return text
    .replace(/\bweb-[0-9a-f]{8,10}-[0-9a-z]{5}\b/, 'web-HASH-NAME')
    .replace(/\bweb-[0-9a-z]{5}$/, 'web-NAME')
    .replace(/^node-\d+$/, 'NODE');
}

/** Objects whose members are sorted, so that their texts are equal when they are. */
function steady(value: unknown): unknown {
  if (typeof value === 'string') return steadyText(value);
  if (Array.isArray(value)) return value.map(steady);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([name]) => name !== 'requestedByNeighbors')
    .map(([name, member]): [string, unknown] => {
      const word = volatile.get(name);
      if (word !== undefined && typeof member !== 'object') return [name, word];
      // Argo CD applies a Secret's stringData as it stands, we what becomes of it.
      if (name === 'fieldsV1') return [name, 'FIELDS'];
      return [name, name === 'clusterIPs' ? ['IP'] : steady(member)];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members);
}

/** Of a value as it lies in Redis, with `namespace` written as `viewed`. */
export function readValue(value: Buffer, namespace: string): unknown {
  const text = gunzipSync(value).toString();
  return steady(JSON.parse(text.replaceAll(namespace, 'viewed')));
}
