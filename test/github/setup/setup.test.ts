// The set-up of the App where something goes wrong: nothing is lost that could be kept, and nobody else gets in.
import type { TestContext } from 'node:test';
import type { Api } from '../../../src/cluster/api.ts';
import type { Setup, SetupOptions } from '../../../src/github/setup/setup.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectCluster } from '../../../src/cluster/cluster.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/log.ts';
import { readAppSecret } from '../../../src/github/setup/app-secret.ts';
import { createSetup } from '../../../src/github/setup/setup.ts';
import { testCluster } from '../../control-plane.ts';
import { privateKey, sayingServer } from '../client/fixture.ts';

const publicUrl = 'https://cox.example.com';
const code = 'a'.repeat(40);
const made = {
  id: 9,
  pem: privateKey,
  webhook_secret: 'hunter2hunter2',
  html_url: 'https://github.com/apps/coxswain',
};

interface Setting {
  api: Api;
  namespace: string;
  setup: Setup;
  /** Codes that GitHub was asked to exchange. */
  exchanged: string[];
  lines: string[];
  /** The same installation, as another process or at another address. */
  another(url?: string): Setup;
}

async function setting(
  t: TestContext,
  answer: object = made,
  wrapped: (api: Api) => Partial<SetupOptions['api']> = () => ({}),
): Promise<Setting> {
  const c = await testCluster(t);
  const lines: string[] = [];
  const log = createLogger({ level: 'debug', write: (line) => void lines.push(line) });
  const cluster = await connectCluster({
    config: { server: c.server, ca: c.ca, token: c.token },
    clock: systemClock,
    log,
  });
  t.after(() => cluster.stop());
  const exchanged: string[] = [];
  const apiUrl = await sayingServer(t, ({ path }) => {
    exchanged.push(path);
    return { status: 201, body: answer };
  });
  const { namespace } = c;
  const real = cluster.api;
  const api: SetupOptions['api'] = {
    get: (...asked) => real.get(...asked),
    create: (...asked) => real.create(...asked),
    replace: (...asked) => real.replace(...asked),
    ...wrapped(real),
  };
  const another = (url = publicUrl): Setup => createSetup({ api, namespace, publicUrl: url, apiUrl, log });
  const setup = another();
  await setup.begin(AbortSignal.timeout(20_000));
  return { api: cluster.api, namespace, setup, exchanged, lines, another };
}

async function tokenOf({ api, namespace }: Setting): Promise<string> {
  const { door } = await readAppSecret(api, namespace);
  return new URL(door.address ?? 'none:').searchParams.get('token') ?? '';
}

async function begun(s: Setting): Promise<{ session: string; state: string }> {
  const session = await s.setup.enter(await tokenOf(s));
  const { action } = await s.setup.form(session, '');
  return { session, state: new URL(action).searchParams.get('state') ?? '' };
}

test('the address stays over restarts, and follows the public URL', async (t) => {
  const s = await setting(t);
  const first = await tokenOf(s);
  await s.another().begin(AbortSignal.timeout(20_000));
  assert.equal(await tokenOf(s), first);
  await s.another('https://other.example.com').begin(AbortSignal.timeout(20_000));
  const { door } = await readAppSecret(s.api, s.namespace);
  assert.match(door.address ?? '', /^https:\/\/other\.example\.com\/setup\?token=[\w-]{43}$/);
});

test('an address holds for one browser, and what that browser began survives a restart', async (t) => {
  const s = await setting(t);
  const token = await tokenOf(s);
  const entered = await Promise.allSettled([s.setup.enter(token), s.another().enter(token)]);
  const [winner, ...more] = entered.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  assert.ok(winner !== undefined && more.length === 0);
  await assert.rejects(s.setup.enter(token), { code: 'E_SETUP' });
  const state = new URL((await s.another().form(winner, '')).action).searchParams.get('state') ?? '';
  const { installUrl } = await s.another().finish(winner, { code, state });
  assert.equal(installUrl, 'https://github.com/apps/coxswain/installations/new');
});

test('whoever begins later, with an address that was printed anew, is the one who goes on', async (t) => {
  const s = await setting(t);
  const first = await begun(s);
  const second = await begun(s);
  await assert.rejects(s.setup.finish(first.session, { code, state: first.state }), { code: 'E_SETUP' });
  assert.deepEqual(s.exchanged, []);
  await s.setup.finish(second.session, { code, state: second.state });
  const { credentials } = await readAppSecret(s.api, s.namespace);
  assert.deepEqual(credentials, { appId: 9, privateKey: privateKey.trim(), webhookSecret: 'hunter2hunter2' });
});

for (const [what, session, state] of [
  ['without a session', '', 'right'],
  ['with the session of nobody', 'x'.repeat(43), 'right'],
  ['with another state', 'right', 'x'.repeat(43)],
  ['without a state', 'right', ''],
] as const)
  test(`a code that comes back ${what} is not exchanged`, async (t) => {
    const s = await setting(t);
    const right = await begun(s);
    const back = { code, state: state === 'right' ? right.state : state };
    await assert.rejects(s.setup.finish(session === 'right' ? right.session : session, back), { code: 'E_SETUP' });
    assert.deepEqual(s.exchanged, []);
  });

test('a code is not exchanged while the cluster would not take the credentials', async (t) => {
  const full = { broken: false };
  const s = await setting(t, made, (api) => ({
    replace: (...asked) => (full.broken ? Promise.reject(new Error('quota')) : api.replace(...asked)),
  }));
  const { session, state } = await begun(s);
  full.broken = true;
  await assert.rejects(s.setup.finish(session, { code, state }), /quota/);
  assert.deepEqual(s.exchanged, []);
  full.broken = false;
  await s.setup.finish(session, { code, state });
});

test('credentials whose storing was not answered are looked for, and an App that came too late is told', async (t) => {
  const lost = { times: 0 };
  const s = await setting(t, made, (api) => ({
    async replace(object, options) {
      const stored = await api.replace(object, options);
      if (options?.dryRun || lost.times === 0) return stored;
      lost.times -= 1;
      throw new Error('the answer was lost');
    },
  }));
  const one = await begun(s);
  lost.times = 1;
  await s.setup.finish(one.session, { code, state: one.state });
  await assert.rejects(s.setup.finish(one.session, { code, state: one.state }), { code: 'E_SETUP' });
  assert.equal(s.exchanged.length, 1);
});

test('without a webhook secret nothing is stored: an empty one would let everybody in', async (t) => {
  const s = await setting(t, { ...made, webhook_secret: null });
  const { session, state } = await begun(s);
  await assert.rejects(s.setup.finish(session, { code, state }), { code: 'E_GITHUB' });
  assert.equal((await readAppSecret(s.api, s.namespace)).credentials, undefined);
});

test('what is secret stands in no line of the log', async (t) => {
  const s = await setting(t);
  const token = await tokenOf(s);
  const { session, state } = await begun(s);
  await s.setup.finish(session, { code, state });
  for (const secret of [token, session, state, 'hunter2hunter2', 'BEGIN'])
    assert.ok(!s.lines.some((line) => line.includes(secret)), secret);
});

test('a Secret with half of the credentials is told, and offers no set-up', async (t) => {
  const s = await setting(t);
  const { secret } = await readAppSecret(s.api, s.namespace);
  assert.ok(secret);
  await s.api.replace({ ...secret, data: { 'app-id': Buffer.from('9').toString('base64') } });
  await assert.rejects(readAppSecret(s.api, s.namespace), {
    code: 'E_CONFIG',
    message: /has no private-key and no webhook-secret/,
  });
});
