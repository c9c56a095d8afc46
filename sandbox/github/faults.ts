// Faults that a test asks for: refusals, delays and cut connections on requests; lost, doubled and reordered webhooks.

interface RequestSeen {
  method: string;
  /** With the query, without the API prefix: `/repos/acme/infra/pulls?state=open`, or `/acme/infra.git/…`. */
  path: string;
}

export type Answer =
  /** 403 or 429 of the secondary limit with Retry-After in seconds. */
  | { limit: 403 | 429; retryAfter: number }
  /** 403 with nothing remaining, and no word about when. */
  | { limit: 403; remaining: 0 }
  | { status: number }
  /** The connection is destroyed before or after the request was handled. */
  | { cut: 'before' | 'after' }
  /** A rule of the repository refuses the push, with these words; of `POST …/git-receive-pack` alone. */
  | { pushRule: string }
  /** Answers late: when the promise resolves. */
  | { until: Promise<unknown> };

interface Fault {
  match?: (request: RequestSeen) => boolean;
  /** How many requests; default 1. */
  times?: number;
  answer: Answer;
}

type HookFate = 'lose' | 'double' | 'swap';

export interface Faults {
  /** The next `times` requests that match are answered so. Earlier faults go first. */
  inject(fault: Fault): void;
  /** The next `times` webhooks (of that event) are lost, sent twice, or sent after the next one. */
  hooks(fate: HookFate, options?: { event?: string; times?: number }): void;
  clear(): void;
}

/** Faults with the server's side: what to do with this one. */
export interface ArmedFaults extends Faults {
  takeRequest(request: RequestSeen): Answer | null;
  takeHook(event: string): HookFate | null;
}

export function createFaults(): ArmedFaults {
  let requests: { match: (request: RequestSeen) => boolean; left: number; answer: Answer }[] = [];
  let hooks: { fate: HookFate; event: string | null; left: number }[] = [];
  return {
    inject: ({ match = () => true, times = 1, answer }) => {
      requests.push({ match, left: times, answer });
    },
    hooks: (fate, { event, times = 1 } = {}) => {
      hooks.push({ fate, event: event ?? null, left: times });
    },
    clear: () => {
      requests = [];
      hooks = [];
    },
    takeRequest: (request) => {
      const found = requests.find((fault) => fault.left > 0 && fault.match(request));
      if (found) found.left -= 1;
      return found?.answer ?? null;
    },
    takeHook: (event) => {
      const found = hooks.find((fault) => fault.left > 0 && (fault.event === null || fault.event === event));
      if (found) found.left -= 1;
      return found?.fate ?? null;
    },
  };
}
