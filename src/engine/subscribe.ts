// What puts applications on the queue: a change of theirs, of their project, Approval, snooze or record, of settings or
// turns.
import type { Clock } from '../base/clock.ts';
import type { KeyQueue } from '../base/queue.ts';
import type { Application } from '../model/application.ts';
import type { Turn } from '../policy/engine.ts';
import type { Store } from '../store/store.ts';
import type { Holdings } from './application/holdings.ts';
import type { Memory } from './application/memory.ts';
import type { Clusters } from './clusters.ts';
import type { Turns } from './turns.ts';
import { canonicalJson, sameJson } from '../base/canonical.ts';
import { inClusterServer } from '../model/annotations.ts';
import { applicationKey, refreshRequests } from '../model/application.ts';
import { neighbours } from './application/place.ts';
import { wakesAt } from './drift/snooze.ts';
import { besides } from './touched.ts';

interface Told {
  queue: Pick<KeyQueue, 'add'>;
  memory: Memory;
  holdings: Holdings;
  clusters: Clusters;
  turns: Turns;
}

/** Of a status that Argo CD writes: what came of its operations, and what it found. */
function followedStatus({ status }: Application): unknown {
  const { operationState: state, sync, history } = status ?? {};
  return [state?.phase, state?.startedAt, state?.finishedAt, sync?.status, sync?.revision, history?.at(-1)?.id];
}

/** What makes a pass necessary: everything that others write, nothing that we write ourselves. */
function triggerText(app: Application, { by }: Turn): string {
  const { labels, annotations, finalizers, deletionTimestamp } = app.metadata;
  const terminating = app.status?.operationState?.phase === 'Terminating';
  return canonicalJson([
    app.spec,
    app.operation ?? null,
    labels ?? {},
    annotations ?? {},
    finalizers ?? [],
    deletionTimestamp ?? '',
    terminating,
    by === 'argocd' && followedStatus(app),
  ]);
}

/** Every application is on the queue once when it returns; what it answers ends the subscriptions. */
export function subscribe(
  { store, clock }: { store: Store; clock: Clock },
  { queue, memory, holdings, clusters, turns }: Told,
): (() => void)[] {
  const texts = new WeakMap<Application, string>(); // what is `now` today is `before` tomorrow
  const text = (app: Application | undefined): string => {
    if (!app) return '';
    const known = texts.get(app) ?? triggerText(app, turns.of(app));
    texts.set(app, known);
    return known;
  };
  /** Whoever has it now looks at Git and at what was written meanwhile afresh. */
  const add = (key: string): void => {
    if (turns.changed(key)) memory.forgetDesired(key);
    queue.add(key);
  };
  const addProject = (name: string): void => store.applications.of(name).forEach((app) => add(applicationKey(app)));
  const addAll = (): void => store.applications.list().forEach((app) => add(applicationKey(app)));
  /** What had it belongs to somebody now, or to nobody any more. */
  const addBesides = (app: Application | undefined): void => {
    const target = app && clusters.connectedTo(app);
    if (app && target) besides({ memory, store }, target, app).forEach((key) => queue.add(key));
  };
  turns.tell();
  addAll();
  return [
    turns.onChange(() => {
      turns.tell();
      addAll();
    }),
    store.applications.onChange((key, now, before) => {
      if (text(now) === text(before)) return;
      const known = memory.get(key);
      if (known)
        known.refreshSeen = now && refreshRequests(now).length > 0 ? (known.refreshSeen ?? clock.now()) : undefined;
      if (!sameJson(now?.spec, before?.spec)) memory.forgetDesired(key);
      add(key);
      if (!now || !before) addBesides(now ?? before);
    }),
    store.projects.onChange((_key, now, before) => {
      if (!sameJson([now?.spec, now?.metadata.annotations], [before?.spec, before?.metadata.annotations]))
        addProject(now?.metadata.name ?? before?.metadata.name ?? '');
    }),
    store.approvals.onChange((_key, now, before) => {
      if (now?.status?.phase !== before?.status?.phase) queue.add((now ?? before)?.spec.application ?? '');
    }),
    // When it wakes is looked after by the pass.
    store.episodes.onChange((_key, now, before) => {
      if (now && wakesAt(now) !== (before && wakesAt(before))) queue.add(now.spec.application);
    }),
    store.records.onChange((key, now, before) => {
      if (before && !sameJson(now?.spec.policy, before.spec.policy))
        for (const each of new Set([key, ...neighbours(store, before)])) queue.add(each);
    }),
    store.onSettings(() => {
      clusters.release();
      holdings.forgetOthers(new Set([inClusterServer, ...store.settings().clusters.map(({ server }) => server)]));
      addAll();
    }),
  ];
}
