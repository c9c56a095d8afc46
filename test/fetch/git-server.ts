// A server of Git over HTTP, with Git LFS beside it, which wants a name and a password.
import type { Origin } from '../git/origin.ts';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { askBackend, sendAnswer } from '../../sandbox/github/git/backend.ts';

interface Asked {
  path: string;
  authorization: string | undefined;
}

export interface GitServer {
  url: string;
  asked: Asked[];
  /** By path, as `/acme/app.git`. */
  repositories: Map<string, Origin>;
  /** What begins with one of these paths is given to everybody. */
  open: string[];
  /** Of Git LFS, by oid. */
  large: Map<string, string>;
  /** Where Git LFS says that its files are; default: here. */
  store: string | undefined;
}

interface Options {
  /** `name:password` that is wanted. */
  login?: string;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

/** What the batch API answers (git-lfs: docs/api/batch.md). */
function batch(server: GitServer, text: string): unknown {
  const { objects } = JSON.parse(text) as { objects: { oid: string; size: number }[] };
  return {
    transfer: 'basic',
    objects: objects.map(({ oid, size }) =>
      server.large.has(oid)
        ? { oid, size, actions: { download: { href: `${server.store ?? server.url}/large/${oid}` } } }
        : { oid, size, error: { code: 404, message: 'no such object' } },
    ),
  };
}

export async function gitServer(t: TestContext, { login }: Options = {}): Promise<GitServer> {
  const made: GitServer = { url: '', asked: [], repositories: new Map(), open: [], large: new Map(), store: undefined };
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const { authorization } = request.headers;
    made.asked.push({ path: pathname, authorization });
    const isOpen = made.open.some((path) => pathname.startsWith(path));
    if (wanted !== undefined && authorization !== wanted && !isOpen)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    if (pathname.startsWith('/large/')) {
      const content = made.large.get(pathname.slice('/large/'.length));
      return void response.writeHead(content === undefined ? 404 : 200).end(content);
    }
    if (pathname.endsWith('/info/lfs/objects/batch'))
      return void textOf(request).then((text) => {
        response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
        response.end(JSON.stringify(batch(made, text)));
      });
    const [, name = '', at = ''] = /^(\/[^/]+\/[^/]+?)(?:\.git)?\/(.*)$/.exec(pathname) ?? [];
    const repository = made.repositories.get(`${name}.git`);
    if (!repository) return void response.writeHead(404).end();
    const asked = { dir: repository.url, path: at, query: search.slice(1), user: '' };
    void askBackend(asked, request).then((answer) => sendAnswer(response, answer));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return made;
}

/** Other repositories at these paths, as `git submodule add` makes them. */
export function addModules(to: Origin, modules: Record<string, { url: string; commit: string }>): string {
  const top = to.git('rev-parse', '--show-toplevel');
  for (const [path, { commit }] of Object.entries(modules)) {
    mkdirSync(join(top, path), { recursive: true });
    to.git('update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  }
  const sections = Object.entries(modules).map(
    ([path, { url }]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`,
  );
  return to.commit('modules', { '.gitmodules': sections.join('') });
}

/** Puts a file into Git LFS; answers what the repository has instead. */
export function putLarge(server: GitServer, content: string): string {
  const oid = createHash('sha256').update(content).digest('hex');
  server.large.set(oid, content);
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${Buffer.byteLength(content)}\n`;
}
