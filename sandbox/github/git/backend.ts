// Repositories over smart HTTP, as every git server answers: one `git http-backend` (CGI) for each request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { gitEnvironment } from './git.ts';

interface BackendRequest {
  /** Folder of the repository. */
  dir: string;
  /** What follows the repository in the URL: `info/refs`, `git-upload-pack` or `git-receive-pack`. */
  path: string;
  /** Without the question mark. */
  query: string;
  /** Who pushes; '' = nobody, who may only read. */
  user: string;
  /** Set: a push is refused with these words, as a rule of the repository does. */
  pushRule?: string | undefined;
}

const hooks = fileURLToPath(new URL('hooks', import.meta.url));

function ruleEnvironment(words: string | undefined): Record<string, string> {
  return words === undefined
    ? {}
    : {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.hooksPath',
        GIT_CONFIG_VALUE_0: hooks,
        SANDBOX_PUSH_RULE: words,
      };
}

export interface BackendAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export async function askBackend(wanted: BackendRequest, request: IncomingMessage): Promise<BackendAnswer> {
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const child = spawn('git', ['http-backend'], {
    env: gitEnvironment({
      GIT_PROJECT_ROOT: wanted.dir,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${wanted.path}`,
      QUERY_STRING: wanted.query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_USER: wanted.user,
      REMOTE_ADDR: '127.0.0.1',
      ...ruleEnvironment(wanted.pushRule),
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  await once(child, 'close');
  return parse(Buffer.concat(chunks), wanted.dir);
}

export function sendAnswer(response: ServerResponse, { status, headers, body }: BackendAnswer): void {
  response.writeHead(status, headers).end(body);
}

function parse(output: Buffer, dir: string): BackendAnswer {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`git http-backend gave no answer for ${dir}`);
  const headers: Record<string, string> = {};
  for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
    headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
  }
  const { status = '200', ...rest } = headers;
  return { status: Number(status.split(' ')[0]), headers: rest, body: output.subarray(end + 4) };
}
