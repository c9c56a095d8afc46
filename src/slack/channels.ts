// Channel names to ids; names differ between workspaces and may change, ids do not.
import type { WebClient } from '@slack/web-api';

export class Channels {
  readonly #client: WebClient;
  #ids: Map<string, string> | undefined;

  constructor(client: WebClient) {
    this.#client = client;
  }

  /** An id stays as it is; a name (with or without #) is looked up, afresh when it is not known. */
  async idOf(channel: string): Promise<string | undefined> {
    if (/^[CG][A-Z0-9]{6,}$/.test(channel)) return channel;
    const name = channel.replace(/^#/, '');
    const known = this.#ids?.get(name);
    if (known) return known;
    this.#ids = await this.#list();
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
