// `cox app delete`: deletes applications, with their objects or without, and waits until they are gone.
import type { Application } from '../../model/application.ts';
import type { Session } from '../session.ts';
import { argo } from '../../model/annotations.ts';
import { applicationKey } from '../../model/application.ts';
import { parseApplication } from '../../store/parse.ts';
import { follow } from '../follow.ts';
import { plain } from '../output.ts';
import { applicationKind } from '../session.ts';
import { confirmed } from '../setting/confirm.ts';
import { chosen } from './choose.ts';

/** The finalizer decides whether objects go too (Argo CD: docs/user-guide/app_deletion.md). */
async function deleteOne({ cluster, signal }: Session, app: Application, cascade: boolean): Promise<void> {
  const { namespace, name, finalizers = [], resourceVersion, uid } = app.metadata;
  const ref = { ...applicationKind, namespace, name };
  const others = finalizers.filter((item) => !item.startsWith(argo.resourcesFinalizer));
  const wanted = cascade
    ? [...finalizers, ...(others.length === finalizers.length ? [argo.resourcesFinalizer] : [])]
    : others;
  if (wanted.length !== finalizers.length)
    await cluster.api.patch(ref, {
      type: 'merge',
      patch: { metadata: { finalizers: wanted, resourceVersion } },
      signal,
    });
  await cluster.api.delete(ref, { ...(uid !== undefined && { uid }), signal });
}

async function gone(session: Session, app: Application): Promise<boolean> {
  const { out } = session;
  const { namespace, name, uid } = app.metadata;
  let last = '';
  const found = await follow<Application, true>(
    session,
    { kind: applicationKind, namespace, name, parse: parseApplication },
    {
      look: (now) => {
        if (!now || now.metadata.uid !== uid) {
          out.result(`${name}: deleted`);
          return true;
        }
        const faults = now.status?.conditions?.filter(({ type }) => type === 'DeletionError') ?? [];
        const line = faults.map(({ message }) => message).join('; ') || 'its objects are being deleted';
        if (line !== last) out.result(`${name}: ${plain(line)}`);
        last = line;
        return undefined;
      },
    },
  );
  if (!found) out.note(`cox: the time is over, and ${name} is not gone: ${last}`);
  return found ?? false;
}

/** Exit code 0 when they are gone or not followed, 1 when the answer was no or the time was over first. */
export async function remove(session: Session, names: readonly string[]): Promise<number> {
  const { options, out } = session;
  const cascade = options.values.cascade !== 'false';
  const apps = await chosen(session, names);
  const named = apps.map(applicationKey).join(', ');
  if (!(await confirmed(session, `Delete ${named}${cascade ? ' and all their objects' : ', and leave their objects'}`)))
    return 1;
  for (const app of apps) await deleteOne(session, app, cascade);
  if (!options.wait) {
    out.result(apps.map(({ metadata }) => `${metadata.name}: deletion asked for`).join('\n'));
    return 0;
  }
  const results = await Promise.all(apps.map((app) => gone(session, app)));
  return results.every(Boolean) ? 0 : 1;
}
