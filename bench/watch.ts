// A watch on one application, so that nothing which stands there only for a moment is missed.
import type { Application } from '../src/model/application.ts';
import type { Stand } from './stand.ts';
import { Agent, request } from 'undici';
import { applications } from './drive.ts';

/** Resolves once it is open. `seen` is called for each version; the answer ends it. */
export async function follow(
  { server, ca, token }: Stand,
  name: string,
  seen: (app: Application) => void,
): Promise<() => Promise<void>> {
  const agent = new Agent({ allowH2: false, connect: { ca }, bodyTimeout: 0 });
  const { statusCode, body } = await request(
    `${server}${applications}?watch=1&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`,
    { dispatcher: agent, headers: { authorization: `Bearer ${token}`, accept: 'application/json' } },
  );
  body.on('error', () => undefined); // it is ended by us
  let rest = '';
  body.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen((JSON.parse(line) as { object: Application }).object);
  });
  if (statusCode >= 300) throw new Error(`the watch was answered with ${statusCode}`);
  return () => agent.destroy();
}
