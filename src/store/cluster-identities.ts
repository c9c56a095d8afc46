// Which URLs lead to the same cluster: it has one namespace kube-system for all its life, whatever it is registered as.

/** Known once a cluster was asked; until then a URL stands for itself. */
export class ClusterIdentities {
  /** What tells a cluster from others, by its URL. */
  readonly #ids = new Map<string, string>();

  /** The URL itself while nobody could ask who is behind it. */
  of(server: string): string {
    return this.#ids.get(server) ?? server;
  }

  /** undefined while nobody could ask. */
  known(server: string): string | undefined {
    return this.#ids.get(server);
  }

  set(server: string, id: string): void {
    this.#ids.set(server, id);
  }

  isSame(server: string | undefined, other: string): boolean {
    return server !== undefined && this.of(server) === this.of(other);
  }

  forgetOthers(servers: ReadonlySet<string>): void {
    for (const server of this.#ids.keys()) if (!servers.has(server)) this.#ids.delete(server);
  }
}
