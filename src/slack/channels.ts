// Channel names to ids; names differ between workspaces and may change, ids do not.
import type { WebClient } from '@slack/web-api';
import type { Clock } from '../base/clock.ts';

/** Listing channels is dear (Slack: Tier 2, about 20 a minute): an unknown name is looked for no oftener. */
export const listGapMs = 30_000;

export class Channels {
  readonly #client: WebClient;
  readonly #clock: Clock;
  #ids = new Map<string, string>();
  #listedAt = -Infinity;

  constructor({ client, clock }: { client: WebClient; clock: Clock }) {
    this.#client = client;
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

  async #list(): Promise<Map<string, string>> {
    const ids = new Map<string, string>();
    let cursor = '';
    do {
      const page = await this.#client.conversations.list({ types: 'public_channel,private_channel', exclude_archived: true, limit: 200, ...(cursor && { cursor }) });
      for (const channel of page.channels ?? []) if (channel.name && channel.id) ids.set(channel.name, channel.id);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor);
    return ids;
  }
}
