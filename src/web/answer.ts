// What a request is answered with, and the headers that every answer carries.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page } from './html.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { stringifyJson } from '../base/json.ts';
import { html, page } from './html.ts';

/** Nothing runs, loads or is sent anywhere but what this server itself has; no page may frame it. */
export const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

export interface Answer {
  status: number;
  type: string;
  body: string;
  /** Default `no-store`: what is shown is true now. */
  cache?: string;
}

const zip = promisify(gzip);
const zipFrom = 2048;

/** HEAD gets the headers alone; what is long is zipped where the browser takes it. */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const zipped = answer.body.length >= zipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zipped ? await zip(answer.body, { level: 4 }) : Buffer.from(answer.body);
  response.writeHead(answer.status, {
    ...headers,
    'content-type': answer.type,
    'content-length': body.length,
    'cache-control': answer.cache ?? 'no-store',
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
    ...(answer.status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A file of this folder; it may be kept, and is asked for again each time. */
export function asset(file: string, type: string): Answer {
  return { status: 200, type, body: readFileSync(join(import.meta.dirname, file), 'utf8'), cache: 'no-cache' };
}

/** A page of ours. */
export function shown(status: number, what: Page): Answer {
  return { status, type: 'text/html; charset=utf-8', body: page(what) };
}

/** One line of text. */
export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** What the page shows, as data. */
export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: stringifyJson(value) };
}

/** 404 as a page. `up`: the way to the front page; `what`: a sentence. */
export function lost(up: string, what: string): Answer {
  return shown(404, {
    title: 'Not found',
    up,
    body: html`<div class="empty"><h1>${what}</h1><p><a href="${up || './'}">All applications</a></p></div>`,
  });
}
