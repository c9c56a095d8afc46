// The page of the workspace: fragments of HTML, a stream of changes, and the acts of whoever sits before it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor } from '../actor.ts';
import type { Channel, User } from '../workspace/model.ts';
import type { SlackState } from '../workspace/state.ts';
import { readFileSync } from 'node:fs';
import { blocksOf } from '../actor.ts';
import { findElement } from '../socket-mode/interaction.ts';
import {
  isList,
  isObject,
  objectsOf,
  parseJson,
  stringOf,
  textOf,
  type Json,
  type JsonObject,
} from '../workspace/json.ts';
import { readBody, sendJson } from '../web-api/web-api.ts';
import { avatar, conversation, modal, sidebar } from './fragments.ts';
import { html } from './html.ts';

interface PageParts {
  state: SlackState;
  actAs(userId: string): Actor;
  connected(): number;
  commands: string[];
}

const files: Record<string, [string, string]> = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
};

/** No script but the page's own, whatever a message says. */
const policy =
  "default-src 'self'; img-src 'self' https: data:; style-src 'self' 'unsafe-inline'; form-action 'self'; " +
  "frame-ancestors 'self'";

export class Page {
  readonly #parts: PageParts;
  readonly #streams = new Set<ServerResponse>();
  readonly #stopListening: () => void;

  constructor(parts: PageParts) {
    this.#parts = parts;
    this.#stopListening = parts.state.onChange(() => {
      for (const stream of this.#streams) stream.write('data: changed\n\n');
    });
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const file = files[path];
    if (file) return this.#file(response, file);
    if (path === '/page/events') return this.#stream(response);
    if (path === '/page/fragments') return this.#fragments(request, response);
    if (path === '/page/act' && request.method === 'POST') return this.#act(request, response);
    const permalink = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(path);
    if (permalink)
      return void response.writeHead(302, { location: `/#${permalink[1]}/${permalink[2]}.${permalink[3]}` }).end();
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  }

  stop(): void {
    this.#stopListening();
    for (const stream of this.#streams) stream.end();
  }

  #file(response: ServerResponse, [name, type]: [string, string]): void {
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy, 'cache-control': 'no-cache' });
    response.end(readFileSync(new URL(name, import.meta.url)));
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write('data: changed\n\n');
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  #people(): User[] {
    return [...this.#parts.state.users.values()].filter((user) => !user.isBot);
  }

  #channel(id: string): Channel | undefined {
    const { state } = this.#parts;
    return state.channels.get(id) ?? [...state.channels.values()].find((channel) => channel.kind !== 'im');
  }

  #fragments(request: IncomingMessage, response: ServerResponse): void {
    const { state, connected, commands } = this.#parts;
    const query = new URL(request.url ?? '/', 'http://sandbox').searchParams;
    const people = this.#people();
    const user = people.find((candidate) => candidate.id === query.get('as')) ?? people[0];
    const channel = this.#channel(query.get('channel') ?? '');
    if (!user || !channel) return sendJson(response, 200, { empty: true });
    const top = state.modalsOf(user.id).at(-1);
    const title = channel.kind === 'im' ? state.botUser.name : `# ${channel.name}`;
    sendJson(response, 200, {
      as: user.id,
      channel: channel.id,
      team: state.team.name,
      title,
      topic: channel.topic,
      commands,
      me: html`${avatar(user, 'small')}`.text,
      people: people.map((person) => ({ id: person.id, name: person.name, guest: person.guest })),
      sidebar: sidebar(state, channel, connected()).text,
      messages: conversation(state, channel, user).text,
      modal: top ? modal(state, top).text : '',
      violations: state.violations.map(
        (violation) => `${violation.method}: ${violation.error} ${violation.messages.join(' ')}`,
      ),
    });
  }

  async #act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Only a script of the same origin can send this type without asking first.
    const body =
      request.headers['content-type'] === 'application/json' ? parseJson(await readBody(request)) : undefined;
    if (!isObject(body)) return sendJson(response, 415, { ok: false });
    try {
      sendJson(response, 200, {
        ok: true,
        options: await this.#perform(this.#parts.actAs(stringOf(body['as'])), body),
      });
    } catch (error) {
      sendJson(response, 409, { ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  }

  async #perform(actor: Actor, body: JsonObject): Promise<Json> {
    const text = (name: string): string => stringOf(body[name]);
    const input = inputOf(body['input']);
    const target = `${text('block')}/${text('action')}`;
    const act = text('act');
    if (act === 'command') await actor.command(text('channel'), text('text'));
    else if (act === 'say') await actor.say(text('channel'), text('text'), text('thread') || undefined);
    else if (act === 'click' && text('view')) await actor.clickInView(text('view'), target, input);
    else if (act === 'click') await actor.click(text('channel'), text('ts'), target, input);
    else if (act === 'close') await actor.close(text('view'), body['all'] === true);
    else if (act === 'submit')
      await actor.submit(
        text('view'),
        isObject(body['inputs'])
          ? Object.fromEntries(Object.entries(body['inputs']).map(([name, value]) => [name, inputOf(value) ?? '']))
          : {},
      );
    else if (act === 'suggest') return this.#suggest(actor, body, target);
    else throw new Error(`unknown act ${act}`);
    return null;
  }

  async #suggest(actor: Actor, body: JsonObject, target: string): Promise<Json> {
    const { state } = this.#parts;
    const view = state.views.get(stringOf(body['view']));
    const channel = state.channels.get(stringOf(body['channel']));
    const message = channel && state.message(channel, stringOf(body['ts']));
    const found = findElement(view ? objectsOf(view.body['blocks']) : message ? blocksOf(message) : [], target);
    if (!found) return [];
    const from: JsonObject = view
      ? { container: { type: 'view', view_id: view.id } }
      : { container: { type: 'message', message_ts: message?.ts ?? '', channel_id: channel?.id ?? '' } };
    const options = await actor.suggest(found.placed, stringOf(body['text']), from);
    return options.map((option) => ({ text: textOf(option['text']), value: option['value'] ?? '' }));
  }
}

function inputOf(value: Json | undefined): string | string[] | undefined {
  if (isList(value)) return value.map(stringOf);
  return typeof value === 'string' ? value : undefined;
}
