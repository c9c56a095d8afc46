// Follows one object until what a command waits for has come: by a watch, within the time that the line gives.
import type { KubeObject } from '../model/kube.ts';
import type { Session } from './session.ts';
import { systemClock } from '../base/clock.ts';

/** Of what is followed: where it is, and how its object is read. */
interface Subject<T extends KubeObject> {
  kind: { group: string; kind: string };
  namespace: string;
  name: string;
  parse: (object: KubeObject) => T | undefined;
}

/** After so long without an answer it is said that nobody works. */
const unattendedMs = 10_000;

interface Following<T, Found> {
  /** Called with the object as it is, undefined when there is none. What it answers ends it, what it throws fails. */
  look: (now: T | undefined) => Found | undefined;
  /** What to say when the object has not been taken up after ten seconds; undefined when it has. */
  idle?: (now: T | undefined) => string | undefined;
}

/** Resolves with what `look` found, with undefined when the time is over; rejects when the command is interrupted. */
export async function follow<T extends KubeObject, Found>(
  session: Session,
  { kind, namespace, name, parse }: Subject<T>,
  { look, idle }: Following<T, Found>,
): Promise<Found | undefined> {
  const { cluster, options, out, signal } = session;
  const mirror = cluster.mirror<T>({ kind, namespace, fieldSelector: `metadata.name=${name}`, parse });
  const ended = Promise.withResolvers<Found | undefined>();
  const read = (): void => {
    try {
      const found = look(mirror.get(namespace, name));
      if (found !== undefined) ended.resolve(found);
    } catch (error) {
      ended.reject(error);
    }
  };
  const cancels = [
    systemClock.after(unattendedMs, () => {
      const text = idle?.(mirror.get(namespace, name));
      if (text !== undefined) out.note(`cox: ${text}`);
    }),
    ...(options.timeoutMs === undefined ? [] : [systemClock.after(options.timeoutMs, () => ended.resolve(undefined))]),
  ];
  const onAbort = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await mirror.start(signal);
    mirror.onChange(read);
    read();
    return await ended.promise;
  } finally {
    for (const cancel of cancels) cancel();
    signal.removeEventListener('abort', onAbort);
    await mirror.stop();
  }
}
