// `cox proj list` and `get`: what AppProjects permit.
import type { AppProject } from '../model/project.ts';
import type { Column } from './output.ts';
import type { Session } from './session.ts';
import { AppError } from '../base/errors.ts';
import { cox } from '../model/annotations.ts';
import { parseProject } from '../store/parse.ts';
import { usage } from './options.ts';
import { data, isData, plain, print } from './output.ts';

const projectKind = { group: 'argoproj.io', kind: 'AppProject' };

function destinationText({ server, name, namespace }: { server?: string; name?: string; namespace?: string }): string {
  return `${name || (server ?? '')},${namespace ?? ''}`;
}

const columns: Column<AppProject>[] = [
  { title: 'NAME', of: ({ metadata }) => metadata.name },
  { title: 'DESCRIPTION', of: ({ spec }) => spec.description ?? '' },
  { title: 'DESTINATIONS', of: ({ spec }) => (spec.destinations ?? []).map(destinationText).join(' ') },
  { title: 'SOURCES', of: ({ spec }) => (spec.sourceRepos ?? []).join(' ') },
  { title: 'APPROVAL', of: ({ metadata }) => metadata.annotations?.[cox.approval] ?? '' },
  { title: 'WINDOWS', of: ({ spec }) => String(spec.syncWindows?.length ?? 0), wide: true },
  { title: 'ROLES', of: ({ spec }) => (spec.roles ?? []).map(({ name }) => name).join(' '), wide: true },
];

function withoutManagedFields(project: AppProject): AppProject {
  const { managedFields: _managedFields, ...metadata } = project.metadata;
  return { ...project, metadata };
}

/** `cox proj list`; answers the exit code. */
export async function list({ cluster, options, out, signal }: Session): Promise<number> {
  const found = (await cluster.api.list(projectKind, { namespace: options.namespace, signal }))
    .flatMap((object) => parseProject(object) ?? [])
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  if (found.length === 0 && !isData(options.format))
    out.note(`There are no projects in namespace ${options.namespace}.`);
  else out.result(print(options.format, found.map(withoutManagedFields), found, columns));
  return 0;
}

function facts({ metadata, spec }: AppProject): [string, string][] {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith('coxswain.dev/'));
  return [
    ['Name', metadata.name],
    ...(spec.description ? [['Description', spec.description] satisfies [string, string]] : []),
    ...(spec.destinations ?? []).map((item): [string, string] => ['Destination', destinationText(item)]),
    ...(spec.sourceRepos ?? []).map((item): [string, string] => ['Source', item]),
    ...(spec.syncWindows ?? []).map(({ kind, schedule, duration, timeZone }): [string, string] => [
      'Window',
      `${kind} ${schedule} for ${duration}${timeZone ? ` (${timeZone})` : ''}`,
    ]),
    ...(spec.roles ?? []).map(({ name, groups = [] }): [string, string] => ['Role', [name, ...groups].join(' ')]),
    ...annotations.map(([name, value]): [string, string] => [
      'Policy',
      `${name.slice('coxswain.dev/'.length)}: ${value}`,
    ]),
  ];
}

/** `cox proj get`; answers the exit code. Throws E_PROJECT when there is none, and Usage. */
export async function get({ cluster, options, out, signal }: Session, names: readonly string[]): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) throw usage('cox proj get needs one project');
  const found = await cluster.api.get({ ...projectKind, namespace: options.namespace, name }, { signal });
  const project = found && parseProject(found);
  if (!project)
    throw new AppError('E_PROJECT', `there is no project ${options.namespace}/${name}`, {
      hint: `List them with: cox proj list -n ${options.namespace}`,
    });
  out.result(
    isData(options.format)
      ? data(options.format, withoutManagedFields(project))
      : facts(project)
          .map(([title, value]) => `${`${title}:`.padEnd(13)}${plain(value)}`)
          .join('\n'),
  );
  return 0;
}
