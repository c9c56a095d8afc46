// Starts a cluster, tells its processes on standard output, and waits to be killed.
import { startCluster } from '../../sandbox/cluster/cluster.ts';

const { pids, dir } = await startCluster({ name: 'held', nodes: 1 });
process.stdout.write(`${JSON.stringify({ pids, dir })}\n`);
setInterval(() => undefined, 60_000);
