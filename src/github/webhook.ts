// The receiver of webhooks: size, signature and form are checked, the answer is given at once, work only travels as keys.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../base/log.ts';

/** GitHub: webhook payloads are at most 25 MB. */
const maxBytes = 25 * 2 ** 20;

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

/** Undefined when it is larger than allowed. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function parsed(body: Buffer, contentType: string): unknown {
  const text = body.toString('utf8');
  return JSON.parse(contentType.startsWith('application/x-www-form-urlencoded') ? (new URLSearchParams(text).get('payload') ?? '') : text);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...(status >= 400 && { connection: 'close' }) }).end(`${text}\n`);
}

/** `take` may store what has no other source; when it throws, GitHub sees a failed delivery that can be sent again. */
export async function receive(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { secret, take, log }: { secret: string | undefined; take: (delivery: Delivery) => Promise<void> | void; log: Logger },
): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405, 'POST only');
  if (!secret) return answer(response, 503, 'no webhook secret is configured');
  const body = await bodyOf(request);
  if (!body) return answer(response, 413, 'too large');
  if (!signatureMatches(secret, body, header(request, 'x-hub-signature-256'))) return answer(response, 401, 'the signature is wrong');
  let payload: unknown;
  try {
    payload = parsed(body, header(request, 'content-type'));
  } catch {
    return answer(response, 400, 'not JSON');
  }
  const delivery = { event: header(request, 'x-github-event'), id: header(request, 'x-github-delivery'), payload };
  try {
    await take(delivery);
    answer(response, 202, 'accepted');
  } catch (error) {
    log.error({ event: delivery.event, delivery: delivery.id, err: error }, 'a webhook could not be taken');
    answer(response, 500, 'could not be taken');
  }
}
