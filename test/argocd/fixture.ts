// A view for Argo CD's server over a sandbox Redis, for engine tests.
import type { TestContext } from 'node:test';
import type { ArgoCdConfig } from '../../src/argocd/argocd.ts';
import type { stage } from '../engine/fixture.ts';
import { openArgoCdView } from '../../src/argocd/argocd.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger, type Logger } from '../../src/base/log.ts';
import { startRedis, type SandboxRedis } from '../../sandbox/redis.ts';

type View = NonNullable<NonNullable<Parameters<typeof stage>[2]>['view']>;

interface Options {
  config?: Partial<ArgoCdConfig>;
  log?: Logger;
  /** What the Redis asks for. */
  password?: string;
}

function redisConfig(port: number, more: Partial<ArgoCdConfig> = {}): ArgoCdConfig {
  return {
    ...{ host: '127.0.0.1', port, username: undefined, password: undefined, database: 0, tls: undefined },
    ...{ compression: 'gzip', shardSize: 0, expiresSeconds: 3600 },
    ...more,
  };
}

export async function openView(
  t: TestContext,
  { config = {}, log = silentLogger(), password }: Options = {},
): Promise<{ redis: SandboxRedis; view: View }> {
  const redis = await startRedis(password === undefined ? {} : { password });
  t.after(() => redis.close());
  const view: View = ({ store, engine }) =>
    openArgoCdView({ config: redisConfig(redis.port, config), store, engine, clock: systemClock, log });
  return { redis, view };
}
