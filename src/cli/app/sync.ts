// `cox app sync`: asks for a sync of one application or several, one after another.
import type { Application, SyncOperation } from '../../model/application.ts';
import type { Options } from '../options.ts';
import type { Session } from '../session.ts';
import { sourcesOf } from '../../model/application.ts';
import { usage } from '../options.ts';
import { chosen } from './choose.ts';
import { objectsOf } from './objects.ts';
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

function check(app: Application, options: Options): void {
  const { revision } = options;
  if (revision !== undefined && sourcesOf(app.spec).length > 1)
    throw usage(`--revision names one revision, but ${app.metadata.name} has several sources`);
  objectsOf(app, options);
}

/** Exit code 0 when all succeeded or are not followed, 1 when one failed or its end was not seen. */
export async function sync(session: Session, names: readonly string[]): Promise<number> {
  const operation = wanted(session.options);
  const apps = await chosen(session, names);
  for (const app of apps) check(app, session.options);
  let worst = 0;
  for (const app of apps) worst = Math.max(worst, await operate(session, app, operation));
  return worst;
}
