// Connections to one API server, through a proxy where the configuration names one.
import type { Dispatcher } from 'undici';
import type { ClusterConfig } from './cluster-config.ts';
import { Pool, ProxyAgent } from 'undici';

/** `connections`: at the same time; null is as many as are wanted. Every request names its origin. */
export function connectionsTo(config: ClusterConfig, connections: number | null): Dispatcher {
  const tls = {
    timeout: 10_000,
    ...(config.ca !== undefined && { ca: config.ca }),
    ...(config.cert !== undefined && { cert: config.cert }),
    ...(config.key !== undefined && { key: config.key }),
    ...(config.serverName !== undefined && { servername: config.serverName }),
    ...(config.insecure === true && { rejectUnauthorized: false }),
  };
  const common = {
    connections,
    // HTTP/2 of undici held back requests with a body while a streamed answer was open (undici #5524).
    allowH2: false,
    keepAliveTimeout: 45_000,
    bodyTimeout: 0,
  };
  if (config.proxy === undefined) return new Pool(new URL(config.server).origin, { ...common, connect: tls });
  return new ProxyAgent({ ...common, uri: config.proxy, requestTls: tls, connectTimeout: 10_000 });
}
