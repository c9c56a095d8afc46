// Secrets that Argo CD and Coxswain read their repositories and clusters from, written as Argo CD's command line does.
import type { KubeObject } from '../../model/kube.ts';
import type { Session } from '../session.ts';
import { AppError } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { argo } from '../../model/annotations.ts';

type SecretType = 'repository' | 'repo-creds' | 'cluster';

const kind = { group: '', kind: 'Secret' };
const manager = 'cox';

/** FNV-1a of 32 bits, by which Argo CD names these Secrets (Argo CD: util/db/secrets.go). */
export function nameHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Those of these types, with their whole data; only what is not secret of it may be shown. */
export function secretsOf({ cluster, options, signal }: Session, types: readonly SecretType[]): Promise<KubeObject[]> {
  const labelSelector = `${argo.secretType} in (${types.join(',')})`;
  return cluster.api.list(kind, { namespace: options.namespace, labelSelector, signal });
}

interface Kept {
  type: SecretType;
  name: string;
  /** What it is of, as people name it. */
  title: string;
  data: Readonly<Record<string, string | undefined>>;
  /** The one that is there for it already. */
  before: KubeObject | undefined;
}

/** Makes it, or with --upsert replaces its data. Throws E_CONFIG where one is there. */
export async function keep({ cluster, options, out, signal }: Session, kept: Kept): Promise<void> {
  const { type, name, title, data, before } = kept;
  const stringData = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
  const dryRun = options.values['dry-run'] ?? false;
  const there = (cause?: unknown): AppError =>
    new AppError('E_CONFIG', `there is a Secret for ${title}`, { cause, hint: 'Change it with --upsert.' });
  if (before && !options.values.upsert) throw there();
  const metadata = {
    namespace: options.namespace,
    name,
    labels: { [argo.secretType]: type },
    annotations: { 'managed-by': 'argocd.argoproj.io' },
  };
  try {
    if (before) {
      const { uid, resourceVersion } = before.metadata;
      const gone = Object.fromEntries(Object.keys(before['data'] ?? {}).map((key) => [key, null]));
      const patch = { metadata: { uid, resourceVersion }, data: gone, stringData };
      const ref = { ...kind, namespace: options.namespace, name: before.metadata.name ?? '' };
      await cluster.api.patch(ref, { type: 'merge', patch, signal, manager, dryRun });
    } else
      await cluster.api.create({ apiVersion: 'v1', kind: 'Secret', metadata, stringData }, { signal, manager, dryRun });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    throw there(error);
  }
  out.result(`${title}: ${before ? 'changed' : 'added'}${dryRun ? ' (tried, and not kept)' : ''}`);
}

/** Only this very Secret. */
export async function forget(
  { cluster, options, out, signal }: Session,
  secret: KubeObject,
  title: string,
): Promise<void> {
  const { name = '', uid } = secret.metadata;
  const dryRun = options.values['dry-run'] ?? false;
  const ref = { ...kind, namespace: options.namespace, name };
  await cluster.api.delete(ref, { ...(uid !== undefined && { uid }), signal, dryRun });
  out.result(`${title}: removed${dryRun ? ' (tried, and not kept)' : ''}`);
}
