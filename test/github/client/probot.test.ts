// Probot as it is used here, where its defaults would surprise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SteppedClock } from '../../../src/base/clock.ts';
import { paginating } from '../../../src/github/client/api.ts';
import { eventually } from '../../control-plane.ts';
import { hostAt, isToken, sayingServer, token } from './fixture.ts';

const repository = { owner: 'acme', repo: 'infra' };

test('an App without a webhook secret is refused: Probot would take what "development" has signed', async () => {
  await assert.rejects(hostAt('http://127.0.0.1:1', { webhookSecret: '' }), { code: 'E_CONFIG' });
});

test('a private key that is none is told as such, and never retried', async (t) => {
  const host = await hostAt(await sayingServer(t, () => ({})), { privateKey: '-----BEGIN RSA PRIVATE KEY-----' });
  await assert.rejects(host.app.request('GET /app'), { code: 'E_CONFIG', kind: 'terminal' });
});

test('writes are sent side by side: the throttle would send one, and wait a second before the next', async (t) => {
  const clock = new SteppedClock(Date.now());
  const all = Promise.withResolvers<void>();
  let here = 0;
  const url = await sayingServer(t, async (asked) => {
    if (isToken(asked)) return token('t', clock);
    here += 1;
    if (here === 6) all.resolve();
    await all.promise;
    return { status: 201, body: { id: here } };
  });
  const octokit = await (await hostAt(url, { clock })).installation(7);
  const deploy = { ...repository, ref: 'main' };
  const comment = { ...repository, issue_number: 1, body: 'hello' };
  const answers = await Promise.all([
    ...[1, 2, 3, 4].map(() => octokit.request('POST /repos/{owner}/{repo}/deployments', deploy)),
    ...[1, 2].map(() => octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', comment)),
  ]);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
});

test('a create whose answer is a failure is not sent again', async (t) => {
  const clock = new SteppedClock(Date.now());
  let sent = 0;
  const url = await sayingServer(t, (asked) => {
    if (isToken(asked)) return token('t', clock);
    sent += 1;
    return { status: 502 };
  });
  const octokit = await (await hostAt(url, { clock })).installation(7);
  const comment = { ...repository, issue_number: 1, body: 'hello' };
  await assert.rejects(octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', comment), {
    code: 'E_GITHUB',
    answered: 502,
  });
  assert.equal(sent, 1);
});

test('a token is used for as long as GitHub says, and not for an hour', async (t) => {
  const clock = new SteppedClock(Date.now());
  let made = 0;
  const used: string[] = [];
  const url = await sayingServer(t, (asked) => {
    if (isToken(asked)) return token(`t${(made += 1)}`, clock, 8);
    used.push(asked.authorization);
    return {};
  });
  const octokit = await (await hostAt(url, { clock })).installation(7);
  await octokit.request('GET /repos/{owner}/{repo}', repository);
  clock.step(2 * 60_000);
  await octokit.request('GET /repos/{owner}/{repo}', repository);
  clock.step(2 * 60_000);
  await octokit.request('GET /repos/{owner}/{repo}', repository);
  assert.deepEqual(used, ['token t1', 'token t1', 'token t2']);
});

test('a token that was refused is not used again, by requests or by git', async (t) => {
  const clock = new SteppedClock(Date.now());
  let made = 0;
  const url = await sayingServer(t, (asked) => {
    if (isToken(asked)) return token(`t${(made += 1)}`, clock);
    return asked.authorization === 'token t1' ? { status: 401, body: { message: 'Bad credentials' } } : {};
  });
  const host = await hostAt(url, { clock });
  const octokit = await host.installation(7);
  assert.equal((await octokit.request('GET /repos/{owner}/{repo}', repository)).status, 200);
  assert.equal(await host.installationToken(7), 't2');
  host.renewToken(7);
  assert.equal(await host.installationToken(7), 't3');
});

test('of an installation that is gone neither client nor token stays, nor of a thousand', async (t) => {
  const clock = new SteppedClock(Date.now());
  let made = 0;
  const url = await sayingServer(t, (asked) => (isToken(asked) ? token(`t${(made += 1)}`, clock) : {}));
  const host = await hostAt(url, { clock });
  const first = await host.installation(7);
  assert.equal(await host.installationToken(7), 't1');
  host.forget(7);
  assert.notEqual(await host.installation(7), first);
  assert.equal(await host.installationToken(7), 't2');
  const clients: WeakRef<object>[] = [];
  for (let id = 100; id < 1_100; id += 1) {
    clients.push(new WeakRef(await host.installation(id)));
    host.forget(id);
  }
  setFlagsFromString('--expose-gc');
  await setImmediate(); // what was looked at stays for the rest of the turn
  (runInNewContext('gc') as () => void)();
  assert.ok(clients.filter((client) => client.deref() !== undefined).length < 10);
});

test('a machine whose clock is hours ahead makes one token and uses it', async (t) => {
  const clock = new SteppedClock(Date.now() + 5 * 3_600_000);
  let made = 0;
  const url = await sayingServer(t, (asked) =>
    isToken(asked) ? token(`t${(made += 1)}`, new SteppedClock(Date.now())) : {},
  );
  const octokit = await (await hostAt(url, { clock })).installation(7);
  for (let look = 0; look < 3; look += 1) await octokit.request('GET /repos/{owner}/{repo}', repository);
  assert.equal(made, 1);
});

test('two Apps of one process with the same installation id never get the token of the other', async (t) => {
  const clock = new SteppedClock(Date.now());
  const both = Promise.withResolvers<void>();
  const used: string[] = [];
  const serverOf = (name: string): Promise<string> =>
    sayingServer(t, async (asked) => {
      if (!isToken(asked)) {
        used.push(`${name} was shown ${asked.authorization}`);
        return {};
      }
      await both.promise;
      return token(`of-${name}`, clock);
    });
  const first = await hostAt(await serverOf('first'), { clock });
  const second = await hostAt(await serverOf('second'), { clock });
  const asked = [first, second].map(async (host) =>
    (await host.installation(7)).request('GET /repos/{owner}/{repo}', repository),
  );
  const tokens = [first, second].map((host) => host.installationToken(7));
  both.resolve();
  await Promise.all(asked);
  assert.deepEqual(await Promise.all(tokens), ['of-first', 'of-second']);
  assert.deepEqual(used.toSorted(), ['first was shown token of-first', 'second was shown token of-second']);
});

test('a clock that is wrong costs one refused request, not one each time', async (t) => {
  let refused = 0;
  const ahead = 3_600;
  const url = await sayingServer(t, ({ authorization }) => {
    const [, payload = ''] = authorization.split('.');
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp: number };
    const now = Math.floor(Date.now() / 1000) + ahead;
    const headers = { date: new Date(now * 1000).toUTCString() };
    if (exp > now) return { headers, body: { slug: 'coxswain' } };
    refused += 1;
    const message =
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the " +
      'assertion expires';
    return { status: 401, headers, body: { message } };
  });
  const { app } = await hostAt(url);
  for (let look = 0; look < 3; look += 1) assert.equal((await app.request('GET /app')).status, 200);
  assert.equal(refused, 1);
});

test('tokens of a GitHub Enterprise Server are asked of that server', async (t) => {
  const clock = new SteppedClock(Date.now());
  const paths: string[] = [];
  const url = await sayingServer(t, (asked) => {
    paths.push(`${asked.method} ${asked.path}`);
    return token('enterprise', clock);
  });
  assert.equal(await (await hostAt(url, { clock })).installationToken(7), 'enterprise');
  assert.deepEqual(paths, ['POST /app/installations/7/access_tokens']);
});

test('nothing is fetched from a registry and no program started, whatever the environment tells Probot', async (t) => {
  const before = { ...process.env };
  t.after(() => void Object.assign(process.env, { REDIS_URL: before['REDIS_URL'], SENTRY_DSN: before['SENTRY_DSN'] }));
  Object.assign(process.env, { REDIS_URL: 'redis://127.0.0.1:1', SENTRY_DSN: 'http://a@127.0.0.1:1/1' });
  const host = await hostAt(await sayingServer(t, () => ({})));
  await host.app.request('GET /app');
  assert.ok(!process.getActiveResourcesInfo().some((name) => name.startsWith('Process')));
});

test('a list ends with its signal, in the middle of a page too', async (t) => {
  const asked = Promise.withResolvers<void>();
  const url = await sayingServer(t, async ({ request }) => {
    asked.resolve();
    await new Promise((resolve) => request.socket.once('close', resolve));
    return {};
  });
  const { app } = await hostAt(url);
  const abort = new AbortController();
  const listed = paginating(app, abort.signal)('GET /app/installations', { per_page: 100 });
  await asked.promise;
  abort.abort(new Error('superseded'));
  await assert.rejects(listed, /superseded/);
});

test('a list that GitHub answers with 409 has failed: it is not taken for an empty one', async (t) => {
  const { app } = await hostAt(await sayingServer(t, () => ({ status: 409, body: { message: 'busy' } })));
  await assert.rejects(paginating(app)('GET /app/installations', { per_page: 100 }), { code: 'E_GITHUB' });
});

test('a list is followed over its pages', async (t) => {
  const url: string = await sayingServer(t, ({ path }) =>
    path.includes('page=2')
      ? { body: [{ id: 2 }] }
      : { body: [{ id: 1 }], headers: { link: `<${url}/app/installations?page=2>; rel="next"` } },
  );
  const { app } = await hostAt(url);
  const listed = await paginating(app)('GET /app/installations', { per_page: 100 });
  assert.deepEqual(
    listed.map(({ id }) => id),
    [1, 2],
  );
});

test('what permits writing is asked before each write, after the token is there', async (t) => {
  const clock = new SteppedClock(Date.now());
  const order: string[] = [];
  const url = await sayingServer(t, (asked) => {
    order.push(isToken(asked) ? 'token' : 'write');
    return isToken(asked) ? token('t', clock) : { status: 201 };
  });
  const permit = async (): Promise<void> => void order.push('permit');
  const octokit = await (await hostAt(url, { clock, permit })).installation(7);
  await octokit.request('POST /repos/{owner}/{repo}/deployments', { ...repository, ref: 'main' });
  await eventually('the write', () => (order.includes('write') ? true : undefined));
  assert.deepEqual(order, ['permit', 'token', 'permit', 'write']);
});
