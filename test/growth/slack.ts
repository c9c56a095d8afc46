// Cards come and go: of channels that are not there, and of those that take no card.
import type { WebClient } from '@slack/web-api';
import type { Approval } from '../../src/model/coxswain.ts';
import type { Places } from '../../src/slack/card-context.ts';
import type { Round } from './round.ts';
import { ErrorCode } from '@slack/web-api';
import { SteppedClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Outbox } from '../../src/slack/outbox.ts';
import { pad as short, turnsUntil } from './round.ts';

/** What is remembered of a card is little beside its names. */
const pad = short.repeat(10);

function approval(number: number): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: `approval-${number}-${pad}`, namespace: 'ns' },
    spec: { application: `ns/app-${number}`, digest: 'abc', revision: 'abc', operations: [] },
    status: { phase: 'Pending' },
  };
}

/** Slack knows no channel by name, and takes no card. */
function refusing(asked: () => void): WebClient {
  const refusal = Object.assign(new Error('is_archived'), {
    code: ErrorCode.PlatformError,
    data: { ok: false, error: 'is_archived' },
  });
  return {
    conversations: {
      list: () => (asked(), Promise.resolve({ ok: true, channels: [] })),
      history: () => Promise.resolve({ ok: true, messages: [] }),
    },
    chat: { postMessage: () => (asked(), Promise.reject(refusal)) },
  } as unknown as WebClient;
}

export function cards(): Round {
  const clock = new SteppedClock(1_800_000_000_000);
  const there = new Map<string, Approval>();
  let [tell, asked, sought]: [(key: string) => void, number, number] = [() => undefined, 0, 0];
  const none = { onChange: () => () => undefined, list: () => [], get: () => undefined, of: () => [] };
  const approvals = {
    ...none,
    get: (key: string) => (there.has(key) ? there.get(key) : void (sought += 1)),
    onChange: (fn: typeof tell) => ((tell = fn), () => undefined),
    async patch(key: string, { status }: { status: Approval['status'] }) {
      const known = there.get(key);
      if (known)
        there.set(key, { ...known, status: { ...known.status, ...status } as NonNullable<Approval['status']> });
    },
  };
  const store = {
    approvals,
    episodes: none,
    reports: none,
    applications: none,
    projects: none,
    onSettings: none.onChange,
  };
  const places = {
    store,
    of: () => Promise.resolve({ app: undefined, policy: undefined, commit: undefined, publicUrl: 'https://cox' }),
    channelsOf: (application: string) => [
      Number(application.slice(7)) % 2 === 0 ? 'C0123456789' : `${application}-${pad}`,
    ],
  } as unknown as Places;
  const outbox = new Outbox({ places, client: refusing(() => (asked += 1)), clock, log: silentLogger() });
  outbox.start();
  return async (number) => {
    const object = approval(number);
    const key = `ns/${object.metadata.name}`;
    [asked, sought] = [0, 0];
    there.set(key, object);
    tell(key);
    await turnsUntil(() => asked > 0);
    there.delete(key);
    tell(key);
    await turnsUntil(() => sought > 0);
    clock.step(61_000); // what was to be tried again
  };
}
