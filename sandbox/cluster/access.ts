// Who may enter a sandbox cluster: tokens, kubeconfig files, and a small client for setting up.
import { mkdirSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Agent, request } from 'undici';

/**
 * `admin` is in system:masters; `coxswain` is the operator, `someone` a person with kubectl: both cluster-admin by
 * RBAC.
 */
export const users = ['admin', 'coxswain', 'someone'] as const;
export type User = (typeof users)[number];

/** Writes the token file of the API server. */
export function createTokens(file: string): Record<User, string> {
  const tokens = { admin: token(), coxswain: token(), someone: token() };
  const lines = users.map(
    (user) => `${tokens[user]},${user},${user},"${user === 'admin' ? 'system:masters' : 'people'}"`,
  );
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return tokens;
}

function token(): string {
  return randomBytes(16).toString('hex');
}

/** Writes the key pair that signs service account tokens. */
export function createSigningKey(directory: string): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = { publicKey: join(directory, 'accounts.pub'), privateKey: join(directory, 'accounts.key') };
  writeFileSync(files.publicKey, pair.publicKey);
  writeFileSync(files.privateKey, pair.privateKey, { mode: 0o600 });
  return files;
}

interface KubeconfigOptions {
  server: string;
  token: string;
  user: string;
  /** PEM; left out for plain http. */
  ca?: string;
  namespace?: string;
}

/** Writes a kubeconfig with one context and answers its path. JSON is YAML. */
export function writeKubeconfig(file: string, options: KubeconfigOptions): string {
  const { server, ca, user, namespace } = options;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'sandbox',
    clusters: [
      {
        name: 'sandbox',
        cluster: { server, ...(ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }) },
      },
    ],
    users: [{ name: user, user: { token: options.token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user, ...(namespace && { namespace }) } }],
  };
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
}

export interface Answer {
  status: number;
  /** Parsed JSON, else the text. */
  body: unknown;
}

/** A client for setting up and for looking from outside; the product has its own. */
export class Access {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(options: { server: string; token: string; ca?: string }) {
    this.#server = options.server;
    this.#token = options.token;
    this.#agent = new Agent({ allowH2: false, connect: options.ca ? { ca: options.ca } : {} });
  }

  /**
   * `body` is sent as JSON; PATCH is a server-side apply by `sandbox` unless `contentType` says otherwise. Throws only
   * when the server cannot be reached.
   */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Answer> {
    const type = contentType ?? (method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json');
    const answer = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      body: answer.headers['content-type']?.includes('json') ? (JSON.parse(text) as unknown) : text,
    };
  }

  /** Like `call`, but throws for a status that is not 2xx. */
  async must(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
