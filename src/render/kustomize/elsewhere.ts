// What kustomizations refer to elsewhere, repositories and files of the web: laid down beside what is there, where
// Kustomize finds it without a network.
import type { Files } from '../../model/files.ts';
import type { Overlay } from '../source/overlay.ts';
import type { ChartReference, Reference } from './kustomization.ts';
import type { Remote } from '../source/remote.ts';
import type { RepoSpec } from './repo-spec.ts';
import type { Worker } from '../../base/worker.ts';
import { posix } from 'node:path';
import { isObject } from '../../model/kube.ts';
import { parseYaml } from '../document/yaml.ts';
import { placed, remoteOf } from '../source/remote.ts';
import { renderError } from '../source/plan.ts';
import { stringifyJson } from '../../base/json.ts';
import { innermost, mounted } from '../source/mounted.ts';
import { isWebFile, repoSpecOf } from './repo-spec.ts';

/** No kustomization of people has a folder of that name. */
const folderName = '.remote';

/** For one rendering. */
export class Elsewhere {
  /** Those of the repository, with all that was laid down. */
  readonly files: Files;
  readonly #remote: Remote | undefined;
  readonly #mounts = new Map<string, Files>();
  /** By what was asked for. */
  readonly #places = new Map<string, string>();
  /** By folder of a kustomization: what stands in it, and the path that is written instead. */
  readonly #instead = new Map<string, Map<string, string>>();

  constructor(files: Files, remote: Remote | undefined) {
    this.files = mounted(files, this.#mounts);
    this.#remote = remote;
  }

  /** Nothing outside of it belongs to what stands there; '' is the application's own repository. */
  mountOf(path: string): string {
    return innermost([...this.#mounts.keys()], path) ?? '';
  }

  /** Path of what the reference means elsewhere; undefined where it means a path. */
  async lay(folder: string, reference: Reference, isThere: boolean): Promise<string | undefined> {
    const { path: text, wants } = reference;
    const isWeb = /^https?:\/\//i.test(text);
    const spec = wants === 'file' || (wants === 'either' && isWebFile(text)) ? undefined : repoSpecOf(text);
    if (!isWeb && (!spec || isThere)) return undefined;
    const path = spec ? await this.#repository(spec, reference) : await this.#file(folder, reference);
    const instead = this.#instead.get(folder) ?? new Map<string, string>();
    const relative = posix.relative(folder, path);
    this.#instead.set(folder, instead.set(text, relative.startsWith('..') ? relative : `./${relative}`));
    return path;
  }

  /** Kustomizations may have Helm render charts. */
  get enableHelm(): boolean {
    return Boolean(this.#remote?.kustomize.enableHelm);
  }

  /** A chart where Kustomize looks for it before it pulls. */
  async layChart(at: string, { name, repo, version, devel, place }: ChartReference): Promise<void> {
    const remote = remoteOf({ remote: this.#remote }, `the chart ${name}`, place);
    const asked = { repository: repo, name, version: version || (devel ? '>0.0.0-0' : '') };
    this.#mounts.set(at, (await placed(remote.chart(asked), place)).files);
  }

  /** Writes the kustomization of a folder anew where something in it is laid down. */
  async rewrite(worker: Worker, overlay: Overlay, kustomizations: readonly string[]): Promise<void> {
    for (const file of kustomizations) {
      const folder = posix.dirname(file) === '.' ? '' : posix.dirname(file);
      const instead = this.#instead.get(folder);
      if (!instead) continue;
      const [value] = await parseYaml(worker, overlay.read(file), file);
      if (isObject(value)) overlay.write(file, stringifyJson(withPaths(value, instead)));
    }
  }

  async #repository({ url, path, ref, submodules }: RepoSpec, { place }: Reference): Promise<string> {
    if (URL.canParse(url) && new URL(url).password !== '')
      throw renderError('this address holds a password, which is not used', place, {
        hint: 'Put the password into a repository Secret of that address, and take it out of the kustomization.',
      });
    const key = `${url} ${ref} ${submodules}`;
    const known = this.#places.get(key);
    if (known !== undefined) return posix.join(known, path);
    const remote = remoteOf({ remote: this.#remote }, url, place);
    const files = await placed(remote.git({ url, ref, submodules }), place);
    const name = plain(url.replace(/^(?:[a-z]+:\/\/)?(?:[^/@]*@)?/i, '').replace(/\.git$/, ''));
    return posix.join(
      this.#mount(key, `${folderName}/${name}@${plain(ref.replaceAll('/', '-')) || 'HEAD'}`, files),
      path,
    );
  }

  /** Below the kustomization, which reads no file from elsewhere. */
  async #file(folder: string, { path: url, place }: Reference): Promise<string> {
    const key = `${folder} ${url}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const remote = remoteOf({ remote: this.#remote }, url, place);
    const { files, name } = await placed(remote.file(url), place);
    const { host, pathname } = new URL(url);
    const at = posix.join(folder, folderName, plain(posix.join(host, posix.dirname(pathname))));
    const path = posix.join(this.#mount(key, at, files), name);
    this.#places.set(key, path);
    return path;
  }

  #mount(key: string, wanted: string, files: Files): string {
    let at = wanted;
    for (let number = 2; this.#mounts.has(at); number += 1) at = `${wanted}-${number}`;
    this.#mounts.set(at, files);
    this.#places.set(key, at);
    return at;
  }
}

/** As the name of a folder; what an address holds beyond that does not tell more. */
function plain(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._/-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

const lists = [
  ...['resources', 'bases', 'components', 'generators', 'transformers', 'validators'],
  ...['crds', 'configurations', 'patchesStrategicMerge'],
];

function withPaths(file: Record<string, unknown>, instead: ReadonlyMap<string, string>): Record<string, unknown> {
  const other = (value: unknown): unknown => (typeof value === 'string' ? (instead.get(value) ?? value) : value);
  const each = (value: unknown, change: (item: unknown) => unknown): unknown =>
    Array.isArray(value) ? value.map(change) : value;
  const path = (item: unknown): unknown =>
    isObject(item) && 'path' in item ? { ...item, path: other(item['path']) } : item;
  const changed = { ...file };
  const change = (name: string, how: (value: unknown) => unknown): void => {
    if (name in changed) changed[name] = how(changed[name]);
  };
  for (const name of lists) change(name, (value) => each(value, other));
  for (const name of ['patches', 'patchesJson6902', 'replacements']) change(name, (value) => each(value, path));
  change('openapi', path);
  change('helmCharts', (value) =>
    each(value, (item) =>
      isObject(item)
        ? {
            ...item,
            ...('valuesFile' in item && { valuesFile: other(item['valuesFile']) }),
            ...('additionalValuesFiles' in item && {
              additionalValuesFiles: each(item['additionalValuesFiles'], other),
            }),
          }
        : item,
    ),
  );
  for (const name of ['configMapGenerator', 'secretGenerator'])
    change(name, (value) =>
      each(value, (item) =>
        isObject(item)
          ? {
              ...item,
              ...('files' in item && { files: each(item['files'], (text) => namedFile(text, instead)) }),
              ...('envs' in item && { envs: each(item['envs'], other) }),
              ...('env' in item && { env: other(item['env']) }),
            }
          : item,
      ),
    );
  return changed;
}

/** `key=address`, or an address whose last part is the key. */
function namedFile(text: unknown, instead: ReadonlyMap<string, string>): unknown {
  if (typeof text !== 'string') return text;
  const equals = text.indexOf('=');
  const path = instead.get(equals < 0 ? text : text.slice(equals + 1));
  if (path === undefined) return text;
  return `${equals < 0 ? posix.basename(text) : text.slice(0, equals)}=${path}`;
}
