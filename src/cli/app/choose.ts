// Which applications a line means: those that it names, or those that its selector and projects choose.
import type { Application } from '../../model/application.ts';
import type { Session } from '../session.ts';
import { AppError } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';

/** Those of the namespace that `-l` and `-p` leave, by name; all without either. */
export async function selected({ options, applications }: Session): Promise<Application[]> {
  const { selector, project = [] } = options.values;
  const found = await applications(selector);
  return found
    .filter(({ spec }) => project.length === 0 || project.includes(spec.project))
    .sort((a, b) => (applicationKey(a) < applicationKey(b) ? -1 : 1));
}

/** Throws E_APPLICATION when a name is unknown, or nothing is chosen. */
export async function chosen(session: Session, names: readonly string[]): Promise<Application[]> {
  if (names.length > 0) return Promise.all([...new Set(names)].map((name) => session.application(name)));
  const apps = await selected(session);
  if (apps.length > 0) return apps;
  throw new AppError('E_APPLICATION', 'no application is chosen by these labels and projects', {
    hint: `List them with: cox app list -n ${session.options.namespace}`,
  });
}
