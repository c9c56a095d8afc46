// Git over smart HTTP: `git http-backend` behind the sandbox's own authentication.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BackendAnswer } from './backend.ts';
import type { RestOptions } from '../routes/rest.ts';
import type { Caller } from '../tokens.ts';
import type { Repository } from '../world.ts';
import { Failure } from '../failure.ts';
import { askBackend, sendAnswer } from './backend.ts';
import { announcing } from '../push.ts';
import { actorOf, callerOf, repositoryFor, requirePermission } from '../tokens.ts';

const pattern = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

interface GitRequest {
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
export function createGitHttp(
  options: RestOptions,
): (wanted: GitRequest, request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (wanted, request, response) => {
    const label = `${request.method ?? 'GET'} /${wanted.owner}/${wanted.repo}.git/${wanted.rest}`;
    const fault = options.faults.takeRequest({
      method: request.method ?? 'GET',
      path: `/${wanted.owner}/${wanted.repo}.git/${wanted.rest}`,
    });
    if (fault && 'until' in fault) await fault.until;
    else if (fault && 'cut' in fault && fault.cut === 'before') return void request.socket.destroy();
    else if (fault && !('cut' in fault) && !('pushRule' in fault))
      return void response.writeHead('limit' in fault ? fault.limit : fault.status).end();
    try {
      await serve(
        options,
        { wanted, label, cutAfter: fault !== null && 'cut' in fault, ...(fault && 'pushRule' in fault && fault) },
        request,
        response,
      );
    } catch (error) {
      if (!(error instanceof Failure)) return void request.socket.destroy();
      const challenge = error.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
      response
        .writeHead(error.status, { 'content-type': 'text/plain; charset=utf-8', ...challenge })
        .end(`${error.message}\n`);
    }
  };
}

interface Wanted {
  wanted: GitRequest;
  label: string;
  cutAfter: boolean;
  pushRule?: string;
}

async function serve(
  options: RestOptions,
  at: Wanted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { site } = options;
  const caller = callerOf(site.world, request.headers.authorization);
  const repository = visible(options, caller, at.wanted);
  const writing = at.wanted.service === 'git-receive-pack';
  requirePermission(caller, writing ? 'contents:write' : 'contents:read', repository);
  const user = caller.kind === 'nobody' ? '' : actorOf(site.world, caller).account.login;
  const { rest, service } = at.wanted;
  const ask = (): Promise<BackendAnswer> =>
    askBackend(
      {
        dir: repository.dir,
        path: rest,
        query: rest === 'info/refs' ? `service=${service}` : '',
        user,
        pushRule: at.pushRule,
      },
      request,
    );
  if (!writing || rest === 'info/refs') {
    sendAnswer(response, await ask());
    return;
  }
  const counted = caller.kind === 'installation';
  if (counted) await options.killSwitch?.before(at.label);
  const answer = await announcing(site, { repository, actor: actorOf(site.world, caller) }, ask);
  if (counted) await options.killSwitch?.after(at.label);
  if (at.cutAfter) request.socket.destroy();
  else sendAnswer(response, answer);
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
