// The HTTP face that apps talk to: /api/<method> and response_url, with ordered faults and the kill switch around each.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerFault, FaultPlan } from '../fault-plan.ts';
import { chatMethods } from './chat-methods.ts';
import { conversationMethods } from './conversation-methods.ts';
import { isObject, parseJson, type Json, type JsonObject } from '../workspace/json.ts';
import { ApiError, readArguments, type Api, type Method } from './method.ts';
import { peopleMethods } from './people-methods.ts';
import { answerHook } from './response-url.ts';
import { lackedScope, scopesHeader } from './scopes.ts';
import { viewMethods } from './view-methods.ts';

/**
 * Told before and after every request that changes the workspace; either may throw, and the connection is then
 * destroyed unanswered.
 */
export interface KillSwitch {
  before(label: string): Promise<void>;
  after(label: string): Promise<void>;
}

/** Every method the sandbox serves, each with a closed list of arguments. */
export const methods: Record<string, Method> = {
  ...chatMethods,
  ...conversationMethods,
  ...peopleMethods,
  ...viewMethods,
};

/** Slack refuses larger bodies; the largest legal one is a 250 KB view, form-encoded. */
const bodyLimit = 2 ** 20;

interface WebApiOptions {
  api: Api;
  faults: FaultPlan;
  botToken: string;
  appToken: string;
  killSwitch?: KillSwitch;
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > bodyLimit) throw new ApiError('request_too_large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(request: IncomingMessage, body: string): Record<string, Json> {
  if (request.headers['content-type']?.startsWith('application/json')) {
    const value = body === '' ? {} : parseJson(body);
    if (!isObject(value)) throw new ApiError('invalid_json', ['[ERROR] the body is not a JSON object']);
    return value;
  }
  return Object.fromEntries(new URLSearchParams(body));
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

export class WebApi {
  readonly #options: WebApiOptions;

  constructor(options: WebApiOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const isHook = path.startsWith('/hooks/');
    const name = isHook ? 'response_url' : path.slice('/api/'.length);
    let args: Record<string, Json> = {};
    try {
      args = parseBody(request, await readBody(request));
      const fault = this.#options.faults.takeAnswer(name);
      if (fault && (await this.#spoil(fault, name, args, response))) return;
      const cutAfter = fault?.kind === 'cut';
      const work = isHook
        ? (): JsonObject => answerHook(this.#options.api.state, path.slice('/hooks/'.length), args)
        : this.#call(request, name, args);
      const answer = await this.#guarded(name, isHook || (methods[name]?.mutates ?? false), work);
      this.#log(name, args, cutAfter ? 'cut' : 'ok');
      if (cutAfter) response.destroy();
      else if (isHook) response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
      else sendJson(response, 200, { ok: true, ...answer }, scopesHeader(this.#options.api.state));
    } catch (error) {
      this.#refuse(error, name, args, response);
    }
  }

  /** True when the fault has answered in place of the method. */
  async #spoil(
    fault: AnswerFault,
    name: string,
    args: Record<string, Json>,
    response: ServerResponse,
  ): Promise<boolean> {
    if (fault.kind === 'slow') await this.#options.api.state.clock.sleep(fault.ms);
    if (fault.kind === 'slow' || (fault.kind === 'cut' && fault.side === 'after')) return false;
    this.#log(name, args, fault.kind);
    if (fault.kind === 'cut') response.destroy();
    else if (fault.kind === 'limit')
      sendJson(response, 429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(fault.retryAfter) });
    else if (fault.kind === 'status')
      response.writeHead(fault.status, { 'content-type': 'text/plain' }).end('upstream failure');
    else sendJson(response, 200, { ok: false, error: fault.error });
    return true;
  }

  #call(request: IncomingMessage, name: string, raw: Record<string, Json>): () => JsonObject {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (!method) throw new ApiError('unknown_method', [`[ERROR] ${name} is not a method the sandbox models`]);
    this.#authorize(method, request, raw);
    const needed = lackedScope(this.#options.api.state, name, raw);
    if (needed !== undefined) throw new ApiError('missing_scope', [], false, { needed });
    return () => method.handle(readArguments(method, raw), this.#options.api);
  }

  #authorize(method: Method, request: IncomingMessage, raw: Record<string, Json>): void {
    if (method.token === 'none') return;
    const header = request.headers.authorization?.replace(/^Bearer /, '');
    const token = header ?? (typeof raw['token'] === 'string' ? raw['token'] : undefined);
    if (!token) throw new ApiError('not_authed');
    const { botToken, appToken } = this.#options;
    const [right, wrong] = method.token === 'bot' ? [botToken, appToken] : [appToken, botToken];
    if (token === wrong)
      throw new ApiError('not_allowed_token_type', ['[ERROR] this method takes the other kind of token']);
    if (token !== right) throw new ApiError('invalid_auth');
  }

  async #guarded(name: string, mutates: boolean, work: () => JsonObject): Promise<JsonObject> {
    const guard = mutates ? this.#options.killSwitch : undefined;
    const label = `slack ${name}`;
    await guard?.before(label).catch(killed);
    try {
      return work();
    } finally {
      if (mutates) this.#options.api.state.changed();
      // A refused request has ended too; the switch pairs each before with an after.
      await guard?.after(label).catch(killed);
    }
  }

  #refuse(error: unknown, name: string, args: Record<string, Json>, response: ServerResponse): void {
    const { state } = this.#options.api;
    if (error instanceof Killed) {
      this.#log(name, args, 'killed');
      return void response.destroy();
    }
    if (!(error instanceof ApiError)) throw error;
    this.#log(name, args, error.error);
    if (error.violation) state.violate(name, error.error, error.messages);
    // A response_url answers with a status, Web API methods always with 200.
    const status = name !== 'response_url' ? 200 : error.error.endsWith('_url') ? 404 : 400;
    sendJson(response, status, {
      ok: false,
      error: error.error,
      ...error.more,
      ...(error.messages.length > 0 && { response_metadata: { messages: error.messages } }),
    });
  }

  #log(method: string, args: Record<string, Json>, outcome: string): void {
    const { token: _, ...shown } = args;
    this.#options.api.state.requests.push({ method, args: shown, outcome });
  }
}

class Killed extends Error {}

function killed(cause: unknown): never {
  throw new Killed('the kill switch fired', { cause });
}
