// A process that holds the Lease of a namespace until it is killed: `lease-holder.ts <kubeconfig> <namespace>`.
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { loadKubeconfig } from '../../src/cluster/wire/kubeconfig.ts';
import { Lease } from '../../src/operator/lease.ts';

const [, , path = '', namespace = ''] = process.argv;
const cluster = await connectCluster({
  config: (await loadKubeconfig({ path })).config,
  clock: systemClock,
  log: silentLogger(),
});
const lease = new Lease({
  api: cluster.api,
  namespace,
  clock: systemClock,
  log: silentLogger(),
  onLost: () => process.exit(1),
  seconds: 5,
});
await lease.acquire(new AbortController().signal);
process.stdout.write('held\n');
