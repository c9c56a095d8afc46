// The receiver of webhooks: size, signature and form are checked, the answer is given at once, work only travels as
// keys.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../base/log.ts';

/** GitHub: webhook payloads are at most 25 MB. */
const maxBytes = 25 * 2 ** 20;
/** Of all bodies that are being read: until the signature is known they may be anybody's. */
const maxHeldBytes = 2 * maxBytes;

export interface Delivery {
  event: string;
  /** Unique per delivery; a redelivery keeps it. */
  id: string;
  payload: unknown;
}

export function signatureMatches(secret: string, body: Buffer, signature: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function parsed(body: Buffer, contentType: string): unknown {
  const text = body.toString('utf8');
  return JSON.parse(
    contentType.startsWith('application/x-www-form-urlencoded')
      ? (new URLSearchParams(text).get('payload') ?? '')
      : text,
  );
}

function answer(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain', ...(status >= 400 && { connection: 'close' }) })
    .end(`${text}\n`);
}

export interface ReceiverOptions {
  /** undefined: nothing is taken. */
  secret: string | undefined;
  /** May store what has no other source; when it throws, GitHub sees a failed delivery that can be sent again. */
  take: (delivery: Delivery) => Promise<void> | void;
  log: Logger;
}

/** Reads bodies within a bound for all of them together. */
class Bodies {
  #held = 0;

  /** Resolves with the status to refuse it with: 413 for one that is too large, 503 while too much is being read. */
  async read(request: IncomingMessage): Promise<Buffer | 413 | 503> {
    if (Number(header(request, 'content-length')) > maxBytes) return 413;
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request) {
        const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
        size += bytes.length;
        this.#held += bytes.length;
        if (size > maxBytes) return 413;
        if (this.#held > maxHeldBytes) return 503;
        chunks.push(bytes);
      }
      return Buffer.concat(chunks);
    } finally {
      this.#held -= size;
    }
  }
}

async function taken({ take, log }: ReceiverOptions, delivery: Delivery, response: ServerResponse): Promise<void> {
  try {
    await take(delivery);
    answer(response, 202, 'accepted');
  } catch (error) {
    log.error({ event: delivery.event, delivery: delivery.id, err: error }, 'a webhook could not be taken');
    answer(response, 500, 'could not be taken');
  }
}

export function createReceiver(
  options: ReceiverOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const bodies = new Bodies();
  return async (request, response) => {
    const { secret } = options;
    if (request.method !== 'POST') return answer(response, 405, 'POST only');
    if (!secret) return answer(response, 503, 'no webhook secret is configured');
    const signature = header(request, 'x-hub-signature-256');
    if (!signature) return answer(response, 401, 'the signature is missing');
    const body = await bodies.read(request);
    if (body === 413) return answer(response, 413, 'too large');
    if (body === 503) return answer(response, 503, 'too much at once');
    if (!signatureMatches(secret, body, signature)) return answer(response, 401, 'the signature is wrong');
    let payload: unknown;
    try {
      payload = parsed(body, header(request, 'content-type'));
    } catch {
      return answer(response, 400, 'not JSON');
    }
    await taken(
      options,
      { event: header(request, 'x-github-event'), id: header(request, 'x-github-delivery'), payload },
      response,
    );
  };
}
