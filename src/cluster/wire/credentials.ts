// The credentials of one cluster as request headers; token files are read again when they change.
import type { Clock } from '../../base/clock.ts';
import type { Impersonation } from '../api.ts';
import type { ClusterConfig, Login } from './cluster-config.ts';
import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../../base/errors.ts';

/** Projected tokens are replaced about an hour before they expire; looking every ten seconds is early enough. */
const lookEveryMs = 10_000;

/** Of a token, a token file, basic authentication or a kubeconfig's log-in; `refresh` after a 401. */
export class Credentials {
  readonly #config: ClusterConfig;
  readonly #clock: Clock;
  #token: string | undefined;
  #modified = -1;
  #looked = -Infinity;
  #plugin: Promise<Login> | undefined;

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
    if (this.#config.login) {
      this.#plugin = undefined;
      await this.#given();
      return true;
    }
    if (this.#config.tokenFile === undefined) return false;
    const before = this.#token;
    this.#looked = -Infinity;
    this.#modified = -1;
    return (await this.#fileToken(this.#config.tokenFile)) !== before;
  }

  /** The client's certificate as it is now, in PEM. */
  async certificate(): Promise<{ cert?: string | undefined; key?: string | undefined }> {
    return this.#config.login ? ((await this.#given()) ?? {}) : this.#config;
  }

  async #login(): Promise<Record<string, string>> {
    const { login, tokenFile, token, username, password } = this.#config;
    if (login) return (await this.#given())?.headers ?? {};
    if (tokenFile !== undefined) return { authorization: `Bearer ${await this.#fileToken(tokenFile)}` };
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    if (username !== undefined)
      return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
    return {};
  }

  /** Whoever needs it at the same time waits for the same plug-in; one that failed is asked again. */
  async #given(): Promise<Login | undefined> {
    const given = (this.#plugin ??= this.#config.login?.());
    try {
      return await given;
    } catch (error) {
      if (this.#plugin === given) this.#plugin = undefined;
      throw error;
    }
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
