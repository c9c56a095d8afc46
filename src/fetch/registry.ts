// OCI registries: tags, manifests and the layers of charts and artifacts (OCI: distribution-spec, image-spec).
import type { ChartAsked, FetchedChart, Parts } from './chart-repository.ts';
import type { Login, Reply } from './http.ts';
import { AppError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { maybeConstraint } from '../model/constraint.ts';
import { isObject } from '../model/kube.ts';
import { digestOf } from './cache.ts';
import { missingVersion, newestOf, recentMs } from './chart-repository.ts';
import { fetchError, refusedReply } from './http.ts';

interface RegistryParts extends Parts {
  login(url: string): Login | undefined;
  now(): number;
}

/** A repository of a registry: `host/path`. */
interface Place {
  /** As it was written, without `oci://`. */
  text: string;
  /** As those name it who ask for it to be looked at again. */
  address: string;
  base: string;
  path: string;
}

export interface ArtifactAsked {
  /** `oci://host/path`. */
  address: string;
  /** Tag, digest or version constraint; '' is `latest`. */
  revision: string;
  signal: AbortSignal;
}

interface FetchedArtifact {
  /** `sha256:…` of the manifest. */
  digest: string;
  layer: Buffer;
  /** What the layer is packed as. */
  isChart: boolean;
}

interface Registries {
  chart(asked: ChartAsked): Promise<FetchedChart>;
  artifact(asked: ArtifactAsked): Promise<FetchedArtifact>;
}

const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const layers = ['application/vnd.oci.image.layer.v1.tar', 'application/vnd.oci.image.layer.v1.tar+gzip', chartLayer];
const manifests = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
const maxPages = 100;

/** Whether a repository is a registry: by its scheme, or because it has none (Argo CD: util/helm IsHelmOciRepo). */
export function isRegistry(repository: string): boolean {
  return repository.startsWith('oci://') || !repository.includes('://');
}

/** Tokens are kept for a little less than the shortest time that a registry gives them. */
const tokenMs = 50_000;

/** Manifests and layers are checked against their digests; a token is kept for one repository, and not for long. */
export function registries(parts: RegistryParts): Registries {
  const tokens = new Map<string, { token: string; until: number }>();
  const get = (place: Place, path: string, rest: { accept?: string; signal: AbortSignal }): Promise<Reply> =>
    authorised(parts, tokens, { place, url: new URL(path, place.base).href, ...rest });
  const tagsOf = (place: Place, signal: AbortSignal): Promise<string[]> => readTags(parts, get, place, signal);
  const manifestOf = (place: Place, tag: string, signal: AbortSignal): Promise<Buffer> =>
    readManifest(parts, get, { place, tag, signal });
  const layerOf = async (place: Place, manifest: Buffer, signal: AbortSignal) => {
    const { digest, mediaType } = onlyLayer(manifest, place);
    const known = await parts.cache.read(digest);
    if (known) return { layer: known, digest, mediaType };
    const url = `/v2/${place.path}/blobs/${digest}`;
    const reply = await get(place, url, { signal });
    if (reply.status !== 200) throw refusedReply(reply, new URL(url, place.base).href);
    if (digestOf(reply.body) !== digest) throw wrongContent(place, digest);
    await parts.cache.write(reply.body);
    return { layer: reply.body, digest, mediaType };
  };
  /** The tag that is meant; undefined: none fits. */
  const tagFor = async (place: Place, asked: string, signal: AbortSignal): Promise<string | undefined> => {
    const find = async (): Promise<string | undefined> =>
      newestOf(parts.worker, asked.replaceAll('_', '+'), (await tagsOf(place, signal)).map(asVersion));
    const found = await find();
    if (found !== undefined) return found;
    await parts.names.renew({ name: `tags ${place.text}` }, parts.now() - recentMs, signal);
    return find();
  };
  return {
    async chart(asked) {
      const place = placeOf(`${asked.repository}/${asked.name}`, asked.repository, parts);
      const whole = /^v?\d+\.\d+\.\d+/.test(asked.version) && !maybeConstraint(asked.version);
      const version = whole ? asked.version : await tagFor(place, asked.version, asked.signal);
      if (version === undefined) throw missingVersion(asked);
      const manifest = await manifestOf(place, asTag(version), asked.signal);
      const { layer, digest, mediaType } = await layerOf(place, manifest, asked.signal);
      if (mediaType !== chartLayer)
        throw fetchError(`https://${place.text}`, 'what stands there is no chart', 'terminal');
      return { version, digest, archive: layer };
    },
    async artifact({ address: written, revision, signal }) {
      const place = placeOf(written, written, parts);
      // A tag may have any name: only what may be a constraint is looked for among all.
      const version = maybeConstraint(revision) ? await tagFor(place, revision, signal) : revision || 'latest';
      if (version === undefined)
        throw missingVersion({ repository: written, name: place.path, version: revision, signal });
      const tag = maybeConstraint(revision) ? asTag(version) : version;
      const manifest = await manifestOf(place, tag, signal);
      const { layer, mediaType } = await layerOf(place, manifest, signal);
      return { digest: digestOf(manifest), layer, isChart: mediaType === chartLayer };
    },
  };
}

/** Tags hold no plus sign (Helm: docs/topics/registries). */
function asTag(version: string): string {
  return version.replaceAll('+', '_');
}

function asVersion(tag: string): string {
  return tag.replaceAll('_', '+');
}

function placeOf(written: string, address: string, { login }: Pick<RegistryParts, 'login'>): Place {
  const text = written.replace(/^oci:\/\//, '');
  const slash = text.indexOf('/');
  const [host, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  const valid = /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(path) && path.length <= 255;
  if (host === '' || !valid || !URL.canParse(`https://${host}`))
    throw fetchError(`https://${text}`, 'it is no repository of an OCI registry', 'terminal');
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return { text, address, path, base: `${login(address)?.plainHttp ? 'http' : 'https'}://${server}` };
}

type Get = (place: Place, path: string, rest: { accept?: string; signal: AbortSignal }) => Promise<Reply>;

async function readTags({ names }: RegistryParts, get: Get, place: Place, signal: AbortSignal): Promise<string[]> {
  const load = async (_: unknown, within: AbortSignal): Promise<{ content: Buffer }> => {
    const tags: unknown[] = [];
    let path: string | undefined = `/v2/${place.path}/tags/list`;
    for (let page = 0; path !== undefined && page < maxPages; page += 1) {
      const reply = await get(place, path, { signal: within });
      if (reply.status !== 200) throw refusedReply(reply, `${place.base}${path}`);
      const value = parseJson(String(reply.body));
      if (isObject(value) && Array.isArray(value['tags'])) tags.push(...(value['tags'] as unknown[]));
      path = nextPage(reply, place);
    }
    return { content: Buffer.from(JSON.stringify(tags.filter((tag) => typeof tag === 'string'))) };
  };
  const text = await names.read({ name: `tags ${place.text}`, address: place.address, load }, signal);
  return JSON.parse(String(text)) as string[];
}

/** `Link: </v2/…?last=…>; rel="next"`, of this registry alone. */
function nextPage({ headers }: Reply, { base }: Place): string | undefined {
  const link = /^\s*<([^<>]*)>/.exec(headers['link'] ?? '')?.[1];
  if (link === undefined || !URL.canParse(link, base)) return undefined;
  const url = new URL(link, base);
  return url.origin === new URL(base).origin ? `${url.pathname}${url.search}` : undefined;
}

async function readManifest(
  { names, cache }: RegistryParts,
  get: Get,
  { place, tag, signal }: { place: Place; tag: string; signal: AbortSignal },
): Promise<Buffer> {
  const digest = tag.startsWith('sha256:') ? tag : undefined;
  const known = digest === undefined ? undefined : await cache.read(digest);
  if (known) return known;
  const load = async (_: unknown, within: AbortSignal): Promise<{ content: Buffer }> => {
    const path = `/v2/${place.path}/manifests/${encodeURIComponent(tag).replaceAll('%3A', ':')}`;
    const reply = await get(place, path, { accept: manifests, signal: within });
    if (reply.status === 404)
      throw new AppError('E_REVISION', `${place.text} has no ${tag}`, { hint: 'Push it, or correct targetRevision.' });
    if (reply.status !== 200) throw refusedReply(reply, `${place.base}${path}`);
    if (digest !== undefined && digestOf(reply.body) !== digest) throw wrongContent(place, digest);
    return { content: reply.body };
  };
  return names.read({ name: `manifest ${place.text} ${tag}`, address: place.address, load }, signal);
}

/** Argo CD: util/oci: a single layer of content. */
function onlyLayer(manifest: Buffer, place: Place): { digest: string; mediaType: string } {
  const value = parseManifest(manifest);
  const all = isObject(value) && Array.isArray(value['layers']) ? (value['layers'] as unknown[]) : [];
  const found = all.flatMap((layer) => {
    const { digest, mediaType } = isObject(layer) ? layer : {};
    return typeof digest === 'string' && typeof mediaType === 'string' && layers.includes(mediaType)
      ? [{ digest, mediaType }]
      : [];
  });
  const [only] = found;
  if (!only || found.length > 1 || !/^sha256:[0-9a-f]{64}$/.test(only.digest))
    throw fetchError(`https://${place.text}`, 'it must hold one layer, which is a tar or a chart', 'terminal');
  return only;
}

function parseManifest(text: Buffer): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined; // told as a manifest without a layer
  }
}

function wrongContent(place: Place, digest: string): AppError {
  return fetchError(`https://${place.text}`, `the registry gives something else than ${digest}`, 'transient');
}

interface Authorised {
  place: Place;
  url: string;
  accept?: string;
  signal: AbortSignal;
}

/** Asks without credentials first: the registry says which ones it wants. */
async function authorised(
  { http, now }: RegistryParts,
  tokens: Map<string, { token: string; until: number }>,
  { place, url, accept, signal }: Authorised,
): Promise<Reply> {
  const of = place.address;
  const headers = accept === undefined ? {} : { accept };
  const kept = tokens.get(place.text);
  const bearer = (token: string) => ({ ...headers, authorization: `Bearer ${token}` });
  const first =
    kept && kept.until > now()
      ? await http.get({ url, of, headers: bearer(kept.token), anonymous: true, signal })
      : await http.get({ url, of, headers, anonymous: true, signal });
  if (first.status !== 401) return first;
  const challenge = first.headers['www-authenticate'] ?? '';
  if (!/^bearer\s/i.test(challenge)) return http.get({ url, of, headers, signal });
  const token = await tokenFor(http, { challenge, place, signal });
  tokens.set(place.text, { token, until: now() + tokenMs });
  return http.get({ url, of, headers: bearer(token), anonymous: true, signal });
}

async function tokenFor(
  http: Parts['http'],
  { challenge, place, signal }: { challenge: string; place: Place; signal: AbortSignal },
): Promise<string> {
  const field = (name: string): string | undefined => new RegExp(`[\\s,]${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
  const realm = field('realm') ?? '';
  const plain = place.base.startsWith('http:');
  if (!URL.canParse(realm) || !(realm.startsWith('https://') || plain))
    throw fetchError(place.base, 'it wants a token from an address that cannot be asked', 'terminal');
  const url = new URL(realm);
  for (const name of ['service', 'scope']) if (field(name) !== undefined) url.searchParams.set(name, field(name) ?? '');
  if (field('scope') === undefined) url.searchParams.set('scope', `repository:${place.path}:pull`);
  const reply = await http.get({ url: url.href, of: place.address, pass: 'anywhere', signal });
  if (reply.status !== 200) throw refusedReply(reply, realm);
  const value = parseManifest(reply.body);
  const token = isObject(value) ? (value['token'] ?? value['access_token']) : undefined;
  if (typeof token !== 'string') throw fetchError(realm, 'it gives no token', 'terminal');
  return token;
}
