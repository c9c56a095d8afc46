// The receiver of webhooks: Probot's middleware behind bounds of its own, which it has none of; what it answers goes
// out in our words.
import type { IncomingMessage } from 'node:http';
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import { ServerResponse } from 'node:http';

/** GitHub: webhook payloads are at most 25 MB. */
const maxBytes = 25 * 2 ** 20;
/** Of all bodies that are being read: until the signature is known they may be anybody's. */
const maxHeldBytes = 2 * maxBytes;

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function answer(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain', ...(status >= 400 && { connection: 'close' }) })
    .end(`${text}\n`);
}

/** The path that the middleware is told; by which one a delivery came is the server's affair. */
export const webhookPath = '/webhooks/github';

/** Probot, or its webhooks alone where there is no App. Handlers are awaited before the answer. */
export interface Webhooks {
  /** Takes JSON. */
  middleware: (request: IncomingMessage, response: ServerResponse) => unknown;
  verify: (body: string, signature: string) => Promise<boolean>;
  receive: (event: EmitterWebhookEvent) => Promise<void>;
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

interface Taking {
  webhooks: Webhooks;
  request: IncomingMessage;
  body: string;
}

/** The status that the middleware would answer: its words may be those of whatever a handler threw. */
async function statusOf({ webhooks, request, body }: Taking): Promise<number> {
  const unsent = new ServerResponse(request);
  request.headers['content-type'] = 'application/json';
  await webhooks.middleware(Object.assign(request, { url: webhookPath, body }), unsent);
  return unsent.statusCode;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a webhook of a repository is by default, and what the middleware refuses: JSON as a field of a form. */
async function statusOfForm({ webhooks, request, body }: Taking): Promise<number> {
  if (!(await webhooks.verify(body, header(request, 'x-hub-signature-256')))) return 401;
  const text = new URLSearchParams(body).get('payload') ?? '';
  if (!isJson(text)) return 400;
  const payload: unknown = JSON.parse(text);
  const event = { id: header(request, 'x-github-delivery'), name: header(request, 'x-github-event') };
  return webhooks.receive({ ...event, payload } as EmitterWebhookEvent).then(
    () => 200,
    () => 500, // told by whoever threw it
  );
}

async function take(taking: Taking, response: ServerResponse): Promise<void> {
  const { request, body } = taking;
  if (!header(request, 'x-github-event') || !header(request, 'x-github-delivery'))
    return answer(response, 400, 'X-GitHub-Event or X-GitHub-Delivery is missing');
  const isForm = header(request, 'content-type').startsWith('application/x-www-form-urlencoded');
  const status = await (isForm ? statusOfForm(taking) : statusOf(taking));
  if (status === 200) return answer(response, 202, 'accepted');
  // The middleware has 400 for both. Nothing is waited for so long that it would answer 202.
  if (status === 400 && !isForm && isJson(body)) return answer(response, 401, 'the signature is wrong');
  if (status === 401) return answer(response, 401, 'the signature is wrong');
  if (status === 400) return answer(response, 400, 'not JSON');
  return answer(response, 500, 'could not be taken');
}

/** `webhooks` undefined: nothing is taken. */
export function createReceiver(
  webhooks: Webhooks | undefined,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const bodies = new Bodies();
  return async (request, response) => {
    if (request.method !== 'POST') return answer(response, 405, 'POST only');
    if (!webhooks) return answer(response, 503, 'no webhook secret is configured');
    if (!header(request, 'x-hub-signature-256')) return answer(response, 401, 'the signature is missing');
    const body = await bodies.read(request);
    if (body === 413) return answer(response, 413, 'too large');
    if (body === 503) return answer(response, 503, 'too much at once');
    await take({ webhooks, request, body: body.toString('utf8') }, response);
  };
}
