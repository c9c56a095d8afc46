// What Argo CD's server shows of a cluster: whether it is connected, its version, how much is watched there (Argo CD:
// controller/clusterinfoupdater.go).
import type { Target } from '../engine/application/assess.ts';
import { rfc3339 } from '../base/clock.ts';

interface ClusterInfo {
  connectionState: { status: 'Successful' | 'Unknown'; message: string; attemptedAt: string };
  serverVersion?: string;
  cacheInfo: { resourcesCount?: number; apisCount?: number; lastCacheSyncTime?: string };
  applicationsCount: number;
  apiVersions?: readonly string[];
}

/** undefined: it is not connected. */
export function clusterInfo(target: Target | undefined, applications: number, now: number): ClusterInfo {
  const attemptedAt = rfc3339(now);
  const unknown = { status: 'Unknown' as const, attemptedAt };
  if (!target) {
    const message = applications === 0 ? 'Cluster has no applications and is not being monitored.' : '';
    return { connectionState: { ...unknown, message }, cacheInfo: {}, applicationsCount: applications };
  }
  const { discovery, live } = target.cluster;
  const { kinds, objects } = live.stats;
  return {
    connectionState: live.settled
      ? { status: 'Successful', message: '', attemptedAt }
      : { ...unknown, message: 'Its objects are being read.' },
    serverVersion: `v${discovery.version}`,
    cacheInfo: live.settled ? { resourcesCount: objects, apisCount: kinds, lastCacheSyncTime: attemptedAt } : {},
    applicationsCount: applications,
    apiVersions: discovery.apiVersions(),
  };
}
