// What a server says its refs are, asked over HTTP in git's protocol version 2: one request instead of a process.
import type { GitAccess } from './access.ts';
import { Agent } from 'undici';
import { hashOf } from '../base/canonical.ts';
import { authorizationOf } from './access.ts';
import { withoutTrailing } from '../base/trim.ts';

/** Of one ref. */
interface Advertised {
  /** What the ref names: a commit, or an annotated tag. */
  id: string;
  /** The commit itself. */
  commit: string;
}

/** Full name (`HEAD`, `refs/heads/…`, `refs/tags/…`) → object. */
export type AdvertisedRefs = ReadonlyMap<string, Advertised>;

interface AskOptions {
  credentials: GitAccess | undefined;
  signal: AbortSignal;
}

export interface RefsClient {
  /**
   * undefined = the server or the address does not allow this question; git itself has to look, and says why if it
   * fails.
   */
  ask: (url: string, options: AskOptions) => Promise<AdvertisedRefs | undefined>;
  close: () => Promise<void>;
}

const maxBytes = 32 * 2 ** 20;
const question = [
  line('command=ls-refs'),
  '0001',
  ...['peel', 'ref-prefix HEAD', 'ref-prefix refs/heads/', 'ref-prefix refs/tags/'].map(line),
  '0000',
].join('');

/** One for all remotes: connections are kept. */
export function createRefsClient(): RefsClient {
  const agents = new Map<string, Agent>();
  const agentFor = ({ cert, key, authorities, insecure }: GitAccess): Agent => {
    const tls = {
      ...(cert && key && { cert, key }),
      ...(authorities && { ca: authorities }),
      ...(insecure && { rejectUnauthorized: false }),
    };
    const id = hashOf(tls);
    const found =
      agents.get(id) ??
      new Agent({
        allowH2: false,
        connect: { timeout: 10_000, ...tls },
        headersTimeout: 30_000,
        bodyTimeout: 30_000,
        maxResponseSize: maxBytes,
      });
    agents.set(id, found);
    return found;
  };
  return {
    ask: async (url, options) => {
      if (!/^https?:/i.test(url) || !URL.canParse(url) || new URL(url).username !== '') return undefined;
      if (options.credentials?.proxy || process.env['HTTPS_PROXY'] || process.env['https_proxy']) return undefined;
      try {
        return await ask(agentFor(options.credentials ?? {}), url, options);
      } catch (error) {
        if (options.signal.aborted) throw error;
        return undefined;
      }
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

async function ask(
  agent: Agent,
  url: string,
  { credentials, signal }: AskOptions,
): Promise<AdvertisedRefs | undefined> {
  const { origin, pathname } = new URL(url);
  const authorization = authorizationOf(credentials ?? {});
  const { statusCode, headers, body } = await agent.request({
    origin,
    path: `${withoutTrailing(pathname, '/')}/git-upload-pack`,
    method: 'POST',
    headers: {
      'content-type': 'application/x-git-upload-pack-request',
      accept: 'application/x-git-upload-pack-result',
      'git-protocol': 'version=2',
      'user-agent': 'git/coxswain',
      ...(authorization && { authorization }),
    },
    body: question,
    signal,
  });
  if (statusCode !== 200 || headers['content-type'] !== 'application/x-git-upload-pack-result') {
    await body.dump();
    return undefined;
  }
  return parseAdvertisement(Buffer.from(await body.arrayBuffer()));
}

/** A pkt-line: four hex digits of its own length, then the text (gitprotocol-common). */
function line(text: string): string {
  return `${(text.length + 5).toString(16).padStart(4, '0')}${text}\n`;
}

/** undefined unless it is a whole answer to ls-refs: `<id> <name>[ peeled:<id>]` lines and a flush (gitprotocol-v2). */
export function parseAdvertisement(data: Buffer): AdvertisedRefs | undefined {
  const refs = new Map<string, Advertised>();
  for (let at = 0; at + 4 <= data.length;) {
    const length = Number.parseInt(data.toString('latin1', at, at + 4), 16);
    if (length === 0) return at + 4 === data.length ? refs : undefined;
    if (!(length > 4) || at + length > data.length) return undefined;
    const [id = '', name = '', ...attributes] = data
      .toString('utf8', at + 4, at + length)
      .trimEnd()
      .split(' ');
    if (!/^[0-9a-f]{40,64}$/.test(id)) return undefined;
    const peeled = attributes.find((text) => text.startsWith('peeled:'))?.slice('peeled:'.length);
    if (name === 'HEAD' || /^refs\/(heads|tags)\//.test(name)) refs.set(name, { id, commit: peeled ?? id });
    at += length;
  }
  return undefined;
}
