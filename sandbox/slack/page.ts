// The page of the workspace: fragments of HTML, a stream of changes, and the acts of whoever sits before it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from './actor.ts';
import type { SlackState } from './state.ts';

export interface PageParts {
  state: SlackState;
  actAs(userId: string): Actor;
  connected(): number;
}

export class Page {
  readonly #parts: PageParts;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  async handle(_request: IncomingMessage, response: ServerResponse, _path: string): Promise<void> {
    response.end(this.#parts.state.team.name);
  }

  stop(): void {}
}
