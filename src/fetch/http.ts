// One request after the other, over redirects that are each looked at: where it leads, and what it may be shown.
import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent } from 'undici';
import { AppError, errorMessage } from '../base/errors.ts';
import { hashOf } from '../base/canonical.ts';
import { redactText } from '../base/log.ts';
import { checkLiteral, publicAddresses, publicLookup } from './address.ts';

/** How one server is reached, as repository Secrets and ConfigMaps say. */
export interface Login {
  username?: string;
  password?: string;
  bearerToken?: string;
  /** Client certificate and its key, in PEM. */
  cert?: string;
  key?: string;
  insecure?: boolean;
  /** An OCI registry without TLS. */
  plainHttp?: boolean;
  /** In place of those of the environment. */
  proxy?: string;
  noProxy?: string;
}

/** Where requests may go, and what they carry there. */
export interface Access {
  /** By the address of the repository, or of a chart in it. */
  login(url: string): Login | undefined;
  /** Whether a repository Secret names that host: then its address may be a private one. */
  isListed(url: URL): boolean;
  /** Certificates of the authorities of a host, in PEM; undefined: those of the system. */
  authorities(host: string): string | undefined;
}

interface Ask {
  url: string;
  /** Repository whose credentials the request carries, as long as it stays at that server. Default: the URL itself. */
  of?: string;
  /** Credentials go to other servers too, where a repository Secret names them or `anywhere`. */
  pass?: 'listed' | 'anywhere' | undefined;
  /** Without credentials: registries say first which ones they want. */
  anonymous?: boolean;
  headers?: Record<string, string>;
  /** It is posted, and not sent on to where a redirect leads. */
  body?: string;
  maxBytes?: number;
  signal: AbortSignal;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Where the last redirect led. */
  url: string;
}

export interface Http {
  /** Answers whatever the server says, redirects followed. Throws E_EGRESS and, when nobody answers, E_FETCH. */
  get(ask: Ask): Promise<Reply>;
  close(): Promise<void>;
}

const maxRedirects = 5;
const timeoutMs = 120_000;
const defaultBytes = 64 * 2 ** 20;

/** Connections are kept by what they need: server, certificates, proxy. */
export function createHttp(access: () => Access): Http {
  const agents = new Map<string, Dispatcher>();
  const agentFor = (url: URL, login: Login | undefined, listed: boolean): Dispatcher => {
    const { cert, key, insecure, proxy, noProxy } = login ?? {};
    const authorities = access().authorities(url.hostname);
    const id = hashOf([url.origin, cert, key, insecure, proxy, noProxy, authorities, listed]);
    const tls = {
      ...(cert && key && { cert, key }),
      ...(insecure && { rejectUnauthorized: false }),
      ...(authorities && { ca: authorities }),
    };
    const found =
      agents.get(id) ??
      new EnvHttpProxyAgent({
        ...(proxy && { httpProxy: proxy, httpsProxy: proxy }),
        ...(noProxy !== undefined && { noProxy }),
        allowH2: false,
        headersTimeout: 30_000,
        bodyTimeout: 30_000,
        connect: { timeout: 10_000, ...tls, ...(!listed && { lookup: publicLookup }) },
        requestTls: tls,
      });
    agents.set(id, found);
    return found;
  };
  return {
    get: (ask) => follow(ask, access, agentFor),
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

type AgentFor = (url: URL, login: Login | undefined, listed: boolean) => Dispatcher;

async function follow(ask: Ask, access: () => Access, agentFor: AgentFor): Promise<Reply> {
  const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(timeoutMs)]);
  let url = webAddress(ask.url);
  for (let hop = 0; ; hop += 1) {
    const reply = await request({ ...ask, signal }, url, { access: access(), agentFor });
    const location = reply.status >= 300 && reply.status < 400 ? reply.headers['location'] : undefined;
    if (location === undefined) return reply;
    if (ask.body !== undefined) throw fetchError(url, 'it leads to another address', 'terminal');
    if (hop >= maxRedirects) throw fetchError(url, 'it leads from one address to the next', 'terminal');
    const next = webAddress(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw fetchError(url, `it leads to ${next.host} without encryption`, 'terminal');
    url = next;
  }
}

function webAddress(text: string, base?: URL): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new AppError('E_FETCH', `${redactText(text)} is no address that can be fetched`, {
      hint: 'Use an address that begins with https:// or oci://.',
    });
  return url;
}

async function request(
  ask: Ask & { signal: AbortSignal },
  url: URL,
  { access, agentFor }: { access: Access; agentFor: AgentFor },
): Promise<Reply> {
  const of = ask.of ?? ask.url;
  const listed = access.isListed(url);
  if (!listed) await checkAddress(url, access.login(of));
  const known = access.login(of);
  const trusted =
    !ask.anonymous && (sameServer(of, url) || ask.pass === 'anywhere' || (ask.pass === 'listed' && listed));
  const login = trusted ? known : known && { ...(known.proxy && { proxy: known.proxy, noProxy: known.noProxy ?? '' }) };
  const { authorization: own, ...others } = ask.headers ?? {};
  const limit = ask.maxBytes ?? defaultBytes;
  try {
    const { statusCode, headers, body } = await agentFor(url, login, listed).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: ask.body === undefined ? 'GET' : 'POST',
      ...(ask.body !== undefined && { body: ask.body }),
      headers: {
        'user-agent': 'coxswain',
        ...others,
        ...(trusted && authorization(url, login)),
        ...(own !== undefined && sameServer(ask.url, url) && { authorization: own }),
      },
      signal: ask.signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw fetchError(url, `it is larger than ${limit} bytes`, 'terminal');
      chunks.push(chunk);
    }
    return { status: statusCode, headers: plain(headers), body: Buffer.concat(chunks), url: url.href };
  } catch (error) {
    throw asFetchError(error, url);
  }
}

/** Before a proxy is asked, which would resolve the name itself; what is connected to directly is looked at again. */
async function checkAddress(url: URL, login: Login | undefined): Promise<void> {
  checkLiteral(url.hostname);
  const { env } = process;
  if (login?.proxy || env['HTTPS_PROXY'] || env['https_proxy'] || env['HTTP_PROXY'] || env['http_proxy'])
    await publicAddresses(url.hostname).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'E_EGRESS') throw error; // who only knows the proxy asks it
    });
}

function sameServer(of: string, url: URL): boolean {
  const full = of.includes('://') ? of.replace(/^oci:/, 'https:') : `https://${of}`;
  return URL.canParse(full) && new URL(full).host === url.host;
}

function authorization(url: URL, login: Login | undefined): Record<string, string> {
  const [user, password] = [login?.username ?? decodeURIComponent(url.username), login?.password ?? ''];
  if (login?.bearerToken) return { authorization: `Bearer ${login.bearerToken}` };
  if (!user && !password) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function plain(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** Without query and password: both may be secret. */
function shownUrl(url: URL | string): string {
  if (typeof url === 'string' && !URL.canParse(url)) return redactText(url);
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Of an address that could not be fetched. */
export function fetchError(url: URL | string, why: string, kind: 'terminal' | 'transient', hint?: string): AppError {
  return new AppError('E_FETCH', `${shownUrl(url)}: ${why}`, { kind, ...(hint !== undefined && { hint }) });
}

/** What a server answers in place of the content. */
export function refusedReply({ status }: Pick<Reply, 'status'>, url: string): AppError {
  if (status === 401 || status === 403)
    return fetchError(url, `the server wants other credentials (${status})`, 'transient', loginHint);
  const passing = status === 408 || status === 429 || status >= 500;
  return fetchError(url, `the server answers ${status}`, passing ? 'transient' : 'terminal');
}

const loginHint = 'Check the repository Secret with that address, or the repo-creds Secret that covers it.';

function asFetchError(error: unknown, url: URL): unknown {
  if (error instanceof AppError) return error;
  const cause = error instanceof Error && error.cause instanceof AppError ? error.cause : undefined;
  if (cause) return cause;
  if (error instanceof Error && error.name === 'AbortError') return error;
  return fetchError(url, `it cannot be reached (${redactText(errorMessage(error))})`, 'transient');
}
