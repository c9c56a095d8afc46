// `cox app wait`: waits until applications have come to a state, by watching them.
import type { Application } from '../../model/application.ts';
import type { Options } from '../options.ts';
import type { Session } from '../session.ts';
import { AppError } from '../../base/errors.ts';
import { parseApplication } from '../../store/parse.ts';
import { follow } from '../follow.ts';
import { isData, plain } from '../output.ts';
import { applicationKind } from '../session.ts';
import { chosen } from './choose.ts';

/** What is waited for, of what the line names; without a name Synced, Healthy, and no operation. */
function states({ values }: Options): (app: Application) => boolean {
  const { sync, health, operation, suspended, degraded } = values;
  const all = !sync && !health && !operation && !suspended && !degraded;
  const wanted = [
    ...(all || health ? ['Healthy'] : []),
    ...(suspended ? ['Suspended'] : []),
    ...(degraded ? ['Degraded'] : []),
  ];
  return ({ status, operation: running }) =>
    (!(all || sync) || status?.sync?.status === 'Synced') &&
    (wanted.length === 0 || wanted.includes(status?.health?.status ?? '')) &&
    (!(all || operation) || running === undefined);
}

function lineOf(app: Application): string {
  const { sync, health, operationState } = app.status ?? {};
  const words: string[] = [sync?.status ?? 'Unknown', health?.status ?? 'Unknown'];
  if (app.operation) words.push(`operation ${operationState?.phase ?? 'waiting to be taken up'}`);
  return words.join(', ');
}

async function waitFor(session: Session, app: Application): Promise<boolean> {
  const { options, out } = session;
  const { namespace, name } = app.metadata;
  const say = isData(options.format) ? out.note : out.result;
  const isThere = states(options);
  const untilGone = options.values.delete ?? false;
  let last = '';
  const found = await follow<Application, true>(
    session,
    { kind: applicationKind, namespace, name, parse: parseApplication },
    {
      look: (now) => {
        if (!now && untilGone) say(`${name}: gone`);
        if (!now) {
          if (untilGone) return true;
          throw new AppError('E_APPLICATION', `${name} was deleted while it was waited for`);
        }
        const line = lineOf(now);
        if (line !== last) say(`${name}: ${plain(line)}`);
        last = line;
        return !untilGone && isThere(now) ? true : undefined;
      },
    },
  );
  if (!found) out.note(`cox: the time is over, and ${name} is ${last}`);
  return found ?? false;
}

/** Exit code 0 when all have come there, 1 when the time was over first. */
export async function wait(session: Session, names: readonly string[]): Promise<number> {
  const apps = await chosen(session, names);
  const came = await Promise.all(apps.map((app) => waitFor(session, app)));
  return came.every(Boolean) ? 0 : 1;
}
