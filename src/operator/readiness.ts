// What the start waits for, said in the log and at /readyz: nobody should have to guess.
import type { Cluster } from '../cluster/cluster.ts';
import type { Logger } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import { lackingText } from '../store/dispensable.ts';
import { missingKinds } from '../store/store.ts';

export interface Starting {
  /** What /readyz answers until everything runs. */
  why: string;
}

/** Tells which kinds are not served, now and whenever that changes, until the returned function is called. */
export function tellMissingKinds(
  { discovery }: Pick<Cluster, 'discovery'>,
  starting: Starting,
  log: Logger,
): () => void {
  let told = '';
  const look = (): void => {
    const missing = missingKinds(discovery, { dispensable: false }).join(', ');
    starting.why =
      missing === ''
        ? 'starting: reading the cluster'
        : `starting: waits for CustomResourceDefinitions that are not installed (${missing}); ` +
          'kubectl apply -f deploy/crds installs them';
    if (missing !== told && missing !== '')
      log.warn(
        {
          missing,
          hint: "kubectl apply -f deploy/crds; where Argo CD is installed, -k deploy brings what is Coxswain's own",
        },
        'the start waits for custom resource definitions that are not installed',
      );
    told = missing;
  };
  look();
  return discovery.onChange(look);
}

/** Tells once what the store does without, and when it need not any more; ended by the returned function. */
export function tellLacking(store: Store, log: Logger): () => Promise<void> {
  const missing = store.lacking();
  const abort = new AbortController();
  if (missing.length === 0) return () => Promise.resolve();
  log.warn({ missing, hint: lackingText(missing) }, 'something that Coxswain can do without is missing');
  if (!missing.includes('Report')) return () => Promise.resolve();
  const done = store.reports.read(abort.signal).then(
    () => log.info({ kinds: ['Report'] }, 'what was missing is there'),
    () => undefined,
  );
  return () => {
    abort.abort(new Error('coxswain stops'));
    return done;
  };
}
