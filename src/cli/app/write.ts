// `cox app create`, `set` and `unset`: write Applications, in the name of whom the kubeconfig names.
import type { Application, ApplicationSpec } from '../../model/application.ts';
import type { KubeObject, ObjectMeta } from '../../model/kube.ts';
import type { Session } from '../session.ts';
import { isDeepStrictEqual } from 'node:util';
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { AppError, errorMessage } from '../../base/errors.ts';
import { isStatus } from '../../cluster/api-error.ts';
import { argo } from '../../model/annotations.ts';
import { isApplication } from '../../model/argo-kinds.ts';
import { applicationKey } from '../../model/application.ts';
import { gvkOf } from '../../model/kube.ts';
import { parseApplication } from '../../store/parse.ts';
import { usage } from '../options.ts';
import { data, isData } from '../output.ts';
import { applicationKind } from '../session.ts';
import { chosen } from './choose.ts';
import { described, labelsOf, specOf, without } from './described.ts';

/** Field manager of what people write from a terminal. */
export const manager = 'cox';

type Said = 'created' | 'changed' | 'unchanged';

/** The object where a program reads it; to people what became of it. */
function tell({ options, out }: Session, written: KubeObject, said: Said): void {
  const { managedFields: _managedFields, ...metadata } = written.metadata;
  const name = metadata.name ?? '';
  if (isData(options.format)) out.result(data(options.format, { ...written, metadata }));
  else if (options.format === 'name') out.result(name);
  else out.result(`${name}: ${said}${options.values['dry-run'] ? ' (tried, and not kept)' : ''}`);
}

/** What another application keeps is put back by it. */
function warnOfGit({ out }: Session, { metadata }: Application): void {
  const by = metadata.annotations?.[argo.trackingId]?.split(':')[0];
  if (by) out.note(`cox: ${metadata.name} is kept by the application ${by}: change it in Git, or ${by} undoes this`);
}

async function projectThere({ cluster, options, signal }: Session, name: string): Promise<void> {
  const ref = { group: 'argoproj.io', kind: 'AppProject', namespace: options.namespace, name };
  const found = await cluster.api.get(ref, { signal }).catch((error: unknown) => {
    if (isStatus(error, 403)) return 'unknown';
    throw error;
  });
  if (!found && name !== 'default')
    throw new AppError('E_PROJECT', `there is no project ${options.namespace}/${name}`, {
      hint: `List them with: cox proj list -n ${options.namespace}`,
    });
}

/** Spec and labels for one version of the Application alone; what else it holds stays. Throws Usage on a conflict. */
export async function save(
  session: Session,
  app: Application,
  spec: ApplicationSpec,
  labels: Readonly<Record<string, string | null>> = {},
): Promise<void> {
  const { cluster, options, signal } = session;
  const now = app.metadata.labels ?? {};
  const kept = Object.entries({ ...now, ...labels }).filter((entry): entry is [string, string] => entry[1] !== null);
  const wanted = Object.fromEntries(kept);
  if (isDeepStrictEqual(spec, app.spec) && isDeepStrictEqual(wanted, now)) return tell(session, app, 'unchanged');
  warnOfGit(session, app);
  const ref = { ...applicationKind, namespace: app.metadata.namespace, name: app.metadata.name };
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: app.metadata.resourceVersion },
    { op: 'replace', path: '/spec', value: spec },
    ...(isDeepStrictEqual(wanted, now) ? [] : [{ op: 'add', path: '/metadata/labels', value: wanted }]),
  ];
  const written = await cluster.api.patch(ref, {
    ...{ type: 'json', patch, signal, manager },
    dryRun: options.values['dry-run'] ?? false,
  });
  tell(session, written, 'changed');
}

/** One Application, as a file or standard input has it. Throws Usage. */
async function fileOf({ options }: Session, file: string): Promise<Application> {
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw usage(`${file} cannot be read: ${errorMessage(cause)}`);
  }
  const [document, ...more] = parseAllDocuments(text);
  if (!document || more.length > 0) throw usage(`${file} must hold one Application`);
  const [fault] = document.errors;
  if (fault) throw usage(`${file} is no YAML: ${fault.message.split('\n')[0] ?? ''}`);
  const object = document.toJS() as KubeObject | null;
  const isRead =
    object?.metadata !== undefined && typeof object.apiVersion === 'string' && isApplication(gvkOf(object));
  const namespace = object?.metadata?.namespace ?? options.namespace;
  const app = isRead ? parseApplication({ ...object, metadata: { ...object.metadata, namespace } }) : undefined;
  if (!app) throw usage(`${file} holds no Application with a name and a spec`);
  return app;
}

async function wantedApplication(session: Session, words: readonly string[]): Promise<Application> {
  const { values, namespace } = session.options;
  const [name, ...more] = words;
  const read = values.file === undefined ? undefined : await fileOf(session, values.file);
  if (more.length > 0 || (name === undefined && !read)) throw usage('cox app create needs one name, or --file');
  const named = name ?? read?.metadata.name ?? '';
  const labels = Object.fromEntries(Object.entries(labelsOf(values, true)).map(([key, value]) => [key, value ?? '']));
  const metadata: ObjectMeta = read?.metadata ?? { namespace };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      ...{ namespace: metadata.namespace ?? namespace, name: named },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ...((metadata.labels ?? values.label) && { labels: { ...metadata.labels, ...labels } }),
    },
    spec: read ? described(read.spec, values) : specOf(values),
  };
}

/** Exit code 0. One that is there is changed with --upsert alone. */
export async function create(session: Session, words: readonly string[]): Promise<number> {
  const { cluster, options, signal } = session;
  const wanted = await wantedApplication(session, words);
  await projectThere(session, wanted.spec.project);
  try {
    const written = await cluster.api.create(wanted, {
      ...{ signal, manager, fieldValidation: 'Strict' },
      dryRun: options.values['dry-run'] ?? false,
    });
    tell(session, written, 'created');
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    const found = await session.application(applicationKey(wanted));
    const same = isDeepStrictEqual(found.spec, wanted.spec);
    if (!options.values.upsert && !same)
      throw new AppError('E_APPLICATION', `the application ${applicationKey(wanted)} is there, and another`, {
        cause: error,
        hint: 'Change it with --upsert or cox app set, or name another one.',
      });
    await save(session, found, wanted.spec, wanted.metadata.labels ?? {});
  }
  return 0;
}

/** Exit code 0. */
export async function set(session: Session, names: readonly string[]): Promise<number> {
  const { values } = session.options;
  // -p is the new project here, so it chooses none.
  if (names.length === 0 && values.selector === undefined) throw usage('cox app set needs an application, or -l');
  const { project: _project, ...choosing } = values;
  const apps = await chosen({ ...session, options: { ...session.options, values: choosing } }, names);
  const specs = apps.map((app) => ({ app, spec: described(app.spec, values) }));
  for (const project of new Set(values.project)) await projectThere(session, project);
  for (const { app, spec } of specs) await save(session, app, spec, labelsOf(values, true));
  return 0;
}

/** Exit code 0. */
export async function unset(session: Session, names: readonly string[]): Promise<number> {
  const { values } = session.options;
  const apps = await chosen(session, names);
  const specs = apps.map((app) => ({ app, spec: without(app.spec, values) }));
  for (const { app, spec } of specs) await save(session, app, spec, labelsOf(values, false));
  return 0;
}
