// The credentials of one cluster as request headers; token files are read again when they change.
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import type { Impersonation } from './api.ts';
import type { ClusterConfig } from './kubeconfig.ts';

/** Projected tokens are replaced about an hour before they expire; looking every ten seconds is early enough. */
const lookEveryMs = 10_000;

export class Credentials {
  readonly #config: ClusterConfig;
  readonly #clock: Clock;
  #token: string | undefined;
  #modified = -1;
  #looked = -Infinity;
  #plugin: Record<string, string> | undefined;

  constructor(config: ClusterConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /**
   * `impersonate` of the call wins over that of the configuration. Throws E_CONFIG if the token file cannot be read.
   */
  async headers(
    impersonate: Impersonation | undefined = this.#config.impersonate,
  ): Promise<Record<string, string | string[]>> {
    const headers: Record<string, string | string[]> = { ...(await this.#login()) };
    if (impersonate) {
      headers['impersonate-user'] = impersonate.user;
      if (impersonate.groups && impersonate.groups.length > 0) headers['impersonate-group'] = [...impersonate.groups];
      if (impersonate.uid !== undefined) headers['impersonate-uid'] = impersonate.uid;
    }
    return headers;
  }

  /** After a 401: true if there may be other credentials now, so that a second attempt makes sense. */
  async refresh(): Promise<boolean> {
    if (this.#config.headers) {
      this.#plugin = undefined;
      return true;
    }
    if (this.#config.tokenFile === undefined) return false;
    const before = this.#token;
    this.#looked = -Infinity;
    this.#modified = -1;
    return (await this.#fileToken(this.#config.tokenFile)) !== before;
  }

  async #login(): Promise<Record<string, string>> {
    const { headers, tokenFile, token, username, password } = this.#config;
    if (headers) return (this.#plugin ??= await headers());
    if (tokenFile !== undefined) return { authorization: `Bearer ${await this.#fileToken(tokenFile)}` };
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    if (username !== undefined)
      return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
    return {};
  }

  async #fileToken(path: string): Promise<string> {
    const now = this.#clock.now();
    if (this.#token !== undefined && now - this.#looked < lookEveryMs) return this.#token;
    try {
      const { mtimeMs } = await stat(path);
      if (mtimeMs !== this.#modified || this.#token === undefined) {
        this.#token = (await readFile(path, 'utf8')).trim();
        this.#modified = mtimeMs;
      }
    } catch (cause) {
      // While the file is being replaced the known token goes on serving.
      if (this.#token === undefined)
        throw new AppError('E_CONFIG', `the token file ${path} cannot be read`, { cause, kind: 'transient' });
    }
    this.#looked = now;
    return this.#token;
  }
}
