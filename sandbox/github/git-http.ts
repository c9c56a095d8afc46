// Git over smart HTTP: `git http-backend` behind the sandbox's own authentication.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gitEnvironment } from './git.ts';
import { Failure } from './failure.ts';
import { announcing } from './push.ts';
import type { RestOptions } from './rest.ts';
import { actorOf, type Caller, callerOf, repositoryFor, requirePermission } from './tokens.ts';
import { fullName, type Repository } from './world.ts';

const pattern = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

export interface GitRequest {
  owner: string;
  repo: string;
  service: 'git-upload-pack' | 'git-receive-pack';
  /** What follows the repository in the path. */
  rest: string;
}

/** What a git client asks for, or null when the URL is none of git's. */
export function gitRequestOf(url: URL): GitRequest | null {
  const [, owner, repo, rest] = pattern.exec(url.pathname) ?? [];
  if (owner === undefined || repo === undefined || rest === undefined) return null;
  const service = rest === 'info/refs' ? url.searchParams.get('service') : rest;
  return service === 'git-upload-pack' || service === 'git-receive-pack' ? { owner, repo, service, rest } : null;
}

/** Answers one git request; cut connections are destroyed without an answer. */
export function createGitHttp(options: RestOptions): (wanted: GitRequest, request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (wanted, request, response) => {
    const label = `${request.method ?? 'GET'} /${wanted.owner}/${wanted.repo}.git/${wanted.rest}`;
    const fault = options.faults.takeRequest({ method: request.method ?? 'GET', path: `/${wanted.owner}/${wanted.repo}.git/${wanted.rest}` });
    if (fault && 'until' in fault) await fault.until;
    else if (fault && 'cut' in fault && fault.cut === 'before') return void request.socket.destroy();
    else if (fault && !('cut' in fault)) return void response.writeHead('limit' in fault ? fault.limit : fault.status).end();
    try {
      await serve(options, { wanted, label, cutAfter: fault !== null && 'cut' in fault }, request, response);
    } catch (error) {
      if (!(error instanceof Failure)) return void request.socket.destroy();
      const challenge = error.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
      response.writeHead(error.status, { 'content-type': 'text/plain; charset=utf-8', ...challenge }).end(`${error.message}\n`);
    }
  };
}

interface Wanted {
  wanted: GitRequest;
  label: string;
  cutAfter: boolean;
}

async function serve(options: RestOptions, at: Wanted, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { site } = options;
  const caller = callerOf(site.world, request.headers.authorization);
  const repository = visible(options, caller, at.wanted);
  const writing = at.wanted.service === 'git-receive-pack';
  requirePermission(caller, writing ? 'contents:write' : 'contents:read', repository);
  const user = caller.kind === 'nobody' ? '' : actorOf(site.world, caller).account.login;
  if (!writing || at.wanted.rest === 'info/refs') {
    send(response, await backend({ repository, at, request, user }));
    return;
  }
  const counted = caller.kind === 'installation';
  if (counted) await options.killSwitch?.before(at.label);
  const answer = await announcing(site, { repository, actor: actorOf(site.world, caller) }, () => backend({ repository, at, request, user }));
  if (counted) await options.killSwitch?.after(at.label);
  if (at.cutAfter) request.socket.destroy();
  else send(response, answer);
}

/** Git asks for a password only after 401, so nobody gets that instead of 404. */
function visible(options: RestOptions, caller: Caller, wanted: GitRequest): Repository {
  try {
    return repositoryFor(options.site.world, caller, wanted);
  } catch (error) {
    if (error instanceof Failure && caller.kind === 'nobody') throw new Failure(401, 'Authentication required');
    throw error;
  }
}

interface Cgi {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

async function backend(run: { repository: Repository; at: Wanted; request: IncomingMessage; user: string }): Promise<Cgi> {
  const { repository, at, request, user } = run;
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const child = spawn('git', ['http-backend'], {
    env: gitEnvironment({
      GIT_PROJECT_ROOT: repository.dir,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${at.wanted.rest}`,
      QUERY_STRING: at.wanted.rest === 'info/refs' ? `service=${at.wanted.service}` : '',
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_USER: user,
      REMOTE_ADDR: '127.0.0.1',
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  await once(child, 'close');
  return parse(Buffer.concat(chunks), fullName(repository));
}

function parse(output: Buffer, name: string): Cgi {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`git http-backend gave no answer for ${name}`);
  const headers: Record<string, string> = {};
  for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
    headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
  }
  const { status = '200', ...rest } = headers;
  return { status: Number(status.split(' ')[0]), headers: rest, body: output.subarray(end + 4) };
}

function send(response: ServerResponse, cgi: Cgi): void {
  response.writeHead(cgi.status, cgi.headers).end(cgi.body);
}
