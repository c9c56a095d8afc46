// What the options of `cox app create`, `set` and `unset` make of an Application's spec (Argo CD:
// cmd/util/app.go, the same names).
import type { ApplicationSource, ApplicationSpec, SyncPolicy } from '../../model/application.ts';
import type { HelmSource, KustomizeSource } from '../../model/sources.ts';
import type { Options } from '../options.ts';
import { inClusterServer } from '../../model/annotations.ts';
import { usage } from '../options.ts';

type Values = Options['values'];

/** `name=value`; the value may hold further signs. Throws Usage. */
function pair(text: string, option: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw usage(`--${option} is "${text}", but must be NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Those of before whose name is not given anew, then the given. */
function merged<T>(before: readonly T[], given: readonly T[], nameOf: (item: T) => string): T[] {
  const names = new Set(given.map(nameOf));
  return [...before.filter((item) => !names.has(nameOf(item))), ...given];
}

const beforeSign = (text: string): string => text.split('=')[0] ?? '';

/** The image that an entry is about: `web` of `web=ghcr.io/acme/web:2`, of `web:2` and of `web@sha256:…`. */
function imageName(text: string): string {
  const whole = beforeSign(text).split('@')[0] ?? '';
  const colon = whole.lastIndexOf(':');
  return colon > whole.lastIndexOf('/') ? whole.slice(0, colon) : whole;
}

function helmOf(before: HelmSource | undefined, values: Values): HelmSource | undefined {
  const { values: files, 'helm-set': set, 'release-name': releaseName } = values;
  if (!files && !set && releaseName === undefined) return before;
  const parameters = set?.map((text) => pair(text, 'helm-set')).map(([name, value]) => ({ name, value }));
  return {
    ...before,
    ...(files && { valueFiles: merged(before?.valueFiles ?? [], files, String) }),
    ...(parameters && { parameters: merged(before?.parameters ?? [], parameters, ({ name }) => name) }),
    ...(releaseName !== undefined && { releaseName }),
  };
}

function sourceOf(before: ApplicationSource | undefined, values: Values): ApplicationSource {
  const { repo, path, revision, 'helm-chart': chart, 'kustomize-image': images } = values;
  const helm = helmOf(before?.helm, values);
  const kustomize: KustomizeSource | undefined = images
    ? { ...before?.kustomize, images: merged(before?.kustomize?.images ?? [], images, imageName) }
    : before?.kustomize;
  return {
    ...before,
    repoURL: repo ?? before?.repoURL ?? '',
    ...(path !== undefined && { path }),
    ...(chart !== undefined && { chart }),
    ...(revision !== undefined && { targetRevision: revision }),
    ...(helm && { helm }),
    ...(kustomize && { kustomize }),
  };
}

/** Throws Usage: pruning and healing belong to an application that syncs by itself. */
function policyOf(before: SyncPolicy | undefined, values: Values): SyncPolicy | undefined {
  const { 'sync-policy': wanted, 'auto-prune': prune, 'self-heal': selfHeal, 'sync-option': given } = values;
  const { automated: was, ...rest } = before ?? {};
  const automatic = wanted === undefined ? was : wanted === 'none' ? undefined : (was ?? {});
  if (!automatic && (prune || selfHeal))
    throw usage('--auto-prune and --self-heal need an application that syncs by itself: --sync-policy auto');
  given?.forEach((text) => pair(text, 'sync-option'));
  const policy: SyncPolicy = {
    ...rest,
    ...(automatic && { automated: { ...automatic, ...(prune && { prune }), ...(selfHeal && { selfHeal }) } }),
    ...(given && { syncOptions: merged(before?.syncOptions ?? [], given, beforeSign) }),
  };
  return Object.keys(policy).length > 0 ? policy : undefined;
}

/** Which source is meant, from 0; undefined where there is one alone. Throws Usage. */
function positionIn({ sources }: ApplicationSpec, values: Values): number | undefined {
  const text = values['source-position'];
  if (!sources?.length) {
    if (text !== undefined && text !== '1') throw usage('--source-position names one of several sources; there is one');
    return undefined;
  }
  const position = Number(text ?? (sources.length === 1 ? '1' : NaN));
  if (!Number.isInteger(position) || position < 1 || position > sources.length)
    throw usage(`the application has ${sources.length} sources: --source-position names one, from 1`);
  return position - 1;
}

/** The spec with one source made anew. */
function withSource(
  spec: ApplicationSpec,
  values: Values,
  made: (source: ApplicationSource | undefined) => ApplicationSource,
): ApplicationSpec {
  const index = positionIn(spec, values);
  if (index === undefined) return { ...spec, source: made(spec.source) };
  return { ...spec, sources: (spec.sources ?? []).map((source, at) => (at === index ? made(source) : source)) };
}

function touchesSource(values: Values): boolean {
  const names = ['repo', 'path', 'revision', 'helm-chart', 'values', 'helm-set', 'release-name', 'kustomize-image'];
  return names.some((name) => Object.hasOwn(values, name));
}

/** Throws Usage where the options contradict each other. */
export function described(spec: ApplicationSpec, values: Values): ApplicationSpec {
  const { 'dest-server': server, 'dest-name': name, 'dest-namespace': namespace, project } = values;
  if (server !== undefined && name !== undefined) throw usage('name the cluster by --dest-server or by --dest-name');
  if ((project?.length ?? 0) > 1) throw usage('an application has one project');
  const { syncPolicy: policy, ...rest } = touchesSource(values)
    ? withSource(spec, values, (source) => sourceOf(source, values))
    : spec;
  const { server: _server, name: _name, ...place } = spec.destination;
  const cluster = server === undefined && name === undefined ? spec.destination : place;
  const syncPolicy = policyOf(policy, values);
  return {
    ...rest,
    ...(project?.[0] !== undefined && { project: project[0] }),
    destination: {
      ...cluster,
      ...(server !== undefined && { server }),
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
    },
    ...(syncPolicy && { syncPolicy }),
  };
}

/** The spec of a new application. Throws Usage, which names what is missing. */
export function specOf(values: Values): ApplicationSpec {
  if (values.repo === undefined) throw usage('cox app create needs --repo, or --file');
  if (values.path === undefined && values['helm-chart'] === undefined)
    throw usage('cox app create needs --path, or --helm-chart with its version in --revision');
  if (values['helm-chart'] !== undefined && values.revision === undefined)
    throw usage('--helm-chart needs --revision: the version of the chart, or a range such as ^1.2.0');
  const server = values['dest-name'] === undefined ? { server: inClusterServer } : {};
  return described({ project: 'default', destination: server }, values);
}

/** What was set by these names goes; a name that is not there is no error. */
export function without(spec: ApplicationSpec, values: Values): ApplicationSpec {
  const named = (given: readonly string[] | undefined, nameOf: (text: string) => string): Set<string> =>
    new Set((given ?? []).map(nameOf));
  const [files, set] = [named(values.values, String), named(values['helm-set'], beforeSign)];
  const images = named(values['kustomize-image'], imageName);
  const options = named(values['sync-option'], beforeSign);
  const stripped = (source: ApplicationSource | undefined): ApplicationSource => {
    const { helm, kustomize, ...rest } = source ?? { repoURL: '' };
    return {
      ...rest,
      ...(helm && {
        helm: {
          ...helm,
          ...(helm.valueFiles && { valueFiles: helm.valueFiles.filter((file) => !files.has(file)) }),
          ...(helm.parameters && { parameters: helm.parameters.filter(({ name }) => !set.has(name)) }),
        },
      }),
      ...(kustomize && {
        kustomize: {
          ...kustomize,
          ...(kustomize.images && { images: kustomize.images.filter((image) => !images.has(imageName(image))) }),
        },
      }),
    };
  };
  const changed = touchesSource(values) ? withSource(spec, values, stripped) : spec;
  const { syncPolicy } = changed;
  if (!syncPolicy?.syncOptions) return changed;
  const syncOptions = syncPolicy.syncOptions.filter((option) => !options.has(beforeSign(option)));
  return { ...changed, syncPolicy: { ...syncPolicy, syncOptions } };
}

/** Labels to be merged in; null takes one away. */
export function labelsOf(values: Values, given: boolean): Record<string, string | null> {
  return Object.fromEntries(
    (values.label ?? []).map((text) => (given ? pair(text, 'label') : [beforeSign(text), null])),
  );
}
