// Namespaces and kinds come and go, with what an application has in them.
import type { Api } from '../../src/cluster/api.ts';
import type { ApiResource, Discovery } from '../../src/cluster/discovery/discovery.ts';
import type { Transport } from '../../src/cluster/wire/transport.ts';
import type { Round } from './round.ts';
import { SteppedClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Semaphore } from '../../src/base/semaphore.ts';
import { LiveCache } from '../../src/cluster/watch/live-cache.ts';
import { defaultTiming } from '../../src/cluster/watch/watch-timing.ts';
import { ApiError } from '../../src/cluster/api-error.ts';
import { pad, turnsUntil } from './round.ts';

const forbidden = new ApiError('forbidden', {
  code: 'E_API',
  kind: 'terminal',
  status: 403,
  reason: 'Forbidden',
  causes: [],
  retryAfterMs: undefined,
});

type Stream = Parameters<Transport['stream']>[0];

function resource(kind: string, group = ''): ApiResource {
  const plural = `${kind.toLowerCase()}s`;
  const verbs = ['list', 'watch'];
  return {
    group,
    version: 'v1',
    kind,
    plural,
    namespaced: true,
    verbs,
    shortNames: [],
    hasStatus: false,
    hasScale: false,
  };
}

/** Watches that say what the test tells them; those of forbidden kinds are refused. */
class Watches {
  readonly #open = new Map<string, Stream>();
  #version = 1;

  stream(call: Stream): Promise<void> {
    const plural = /([^/]+)\?/.exec(call.path)?.[1] ?? '';
    if (plural.startsWith('secret')) return Promise.reject(forbidden);
    call.onStart();
    this.#open.set(plural, call);
    this.tell(plural, 'BOOKMARK', { annotations: { 'k8s.io/initial-events-end': 'true' } });
    return new Promise((_resolve, reject) =>
      call.signal.addEventListener('abort', () => {
        if (this.#open.get(plural) === call) this.#open.delete(plural);
        reject(call.signal.reason as Error);
      }),
    );
  }

  tell(plural: string, type: string, metadata: object, data = {}): void {
    const [apiVersion, kind] = ['v1', 'X'];
    const object = { apiVersion, kind, metadata: { ...metadata, resourceVersion: String((this.#version += 1)) }, data };
    this.#open.get(plural)?.onData(Buffer.from(`${JSON.stringify({ type, object })}\n`));
  }

  has(plural: string): boolean {
    return this.#open.has(plural);
  }
}

function liveOf(): { live: LiveCache; watches: Watches; clock: SteppedClock; serve(kinds: ApiResource[]): void } {
  const watches = new Watches();
  const clock = new SteppedClock(1_800_000_000_000);
  let served: ApiResource[] = [];
  let changed: () => void = () => undefined;
  const discovery = {
    resources: () => served,
    resourceOf: ({ group, kind }: { group: string; kind: string }) =>
      served.find((each) => each.group === group && each.kind === kind),
    apiVersions: () => [],
    onChange: (fn: () => void) => ((changed = fn), () => undefined),
  } as unknown as Discovery;
  const live = new LiveCache({
    transport: watches as unknown as Transport,
    api: {} as Api,
    discovery,
    clock,
    log: silentLogger(),
    random: () => 0.5,
    timing: defaultTiming,
    turns: new Semaphore(10),
  });
  const serve = (kinds: ApiResource[]): void => {
    served = kinds;
    changed();
  };
  return { live, watches, clock, serve };
}

export function namespaces(): Round {
  const { live, watches, serve } = liveOf();
  serve([resource('Namespace'), resource('ConfigMap')]);
  const started = live.start();
  return async (number) => {
    await started;
    const [namespace, application] = [`${number}-${pad}`, `app-${number}-${pad}`];
    const key = { group: '', kind: 'ConfigMap', namespace, name: 'settings' };
    const trackingId = `${application}:/ConfigMap:${namespace}/settings`;
    const metadata = { namespace, name: 'settings', annotations: { 'argocd.argoproj.io/tracking-id': trackingId } };
    await live.want(application, [key]);
    watches.tell('namespaces', 'ADDED', { name: namespace });
    watches.tell('configmaps', 'ADDED', metadata, { pad });
    await live.until(key, (object) => object !== undefined);
    watches.tell('configmaps', 'DELETED', metadata);
    watches.tell('namespaces', 'DELETED', { name: namespace });
    live.forget(application);
    await live.until(key, (object) => object === undefined);
  };
}

/** Every other one may not be read. */
export function kinds(): Round {
  const { live, watches, clock, serve } = liveOf();
  const started = live.start();
  return async (number) => {
    await started;
    const kind = resource(`${number % 2 === 0 ? 'Secret' : 'Widget'}${number}${pad}`, `example-${number}.com`);
    serve([kind]);
    const at = { group: kind.group, kind: kind.kind };
    await turnsUntil(() => watches.has(kind.plural) || live.problemOf(at) !== undefined);
    serve([]);
    await turnsUntil(() => live.stats.kinds === 0 && !watches.has(kind.plural));
    clock.step(61_000);
  };
}
