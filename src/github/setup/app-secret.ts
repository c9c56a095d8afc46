// The Secret of the GitHub App: its credentials, or, as long as there are none, the way into the set-up.
import type { Api } from '../../cluster/api.ts';
import type { KubeObject } from '../../model/kube.ts';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import { isPrivateKey } from './pem.ts';
import { isObject } from '../../model/kube.ts';

/** Shipped empty in deploy/, so that only `update` of this name is needed. */
export const appSecret = 'coxswain-github';

export interface AppCredentials {
  appId: number;
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
}

/** `address` holds the token; `session` is the hash of what the browser that used it up carries. */
interface SetupDoor {
  address?: string;
  session?: string;
}

export interface StoredApp {
  secret: KubeObject | undefined;
  credentials: AppCredentials | undefined;
  door: SetupDoor;
}

const keys = { appId: 'app-id', privateKey: 'private-key', webhookSecret: 'webhook-secret' } as const;
const addressKey = 'setup-url';
const sessionKey = 'setup-session';

function credentialsIn(text: (key: string) => string, namespace: string): AppCredentials | undefined {
  const found = { appId: text(keys.appId), privateKey: text(keys.privateKey), webhookSecret: text(keys.webhookSecret) };
  const missing = Object.entries(found).flatMap(([name, value]) => (value ? [] : [keys[name as keyof typeof keys]]));
  if (missing.length === Object.keys(keys).length) return undefined;
  if (missing.length > 0 || !/^[1-9]\d*$/.test(found.appId))
    throw new AppError(
      'E_CONFIG',
      missing.length > 0
        ? `the Secret ${namespace}/${appSecret} has no ${missing.join(' and no ')}`
        : `app-id of the Secret ${namespace}/${appSecret} is no number`,
      { hint: 'It holds app-id, private-key and webhook-secret, or none of them to set the App up in clicks.' },
    );
  const privateKey = found.privateKey.replaceAll('\\n', '\n');
  if (!isPrivateKey(privateKey))
    throw new AppError('E_CONFIG', `private-key of the Secret ${namespace}/${appSecret} is not a private key in PEM`, {
      hint:
        'Put the whole file in that GitHub gave for the App: kubectl create secret … ' +
        '--from-file=private-key=<file>.',
    });
  return { ...found, appId: Number(found.appId), privateKey };
}

/** Throws E_CONFIG when the credentials are there in part. */
export async function readAppSecret(
  api: Pick<Api, 'get'>,
  namespace: string,
  signal?: AbortSignal,
): Promise<StoredApp> {
  const ref = { group: '', kind: 'Secret', namespace, name: appSecret };
  const secret = await api.get(ref, signal ? { signal } : {});
  const data = secret?.['data'];
  const text = (key: string): string => {
    const value = isObject(data) ? data[key] : undefined;
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8').trim() : '';
  };
  const address = text(addressKey);
  const session = text(sessionKey);
  return {
    secret,
    credentials: credentialsIn(text, namespace),
    door: { ...(address && { address }), ...(session && { session }) },
  };
}

interface SecretWrite {
  namespace: string;
  /** As it was read: of two that write at once one is refused, with status 409. */
  before: KubeObject | undefined;
  content: AppCredentials | SetupDoor;
  /** Default false: it is only tried. */
  dryRun?: boolean;
}

function dataOf(content: AppCredentials | SetupDoor): Record<string, string> {
  const named =
    'appId' in content
      ? {
          [keys.appId]: String(content.appId),
          [keys.privateKey]: content.privateKey,
          [keys.webhookSecret]: content.webhookSecret,
        }
      : { [addressKey]: content.address, [sessionKey]: content.session };
  return Object.fromEntries(
    Object.entries(named).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Buffer.from(value).toString('base64')]],
    ),
  );
}

/** The content takes the place of what was there. */
export async function writeAppSecret(
  api: Pick<Api, 'create' | 'replace'>,
  { namespace, before, content, dryRun = false }: SecretWrite,
): Promise<KubeObject> {
  const labels = { 'app.kubernetes.io/part-of': 'coxswain' };
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: dataOf(content) };
  return before
    ? api.replace({ ...before, ...secret, metadata: before.metadata }, { dryRun })
    : api.create({ ...secret, metadata: { name: appSecret, namespace, labels } }, { dryRun });
}

/** Random, as text for URLs and cookies. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 in base64url. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** In a time that does not tell where they differ. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
