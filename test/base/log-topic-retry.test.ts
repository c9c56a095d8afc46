// Logs without secrets, facts without coupling, and waiting times between attempts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { createLogger, redactText, silentLogger } from '../../src/base/log.ts';
import { backoffDelay, retryAfterMs } from '../../src/base/retry.ts';
import { Topic } from '../../src/base/topic.ts';

test('a log line is one JSON object with level, time, fields and the constant message', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'debug', write: (line) => lines.push(line) }).child({ room: 'cluster' });
  log.info({ kind: 'Pod', err: new AppError('E_API', 'no', { cause: new Error('deeper') }) }, 'watch failed');
  const line: unknown = JSON.parse(lines[0] ?? '');
  assert.ok(typeof line === 'object' && line !== null && 'err' in line && 'time' in line);
  const { err, time, ...rest } = line;
  assert.deepEqual(rest, { level: 'info', room: 'cluster', kind: 'Pod', msg: 'watch failed' });
  assert.match(String(time), /^\d{4}-/);
  assert.match(JSON.stringify(err), /"code":"E_API".*deeper/);
});

test('credentials never reach a log line, wherever they stand', () => {
  const lines: string[] = [];
  const log = createLogger({ write: (line) => lines.push(line) });
  const error = new Error('GET https://bot:hunter2hunter2@git.example/x?access_token=hunter2hunter2 failed');
  log.error(
    {
      err: error,
      headers: { Authorization: 'Bearer hunter2hunter2', 'x-hub-signature-256': 'hunter2hunter2' },
      token: 'hunter2hunter2',
      list: ['ghp_hunter2hunter2hunter2', 'xoxb-hunter2hunter2', 'Authorization: Bearer hunter2hunter2'],
    },
    'request failed',
  );
  assert.doesNotMatch(lines.join(''), /hunter2/);
});

test('ordinary text passes unchanged through the redaction', () => {
  for (const text of [
    'https://github.com/acme/infra/pull/7?w=1',
    'Secret shop/db: data.password',
    'git@github.com:acme/infra.git',
    'basic setup',
  ])
    assert.equal(redactText(text), text);
});

test('a failing subscriber disturbs neither the publisher nor the others', () => {
  const topic = new Topic<number>('facts', silentLogger());
  const got: number[] = [];
  topic.subscribe(() => {
    throw new Error('no');
  });
  const end = topic.subscribe((value) => got.push(value));
  topic.publish(1);
  end();
  topic.publish(2);
  assert.deepEqual(got, [1]);
});

test('backoff doubles up to its limit and is never far below it', () => {
  const top = [0, 1, 2, 3, 10].map((attempt) => backoffDelay(attempt, () => 1, { baseMs: 100, maxMs: 1000 }));
  assert.deepEqual(top, [100, 200, 400, 800, 1000]);
  assert.equal(
    backoffDelay(3, () => 0, { baseMs: 100, maxMs: 1000 }),
    80,
  );
});

test('Retry-After is read as seconds or as a date', () => {
  assert.equal(retryAfterMs('2', 0), 2000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1000), 4000);
  assert.equal(retryAfterMs('soon', 0), undefined);
  assert.equal(retryAfterMs(undefined, 0), undefined);
});
