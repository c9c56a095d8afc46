// What a dry run does not refuse although the write would go wrong: numbers that change, and objects that are too big.
import type { KubeObject } from '../model/kube.ts';
import { AppError } from '../base/errors.ts';
import { concernsSecrets } from './api-error.ts';
import { changedNumbers } from './stored-number.ts';

/** Throws E_MANIFEST with every field and both values. */
export function refuseChangedNumbers(path: string, sent: KubeObject, stored: KubeObject): void {
  const changed = changedNumbers(sent, stored);
  if (changed.length === 0) return;
  const secret = concernsSecrets(path, sent);
  const texts = changed.map(
    (one) =>
      `${one.path}: ${secret ? 'the number' : String(one.sent)} would be stored as ` +
      `${secret ? 'another one' : String(one.stored)}`,
  );
  throw new AppError('E_MANIFEST', texts.sort().join(', '), { hint: 'Give numbers that the fields can hold.' });
}

/** What etcd takes in one request (its default for --max-request-bytes). */
const requestBytes = 1_572_864;

/** Around the object go its key, three times, and the transaction (measured). */
export function isTooBig(path: string, bytes: number): boolean {
  return bytes + 3 * path.length + 64 > requestBytes;
}

/** `bytes`: as it would be stored. */
export function tooBig(bytes: number): AppError {
  const text = (value: number): string => value.toLocaleString('en');
  return new AppError(
    'E_MANIFEST',
    `stored it would take ${text(bytes)} bytes, more than the ${text(requestBytes)} that etcd takes for one object`,
    { hint: 'Divide it into several objects.' },
  );
}
