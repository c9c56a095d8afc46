// What pages may ask of GitHub that nobody logs in to: never what the work on pull requests needs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { paginating } from '../../../src/github/client/api.ts';
import { sparing } from '../../../src/github/client/sparing.ts';
import { hostAt, isToken, sayingServer, token } from './fixture.ts';

const repository = { owner: 'acme', repo: 'infra' };
const route = 'GET /repos/{owner}/{repo}/pulls';

test('each page of a list counts, 100 in a minute and 500 in an hour, of each installation by itself', async (t) => {
  const clock = new SteppedClock(Date.now());
  let sent = 0;
  const url = await sayingServer(t, (asked) => {
    if (isToken(asked)) return token('t', clock);
    sent += 1;
    return { headers: { link: `<${url}${asked.path}>; rel="next"` }, body: [{ number: sent }] };
  });
  const host = await hostAt(url, { clock });
  const spare = sparing(clock);
  const one = spare({ octokit: await host.installation(7), installation: 7 });
  await assert.rejects(paginating(one.octokit)(route, repository), { code: 'E_GITHUB', kind: 'waiting' });
  assert.equal(sent, 100);
  const other = spare({ octokit: await host.installation(8), installation: 8 });
  other.room(100);
  assert.throws(() => one.room(1), { code: 'E_GITHUB' });
  for (let minute = 1; minute < 6; minute += 1) {
    clock.step(60_001);
    await assert.rejects(paginating(one.octokit)(route, repository));
  }
  assert.equal(sent, 500);
  assert.throws(() => one.room(1), { hint: /^Open this one again in 55 minutes; until then the checks / });
  clock.step(3_600_000);
  one.room(100);
});

test('where little is left of the hour of GitHub, pages ask nothing until the next, and say when', async (t) => {
  const clock = new SteppedClock(Date.now());
  const reset = Math.floor(clock.now() / 1000) + 1200;
  let [sent, remaining] = [0, 1001];
  const url = await sayingServer(t, (asked) => {
    if (isToken(asked)) return token('t', clock);
    sent += 1;
    const [limit, left, at] = [5000, remaining, reset].map(String);
    const told = { 'x-ratelimit-limit': limit, 'x-ratelimit-remaining': left, 'x-ratelimit-reset': at };
    return { headers: told as Record<string, string>, body: [] };
  });
  const octokit = await (await hostAt(url, { clock })).installation(7);
  const pages = sparing(clock)({ octokit, installation: 7 }).octokit;
  await pages.request(route, repository);
  remaining = 999;
  await pages.request(route, repository);
  await assert.rejects(pages.request(route, repository), { code: 'E_GITHUB', hint: /again in 20 minutes/ });
  assert.equal(sent, 2);
  await octokit.request(route, repository);
  assert.equal(sent, 3, 'everybody else goes on');
  clock.step(1_201_000);
  await pages.request(route, repository);
});

test('a page does not wait while GitHub asks to: it says so', async (t) => {
  const clock = new SteppedClock(Date.now());
  const url = await sayingServer(t, (asked) =>
    isToken(asked) ? token('t', clock) : { status: 429, headers: { 'retry-after': '90' } },
  );
  const octokit = await (await hostAt(url, { clock })).installation(7);
  const pages = sparing(clock)({ octokit, installation: 7 }).octokit;
  await assert.rejects(pages.request(route, repository), { code: 'E_GITHUB', message: /leave room in 9\d s/ });
});
