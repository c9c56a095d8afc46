// What charts come from: a chart repository as `helm repo index` makes it, and an OCI registry, both on loopback.
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createServer as createSocket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { binaries } from '../../tools/binaries.ts';
import { eventually } from '../control-plane.ts';

export function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'cox-fetch-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function write(dir: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
}

/** A chart that makes one ConfigMap, which tells its name, version and the value `note`. */
export function chartFiles(name: string, version: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n${more['Chart.yaml'] ?? ''}`,
    'values.yaml': 'note: none\n',
    'templates/map.yaml':
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n` +
      'data: {version: "{{ .Chart.Version }}", note: "{{ .Values.note }}"}\n',
    ...Object.fromEntries(Object.entries(more).filter(([path]) => path !== 'Chart.yaml')),
  };
}

/** Packs a chart as `helm package` does; answers the path of the archive. */
export async function pack(t: TestContext, files: Record<string, string>): Promise<string> {
  const { helm } = await binaries(['helm']);
  const dir = folder(t);
  write(join(dir, 'chart'), files);
  const env = { HOME: dir, PATH: process.env['PATH'] ?? '' };
  const said = execFileSync(helm, ['package', join(dir, 'chart'), '-d', dir], { env, encoding: 'utf8' });
  return said.trim().split(' ').at(-1) ?? '';
}

interface Web {
  url: string;
  /** Paths that were asked for, with what was shown in `authorization`. */
  asked: { path: string; authorization: string | undefined }[];
  /** While set, the answer to everything. */
  fault: number | undefined;
  close(): Promise<void>;
}

interface WebOptions {
  /** `name:password` that is wanted. */
  login?: string;
  tls?: { key: string; cert: string; ca?: string };
  /** Instead of the files; undefined: not for this one. */
  answer?: (
    request: IncomingMessage,
  ) => { status: number; headers?: Record<string, string>; body?: string } | undefined;
}

/** The files of a folder. */
export async function web(t: TestContext, dir: string, options: WebOptions = {}): Promise<Web> {
  const { login, tls, answer } = options;
  const made: Web = { url: '', asked: [], fault: undefined, close: () => Promise.resolve() };
  const handler: RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    made.asked.push({ path, authorization: request.headers.authorization });
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    const own = answer?.(request);
    if (made.fault !== undefined) return void response.writeHead(made.fault).end();
    if (own) return void response.writeHead(own.status, own.headers).end(own.body ?? '');
    if (wanted !== undefined && request.headers.authorization !== wanted) return void response.writeHead(401).end();
    readFile(join(dir, path)).then(
      (content) => {
        const etag = `"${createHash('sha256').update(content).digest('hex')}"`;
        if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
        else response.writeHead(200, { etag }).end(content);
      },
      () => void response.writeHead(404).end(),
    );
  };
  const server = tls
    ? createTlsServer({ ...tls, ...(tls.ca && { requestCert: true, rejectUnauthorized: true }) }, handler)
    : createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  made.url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  made.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  t.after(() => made.close());
  return made;
}

export interface ChartRepository extends Web {
  /** Adds charts to the index; one of the same version replaces it. */
  publish(files: Record<string, string>): Promise<void>;
  dir: string;
}

/** `index`: changes the index after helm made it. */
export async function chartRepository(
  t: TestContext,
  options: WebOptions & { index?: (text: string) => string } = {},
): Promise<ChartRepository> {
  const { helm } = await binaries(['helm']);
  const dir = folder(t);
  const served = await web(t, dir, options);
  const repository: ChartRepository = Object.assign(served, {
    dir,
    async publish(files: Record<string, string>): Promise<void> {
      const archive = await pack(t, files);
      copyFileSync(archive, join(dir, archive.slice(archive.lastIndexOf('/') + 1)));
      const env = { HOME: dir, PATH: process.env['PATH'] ?? '' };
      execFileSync(helm, ['repo', 'index', dir], { env });
      const file = join(dir, 'index.yaml');
      if (options.index) writeFileSync(file, options.index(readFileSync(file, 'utf8')));
    },
  });
  return repository;
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** CNCF Distribution; answers its host. */
export async function registry(t: TestContext): Promise<string> {
  const { registry: binary } = await binaries(['registry']);
  const dir = folder(t);
  const port = await freePort();
  write(dir, {
    'config.yml':
      `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(dir, 'data')}}}\n` +
      `http: {addr: "127.0.0.1:${port}"}\n`,
  });
  const child = spawn(binary, ['serve', join(dir, 'config.yml')], { stdio: 'ignore', env: { HOME: dir } });
  t.after(() => child.kill('SIGKILL'));
  const host = `127.0.0.1:${port}`;
  await eventually('the registry answers', async () =>
    (await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok === true ? true : undefined,
  );
  return host;
}

/** Pushes a chart by helm itself. */
export async function push(t: TestContext, host: string, files: Record<string, string>): Promise<void> {
  const { helm } = await binaries(['helm']);
  const archive = await pack(t, files);
  execFileSync(helm, ['push', '--plain-http', archive, `oci://${host}/charts`], {
    env: { HOME: dirname(archive), PATH: process.env['PATH'] ?? '' },
    stdio: 'ignore',
  });
}

/** Pushes a folder as an artifact of one layer, as `oras push` does. */
export async function pushArtifact(
  t: TestContext,
  { host, name, tag }: { host: string; name: string; tag: string },
  files: Record<string, string>,
): Promise<void> {
  const dir = folder(t);
  write(join(dir, 'content'), files);
  execFileSync('tar', ['-czf', join(dir, 'layer.tgz'), '-C', join(dir, 'content'), '.']);
  const layer = readFileSync(join(dir, 'layer.tgz'));
  const config = Buffer.from('{}');
  const upload = async (content: Buffer): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const begun = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', `http://${host}`);
    place.searchParams.set('digest', digest);
    await fetch(place, { method: 'PUT', body: new Uint8Array(content) });
    return { digest, size: content.length };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...(await upload(config)) },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await upload(layer)) }],
  };
  await fetch(`http://${host}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: JSON.stringify(manifest),
  });
}

interface Certificates {
  /** Of the authority. */
  ca: string;
  server: { key: string; cert: string };
  client: { key: string; cert: string };
}

/** An authority of the test's own, and what it signed. */
export function certificates(t: TestContext): Certificates {
  const dir = folder(t);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority');
  const sign = (name: string): { key: string; cert: string } => {
    write(dir, { 'san.cnf': 'subjectAltName=IP:127.0.0.1' });
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san.cnf', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
    const read = (end: string): string => readFileSync(join(dir, `${name}.${end}`), 'utf8');
    return { key: read('key'), cert: read('pem') };
  };
  return { ca: readFileSync(join(dir, 'ca.pem'), 'utf8'), server: sign('server'), client: sign('client') };
}
