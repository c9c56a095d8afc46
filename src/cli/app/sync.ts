// `cox app sync`: asks for a sync of one application or several, one after another.
import type { Application, SyncOperation } from '../../model/application.ts';
import type { Options } from '../options.ts';
import type { Session } from '../session.ts';
import { sourcesOf } from '../../model/application.ts';
import { usage } from '../options.ts';
import { chosen } from './choose.ts';
import { operate } from './operation.ts';

/** What the options of a line ask for. */
function wanted({ values, revision, resources }: Options): SyncOperation {
  return {
    prune: values.prune ?? false,
    ...(revision !== undefined && { revision }),
    ...(values['dry-run'] && { dryRun: true }),
    ...(values.force && { syncStrategy: { hook: { force: true } } }),
    ...(resources.length > 0 && { resources }),
  };
}

function check(app: Application, { resources, revision }: SyncOperation): void {
  if (revision !== undefined && sourcesOf(app.spec).length > 1)
    throw usage(`--revision names one revision, but ${app.metadata.name} has several sources`);
  const rows = app.status?.resources ?? [];
  const unknown = resources?.find(
    ({ group = '', kind, name, namespace }) =>
      !rows.some(
        (row) =>
          (row.group ?? '') === group &&
          row.kind === kind &&
          row.name === name &&
          (namespace === undefined || (row.namespace ?? '') === namespace),
      ),
  );
  if (unknown)
    throw usage(
      `${app.metadata.name} has no ${unknown.kind} ${unknown.name}; cox app resources ${app.metadata.name} lists them`,
    );
}

/** Exit code 0 when all succeeded or are not followed, 1 when one failed or its end was not seen. */
export async function sync(session: Session, names: readonly string[]): Promise<number> {
  const operation = wanted(session.options);
  const apps = await chosen(session, names);
  for (const app of apps) check(app, operation);
  let worst = 0;
  for (const app of apps) worst = Math.max(worst, await operate(session, app, operation));
  return worst;
}
