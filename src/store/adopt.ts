// The first start with a key that has sealed nothing yet: what former versions remembered without MACs is taken over as
// it stands, once.
import type { Cluster } from '../cluster/cluster.ts';
import type { Logger } from '../base/log.ts';
import type { Store } from './store.ts';
import { coxGroup } from '../model/coxswain.ts';
import { isObject } from '../model/kube.ts';
import { macSecret } from './store.ts';

const records = { group: coxGroup, kind: 'SyncRecord' };

/**
 * A SyncRecord without our MAC closes a gate that nobody can tell; after an upgrade, or when the key was made anew,
 * that would be every application's. Approvals and Requests of then count for nothing: they are asked for anew. The
 * mark stands beside the key: whoever may write there is trusted.
 */
export async function adoptRecords(
  { api }: Pick<Cluster, 'api'>,
  store: Pick<Store, 'namespace' | 'records' | 'foreign'>,
  log: Logger,
  signal?: AbortSignal,
): Promise<void> {
  const { namespace } = store;
  const options = signal ? { signal } : {};
  const secret = { group: '', kind: 'Secret', namespace, name: macSecret };
  const data = (await api.get(secret, options))?.['data'];
  if (isObject(data) && data['sealed'] !== undefined) return;
  // What was told in Slack is told anew where it is still true; retention takes the rest.
  const foreign = store.foreign().filter(({ kind }) => [records.kind, 'Approval', 'Request'].includes(kind));
  for (const { kind, metadata, spec } of foreign) {
    if (kind === records.kind)
      await store.records.patch(`${namespace}/${metadata.name ?? ''}`, { metadata: { ownerReferences: null }, spec });
  }
  const asked = foreign
    .filter(({ kind }) => kind !== records.kind)
    .map(({ kind, metadata }) => `${kind} ${metadata.name ?? ''}`);
  if (foreign.length > 0)
    log.warn(
      { records: foreign.length - asked.length, asked },
      'what a former version wrote has no MAC: its records are taken over, ' +
        'and what waited for approval is asked for anew',
    );
  await api.patch(secret, {
    type: 'merge',
    patch: { data: { sealed: Buffer.from('true').toString('base64') } },
    ...options,
  });
}
