// Clicks that nobody took: nothing but their delivery remembers them, and GitHub sends none again by itself, so it is
// asked to.
import type { Octokit } from '@octokit/core';
import { paginating } from '../client/api.ts';

/** What was clicked longer ago is not obeyed any more. */
const heardMs = 3_600_000;
const clicks = new Set(['requested_action', 'rerequested']);
/** Of a hundred deliveries each. */
const maxPages = 10;

/**
 * Asks for the failed deliveries of the last hour whose click was never taken, once each; one that fails again is asked
 * for the next time, as long as the click itself is not older than that. `app` speaks as the App itself, who alone may.
 * A redelivery keeps its guid, so what was taken after all is found taken. Throws the first refusal, after all were
 * asked for.
 */
export async function redeliverClicks(app: Octokit, now: number, signal: AbortSignal): Promise<void> {
  const taken = new Set<string>();
  // GitHub's ids of today are beyond what a number holds.
  const failed = new Map<string, number | bigint>();
  let pages = 0;
  for await (const { data } of paginating(app, signal).iterator('GET /app/hook/deliveries', { per_page: 100 })) {
    const recent = data.filter((each) => Date.parse(each.delivered_at) > now - heardMs);
    for (const { id, guid, event, action, redelivery, status_code: status } of recent) {
      if (event !== 'check_run' || !clicks.has(action ?? '')) continue;
      if (status >= 200 && status < 400) taken.add(guid);
      else if (!redelivery) failed.set(guid, id);
    }
    pages += 1;
    if (pages === maxPages || recent.length < data.length) break;
  }
  const refusals: unknown[] = [];
  for (const [guid, id] of failed) {
    if (!taken.has(guid))
      await app
        .request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id as number, request: { signal } })
        .catch((error: unknown) => refusals.push(error));
  }
  if (refusals.length > 0) throw refusals[0];
}
