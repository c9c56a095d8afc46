// The client of GitHub's API: a limit that names no time closes the way for a minute, not for good.
import type { Answer } from '../../../sandbox/github/faults.ts';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SteppedClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { openHost } from '../../../src/github/client/probot.ts';
import { startGitHub } from '../../../sandbox/github/github.ts';
import { eventually } from '../../control-plane.ts';

test('a used up limit without a time is waited out for a minute, and a later Retry-After still counts', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cox-github-'));
  const github = await startGitHub({ dir });
  t.after(async () => {
    await github.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const clock = new SteppedClock(Date.now());
  const api = await openHost({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecret: github.app.webhookSecret,
    apiUrl: github.apiUrl,
    clock,
    log: silentLogger(),
    random: () => 0,
  });
  const asked: number[] = [];
  const note = ({ path }: { path: string }): boolean => path === '/app' && asked.push(clock.now()) > 0;
  /** How long the client kept away after that refusal, in milliseconds. */
  const away = async (answer: Answer): Promise<number> => {
    asked.length = 0;
    github.faults.inject({ match: note, answer });
    github.faults.inject({ match: (request) => !note(request), times: 100, answer: { status: 500 } });
    let done = false;
    const answered = api.app.request('GET /app').then(() => (done = true));
    await eventually('the answer', () => {
      clock.step(1000);
      return done || undefined;
    });
    await answered;
    github.faults.clear();
    return (asked[1] ?? 0) - (asked[0] ?? 0);
  };
  assert.ok((await away({ limit: 403, remaining: 0 })) >= 60_000);
  assert.ok((await away({ limit: 403, retryAfter: 20 })) >= 20_000);
});
