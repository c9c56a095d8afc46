// Channel names to ids; names differ between workspaces and may change, ids do not.
import type { WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { missingScope, scopeHint } from './posting.ts';

/** Listing channels is dear (Slack: Tier 2, about 20 a minute): an unknown name is looked for no oftener. */
export const listGapMs = 30_000;

/** Reads the list of channels when a name is missing in it, at most once in a while. */
export class Channels {
  readonly #client: WebClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  #ids = new Map<string, string>();
  #listedAt = -Infinity;

  constructor({ client, clock, log }: { client: WebClient; clock: Clock; log: Logger }) {
    this.#client = client;
    this.#log = log;
    this.#clock = clock;
  }

  /** An id stays as it is; a name (with or without #) is looked up, and again after a while when it is not known. */
  async idOf(channel: string): Promise<string | undefined> {
    if (/^[CG][A-Z0-9]{6,}$/.test(channel)) return channel;
    const name = channel.replace(/^#/, '');
    const known = this.#ids.get(name);
    if (known || this.#clock.now() - this.#listedAt < listGapMs) return known;
    this.#ids = await this.#list();
    this.#listedAt = this.#clock.now();
    return this.#ids.get(name);
  }

  /** Without the scope for private channels the public ones are found all the same, and the other way round. */
  async #list(): Promise<Map<string, string>> {
    try {
      return await this.#pages('public_channel,private_channel');
    } catch (error) {
      const needed = missingScope(error);
      if (needed === undefined) throw error;
      this.#log.warn({ needed, hint: scopeHint(needed) }, 'not all channels can be found by name');
      return this.#pages(needed.includes('groups') ? 'public_channel' : 'private_channel');
    }
  }

  async #pages(types: string): Promise<Map<string, string>> {
    const ids = new Map<string, string>();
    let cursor = '';
    do {
      const page = await this.#client.conversations.list({
        types,
        exclude_archived: true,
        limit: 200,
        ...(cursor && { cursor }),
      });
      for (const channel of page.channels ?? []) if (channel.name && channel.id) ids.set(channel.name, channel.id);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor);
    return ids;
  }
}
